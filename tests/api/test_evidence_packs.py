"""Evidence packs over HTTP: whole, signed, and refused when any byte differs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.pack_format import PackError, read_pack, write_pack
from service.verify_pack import run, verify_pack
from tests.api.conftest import REFERENCE, Api, Start, bearer, picture
from tests.conftest import TinySnapshot


@pytest.fixture(scope="module")
def made(
    tiny_snapshot: TinySnapshot, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> bytes:
    """Make the pack of one case."""
    from tests.api.conftest import _started  # noqa: PLC0415

    record_in = request.getfixturevalue("record_in")
    with _started(
        tmp_path_factory.mktemp("packs"), record_in, snapshot=tiny_snapshot.out, second_look_blocks=1.0
    ) as api:
        return pack_of(api, case_of(api))


def case_of(api: Api) -> str:
    """Screen a copy of a reference; of every block somebody takes a second look."""
    document = {"external_id": "m-9/蛇后", "uploader": {"id": "u-1"}, "model": {"name": "Amber Owl"}}
    api.screen(document, picture("owl.png", REFERENCE))
    (found,) = api.get("/v1/cases", "mo").json()["cases"]
    case_id: str = found["id"]
    return case_id


def pack_of(api: Api, case_id: str) -> bytes:
    response = api.get(f"/v1/cases/{case_id}/evidence-pack", "mo")
    assert response.status_code == 200, response.text
    return response.content


def test_a_pack_is_whole_and_the_log_tells_that_it_was_made(start: Start, tiny_snapshot: TinySnapshot) -> None:
    api = start(snapshot=tiny_snapshot.out, second_look_blocks=1.0)
    case_id = case_of(api)
    pack = pack_of(api, case_id)
    found = verify_pack(pack)
    assert (found.subject, found.withheld) == (f"case:{case_id}", 0)
    assert found.entries >= 2
    assert verify_pack(pack, [found.public_key]) == found
    with pytest.raises(PackError, match="not a key that was given"):
        verify_pack(pack, ["0" * 64])
    log = api.app.state.wired.audit.entries(subject=f"case:{case_id}")
    assert log[-1].action == "pack.made"
    checked = api.get("/v1/audit/verify", "ad").json()
    assert (checked["whole"], checked["seals"]) == (True, 1)
    verify_pack(pack_of(api, case_id))


def test_it_holds_what_it_says(made: bytes) -> None:
    files = read_pack(made)
    assert {"README.txt", "case.json", "chain.json", "manifest.json", "report.pdf"} <= set(files)
    case = json.loads(files["case.json"])
    assert case["policy"]["content"] is not None
    assert [data for name, data in files.items() if name.startswith("pictures/upload-0000-")] == [REFERENCE]
    assert files["report.pdf"].startswith(b"%PDF-")


@pytest.mark.parametrize("kind", ["cases", "notices", "sweeps"])
def test_there_is_none_of_what_is_not_there(api: Api, kind: str) -> None:
    assert api.get(f"/v1/{kind}/x/evidence-pack", "mo").status_code == 404


def test_the_verifier_needs_nothing_but_cryptography(made: bytes, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    path.write_bytes(made)
    # The last comes with an environment that has setuptools.
    allowed = "service cryptography _cffi_backend cffi _distutils_hack"
    code = (
        "import sys; from service.verify_pack import main; code = main(sys.argv[1:]);"
        " from importlib.metadata import packages_distributions as d;"
        f" extra = {{m.split('.')[0] for m in sys.modules}} & set(d()) - set('{allowed}'.split());"
        " assert not extra, extra; sys.exit(code)"
    )
    done = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert (done.returncode, done.stdout.startswith("whole: ")) == (0, True), done.stderr


@given(data=st.data())
def test_a_pack_with_any_other_byte_is_refused(made: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(made) - 1))
    changed = bytearray(made)
    changed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PackError):
        verify_pack(bytes(changed))


def _with(pack: bytes, name: str, data: bytes | None) -> bytes:
    files = read_pack(pack)
    if data is None:
        del files[name]
    else:
        files[name] = data
    return write_pack(files)


def _twice(pack: bytes) -> bytes:
    stream = io.BytesIO(pack)
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("case.json", b"{}")
    return stream.getvalue()


def _comment(pack: bytes) -> bytes:
    stream = io.BytesIO(pack)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.comment = b"hello"
    return stream.getvalue()


def _packed(pack: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in read_pack(pack).items():
            archive.writestr(name, data)
    return stream.getvalue()


TAMPERED = [
    (lambda pack: pack + b"\0", "byte"),
    (lambda pack: b"MZ" + pack, "byte|ZIP"),
    (lambda pack: pack[:-1], "ZIP|byte"),
    (lambda _: b"", "ZIP"),
    (_twice, "case.json: is in it twice"),
    (_comment, "byte"),
    (_packed, "is compressed"),
    (lambda pack: _with(pack, "more.txt", b"x"), "more.txt: is not in the manifest"),
    (lambda pack: _with(pack, "case.json", b"{}"), "case.json: does not have the sha256"),
    (lambda pack: _with(pack, "report.pdf", None), "report.pdf: is missing"),
    (lambda pack: _with(pack, "chain.json", None), "chain.json: is missing"),
    (lambda pack: _with(pack, "manifest.json", b"{}"), "manifest.json: is not signed"),
    (lambda pack: _with(pack, "manifest.sig", b"zz\n"), "manifest.sig: is not one line"),
    (lambda pack: _with(pack, "public_key.txt", b"0" * 64 + b"\n"), "not signed by the key 000"),
]


@pytest.mark.parametrize(("tamper", "said"), TAMPERED)
def test_what_was_tampered_with_is_named(made: bytes, tmp_path: Path, tamper: object, said: str) -> None:
    assert callable(tamper)
    changed = tamper(made)
    with pytest.raises(PackError, match=said):
        verify_pack(changed)
    path = tmp_path / "pack.zip"
    path.write_bytes(changed)
    assert run(path, [])[0] is False


def test_a_platform_gets_none(api: Api) -> None:
    assert api.client.get("/v1/cases/x/evidence-pack", headers=bearer("atelier")).status_code == 403
