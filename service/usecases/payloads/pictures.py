"""The pictures that a payload names by address, and which of them were sent along."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import unquote

from service.usecases.payloads.fields import Fields, held

MAX_NOT_SENT = 200
"""Most pictures listed as not sent; of more only the number is told."""
MAX_ADDRESS = 300
_QUERY = re.compile(r"[?#]")


class Pictures:
    """Matches addresses with the names of the parts that were sent; each part is matched once."""

    def __init__(self, sent: Collection[str]) -> None:
        self.entries: list[Fields] = []
        self._sent = frozenset(sent)
        self._free = set(sent)
        self._matched: dict[str, tuple[int, int]] = {}
        self._missing: dict[str, None] = {}

    @property
    def not_sent(self) -> tuple[str, ...]:
        """The addresses without a part, in order and without their queries, each cut to MAX_ADDRESS characters."""
        listed = [address[:MAX_ADDRESS] for address in self._missing]
        if len(listed) > MAX_NOT_SENT:
            listed = [*listed[:MAX_NOT_SENT], f"and {len(listed) - MAX_NOT_SENT} more"]
        return tuple(listed)

    def match(self, owner: Fields, *keys: str) -> str | None:
        """Find the part of the picture whose address or file name stands under one of the keys of its entry.

        Returns its name, and takes the name out of the address: what is left of it may still say something. None for a
        picture that was not sent, which is noted, and for an address that was met before.
        """
        addresses = {key: owner[key] for key in keys if isinstance(owner.get(key), str) and owner[key].strip()}
        for key, address in addresses.items():
            if without_query(address) in self._matched:
                _cut(owner, key, self._matched[without_query(address)])
                return None
            for name, place in _names(address).items():
                part = self._part(name)
                if part is not None:
                    self._matched[without_query(address)] = place
                    _cut(owner, key, place)
                    return part
        for address in addresses.values():
            self._missing.setdefault(without_query(address))
            break
        return None

    def add(self, file: str, prompt: str, negative_prompt: str, role: str = "sample") -> None:
        """Write the native entry of a picture that was sent."""
        told = held({"prompt": prompt, "negative_prompt": negative_prompt})
        self.entries.append({"file": file, "role": role, **told})

    def _part(self, name: str) -> str | None:
        """Take the first free part of a name; parts of the same name are numbered `name#2`, `name#3` when they come."""
        part, number = name, 1
        while part in self._sent:
            if part in self._free:
                self._free.remove(part)
                return part
            number += 1
            part = f"{name}#{number}"
        return None


def without_query(address: str) -> str:
    """Take off what may differ between two addresses of one picture: sizes and signatures."""
    return _QUERY.split(address)[0] if "://" in address else address


def _cut(owner: Fields, key: str, place: tuple[int, int]) -> None:
    owner[key] = owner[key][: place[0]] + owner[key][place[1] :]


def _names(address: str) -> dict[str, tuple[int, int]]:
    """List the names that a part of this picture may have, likeliest first, with the place of each in the address."""
    query = _QUERY.search(address)
    end = query.start() if query else len(address)
    # In a repository's path a question mark or a number sign is a letter like any other.
    places = [(address.rfind("/", 0, end) + 1, end), (address.rfind("/") + 1, len(address)), (0, len(address))]
    if address.startswith("./"):
        places.append((2, len(address)))
    names: dict[str, tuple[int, int]] = {}
    for start, stop in places:
        written = address[start:stop]
        for name in (unquote(written), written):
            if name:
                names.setdefault(name, (start, stop))
    return names
