"""What the page of a case shows, taken from the record of its screening.

The machine's verdict, its grounds and why the case was opened are not among it: some cases are a second look at an
automatic verdict, and whoever gives it must judge the upload and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from indexer.model import Licence, Region
from service.console.marked import MarkedText, marked_texts
from service.console.measures import Measures
from service.console.pages import Page
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.upload import Context, NotScreened
from service.domain.wording import Title
from service.ports import KeptPicture
from service.usecases.case_view import CaseView

MOST_PAIRED = 12
"""Pictures that are shown beside references at first; the others come with `?all=1`."""

MOST_PICTURES = 60
_OF_PICTURES = (
    EvidenceKind.EXACT_COPY,
    EvidenceKind.GEOMETRIC_COPY,
    EvidenceKind.PERCEPTUAL_COPY,
    EvidenceKind.CHARACTER_SIMILARITY,
)
Held = Mapping[str, Collection[str]]
"""The references that the record has, by set."""

_NAMES = frozenset({EvidenceKind.ALIAS, EvidenceKind.RESIDUE})


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact, and its plot where something was measured."""

    evidence: Evidence
    plot: Markup | None = None


@dataclass(frozen=True, slots=True)
class SetShown:
    """A reference set that the facts speak of."""

    slug: str
    title: Title
    work: Title
    fame: str
    holder: str
    licences: tuple[Licence, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture of the upload beside the reference of one set that it is most like, and all that was measured.

    `reference_url` is None where the record does not have the reference: it was removed, or was never registered here.
    """

    about: SetShown | None
    reference: str
    region: Region | None
    reference_region: Region | None
    facts: tuple[Fact, ...]
    reference_url: str | None


@dataclass(frozen=True, slots=True)
class PictureShown:
    """A picture of the upload; `number` is None where nothing of it was kept. Pairs come strongest first."""

    name: str
    number: int | None
    kept: str
    pairs: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class UploadShown:
    """Everything the page shows of an upload."""

    title: str
    context: Context
    sets: tuple[SetShown, ...]
    paired: tuple[PictureShown, ...]
    unpaired: tuple[PictureShown, ...]
    facts: tuple[Fact, ...]
    texts: tuple[MarkedText, ...]
    texts_left_out: int
    not_screened: tuple[NotScreened, ...]
    lora: dict[str, Any] | None
    makings: Sequence[dict[str, Any]]
    claims: Sequence[dict[str, str]]


def show_upload(page: Page, view: CaseView) -> UploadShown:
    """Read the record of a case's screening for its page."""
    kept, judged = view.screening.record, view.judged
    sets = {
        item.slug: SetShown(
            item.slug, _title(item.title), _title(item.work), item.fame.value, item.holder, item.licences
        )
        for item in judged.sets
    }
    measures = Measures(page, judged.context, dict(judged.facts.sets))
    numbered = {item.name: (number, item) for number, item in enumerate(view.screening.pictures)}
    pictures = _Pairing(numbered, sets, measures, _held(page, list(sets))).pictures(judged.evidence)
    texts = kept.get("texts", {"items": [], "left_out": 0})
    return UploadShown(
        title=title_in(texts["items"]) or view.case.external_id,
        context=judged.context,
        sets=tuple(sets.values()),
        paired=tuple(item for item in pictures if item.pairs),
        unpaired=tuple(item for item in pictures if not item.pairs),
        facts=tuple(
            Fact(item, measures.plot(item)) for item in judged.evidence if item.kind not in {*_OF_PICTURES, *_NAMES}
        ),
        texts=marked_texts(texts["items"], judged.evidence),
        texts_left_out=texts["left_out"],
        not_screened=judged.not_screened,
        lora=kept.get("lora"),
        makings=kept.get("makings", ()),
        claims=kept.get("claims", ()),
    )


def title_in(texts: Sequence[dict[str, Any]]) -> str:
    """Return what the uploader calls the model, or nothing."""
    names = (str(item["text"]) for item in texts if item["source"] == "model.name")
    return next(names, "").strip()[:200]


@dataclass(frozen=True)
class _Pairing:
    """Puts pictures beside references."""

    kept: Mapping[str, tuple[int, KeptPicture]]
    sets: Mapping[str, SetShown]
    measures: Measures
    held: Held

    def pictures(self, evidence: Sequence[Evidence]) -> list[PictureShown]:
        """Show every picture that was kept or that a fact speaks of, the rarest fact first."""
        of_pictures: dict[str, list[Evidence]] = {name: [] for name in self.kept}
        for fact in evidence:
            if fact.kind in _OF_PICTURES:
                of_pictures.setdefault(fact.source.removeprefix("image:"), []).append(fact)
        shown = [self._picture(name, facts) for name, facts in of_pictures.items()]
        return sorted(shown, key=lambda item: _strength(item.pairs[0].facts[0].evidence) if item.pairs else (2.0, 0))

    def _picture(self, name: str, facts: Sequence[Evidence]) -> PictureShown:
        by_set: dict[str, list[Evidence]] = {}
        for fact in sorted(facts, key=_strength):
            by_set.setdefault(fact.reference_set or "", []).append(fact)
        pairs = tuple(self._pair(slug, found) for slug, found in by_set.items())
        number, kept = self.kept.get(name, (None, None))
        return PictureShown(name, number, kept.kept if kept else "nothing", pairs)

    def _pair(self, slug: str, facts: Sequence[Evidence]) -> Pair:
        reference = facts[0].reference or ""
        same = [fact for fact in facts if fact.reference == reference]
        url = f"/console/references/{slug}/{quote(reference)}" if reference in self.held.get(slug, ()) else None
        return Pair(
            self.sets.get(slug),
            reference,
            next((fact.region for fact in same if fact.region), None),
            next((fact.reference_region for fact in same if fact.reference_region), None),
            tuple(Fact(fact, self.measures.plot(fact)) for fact in facts),
            url,
        )


def _held(page: Page, slugs: Sequence[str]) -> Held:
    found = {slug: page.wired.sets.get(slug) for slug in slugs}
    return {slug: {item.file for item in known.references} for slug, known in found.items() if known is not None}


def _strength(fact: Evidence) -> tuple[float, int]:
    return fact.rate, _OF_PICTURES.index(fact.kind)


def _title(texts: Any) -> Title:
    first = next(iter(texts.values()), "")
    return Title(texts.get("en") or first, texts.get("zh") or texts.get("en") or first)


def first_pictures(upload: UploadShown, *, every: bool) -> UploadShown:
    """Keep only the pictures that a page shows at first."""
    if every:
        return upload
    return replace(upload, paired=upload.paired[:MOST_PAIRED], unpaired=upload.unpaired[:MOST_PICTURES])
