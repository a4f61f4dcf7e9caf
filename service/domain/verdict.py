"""decide(): from evidence, context and policy to a verdict. The one place where anything is judged.

Of each reference set, and of each blocked LoRA that belongs to none, the first rule that holds gives the ground; the
strictest ground gives the verdict.

    block    a LoRA that was blocked before: the same file, the same bytes behind another header, or the same tensors
             an identical picture
             an edited copy: points or a hash at `confirmed`, and another kind of measurement of the picture at `review`
             so many pictures alike that an unrelated upload would agree so well less often than `block`,
             where they do not resemble a set of another work about as much
             pictures alike at `review`, and a distinctive name beside them
             pictures alike at `confirmed`, and a generic name beside them
             weights that resemble a blocked LoRA's, and pictures alike at `review` or a distinctive name beside them
    review   weights that resemble a blocked LoRA's; some of its tensors; its hash, claimed by somebody
             points, a hash, an embedding, or several pictures alike at `review`
             a distinctive name alone; a generic name beside the title of its work
             anything that could not be screened
    allow    all else; a licence, and private use, turn what was found into a recorded allow

So two independent facts are needed to block, one of them computed from pixels or weights; names alone, which anybody
can plant, reach review at most, and so does a name that was read out of a disguise; a generic name alone changes
nothing; and what no control picture resembles never blocks. A rate is known only within an interval: to block, its
upper end has to be low enough; to review, its best estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from indexer.model import AliasKind, Fame, Licence, ReferenceSet
from service.domain.agreement import any_of
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.policy import Policy, Rates
from service.domain.upload import Context, NotScreened, Trust, Visibility
from service.domain.wording import Title, Wording, ground, notice


class Outcome(StrEnum):
    """The three verdicts, strictest first."""

    BLOCK = "block"
    REVIEW = "review"
    ALLOW = "allow"


_ABOUT_AS_MUCH = 3.0
"""Two rates so near each other are not told apart: their intervals overlap."""

_STRICTNESS = {Outcome.ALLOW: 0, Outcome.REVIEW: 1, Outcome.BLOCK: 2}


@dataclass(frozen=True, slots=True)
class Ground:
    """A reason for a verdict: `outcome` is what it asks for, `evidence` numbers the facts it rests on.

    `title` is what the upload reproduces: of the reference set, or of a blocked LoRA that belongs to none.
    """

    code: str
    outcome: Outcome
    explanation: Wording
    reference_set: str | None = None
    evidence: tuple[int, ...] = ()
    title: Title | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the service answers, and why; grounds strictest first."""

    outcome: Outcome
    grounds: tuple[Ground, ...] = ()
    conditions: tuple[str, ...] = ()
    licence: str | None = None
    notice_to_uploader: Wording | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was found about an upload, and the reference sets it speaks of, by slug."""

    evidence: tuple[Evidence, ...]
    not_screened: tuple[NotScreened, ...]
    sets: Mapping[str, ReferenceSet]


def decide(facts: Facts, context: Context, policy: Policy) -> Verdict:
    """Judge an upload. Pure: the same arguments give the same verdict, so every verdict can be replayed."""
    grounds: list[Ground] = []
    licences: list[str] = []
    conditions: list[str] = []
    for about in dict.fromkeys(item.about for item in facts.evidence if item.about is not None):
        found = _judge(about, facts, context, policy)
        if found is None:
            continue
        licence = _licence(facts.sets.get(found.reference_set or ""), context)
        if licence is not None:
            licences.append(licence.id)
            grounds.append(_allowed("licensed", found))
        elif context.visibility is Visibility.PRIVATE:
            conditions.append("no_public_distribution")
            grounds.append(_allowed("private_use", found))
        else:
            grounds.append(found)
    if facts.not_screened:
        grounds.append(Ground("not_screened", Outcome.REVIEW, ground("not_screened", None)))
    grounds.sort(key=lambda item: -_STRICTNESS[item.outcome])
    outcome = grounds[0].outcome if grounds else Outcome.ALLOW
    return Verdict(
        outcome,
        tuple(grounds),
        tuple(dict.fromkeys(conditions)),
        licences[0] if licences else None,
        _notice(outcome, grounds),
    )


_COPIES = (EvidenceKind.GEOMETRIC_COPY, EvidenceKind.PERCEPTUAL_COPY)
_OF_ONE_PICTURE = (*_COPIES, EvidenceKind.CHARACTER_SIMILARITY)


@dataclass(frozen=True, slots=True)
class _SetFacts:
    """The facts about one reference set or one blocked LoRA, by number, as the rules ask for them.

    Rates are per upload.

    It is contested where the pictures resemble a set of another work about as much.
    """

    numbered: Sequence[tuple[int, Evidence]]
    pictures: int
    contested: bool = False

    def of(self, kind: EvidenceKind, at: float = 1.0, *, sure: bool = False) -> list[int]:
        """Number the facts of a kind whose rate, for the whole upload, is at most `at`.

        With `sure` the upper end of the rate's interval counts, and what is uncalibrated does not.
        """
        return [
            number
            for number, item in self.numbered
            if item.kind is kind and self._upload_rate(item, sure=sure) <= at and (item.calibrated or not sure)
        ]

    def alike(self, at: float, *, sure: bool) -> list[int]:
        """Number the facts that say the pictures look like the set."""
        kinds = (*_COPIES, EvidenceKind.SAMPLE_AGREEMENT, EvidenceKind.CHARACTER_SIMILARITY)
        return [number for kind in kinds for number in self.of(kind, at, sure=sure)]

    def named(self, kind: AliasKind, *, outright: bool = False) -> list[int]:
        """Number the names of a kind that carry weight; `outright`, those that were not read out of a disguise."""
        return [
            number
            for number, item in self.numbered
            if item.alias_kind is kind and not item.weightless and not (outright and item.indirect)
        ]

    def blocked(self, *, outright: bool) -> list[int]:
        """Number the facts that know a blocked LoRA again by its bytes; `outright`, where we found all of them.

        Otherwise they are some of its tensors, or a hash that somebody claims. The beginnings of hashes collide.
        """
        kinds = (EvidenceKind.BLOCKED_FILE, EvidenceKind.BLOCKED_TENSORS)
        numbers = [number for kind in kinds for number in self.of(kind, sure=outright)]
        by_number = dict(self.numbered)
        return [
            number
            for number in numbers
            if not by_number[number].weightless and not (outright and by_number[number].trust is not Trust.COMPUTED)
        ]

    def confirmed_copies(self, rates: Rates) -> list[int]:
        """Number the matches by points or hash that another kind of measurement of the same picture confirms."""
        by_number = dict(self.numbered)
        copies = [number for kind in _COPIES for number in self.of(kind, rates.confirmed, sure=True)]
        kinds = (*_COPIES, EvidenceKind.CHARACTER_SIMILARITY)
        seconds = [number for kind in kinds for number in self.of(kind, rates.review)]
        return [
            number
            for copy in copies
            for second in seconds
            if by_number[copy].source == by_number[second].source and by_number[copy].kind != by_number[second].kind
            for number in (copy, second)
        ]

    def _upload_rate(self, item: Evidence, *, sure: bool) -> float:
        """One picture of n has n chances to look alike; all else speaks of the whole upload already."""
        rate = item.highest_rate if sure else item.rate
        return any_of(rate, self.pictures) if item.kind in _OF_ONE_PICTURE else rate


def _together(first: list[int], second: list[int]) -> list[int]:
    return first + second if first and second else []


_Rule = tuple[str, Outcome, Callable[[_SetFacts, Rates], list[int]]]
_RULES: tuple[_Rule, ...] = (
    ("blocked_lora", Outcome.BLOCK, lambda f, _: f.blocked(outright=True)),
    ("character_copy", Outcome.BLOCK, lambda f, _: f.of(EvidenceKind.EXACT_COPY)),
    ("character_copy", Outcome.BLOCK, lambda f, r: f.confirmed_copies(r)),
    (
        "character_agreement",
        Outcome.BLOCK,
        lambda f, r: [] if f.contested else f.of(EvidenceKind.SAMPLE_AGREEMENT, r.block, sure=True),
    ),
    (
        "character_named",
        Outcome.BLOCK,
        lambda f, r: _together(f.alike(r.review, sure=True), f.named(AliasKind.DISTINCTIVE, outright=True)),
    ),
    (
        "character_named",
        Outcome.BLOCK,
        lambda f, r: _together(f.alike(r.confirmed, sure=True), f.named(AliasKind.GENERIC, outright=True)),
    ),
    (
        "blocked_lora_confirmed",
        Outcome.BLOCK,
        lambda f, r: _together(
            f.of(EvidenceKind.WEIGHT_FINGERPRINT, r.review),
            [*f.alike(r.review, sure=True), *f.named(AliasKind.DISTINCTIVE, outright=True)],
        ),
    ),
    (
        "blocked_lora_suspected",
        Outcome.REVIEW,
        lambda f, r: [*f.blocked(outright=False), *f.of(EvidenceKind.WEIGHT_FINGERPRINT, r.review)],
    ),
    (
        "character_copy_suspected",
        Outcome.REVIEW,
        lambda f, r: [number for kind in _COPIES for number in f.of(kind, r.review)],
    ),
    ("character_contested", Outcome.REVIEW, lambda f, r: f.alike(r.review, sure=False) if f.contested else []),
    ("character_likeness", Outcome.REVIEW, lambda f, r: f.alike(r.review, sure=False)),
    ("name_alone", Outcome.REVIEW, lambda f, _: f.named(AliasKind.DISTINCTIVE)),
    (
        "name_and_series",
        Outcome.REVIEW,
        lambda f, _: _together(f.named(AliasKind.GENERIC), f.named(AliasKind.SERIES)),
    ),
)


def _judge(about: str, facts: Facts, context: Context, policy: Policy) -> Ground | None:
    """Apply the rules to one reference set or blocked LoRA; the first that holds gives the ground."""
    numbered = [(n, item) for n, item in enumerate(facts.evidence) if item.about == about]
    slug = numbered[0][1].reference_set
    known = facts.sets[slug] if slug is not None else None
    found = _SetFacts(numbered, context.pictures, slug is not None and _is_contested(slug, facts))
    rates = policy.rates(context, known.fame if known else Fame.ORDINARY)
    for code, outcome, holds in _RULES:
        numbers = tuple(dict.fromkeys(holds(found, rates)))
        if numbers:
            named = facts.evidence[numbers[0]].text or ""
            title = Title.among(known.title) if known else Title(named, named)
            return Ground(code, outcome, ground(code, title), slug, numbers, title)
    return None


def _is_contested(slug: str, facts: Facts) -> bool:
    """Tell whether likeness speaks about as strongly for a set of another work: then it cannot tell which."""
    own = _likeness_rate(slug, facts)
    others = (name for name in facts.sets if name != slug and not facts.sets[name].same_work(facts.sets[slug]))
    return own < 1.0 and any(_likeness_rate(name, facts) <= _ABOUT_AS_MUCH * own for name in others)


def _likeness_rate(slug: str, facts: Facts) -> float:
    kinds = (EvidenceKind.SAMPLE_AGREEMENT, EvidenceKind.CHARACTER_SIMILARITY)
    found = (item for item in facts.evidence if item.reference_set == slug and item.kind in kinds and item.calibrated)
    return min((item.rate for item in found), default=1.0)


def _allowed(code: str, found: Ground) -> Ground:
    return replace(found, code=code, outcome=Outcome.ALLOW, explanation=ground(code, found.title))


def _licence(about: ReferenceSet | None, context: Context) -> Licence | None:
    if about is None:
        return None
    covering = (item for item in about.licences if item.covers(context.platform, context.uploader, context.today))
    return next(covering, None)


def _notice(outcome: Outcome, grounds: list[Ground]) -> Wording | None:
    """Say it to the uploader: of the strictest grounds, and for private use what publishing would mean."""
    telling = [item for item in grounds if item.outcome is outcome and item.code != "licensed"]
    if not telling:
        return None
    return notice(outcome.value, [item.title for item in telling if item.title])
