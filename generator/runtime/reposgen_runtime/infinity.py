# ruff: noqa: ANN401 -- a loader returns what its type holds
"""PostgreSQL's infinite dates and timestamps, which Python does not have.

A value of these classes is Python's latest or earliest date or time. It compares and
prints as such, and is written back as the infinity that it was read from. So the date
9999-12-31 and infinity both survive a round trip.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from psycopg import postgres
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.abc import AdaptContext, Buffer


class InfiniteDate(date):
    """`'infinity'::date` or `'-infinity'::date`."""


class InfiniteDatetime(datetime):
    """An infinite timestamp, with or without time zone."""


DATE_INFINITY: Final = InfiniteDate(9999, 12, 31)
DATE_MINUS_INFINITY: Final = InfiniteDate(1, 1, 1)
# A timestamp without time zone is a naive datetime.
TIMESTAMP_INFINITY: Final = InfiniteDatetime(9999, 12, 31, 23, 59, 59, 999999)
TIMESTAMP_MINUS_INFINITY: Final = InfiniteDatetime(1, 1, 1)
TIMESTAMPTZ_INFINITY: Final = InfiniteDatetime(
    9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC
)
TIMESTAMPTZ_MINUS_INFINITY: Final = InfiniteDatetime(1, 1, 1, tzinfo=UTC)

# In the binary protocol.
DATES: Final[Mapping[date, bytes]] = {
    DATE_INFINITY: Struct("!i").pack(2**31 - 1),
    DATE_MINUS_INFINITY: Struct("!i").pack(-(2**31)),
}
LATEST: Final = Struct("!q").pack(2**63 - 1)
EARLIEST: Final = Struct("!q").pack(-(2**63))

_LOADED: Final[Mapping[str, Mapping[bytes, date]]] = {
    "date": {
        DATES[DATE_INFINITY]: DATE_INFINITY,
        DATES[DATE_MINUS_INFINITY]: DATE_MINUS_INFINITY,
        b"infinity": DATE_INFINITY,
        b"-infinity": DATE_MINUS_INFINITY,
    },
    "timestamp": {
        LATEST: TIMESTAMP_INFINITY,
        EARLIEST: TIMESTAMP_MINUS_INFINITY,
        b"infinity": TIMESTAMP_INFINITY,
        b"-infinity": TIMESTAMP_MINUS_INFINITY,
    },
    "timestamptz": {
        LATEST: TIMESTAMPTZ_INFINITY,
        EARLIEST: TIMESTAMPTZ_MINUS_INFINITY,
        b"infinity": TIMESTAMPTZ_INFINITY,
        b"-infinity": TIMESTAMPTZ_MINUS_INFINITY,
    },
}


class InfiniteLoader(Loader):
    """Loader of infinite values; the loader `exact` reads the finite ones."""

    exact: type[Loader]
    infinities: Mapping[bytes, date]

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._load = self.exact(oid, context).load

    def load(self, data: Buffer) -> Any:
        """Return the date or timestamp."""
        infinite = self.infinities.get(bytes(data))
        return self._load(data) if infinite is None else infinite


def with_infinities(adapters: AdaptersMap) -> AdaptersMap:
    """Return a copy of the adapters whose loaders also read infinities, more slowly."""
    tolerant = AdaptersMap(adapters)
    for name, infinities in _LOADED.items():
        for format_ in Format:
            attributes = {
                "format": format_,
                "exact": adapters.get_loader(postgres.types[name].oid, format_),
                "infinities": infinities,
            }
            made = type("InfiniteLoader", (InfiniteLoader,), attributes)
            tolerant.register_loader(name, made)
    return tolerant
