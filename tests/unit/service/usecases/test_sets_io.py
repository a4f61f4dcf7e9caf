"""Sets from folders into the record and back."""

from __future__ import annotations

import shutil
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer import reference_sets
from indexer.model import Alias, AliasKind, Fame, Licence, Reference, ReferenceSet
from service.domain.errors import InvalidFields, NotFound, WrongState
from service.usecases.sets_io import Imported, manifest, write_set
from tests.registration import ADMIN, DAMAGED, OWNER, Bench

TEXT = """title = {en = "Moon Fox", zh = "月狐"}
work = "The Bakery"
[rights]
holder = "Oven"
evidence = "bible"
[[alias]]
text = "Moon Fox"
language = "en"
kind = "distinctive"
[[licence]]
platform = "demo"
"""


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.engine.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "sets" / "moon-fox"
    (home / "images").mkdir(parents=True)
    (home / "manifest.toml").write_text(TEXT, encoding="utf-8")
    for name in ("a", "b"):
        (home / "images" / f"{name}.png").write_bytes(name.encode())
    return home


def bring(bench: Bench, folder: Path, *, mirror: bool = False, owner: str | None = None) -> Imported:
    return bench.importing.bring(ADMIN, reference_sets.read(folder), folder, mirror=mirror, owner=owner)


def rewrite(folder: Path, old: str, new: str) -> None:
    path = folder / "manifest.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def test_a_second_import_changes_nothing_and_reads_no_picture(bench: Bench, folder: Path) -> None:
    assert bring(bench, folder, owner="oven").changes == ("new, with 2 pictures",)
    before, read = bench.registration.get(OWNER, "moon-fox"), list(bench.assessor.read)
    assert bring(bench, folder).changes == ()
    assert (bench.registration.get(OWNER, "moon-fox"), bench.assessor.read) == (before, read)


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ("Moon Fox", "Sun Fox", ("title changed", "now 1 alias")),
        ("The Bakery", "The Cellar", ("work changed",)),
        ('evidence = "bible"', 'evidence = "contract"', ("rights evidence changed",)),
        ('kind = "distinctive"', 'kind = "generic"', ("now 1 alias",)),
        ('platform = "demo"', 'platform = "other"', ("1 licence granted", "1 licence ended")),
        ('platform = "demo"', 'platform = "demo"\nuntil = 2099-12-31', ("1 licence granted", "1 licence ended")),
        ("[[licence]]", '[[licence]]\nuploader = "u"\n[[licence]]', ("1 licence granted",)),
        ('[[licence]]\nplatform = "demo"\n', "", ("1 licence ended",)),
    ],
)
def test_what_the_manifest_changes_is_changed(
    bench: Bench, folder: Path, old: str, new: str, changes: tuple[str, ...]
) -> None:
    bring(bench, folder)
    rewrite(folder, old, new)
    assert bring(bench, folder).changes == changes
    assert bring(bench, folder).changes == ()


def test_pictures_come_and_go_only_with_a_mirror(bench: Bench, folder: Path) -> None:
    bring(bench, folder)
    (folder / "images" / "a.png").unlink()
    (folder / "images" / "c.png").write_bytes(b"c")
    assert bring(bench, folder).changes == ("1 picture added",)
    assert [item.file for item in bench.registration.get(ADMIN, "moon-fox").references] == [
        "images/a.png",
        "images/b.png",
        "images/c.png",
    ]
    assert bring(bench, folder, mirror=True).changes == ("1 picture removed",)
    assert bring(bench, folder, mirror=True).changes == ()


def test_a_picture_that_cannot_be_read_is_told_and_the_others_are_kept(bench: Bench, folder: Path) -> None:
    (folder / "images" / "c.png").write_bytes(DAMAGED)
    done = bring(bench, folder)
    assert done.changes == ("new, with 2 pictures",)
    assert [(item.name, item.reason) for item in done.refused] == [("images/c.png", "picture_damaged: damaged")]


def test_a_picture_that_changes_while_it_is_read_is_refused(bench: Bench, folder: Path) -> None:
    read = reference_sets.read(folder)
    (folder / "images" / "a.png").write_bytes(b"another")
    (folder / "images" / "b.png").unlink()
    done = bench.importing.bring(ADMIN, read, folder)
    assert [item.reason.split(":")[0] for item in done.refused] == ["file_changed", "picture_unreadable"]


def test_a_set_that_was_withdrawn_stays_so(bench: Bench, folder: Path) -> None:
    bring(bench, folder)
    bench.registration.withdraw(ADMIN, "moon-fox")
    with pytest.raises(WrongState, match="its slug is not used again"):
        bring(bench, folder)


def test_an_owner_must_be_registered(bench: Bench, folder: Path) -> None:
    with pytest.raises(InvalidFields, match="there is no rights owner nobody"):
        bring(bench, folder, owner="nobody")


def test_faults_of_fields_are_told_by_their_place(bench: Bench, folder: Path) -> None:
    rewrite(folder, 'text = "Moon Fox"', 'text = "!!!"')
    rewrite(folder, 'platform = "demo"', 'platform = "demo\\u0000"')
    with pytest.raises(InvalidFields) as refused:
        bring(bench, folder)
    assert [fault.location for fault in refused.value.faults] == ["alias[0].text", "licence[0].platform"]


def test_a_path_that_leads_out_and_in_again_becomes_a_plain_one(bench: Bench, folder: Path) -> None:
    listed = '\n[[reference]]\nfile = "../moon-fox/images/./a.png"\n'
    (folder / "manifest.toml").write_text(TEXT + listed, encoding="utf-8")
    bring(bench, folder)
    assert [item.file for item in bench.registration.get(ADMIN, "moon-fox").references] == ["images/a.png"]


def test_a_lost_picture_stops_an_export(bench: Bench, folder: Path, tmp_path: Path) -> None:
    bring(bench, folder)
    bench.blobs.kept.clear()
    with pytest.raises(NotFound, match=r"moon-fox/images/a\.png: the blob store has lost this picture"):
        write_set(bench.registration.get(ADMIN, "moon-fox").content, tmp_path / "out", bench.blobs)


PLAIN = st.characters(exclude_categories=["Cs", "Cc"])
TEXTS = st.text(PLAIN, min_size=1, max_size=30).filter(lambda text: text.strip())
PROSE = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=60)
LANGUAGES = st.sampled_from(["en", "zh", "zh-Hans", "ja", "und"])
NAMES = st.from_regex(r"[A-Za-z\u4e00-\u4eff][A-Za-z\"\\']{0,20}", fullmatch=True)
ALIASES = st.builds(Alias, NAMES, LANGUAGES, st.sampled_from(AliasKind))
WHO = TEXTS.map(str.strip)
LICENCES = st.builds(Licence, st.just(""), WHO, st.none() | WHO, st.none() | st.dates(date(2020, 1, 1)))
FILES = st.from_regex(r"images/[a-z0-9 月'\"#]{1,12}\.png", fullmatch=True)
PICTURES = st.dictionaries(FILES, st.binary(min_size=8, max_size=9), min_size=1, max_size=4)
SETS = st.builds(
    ReferenceSet,
    slug=st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True),
    title=st.dictionaries(LANGUAGES, TEXTS, min_size=1, max_size=3),
    references=st.just(()),
    work=st.dictionaries(LANGUAGES, TEXTS, max_size=2),
    fame=st.sampled_from(Fame),
    holder=PROSE,
    rights_evidence=PROSE,
    aliases=st.lists(ALIASES, max_size=4, unique_by=lambda item: (item.text, item.language)).map(tuple),
    licences=st.lists(LICENCES, max_size=3).map(tuple),
)


@settings(max_examples=20)
@given(SETS, PICTURES)
def test_export_import_export_gives_the_same_bytes(item: ReferenceSet, pictures: dict[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as place:
        first = _written(item, pictures, Path(place) / "given")
        exported = [first]
        for number in range(2):
            bench = Bench()
            home = exported[-1]
            bench.importing.bring(ADMIN, reference_sets.read(home), home)
            out = Path(place) / f"out-{number}"
            write_set(bench.registration.get(ADMIN, item.slug).content, out, bench.blobs)
            bench.engine.dispose()
            exported.append(out / item.slug)
        one, other = (_files(folder) for folder in exported[1:])
        assert one == other
        assert {name: data for name, data in one.items() if name != "manifest.toml"} == _unique(pictures)


def _written(item: ReferenceSet, pictures: dict[str, bytes], folder: Path) -> Path:
    home = folder / item.slug
    for name, data in _unique(pictures).items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (home / "manifest.toml").write_text(manifest(item), encoding="utf-8")
    return home


def _unique(pictures: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for data, name in {data: name for name, data in pictures.items()}.items()}


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@given(SETS)
def test_any_set_is_written_as_toml_that_says_the_same(item: ReferenceSet) -> None:
    content = tomllib.loads(manifest(item))
    assert (content["title"], content.get("work", {}), content["fame"]) == (item.title, item.work, item.fame)
    assert [one["text"] for one in content.get("alias", [])] == [one.text for one in item.aliases]


def test_a_manifest_is_written_in_the_form_that_people_write(folder: Path) -> None:
    demo = Path(__file__).parents[4] / "reference_sets" / "rivet-courier"
    if not demo.is_dir():
        pytest.skip("the demo sets are not here")
    shutil.rmtree(folder)
    assert manifest(reference_sets.read(demo)) == (demo / "manifest.toml").read_text(encoding="utf-8")


def test_licences_and_pictures_are_written_in_one_order() -> None:
    def made(order: int) -> ReferenceSet:
        licences = [Licence("", "b"), Licence("", None, "a"), Licence("", "b", until=date(2027, 1, 1))][::order]
        pictures = [Reference("images/1.png", "1"), Reference("images/2.png", "2")][::order]
        return ReferenceSet("x", {"en": "x"}, tuple(pictures), licences=tuple(licences))

    assert manifest(made(1)) == manifest(made(-1))
