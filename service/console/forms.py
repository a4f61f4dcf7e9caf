"""What forms say when they are wrong: each fault beside its field."""

from __future__ import annotations

from collections.abc import Iterator

from service.domain.errors import InvalidFields


class Faults:
    """What is wrong with a form, by field; empty where nothing is."""

    def __init__(self) -> None:
        self._by_field: dict[str, list[str]] = {}

    @classmethod
    def of(cls, error: InvalidFields, language: str) -> Faults:
        """Take the faults that a use case found; `statement.en` is the field `statement_en`."""
        faults = cls()
        for fault in error.faults:
            faults.add(fault.location.replace(".", "_"), fault.said(language))
        return faults

    def add(self, field: str, message: str) -> None:
        """Note a fault."""
        self._by_field.setdefault(field, []).append(message)

    def once(self, field: str, message: str) -> None:
        """Note a fault, unless the same is noted there already."""
        if message not in self.at(field):
            self.add(field, message)

    def at(self, field: str) -> list[str]:
        """Return what is wrong with a field."""
        return self._by_field.get(field, [])

    @property
    def fields(self) -> int:
        """Count the fields with faults."""
        return len(self._by_field)

    def __bool__(self) -> bool:
        return bool(self._by_field)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((field, message) for field, messages in self._by_field.items() for message in messages)


def lines(text: str) -> str:
    """Return what was typed into a text area with plain ends of lines: browsers send carriage returns with them."""
    return text.replace("\r\n", "\n").strip()
