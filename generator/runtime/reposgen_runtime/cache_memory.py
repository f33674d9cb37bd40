"""The first level of a cache: results in the process."""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from itertools import starmap
from math import inf
from operator import itemgetter
from threading import Lock
from time import monotonic
from types import NoneType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from .caching import Memory

_IMMUTABLE: Final = frozenset(
    {
        *(NoneType, bool, int, float, str, bytes, Decimal, UUID),
        *(date, datetime, time, timedelta),
        *(IPv4Address, IPv4Interface, IPv4Network),
        *(IPv6Address, IPv6Interface, IPv6Network),
    }
)
_first: Final = itemgetter(0)


def is_immutable(value: object) -> bool:
    """Whether callers can share a value."""
    return type(value) in _IMMUTABLE or isinstance(value, Enum)


def copied(value: Any) -> Any:  # noqa: ANN401 -- of any column
    """Return a value that shares nothing that can be changed."""
    kind = type(value)
    if kind in _IMMUTABLE:
        return value
    if kind is list:
        return [copied(one) for one in value]
    if kind is dict:
        return {key: copied(one) for key, one in value.items()}
    return value if isinstance(value, Enum) else deepcopy(value)


class Entry:
    """A result.

    Attributes:
        expires: when, by the monotonic clock.
        used: it was returned since this was last looked at.
    """

    __slots__ = ("_make", "_mutable", "_rows", "expires", "size", "tags", "used")

    def __init__(
        self,
        rows: Sequence[tuple[Any, ...]],
        make: Callable[..., Any] | None,
        tags: tuple[bytes, ...],
        size: int,
        expires: float,
    ) -> None:
        """Keep rows.

        Args:
            rows: the values of their columns.
            make: makes a row of them; None takes the first one.
            tags: what invalidates them.
            size: of them, in bytes.
            expires: when, by the monotonic clock.
        """
        self._rows = rows
        self._make = make
        self._mutable = [
            column
            for column in range(len(rows[0]) if rows else 0)
            if not all(is_immutable(row[column]) for row in rows)
        ]
        self.tags = tags
        self.size = size
        self.expires = expires
        self.used = False

    def rows(self) -> list[Any]:
        """Return the rows, made anew: callers may change what they get."""
        rows: Iterable[Sequence[Any]] = self._rows
        if self._mutable:
            lists = [[*row] for row in rows]
            for row in lists:
                for column in self._mutable:
                    row[column] = copied(row[column])
            rows = lists
        make = self._make
        if make is None:
            return [*map(_first, rows)]
        return [*starmap(make, rows)]


class Ticket:
    """A read that is under way.

    Attributes:
        is_valid: nothing that it depends on has changed, or is about to, since it
            began.
    """

    __slots__ = ("is_valid", "tags")

    def __init__(self, tags: tuple[bytes, ...]) -> None:
        self.tags = tags
        self.is_valid = True


class MemoryCache:
    """Results by key, and what is about to change.

    A writer marks tags before its COMMIT. That removes the results that have the tag,
    and as long as a tag is marked no result with it is kept. So no read that began
    before the COMMIT is served after it.

    Attributes:
        entries: by key; read without the lock.
        good_until: until when, by the monotonic clock, results may be served: all
            that other processes changed up to a known time is known.
    """

    def __init__(self, bounds: Memory | None) -> None:
        self.entries: dict[Hashable, Entry] = {}
        self.good_until = -inf if bounds is None else inf
        self._bounds = bounds
        self._lock = Lock()
        self._size = 0
        self._keys: dict[bytes, set[Hashable]] = {}
        # By tag, the writers and when their marks end.
        self._marks: dict[bytes, dict[bytes, float]] = {}
        self._tickets: dict[bytes, set[Ticket]] = {}

    @property
    def size(self) -> int:
        """Bytes of the results, as the server sent them."""
        return self._size

    def begin(self, tags: tuple[bytes, ...]) -> Ticket:
        """Begin a read."""
        ticket = Ticket(tags)
        with self._lock:
            if any(self._is_marked(tag) for tag in tags if tag in self._marks):
                ticket.is_valid = False
            else:
                for tag in tags:
                    self._tickets.setdefault(tag, set()).add(ticket)
        return ticket

    def end(self, ticket: Ticket) -> None:
        """End a read."""
        with self._lock:
            for tag in ticket.tags:
                several = self._tickets.get(tag)
                if several is not None:
                    several.discard(ticket)
                    if not several:
                        del self._tickets[tag]

    def store(self, ticket: Ticket, key: Hashable, entry: Entry) -> bool:
        """Keep what was read, unless it may have changed meanwhile."""
        bounds = self._bounds
        if bounds is None or entry.size > bounds.value:
            return False
        with self._lock:
            if not ticket.is_valid or self.good_until <= monotonic():
                return False
            self._remove(key)
            self.entries[key] = entry
            self._size += entry.size
            for tag in entry.tags:
                self._keys.setdefault(tag, set()).add(key)
            while len(self.entries) > bounds.entries or self._size > bounds.size:
                self._make_room()
        return True

    def mark(self, tags: Iterable[bytes], writer: bytes, seconds: float = inf) -> None:
        """Remove what has the tags, and keep nothing that has, until that ends.

        Args:
            tags: of what is about to change.
            writer: whose mark it is.
            seconds: after which the mark ends by itself.
        """
        until = monotonic() + seconds
        with self._lock:
            for tag in tags:
                self._marks.setdefault(tag, {})[writer] = until
                self._drop(tag)

    def unmark(self, tags: Iterable[bytes], writer: bytes, seconds: float = 0) -> None:
        """End a mark, at once or after some time.

        Args:
            tags: that are marked.
            writer: whose mark it is.
            seconds: for which it still stands.
        """
        until = monotonic() + seconds
        with self._lock:
            for tag in tags:
                writers = self._marks.get(tag)
                if writers is None or writer not in writers:
                    continue
                if seconds > 0:
                    writers[writer] = until
                    continue
                del writers[writer]
                if not writers:
                    del self._marks[tag]

    def drop(self, tags: Iterable[bytes]) -> None:
        """Remove what has one of the tags."""
        with self._lock:
            for tag in tags:
                self._drop(tag)

    def is_marked(self, tags: Iterable[bytes]) -> bool:
        """Whether something that has one of the tags is about to change."""
        if not self._marks:
            return False
        with self._lock:
            return any(self._is_marked(tag) for tag in tags)

    def clear(self) -> None:
        """Remove everything, also what is being read."""
        with self._lock:
            self._clear()

    def trust(self, until: float) -> None:
        """Serve results until then, by the monotonic clock."""
        if self._bounds is not None:
            self.good_until = until

    def distrust(self) -> None:
        """Remove everything, and keep nothing from now on."""
        with self._lock:
            self.good_until = -inf
            self._clear()

    def after_fork(self) -> None:
        """In a child process: begin with nothing."""
        self._lock = Lock()
        self._marks.clear()
        self._tickets.clear()
        self._clear()

    def _clear(self) -> None:
        for several in self._tickets.values():
            for ticket in several:
                ticket.is_valid = False
        self.entries.clear()
        self._keys.clear()
        self._size = 0

    def _is_marked(self, tag: bytes) -> bool:
        writers = self._marks.get(tag)
        if writers is None:
            return False
        now = monotonic()
        for writer in [one for one, until in writers.items() if until <= now]:
            del writers[writer]
        if not writers:
            del self._marks[tag]
        return bool(writers)

    def _drop(self, tag: bytes) -> None:
        for ticket in self._tickets.get(tag, ()):
            ticket.is_valid = False
        deque(map(self._remove, [*self._keys.get(tag, ())]), maxlen=0)

    def _remove(self, key: Hashable) -> None:
        entry = self.entries.pop(key, None)
        if entry is None:
            return
        self._size -= entry.size
        for tag in entry.tags:
            keys = self._keys[tag]
            keys.discard(key)
            if not keys:
                del self._keys[tag]

    def _make_room(self) -> None:
        """Give up the result that has been there longest, if it is not used."""
        key = next(iter(self.entries))
        entry = self.entries[key]
        if entry.used and entry.expires > monotonic():
            entry.used = False
            # To the end.
            self.entries[key] = self.entries.pop(key)
        else:
            self._remove(key)
