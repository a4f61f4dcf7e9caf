"""A plot for each measured fact: where it lies among what chance reaches, with the policy's marks."""

from __future__ import annotations

from markupsafe import Markup

from indexer.calibration import CURVES
from indexer.model import Fame, ReferenceSet
from service.console import plots
from service.console.pages import Page
from service.domain.errors import NotReady
from service.domain.evidence import Evidence
from service.domain.policy import Rates
from service.domain.upload import Context


class Measures:
    """Draws the facts of one upload; `sets` are those it speaks of, as they were then."""

    def __init__(self, page: Page, context: Context, sets: dict[str, ReferenceSet]) -> None:
        self._page = page
        self._context = context
        self._sets = sets
        self._policy = page.wired.policies.in_force()

    def plot(self, fact: Evidence) -> Markup | None:
        """Draw a fact; None where nothing was measured.

        With the crowds of the index in force where the measure has them, else on the scale of rates alone.
        """
        if fact.measure is None:
            return None
        rates = self._rates(fact)
        marks = [plots.Mark(rates.review, "review"), plots.Mark(rates.block, "block")]
        name, rate = fact.measure.name, fact.measure.rate
        label = self._label(rate.value)
        if name in CURVES:
            try:
                loaded = self._page.wired.index.get()
                crowds = self._page.house.crowds.get(
                    loaded.generation, name, lambda: loaded.snapshot.calibrations[name]
                )
            except (NotReady, KeyError):
                pass
            else:
                placed = [plots.Mark(crowds.place(mark.at), mark.kind) for mark in marks]
                placed.append(plots.Mark(crowds.place(rate.value), "value"))
                return plots.crowds(crowds.control, crowds.impostors, placed, label)
        return plots.rate_scale(rate.value, (rate.low, rate.high), marks, label)

    def _rates(self, fact: Evidence) -> Rates:
        about = self._sets.get(fact.reference_set or "")
        return self._policy.rates(self._context, about.fame if about else Fame.ORDINARY)

    def _label(self, rate: float) -> str:
        said = self._page.environment.filters["often"](rate)
        return self._page.say("Where this lies among unrelated pictures: %(often)s") % {"often": said}
