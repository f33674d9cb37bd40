"""A call of a cached read, and what is known of its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Generic, NamedTuple, TypeVar, cast

from ..caching import wire_rows
from ..codec import read_first, read_rows
from ._compat import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from psycopg.pq.abc import PGresult

    from ..cache_memory import Entry, Ticket
    from ..codec import Codec
    from ..statement import Cached, Package, Statement

R = TypeVar("R")
T = TypeVar("T")

# Results are cached as they are; what a single value is made of is not known here.
ROWS: Final[object] = read_rows
FIRST: Final[object] = read_first


class Flight:
    """A read whose result other calls wait for.

    Attributes:
        ticket: of the read.
        takes_others: its result is as new as a call that joins it now.
        entry: the result, if it is one for others.
        landed: the read is over.
    """

    __slots__ = ("entry", "landed", "takes_others", "ticket")

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.takes_others = True
        self.entry: Entry | None = None
        self.landed = Event()


class CachedRead(NamedTuple, Generic[T, R]):
    """A call of a cached read.

    Attributes:
        key: the statement, the tenant and the arguments.
    """

    package: Package
    statement: Statement[T]
    values: Sequence[Any]
    read: Callable[[Codec[T], PGresult], R]
    tenant: str | None
    key: tuple[Hashable, ...]
    cached: Cached

    def reading(self, read: Callable[[Codec[T], PGresult], R]) -> CachedRead[T, R]:
        """Return the call with another way to read its result."""
        return self._replace(read=read)

    def rows(self, entry: Entry) -> R:
        """Return the call's result from a known result."""
        rows = entry.rows()
        return cast("R", rows if self.read is ROWS else rows[:1])

    def ttl(self, taken: Taken) -> float:
        """Seconds for which a result is kept."""
        return self.cached.ttl if taken.rows else self.cached.negative


class Taken:
    """The result of a statement, as it came."""

    __slots__ = ("codec", "rows", "tuples")

    def __init__(self, codec: Codec[Any], result: PGresult) -> None:
        self.codec = codec
        self.rows = wire_rows(result)
        self.tuples = codec.tuples(result)
