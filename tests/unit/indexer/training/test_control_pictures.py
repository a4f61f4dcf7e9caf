"""The control pictures are chosen evenly, in one order, and from what is already in the cache."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from indexer.training import control_pictures, packages
from indexer.training.control_pictures import collect
from indexer.training.packages import Package, PackageError, run

LISTED = ("1F600", "1F436", "1F3C3-200D-2640-FE0F", "1F34E")
HELD_OUT = "1F431"
KINDS = {
    "1F600": "face-smiling",
    "1F436": "animal-mammal",
    "1F431": "animal-mammal",
    "1F3C3-200D-2640-FE0F": "person-activity",
    "1F34E": "food-fruit",
}


def draw(path: Path, number: int, side: int = 160) -> None:
    """Write a picture of its own: a dark disc whose colour depends on `number`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((20, 20, side - 20, side - 20), fill=(number * 20 % 200, 30, 90, 255))
    picture.save(path, lossless=True)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a cache in which every package is unpacked and every avatar drawn; no command may run."""
    monkeypatch.setattr(control_pictures, "AVATARS_PER_STYLE", 2)
    monkeypatch.setattr(control_pictures, "HERE", tmp_path / "here")
    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: pytest.fail("a command was run"))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "emoji_concepts.txt").write_text("# a comment\n" + "\n".join(LISTED) + "\n", "utf-8")
    cache = tmp_path / "cache"
    for vendor in control_pictures.EMOJI:
        for number, concept in enumerate(KINDS):
            draw(vendor.folder(cache) / vendor.file.format(concept.lower()), number)
    catalogue = [
        {"unified": concept, "subcategory": kind, "sort_order": number}
        for number, (concept, kind) in enumerate(KINDS.items())
    ]
    noto = control_pictures.EMOJI[0].folder(cache)
    (noto / "package" / "emoji.json").write_text(json.dumps(catalogue), "utf-8")
    for name in ("animals/dog_01", "animals/dog_02", "people/clown"):
        draw(clipart(cache, name), 7)
    for style in control_pictures.AVATAR_STYLES:
        for index in range(2):
            draw(cache / f"dicebear-{control_pictures.DICEBEAR_VERSION}" / style / f"{index:03}.png", index)
    return cache


def clipart(cache: Path, name: str) -> Path:
    """Return where a clip-art picture lies in the unpacked package."""
    return control_pictures.OPENCLIPART.folder(cache) / "usr" / "share" / "openclipart" / "png" / f"{name}.png"


def clipart_names(cache: Path) -> set[str]:
    """Return the names of the clip art that is collected."""
    return {picture.path.stem for picture in collect(cache) if picture.source == "openclipart"}


def test_a_full_cache_is_read_without_running_a_command_and_always_in_the_same_order(cache: Path) -> None:
    pictures = collect(cache)
    assert pictures == collect(cache)
    assert len(pictures) == 3 * len(LISTED) + 3 + 2 * len(control_pictures.AVATAR_STYLES)
    assert all(picture.path.is_file() for picture in pictures)
    assert len({picture.path for picture in pictures}) == len(pictures)


def test_emoji_that_are_held_out_are_never_taken(cache: Path) -> None:
    assert not [picture for picture in collect(cache) if picture.path.stem == HELD_OUT.lower()]


def test_figures_come_before_things_when_there_is_not_room_for_all(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_pictures, "EMOJI_PER_VENDOR", 3)
    noto = [picture.path.stem for picture in collect(cache) if picture.source == "noto-emoji"]
    assert noto == ["1f600", "1f436", "1f3c3-200d-2640-fe0f"]


def test_one_drawing_used_for_two_concepts_is_taken_once(cache: Path) -> None:
    vendor = control_pictures.EMOJI[1]
    first, second = (vendor.folder(cache) / vendor.file.format(concept) for concept in ("1f600", "1f34e"))
    second.write_bytes(first.read_bytes())
    twemoji = [picture for picture in collect(cache) if picture.source == "twemoji"]
    assert len(twemoji) == len(LISTED) - 1


def test_the_vendors_share_the_identity_of_a_concept(cache: Path) -> None:
    sources = {picture.source for picture in collect(cache) if picture.identity == "emoji:1f436"}
    assert sources == {"noto-emoji", "twemoji", "fluent-emoji-3d"}


@pytest.mark.parametrize("concept", ["1f9d1-200d-2695-fe0f", "1f468-200d-2695-fe0f", "1f469-200d-2695-fe0f"])
def test_the_forms_of_one_profession_have_one_identity(concept: str) -> None:
    assert control_pictures.emoji_identity(concept) == "emoji:1f9d1-200d-2695"


def test_clip_art_that_is_small_empty_excluded_or_a_link_is_left_out(cache: Path) -> None:
    draw(clipart(cache, "animals/small"), 1, side=100)
    draw(clipart(cache, "computer/games/arcade"), 2)
    draw(clipart(cache, "logos/mark"), 3)
    Image.new("RGBA", (200, 200), (255, 255, 255, 255)).save(clipart(cache, "animals/white"))
    Image.new("RGBA", (200, 200), (0, 0, 0, 0)).save(clipart(cache, "animals/transparent"))
    Image.new("L", (200, 200), 90).save(clipart(cache, "animals/plain"))
    clipart(cache, "animals/link").symlink_to(clipart(cache, "people/clown"))
    assert clipart_names(cache) == {"dog_01", "dog_02", "clown"}


def test_huge_clip_art_is_left_out_before_it_is_decoded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(clipart(cache, "food/scan"), 4, side=161)
    monkeypatch.setattr(control_pictures, "CLIPART_MAX_PIXELS", 160 * 160)
    assert "scan" not in clipart_names(cache)


def test_a_series_of_one_drawing_has_one_identity(cache: Path) -> None:
    identities = {picture.identity for picture in collect(cache) if picture.source == "openclipart"}
    assert identities == {"openclipart:dog", "openclipart:clown"}


def test_sampling_is_even() -> None:
    assert control_pictures.evenly(range(10), 5, 0.5) == [1, 3, 5, 7, 9]
    assert control_pictures.evenly("abc", 5, 0.5) == ["a", "b", "c"]


def test_a_package_with_another_digest_is_refused_and_not_unpacked(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = Package("fake", "fake", "1.0.0", hashlib.sha256(b"recorded").hexdigest())
    monkeypatch.setattr(packages, "run", lambda *_, cwd: (cwd / "fake.tgz").write_bytes(b"served"))
    with pytest.raises(PackageError, match="digest"):
        control_pictures.fetch(package, cache)
    assert not package.folder(cache).exists()


def test_a_package_is_unpacked_without_what_is_not_needed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = cache / "fake.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name in ("package/LICENSE", "package/img/1.png", "package/sheets/all.png"):
            tar.add(clipart(cache, "people/clown"), name)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    package = Package("fake", "fake", "1.0.0", digest, "package/img/{}.png")
    monkeypatch.setattr(packages, "run", lambda *_, cwd: archive.rename(cwd / "fake.tgz"))
    control_pictures.fetch(package, cache)
    names = {path.name for path in package.folder(cache).rglob("*") if path.is_file()}
    assert names == {"LICENSE", "1.png"}


def test_a_missing_tool_is_named(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no-such-tool is not installed"):
        run("no-such-tool", cwd=tmp_path)


def test_the_concept_list_holds_code_points_only() -> None:
    lines = (Path(control_pictures.__file__).parent / "emoji_concepts.txt").read_text("utf-8").splitlines()
    concepts = [line for line in lines if not line.startswith("#")]
    assert len(concepts) == len(set(concepts)) > 1_000
    assert all(int(part, 16) for concept in concepts for part in concept.split("-"))
