"""The demo's report: each upload's pictures beside the references they matched, with measures and reasons.

One HTML file with everything inside it, so that it can be mailed.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from PIL import Image

from indexer.errors import PictureError
from indexer.model import ReferenceSet
from indexer.signals.pixels.images import decode

_THUMBNAIL = 240


@dataclass(frozen=True, slots=True)
class Shown:
    """One example with its answer."""

    name: str
    folder: Path
    document: Mapping[str, Any]
    expected: Mapping[str, Any]
    answer: Mapping[str, Any]
    milliseconds: float

    @property
    def as_expected(self) -> bool:
        """Tell whether the verdict is the expected one, for the expected set and with the expected parts left out."""
        return (
            self.answer["verdict"] in self.expected["verdict"].split("-or-")
            and self._about_the_expected_set()
            and all(item in self.answer["conditions"] for item in self.expected.get("conditions", []))
            and self.expected.get("licence") in (None, self.answer["licence"])
            and set(self.expected.get("not_screened", [])) <= {i["source"] for i in self.answer["not_screened"]}
        )

    def _about_the_expected_set(self) -> bool:
        """An expected set must be the strongest ground's, unless the answer is allowed not to find it at all."""
        slug, grounds = self.expected.get("reference_set"), self.answer["grounds"]
        if slug is None:
            return True
        named = [item["reference_set"]["slug"] for item in grounds if item["reference_set"]]
        return named[:1] == [slug]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One picture of an upload, the strongest evidence on it, and the reference that it points to."""

    file: str
    picture: str | None
    problem: str | None
    evidence: Mapping[str, Any] | None
    reference: str | None
    reference_title: str | None


def write_report(path: Path, shown: Sequence[Shown], sets: Mapping[str, tuple[ReferenceSet, Path]]) -> Path:
    """Write the report to `path` and return it."""
    environment = Environment(
        loader=PackageLoader("service.demo", "."),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["rate"] = _rate
    uploads = [(item, _comparisons(item, sets)) for item in shown]
    page = environment.get_template("report.html").render(uploads=uploads, first=shown[0].answer if shown else None)
    path.write_text(page, encoding="utf-8")
    return path


def _comparisons(item: Shown, sets: Mapping[str, tuple[ReferenceSet, Path]]) -> list[Comparison]:
    problems = {entry["source"]: entry["reason"] for entry in item.answer["not_screened"]}
    rows = []
    for entry in item.document.get("images", []):
        source = f"image:{entry['file']}"
        evidence = _strongest(item.answer, source)
        reference = title = None
        if evidence is not None and evidence["reference"]:
            about, folder = sets[evidence["reference_set"]]
            reference = _thumbnail((folder / evidence["reference"]).read_bytes())
            title = about.title_in("en")
        picture = _thumbnail((item.folder / entry["file"]).read_bytes())
        rows.append(Comparison(entry["file"], picture, problems.get(source), evidence, reference, title))
    return rows


def _strongest(answer: Mapping[str, Any], source: str) -> Mapping[str, Any] | None:
    """Prefer evidence that a ground rests on, then the lowest rate."""
    used = {number for ground in answer["grounds"] for number in ground["evidence"]}
    about = [(n, item) for n, item in enumerate(answer["evidence"]) if item["source"] == source]
    about.sort(key=lambda pair: (pair[0] not in used, (pair[1]["measure"] or {}).get("false_positive_rate", 0.0)))
    return about[0][1] if about else None


def _thumbnail(data: bytes) -> str | None:
    """Make a data URI of a picture; None where it cannot be decoded."""
    try:
        picture = decode("picture", data)
    except PictureError:
        return None
    image = Image.fromarray(picture.rgb)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=82)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _rate(value: float) -> str:
    """Write a rate so that small ones can be compared at a glance."""
    return "0" if value == 0 else (f"{value:.2%}" if value >= 0.001 else f"1 in {round(1 / value):,}")  # noqa: PLR2004
