"""The store of everything screened follows the record: what came is kept, what was forgotten is forgotten."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from service.ports import PictureRecord, ScreenedPictures, SetMatching

log = structlog.get_logger()
_AT_ONCE = 2_000


class Following:
    """Brings the store to where the record is. Being killed at any point loses nothing: the place is the store's."""

    def __init__(self, record: PictureRecord, store: ScreenedPictures, matching: SetMatching) -> None:
        self._record = record
        self._store = store
        self._matching = matching

    def catch_up(self, go_on: Callable[[], bool] = lambda: True) -> int:
        """Follow the record to its head while `go_on` says so; return the place. Raises NotReady or Overloaded.

        Where another model came into force, all pictures are embedded with it again, from what was kept of them.
        """
        model, state = self._matching.model(), self._store.state()
        place = state.place
        if place and state.model != model:
            log.warning("screened_pictures_of_another_model", model=state.model, now=model)
            self._store.clear()
            place = 0
        while go_on():
            changes = self._record.changes(place, _AT_ONCE)
            if place > changes.head:
                log.warning("screened_pictures_of_another_record", place=place, head=changes.head)
                self._store.clear()
                place = 0
                continue
            if place == changes.head:
                break
            place = changes.place
            self._store.apply(place, model, self._matching.embedded(changes.added), changes.removed)
        return place
