"""Dry runs: what a reference set would match if it were in force, before it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from service.domain.identity import Caller, Role
from service.domain.upload import Context, Stage, Visibility
from service.ports import Clock, Policies, Reach, Reaches, ScreeningHistory, SetDirectory
from service.usecases.registration import seen_set

MOST_PICTURES = 5_000
MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class DryRunResult:
    """What a set would match; `review_rate` is the rate up to which a likeness was counted.

    `screenings` counts those with a matching picture. `told` names some of them, newest first, for those who may know:
    None for rights owners, to whom the uploads of others are figures. Neither does `reach` name any of them then.
    """

    reach: Reach
    screenings: int
    told: tuple[str, ...] | None
    review_rate: float


class DryRuns:
    """Tries sets out, whatever their state."""

    def __init__(
        self, directory: SetDirectory, history: ScreeningHistory, policies: Policies, reaches: Reaches, clock: Clock
    ) -> None:
        self._directory = directory
        self._history = history
        self._policies = policies
        self._reaches = reaches
        self._clock = clock

    def run(self, who: Caller, slug: str, most: int = MOST_PICTURES) -> DryRunResult:
        """Try a set on the latest pictures that were screened, and on the control set. Raises NotFound.

        A likeness counts up to the review rate of the policy in force, for a public upload without profit.
        """
        item = seen_set(self._directory, who, slug)
        plain = Context("", None, Stage.PUBLICATION, Visibility.PUBLIC, False, False, self._clock.now().date())
        review = self._policies.in_force().rates(plain, item.content.fame).review
        reach = self._reaches.of(item.content, self._history.pictures(min(most, MOST_PICTURES)), review)
        if who.role in (Role.ADMIN, Role.MODERATOR):
            return DryRunResult(reach, len(reach.screenings), reach.screenings[:MOST_TOLD], review)
        return DryRunResult(replace(reach, screenings=(), found=()), len(reach.screenings), None, review)
