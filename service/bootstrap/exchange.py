"""Exchange with partners, as fields of `Wired`."""

from __future__ import annotations

from typing import TypedDict

from sqlalchemy import Engine

from service.adapters.live_index import LiveIndex
from service.adapters.own_hashes import OwnHashesInForce
from service.adapters.signing import FileSigner, key_id, verify
from service.adapters.sql.partners import SqlPartnerEntries, SqlPartners
from service.adapters.sql.sets import SqlSetDirectory
from service.ports import Clock
from service.settings import Settings
from service.usecases.exchange import Exchange


class ExchangeParts(TypedDict):
    """What partners are told, and what they tell."""

    exchange: Exchange


def exchange_parts(settings: Settings, engine: Engine, index: LiveIndex, clock: Clock) -> ExchangeParts:
    """Wire exchange; the signing key is made when it is first asked for."""
    return ExchangeParts(
        exchange=Exchange(
            SqlPartners(engine),
            SqlPartnerEntries(engine),
            SqlSetDirectory(engine),
            OwnHashesInForce(engine, index),
            FileSigner(settings.signing_key_file),
            clock,
            verify=verify,
            key_id=key_id,
        )
    )
