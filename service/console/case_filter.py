"""What part of the queue an address asks for: `/console/queue?set=ember-fox&older=1d&order=oldest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from service.domain.case import CaseState
from service.ports import QueueFilter

OLDER: Mapping[str, timedelta] = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
}
ORDERS = ("priority", "oldest", "newest")
_LONGEST = 512
_FIELDS = ("platform", "set", "stage", "kind", "uploader")


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """The filter as the address and the form have it; empty texts narrow nothing. What is unknown is left out."""

    state: str = CaseState.OPEN.value
    platform: str = ""
    set: str = ""
    stage: str = ""
    kind: str = ""
    uploader: str = ""
    older: str = ""
    order: str = "priority"

    @classmethod
    def read(cls, given: Mapping[str, str]) -> CaseFilter:
        """Read the query of an address, or the fields of a form."""
        texts = {name: given.get(name, "")[:_LONGEST] for name in _FIELDS}
        state, order, older = given.get("state", ""), given.get("order", ""), given.get("older", "")
        return cls(
            state=state if state in set(CaseState) else CaseState.OPEN.value,
            order=order if order in ORDERS else "priority",
            older=older if older in OLDER else "",
            **texts,
        )

    @classmethod
    def of_query(cls, query: str) -> CaseFilter:
        """Read the query of an address from a hidden field."""
        return cls.read(dict(parse_qsl(query, max_num_fields=20)))

    def wanted(self, now: datetime, *, unclaimed: bool = False) -> QueueFilter:
        """Return it as the queue takes it."""
        return QueueFilter(
            state=CaseState(self.state),
            platform=self.platform or None,
            reference_set=self.set or None,
            stage=self.stage or None,
            kind=self.kind or None,
            uploader=self.uploader or None,
            older_than=now - OLDER[self.older] if self.older else None,
            unclaimed_at=now if unclaimed else None,
        )

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields that say something, for forms and addresses."""
        plain = CaseFilter()
        names = ("state", *_FIELDS, "older", "order")
        return {name: getattr(self, name) for name in names if getattr(self, name) != getattr(plain, name)}

    @property
    def narrows(self) -> bool:
        """Tell whether it leaves out any open case."""
        return bool(set(self.fields) - {"order"})

    @property
    def takes_bulk(self) -> bool:
        """Tell whether its cases can be decided together: those of one set, or of one uploader."""
        return bool(self.set or self.uploader)

    @property
    def query(self) -> str:
        """The query of the address."""
        return urlencode(self.fields)

    def path(self, below: str = "/console/queue") -> str:
        """Return the address of a page that is narrowed like this."""
        return below + (f"?{self.query}" if self.fields else "")
