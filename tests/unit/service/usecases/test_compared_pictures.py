"""Pictures beside references in evidence packs: the most telling ones, and never more than there is room for."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pytest

from indexer.model import Reference, ReferenceSet
from service.adapters.pdf.printer import PdfPrinter
from service.domain.registration import RegisteredReference, RegisteredSet, SetsInForce, SetState
from service.domain.report import Comparison, Comparisons, Facts, Picture, Report, Text, Timeline
from service.domain.wording import Wording
from service.ports import KeptPicture
from service.usecases.compared_pictures import ComparedPictures
from tests.cases import NOON
from tests.fakes import draw, encoded

PNG = encoded(draw(1, 0))
LONG = "很长 and long " * 4_000


@dataclass
class KeptBlobs:
    """Blobs by name."""

    held: dict[str, bytes]

    def write(self, name: str, data: bytes) -> None:
        self.held[name] = data

    def read(self, name: str) -> bytes | None:
        return self.held.get(name)

    def delete(self, name: str) -> None:
        self.held.pop(name, None)


class OneSet:
    """A SetDirectory with one set."""

    def get(self, slug: str) -> RegisteredSet | None:
        content = ReferenceSet("owl", {"en": "Owl"}, (Reference("images/1.png", "r1"),))
        references = tuple(RegisteredReference(f"ref_{n}", f"images/{n}.png", f"r{n}", NOON, "user:ad") for n in (1, 2))
        found = RegisteredSet(content, "ro", SetState.ACTIVE, NOON, NOON, references=references)
        return found if slug == "owl" else None

    def list_all(self, owner: str | None = None) -> list[RegisteredSet]:
        found = self.get("owl")
        return [found] if found is not None and owner in {None, "ro"} else []

    def in_force(self) -> SetsInForce:
        return SetsInForce(1, tuple(item.content for item in self.list_all()), frozenset({"owl"}))

    def revision(self) -> int:
        return 1

    def holding(self, sha256: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        return {name: ("owl",) for name in sha256 if name in {"r1", "r2"}}


def fact(picture: int, reference: int, rate: float | None, slug: str = "owl") -> dict[str, Any]:
    measure = (
        {"name": "cosine", "value": 0.9, "false_positive_rate": rate, "interval": [rate, rate], "calibrated": True}
        if rate is not None
        else None
    )
    return {
        "source": f"image:{picture}.png",
        "reference_set": slug,
        "reference": f"images/{reference}.png",
        "measure": measure,
        "weightless": False,
        "explanation": {"en": f"{picture} resembles {reference}.", "zh": f"{picture} 与 {reference} 相似。"},
    }


def kept(count: int) -> list[KeptPicture]:
    return [KeptPicture(f"{n}.png", f"u{n}", b"", b"", "picture") for n in range(count)]


def blobs(count: int) -> KeptBlobs:
    names = [f"u{n}" for n in range(count)] + ["r1", "r2"]
    return KeptBlobs({f"pictures/{name}": PNG for name in names} | {f"thumbnails/{name}": b"small" for name in names})


def test_the_most_telling_pictures_come_first_each_once_before_any_twice() -> None:
    facts = [fact(0, 1, 0.01), fact(0, 2, 0.02), fact(1, 1, 0.03), fact(2, 1, 0.001), fact(3, 2, None)]
    pairs, left_out = ComparedPictures(blobs(4), OneSet()).compare("hit", kept(4), facts, 3)
    assert [(item.upload.caption, item.reference.sha256) for item in pairs] == [
        ("3.png", "r2"),
        ("2.png", "r1"),
        ("0.png", "r1"),
    ]
    assert left_out == 2
    assert "误报率 0.001" in pairs[1].findings[0].zh


def test_a_picture_that_is_too_large_for_what_is_left_is_there_small() -> None:
    pictures = ComparedPictures(blobs(3), OneSet(), most_bytes=2 * len(PNG))
    pairs, _ = pictures.compare("hit", kept(3), [fact(n, 1, 0.01) for n in range(3)], 3)
    assert [item.upload.data == PNG for item in pairs] == [True, False, False]
    assert sum(len(data) for data in pictures.files.values()) < 3 * len(PNG)
    assert all(item.upload.file in pictures.files for item in pairs)


def test_a_reference_is_in_the_pack_once() -> None:
    pictures = ComparedPictures(blobs(2), OneSet())
    pictures.compare("hit-1", kept(2), [fact(0, 1, 0.01), fact(1, 1, 0.01)], 3)
    pictures.compare("hit-2", kept(1), [fact(0, 1, 0.01)], 3)
    assert sum(name.startswith("pictures/reference-") for name in pictures.files) == 1


def test_what_is_gone_has_no_file() -> None:
    pictures = ComparedPictures(KeptBlobs({}), OneSet())
    (pair,), _ = pictures.compare("hit", kept(1), [fact(0, 9, 0.01)], 3)
    assert (pair.upload.file, pair.reference.file, pair.reference.sha256) == (None, None, "–")
    assert pictures.compare("hit", kept(1), [fact(0, 1, 0.01, slug="elk")], 3)[0][0].reference.data is None


def pages(*sections: Any) -> Any:
    report = Report(Wording("Evidence", "证据"), "notice:1", NOON, "notice.json", "0" * 64, sections)
    return pypdfium2.PdfDocument(io.BytesIO(PdfPrinter().print(report)))


@pytest.mark.parametrize(
    "section",
    [
        Facts(Wording("F", "表"), ((Wording("a", "甲"), LONG), (Wording("b", "乙"), "x" * 512))),
        Facts(Wording("F", "表"), ((Wording("a", "甲"), "line\n" * 400),)),
        Text(Wording("T" * 600, "文"), Wording(LONG, "<b>&lt;&nbsp;</b>\x00\ud800")),
        Timeline(Wording("T", "时"), tuple((NOON, "user:" + "m" * 160, "case.claimed") for _ in range(200)), 7),
        Comparisons(
            Wording("C", "比"),
            (
                Comparison(
                    Picture("x" * 512, "0" * 64, b"\x89PNG broken"), Picture("b", "–", None), (Wording(LONG, LONG),)
                ),
            ),
            3,
            4,
            ((Wording("a", "甲"), LONG),),
        ),
    ],
    ids=["long-row", "many-lines", "long-text", "long-timeline", "long-comparison"],
)
def test_nothing_is_too_long_or_too_strange_for_a_page(section: Any) -> None:
    assert len(pages(section)) >= 1


def test_what_is_left_out_is_said() -> None:
    item = Comparison(Picture("u", "0" * 64, PNG), Picture("r", "1" * 64, PNG), (Wording("alike", "相似"),))
    text = pages(Comparisons(Wording("C", "比"), (item,), 3, 4))[0].get_textpage().get_text_range()
    assert "+ 3" in text
    assert "+ 4" in text
