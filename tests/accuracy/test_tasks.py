"""What is asked and what is registered: never the same action, never the same identity, never a crowd of one figure."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.model import MatchKind
from tests.accuracy import claims, sources, tasks
from tests.accuracy.bench import Asked, RememberingBackend
from tests.accuracy.measure import joint
from tests.accuracy.metrics import statistic
from tests.accuracy.packs import concept, expanded
from tests.accuracy.sources import Art
from tests.fakes import TinyBackend, tiny_pixels


def frames(*names: str) -> list[Art]:
    return [Art(Path(f"{name}.png"), "sprites", "unit", "unit", "race", name) for name in names]


def test_no_action_of_a_figure_is_both_registered_and_asked() -> None:
    items = frames("elf", "elf-bow1", "elf-bow2", "elf-hit", "elf-run1", "elf-run2", "elf-run3", "elf-sword1")
    known, asked = tasks.divided(items)
    assert [item.use for item in known] == ["elf", "elf-bow1", "elf-hit"]
    assert {item.use.rstrip("0123456789") for item in asked} == {"elf-run", "elf-sword"}
    assert len(asked) == 3


def test_a_crowd_holds_at_most_four_pictures_of_a_figure() -> None:
    alone = [Art(Path(f"{number}.png"), "icons", f"icon:{number}") for number in range(9)]
    kept = tasks.few_each([*frames(*(f"elf-{number}" for number in range(30))), *alone])
    assert sum(item.character == "unit" for item in kept) == 4
    assert sum(item.style == "icons" for item in kept) == 9


def test_uploads_are_of_one_style_and_of_eight_pictures_at_most() -> None:
    art = [Art(Path(f"{n}.png"), "even" if n % 2 else "odd", f"icon:{n}") for n in range(50)]
    found = tasks.uploads(art, 40)
    assert sum(len(paths) for _, paths in found) == 40
    assert max(len(paths) for _, paths in found) == tasks.UPLOAD
    assert all((int(path.stem) % 2 == 1) == (style == "even") for style, paths in found for path in paths)


def test_the_sets_of_an_index_show_different_things_and_leave_a_crowd_of_each_style() -> None:
    art = [
        Art(Path(f"{style}{n}.png"), style, f"{style}:{n // 2}") for style in ("a", "b", "thumbs") for n in range(80)
    ]
    chosen = claims.members(art, 40)
    assert len({item.identity for item in chosen}) == len(chosen) == 40
    assert {item.style for item in chosen} == {"a", "b"}
    assert len(claims.members(art, 1_000)) == 60


def test_a_claim_is_measured_apart_for_styles_of_the_index_and_others() -> None:
    inside = [("known", Asked({}, {MatchKind.PERCEPTUAL_COPY: 0.005}, calibrated=True))] * 50
    outside = [("new", Asked({}, {}, calibrated=False))] * 50
    rows = {row.style: row for row in claims.rows("2 sets", 2, {"known"}, [*inside, *outside])}
    assert [found.value for found in rows[claims.COVERED].measured] == [1.0, 1.0, 0.0]
    assert [found.value for found in rows[claims.UNCOVERED].measured] == [0.0, 0.0, 0.0]
    assert rows[claims.UNCOVERED].calibrated == 0.0


def test_pictures_that_agree_are_stronger_together() -> None:
    once = Asked({"a": statistic(0.01, 0.9)}, {}, calibrated=True)
    never = Asked({"b": statistic(0.6, 0.2)}, {}, calibrated=True)
    assert joint([once] * 4)["a"] > joint([once, never, never, never])["a"]


@pytest.mark.parametrize(
    ("reference", "files"),
    [
        ("elf.png", ["elf.png"]),
        ("elf-[1~3].png", ["elf-1.png", "elf-2.png", "elf-3.png"]),
        ("elf-[2~1,4*3].png", ["elf-1.png", "elf-2.png", "elf-4.png"]),
        ("elf[09~10].png", ["elf09.png", "elf10.png"]),
    ],
)
def test_a_series_of_pictures_is_written_out(reference: str, files: list[str]) -> None:
    assert expanded(reference) == files


def test_one_concept_has_one_name_in_all_sets() -> None:
    assert concept("man-judge-1") == concept("woman-judge") == concept("judge")
    assert concept("fox-face") == concept("fox")
    assert concept("fox") != concept("wolf")


def test_a_cut_out_is_laid_on_a_ground_and_enlarged_without_blur() -> None:
    sprite = Image.new("RGBA", (72, 72), (0, 0, 0, 0))
    sprite.paste((200, 30, 40, 255), (20, 20, 50, 50))
    found = sources.laid_out(sprite, "key", enlarge=True)
    assert found.mode == "RGB"
    assert 250 < max(found.size) < 400
    assert len(found.getcolors() or []) == 2


def test_a_view_is_embedded_once_even_after_a_restart(tmp_path: Path) -> None:
    inner, views = TinyBackend(), tiny_pixels(3)
    first = RememberingBackend(inner, tmp_path / "vectors.npz")
    expected = first.embed(views)
    first.save()
    again = TinyBackend()
    assert np.array_equal(RememberingBackend(again, tmp_path / "vectors.npz").embed(views), expected)
    assert again.calls == []


def test_a_query_without_an_edit_is_the_very_file(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (40, 40), (1, 2, 3)).save(stream, "PNG")
    path = tmp_path / "picture.png"
    path.write_bytes(stream.getvalue())
    assert tasks.Query(path, "set-0000", "copy").read() == stream.getvalue()
