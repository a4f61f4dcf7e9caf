"""The uploads of a notice as moderators see them: what it names beside what its sweep found, and how each stands."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from service.console.pages import Page
from service.domain.measure import Measure, Standing
from service.domain.notice import Accused, Notice
from service.domain.sweep import SweepHit
from service.domain.verdict import Outcome
from service.domain.wording import Wording
from service.usecases.notices import NoticeView

MOST_ROWS = 200
_PICTURE = "image:"
_STRICT = {Outcome.BLOCK: 0, Outcome.REVIEW: 1, Outcome.ALLOW: 2}
_Upload = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A piece of evidence in words."""

    kind: str
    text: Wording


@dataclass(frozen=True, slots=True)
class UploadRow:
    """An upload that a notice is about; `value` names it in forms, None where no measure can be taken against it."""

    item: Accused
    value: str | None
    thumbnail: str | None
    hit: SweepHit | None
    told: tuple[Told, ...]
    standing: Standing | None
    measures: tuple[Measure, ...]
    strikes: int

    @property
    def covered(self) -> bool:
        """Tell whether a licence or a private use stands for it, so that it is not chosen by itself."""
        return self.hit is not None and self.hit.asks_for is Outcome.ALLOW


@dataclass(frozen=True, slots=True)
class UploadList:
    """Some of the uploads, and how many there are of each sort."""

    rows: tuple[UploadRow, ...]
    named: int
    found: int
    left: int


def uploads_of(page: Page, view: NoticeView, *, every: bool) -> UploadList:
    """Put the uploads of a notice together, those that match plainly first; MOST_ROWS of them unless all are wanted."""
    notice = view.notice
    hits = _hits(page, notice)
    named = {item.upload for item in notice.accused}
    swept = [
        Accused(hit.platform, hit.external_id, None, "", hit.screening_id, hit.uploader, named=False)
        for hit in hits.values()
        if hit.upload not in named
    ]
    items = sorted((*notice.accused, *swept), key=lambda item: _place(item, hits))
    shown = items if every else items[:MOST_ROWS]
    standing = page.wired.measures.standing([item.upload for item in shown if item.upload is not None])
    in_force = _in_force(view.measures)
    strikes = _strikes(page, shown)
    rows = tuple(
        _row(item, hits, standing, in_force, strikes.get((item.platform, item.uploader or ""), 0)) for item in shown
    )
    found = sum(1 for item in items if not item.named)
    return UploadList(rows, len(items) - found, found, len(items) - len(shown))


def thumbnail_of(screening_id: str, evidence: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return where a small picture of a screening is served: the one that the strongest evidence speaks of."""
    sources = (str(item.get("source", "")) for item in evidence)
    name = next((source.removeprefix(_PICTURE) for source in sources if source.startswith(_PICTURE)), "")
    query = f"?picture={quote(name, safe='')}" if name else ""
    return f"/console/screenings/{quote(screening_id, safe='')}/thumbnail{query}"


def told_evidence(hit: SweepHit) -> tuple[Told, ...]:
    """Say the evidence of a hit in words, each kind once."""
    first: dict[str, Told] = {}
    for item in hit.evidence:
        words = item["explanation"]
        first.setdefault(str(item["kind"]), Told(str(item["kind"]), Wording(words["en"], words["zh"])))
    return tuple(first.values())


def value_of(upload: _Upload) -> str:
    """Name an upload in a form."""
    return json.dumps(upload, ensure_ascii=False, separators=(",", ":"))


def read_values(values: Sequence[str]) -> list[_Upload]:
    """Read the uploads of a form; what names none is left out."""
    read = []
    for value in values:
        try:
            found = json.loads(value)
        except ValueError:
            continue
        if isinstance(found, list) and [type(part) for part in found] == [str, str]:
            read.append((found[0], found[1]))
    return read


def _hits(page: Page, notice: Notice) -> dict[_Upload, SweepHit]:
    latest: dict[_Upload, SweepHit] = {}
    for hit in page.wired.sweeps.hits(notice.sweep_id) if notice.sweep_id is not None else ():
        known = latest.get(hit.upload)
        if known is None or hit.screened >= known.screened:
            latest[hit.upload] = hit
    return latest


def _place(item: Accused, hits: Mapping[_Upload, SweepHit]) -> tuple[int, bool, str, str]:
    hit = hits.get(item.upload) if item.upload is not None else None
    return (_STRICT[hit.asks_for] if hit else len(_STRICT), not item.named, item.platform, item.external_id or "")


def _in_force(measures: Sequence[Measure]) -> dict[_Upload, tuple[Measure, ...]]:
    found: dict[_Upload, tuple[Measure, ...]] = {}
    for item in measures:
        if item.ended is None:
            upload = (item.platform, item.external_id)
            found[upload] = (*found.get(upload, ()), item)
    return found


def _strikes(page: Page, items: Sequence[Accused]) -> dict[_Upload, int]:
    uploaders = {(item.platform, item.uploader) for item in items if item.uploader is not None}
    return {
        (platform, uploader): len(page.wired.consequences.strikes_of(platform, uploader))
        for platform, uploader in sorted(uploaders)
    }


def _row(
    item: Accused,
    hits: Mapping[_Upload, SweepHit],
    standing: Mapping[_Upload, Standing],
    in_force: Mapping[_Upload, tuple[Measure, ...]],
    strikes: int,
) -> UploadRow:
    upload = item.upload
    hit = hits.get(upload) if upload is not None else None
    # What a sweep found and is licensed or private, and no notice names, is nobody's business.
    free = not item.named and hit is not None and hit.asks_for is Outcome.ALLOW
    return UploadRow(
        item=item,
        value=value_of(upload) if upload is not None and item.screening_id is not None and not free else None,
        thumbnail=thumbnail_of(item.screening_id, hit.evidence if hit else ()) if item.screening_id else None,
        hit=hit,
        told=told_evidence(hit) if hit is not None else (),
        standing=standing.get(upload) if upload is not None and item.screening_id is not None else None,
        measures=in_force.get(upload, ()) if upload is not None else (),
        strikes=strikes,
    )
