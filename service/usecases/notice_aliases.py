"""Aliases that notices bring to light: words shared by a notice's uploads, accepted with one call, live at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from indexer.model import Alias
from service.domain.errors import FieldFault, InvalidFields, NotReady
from service.domain.identity import Caller
from service.domain.registration import RegisteredSet
from service.domain.shared_words import SharedWord, shared_words
from service.ports import CurrentIndex, Notices, PastScreening, ScreeningHistory, SetDirectory
from service.usecases.notice_access import seen_notice
from service.usecases.registration import Registration, own_set, seen_set

MOST_UPLOADS = 200
OTHERS = 1_000
"""Of how many uploads the words are read, and with how many of the latest others they are compared."""

_OWN_WORDS = re.compile(r"(upload\.)?model\.(name|alt_names|tags|trigger_words)|lora:(?!file_name).*(name|tag|trigger)")
"""Where uploaders say what a thing is called: not in names of files or of base models."""


class NoticeAliases:
    """Proposes aliases, and takes them."""

    def __init__(
        self,
        notices: Notices,
        history: ScreeningHistory,
        directory: SetDirectory,
        index: CurrentIndex,
        registration: Registration,
    ) -> None:
        self._notices = notices
        self._history = history
        self._directory = directory
        self._index = index
        self._registration = registration

    def proposed_aliases(self, notice_id: str, who: Caller) -> list[SharedWord]:
        """Return words that several uploads of a notice share, that others hardly have, and that no set knows.

        For those who may change one of its sets. Raises NotFound or NotPermitted.
        """
        notice = seen_notice(self._notices, who, notice_id)
        for slug in notice.reference_sets:
            seen_set(self._directory, who, slug)
        ids = [item.screening_id for item in notice.accused if item.screening_id is not None][:MOST_UPLOADS]
        uploads = [past for screening_id in ids if (past := self._history.read(screening_id)) is not None]
        own = {(item.platform, item.external_id) for item in uploads}
        others = [item for item in self._history.last(OTHERS) if (item.platform, item.external_id) not in own]
        known = [alias.text for item in self._sets(notice.reference_sets) for alias in item.content.aliases]
        words = shared_words([_texts(item) for item in uploads], [_texts(item) for item in others], known)
        return self._unknown(words)

    def accept(self, notice_id: str, slug: str, aliases: Iterable[Alias], who: Caller) -> RegisteredSet:
        """Add aliases to a set that a notice is about: they count from the next screening on.

        Raises NotFound, NotPermitted, WrongState or InvalidFields.
        """
        notice = seen_notice(self._notices, who, notice_id)
        if slug not in notice.reference_sets:
            raise InvalidFields([FieldFault("reference_set", f"the notice is not about {slug}")])
        item = own_set(self._directory, who, slug)
        have = {(alias.text.casefold(), alias.language) for alias in item.content.aliases}
        new = [alias for alias in aliases if (alias.text.casefold(), alias.language) not in have]
        return self._registration.put_aliases(who, slug, (*item.content.aliases, *new))[0]

    def _unknown(self, words: list[SharedWord]) -> list[SharedWord]:
        """Leave out what any set has as a name already."""
        try:
            hits = self._index.get().find_aliases([item.text for item in words])
        except NotReady:
            return words
        return [item for item, found in zip(words, hits, strict=True) if not found]

    def _sets(self, slugs: Iterable[str]) -> list[RegisteredSet]:
        return [item for slug in slugs if (item := self._directory.get(slug)) is not None]


def _texts(past: PastScreening) -> list[str]:
    """Return an upload's own names, tags and trigger words, as its record keeps them."""
    items: list[dict[str, Any]] = past.record["texts"]["items"]
    return [item["text"] for item in items if _OWN_WORDS.match(item["source"])]
