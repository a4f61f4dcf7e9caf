"""decide(): from evidence, context and policy to a verdict. The one place where anything is judged.

Of each reference set the first rule that holds gives the ground; the strictest ground gives the verdict.

    block    an identical picture
             an edited copy: points or a hash at `confirmed`, and another kind of measurement of the picture at `review`
             so many pictures alike that an unrelated upload would agree so well less often than `block`,
             where they do not resemble a set of another work about as much
             pictures alike at `review`, and a distinctive name beside them
             pictures alike at `confirmed`, and a generic name beside them
    review   points, a hash, an embedding, or several pictures alike at `review`
             a distinctive name alone; a generic name beside the title of its work
             anything that could not be screened
    allow    all else; a licence, and private use, turn what was found into a recorded allow

So two independent facts are needed to block, one of them computed from pixels; names alone, which anybody can plant,
reach review at most, and so does a name that was read out of a disguise; a generic name alone changes nothing; and
what no control picture resembles never blocks. A rate is known only within an interval: to block, its upper end has to
be low enough; to review, its best estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from indexer.model import AliasKind, Licence, ReferenceSet
from service.domain.agreement import any_of
from service.domain.evidence import Evidence, EvidenceKind
from service.domain.policy import Policy, Rates
from service.domain.upload import Context, NotScreened, Visibility
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
    """A reason for a verdict: `outcome` is what it asks for, `evidence` numbers the facts it rests on."""

    code: str
    outcome: Outcome
    explanation: Wording
    reference_set: str | None = None
    evidence: tuple[int, ...] = ()


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
    for slug in dict.fromkeys(item.reference_set for item in facts.evidence):
        found = _judge(slug, facts, context, policy)
        if found is None:
            continue
        licence = _licence(facts.sets[slug], context)
        if licence is not None:
            licences.append(licence.id)
            grounds.append(_allowed("licensed", found, facts.sets[slug]))
        elif context.visibility is Visibility.PRIVATE:
            conditions.append("no_public_distribution")
            grounds.append(_allowed("private_use", found, facts.sets[slug]))
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
        _notice(outcome, grounds, facts.sets),
    )


_COPIES = (EvidenceKind.GEOMETRIC_COPY, EvidenceKind.PERCEPTUAL_COPY)


@dataclass(frozen=True, slots=True)
class _SetFacts:
    """The facts about one reference set, by number, as the rules ask for them; rates are per upload.

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
        """An agreement speaks of the whole upload already; one picture of n has n chances to look alike."""
        rate = item.highest_rate if sure else item.rate
        return rate if item.kind is EvidenceKind.SAMPLE_AGREEMENT else any_of(rate, self.pictures)


def _together(first: list[int], second: list[int]) -> list[int]:
    return first + second if first and second else []


_Rule = tuple[str, Outcome, Callable[[_SetFacts, Rates], list[int]]]
_RULES: tuple[_Rule, ...] = (
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


def _judge(slug: str, facts: Facts, context: Context, policy: Policy) -> Ground | None:
    """Apply the rules to one reference set; the first that holds gives the ground."""
    numbered = [(n, item) for n, item in enumerate(facts.evidence) if item.reference_set == slug]
    about = _SetFacts(numbered, context.pictures, _is_contested(slug, facts))
    rates = policy.rates(context, facts.sets[slug].fame)
    for code, outcome, holds in _RULES:
        numbers = holds(about, rates)
        if numbers:
            explanation = ground(code, title_of(facts.sets[slug]))
            return Ground(code, outcome, explanation, slug, tuple(dict.fromkeys(numbers)))
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


def _allowed(code: str, found: Ground, about: ReferenceSet) -> Ground:
    return Ground(code, Outcome.ALLOW, ground(code, title_of(about)), found.reference_set, found.evidence)


def _licence(about: ReferenceSet, context: Context) -> Licence | None:
    covering = (item for item in about.licences if item.covers(context.platform, context.uploader, context.today))
    return next(covering, None)


def _notice(outcome: Outcome, grounds: list[Ground], sets: Mapping[str, ReferenceSet]) -> Wording | None:
    """Say it to the uploader: of the strictest grounds, and for private use what publishing would mean."""
    telling = [item for item in grounds if item.outcome is outcome and item.code != "licensed"]
    if not telling:
        return None
    titles = [title_of(sets[item.reference_set]) for item in telling if item.reference_set]
    return notice(outcome.value, titles)


def title_of(about: ReferenceSet) -> Title:
    """Return a set's title in both languages of the answers."""
    return Title(about.title_in("en"), about.title_in("zh"))
