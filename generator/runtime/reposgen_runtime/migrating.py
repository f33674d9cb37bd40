"""Routing of calls to two implementations of one Protocol."""

from __future__ import annotations

import logging
import random
import re
import sys
from dataclasses import dataclass, field, replace
from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from zlib import crc32

from .errors import RepositoryError
from .pages import Page
from .statement import Validated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

Writes: TypeAlias = Literal["old", "new", "both"]

_NAME: Final = re.compile(r"\w+")
_CURSORS: Final = ("after", "before")
_log: Final = logging.getLogger(__name__)


class Side(Enum):
    """The old or the new implementation; the value is the prefix of its cursors."""

    OLD = "old~"
    NEW = "new~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of a method of the Protocol.

    Attributes:
        method: name of the method.
    """

    method: str
    args: tuple[Any, ...] = field(default=(), repr=False)
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A call that both implementations answered differently.

    Attributes:
        old: answer of the old implementation, or the exception that it raised.
        new: answer of the new implementation, or the exception that it raised.
    """

    call: Call
    old: object = field(repr=False)
    new: object = field(repr=False)

    def __str__(self) -> str:
        return f"{self.call.method}: the answers differ"


@dataclass(frozen=True, slots=True, kw_only=True)
class FallbackUsed:
    """A read at which the new implementation failed and the old one answered."""

    call: Call
    error: RepositoryError

    def __str__(self) -> str:
        return f"{self.call.method}: answered by the old one: {self.error}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondWriteFailed:
    """A write that the old implementation did and the new one failed to repeat."""

    call: Call
    error: Exception = field(repr=False)

    def __str__(self) -> str:
        known = isinstance(self.error, RepositoryError)
        why = self.error if known else type(self.error).__name__
        return f"{self.call.method}: written by the old one alone: {why}"


Report: TypeAlias = Difference | FallbackUsed | SecondWriteFailed
Reported: TypeAlias = "Callable[[Report], object]"
Equal: TypeAlias = "Callable[[Call, object, object], bool]"
Key: TypeAlias = "Callable[[Call], object]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationStatistics:
    """Counts of the calls and of their outcomes.

    Attributes:
        old: calls that the old implementation answered.
        new: calls that the new implementation answered.
        fallbacks: reads at which the new one failed and the old one answered.
        compared: reads that were made with both.
        differences: compared reads whose answers differed.
        not_written: writes of the old one that the new one failed to repeat.
    """

    old: int
    new: int
    fallbacks: int
    compared: int
    differences: int
    not_written: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a call: a value or an exception."""

    value: object = None
    error: Exception | None = None

    @property
    def told(self) -> object:
        """The value, or the exception if there is one."""
        return self.value if self.error is None else self.error


def answers_equal(_call: Call, old: object, new: object) -> bool:
    """Return True if two answers agree; the default for `equal`.

    Any two exceptions agree. Pages agree if their items and totals are equal.
    """
    if isinstance(old, Exception) or isinstance(new, Exception):
        return isinstance(old, Exception) and isinstance(new, Exception)
    if isinstance(old, Page) and isinstance(new, Page):
        return (old.items, old.total) == (new.items, new.total)
    return old == new


def reads_of(repository: object) -> frozenset[str]:
    """Return the names of a generated repository's methods that write nothing.

    Raises:
        ValueError: the object is not a generated repository.
    """
    modules = [sys.modules[kind.__module__] for kind in type(repository).__mro__]
    # A synchronous module takes its statements from the asynchronous one.
    spaces = [vars(module) for module in modules]
    spaces += [vars(one["_statements"]) for one in spaces if "_statements" in one]
    statements = [
        value
        for space in spaces
        for value in space.values()
        if isinstance(value, Validated)
    ]
    if not statements:
        raise ValueError(
            f"{type(repository).__name__} is no generated repository: name the methods"
            ' that read, as in reads=["get_task"]'
        )
    names = {s.name.rpartition(".")[2] for s in statements if _is_read(s)}
    return frozenset(name for name in names if hasattr(repository, name))


def _is_read(statement: Validated[Any]) -> bool:
    return statement.read_only and not statement.locks_rows


def is_opened(method: object, kinds: Collection[type]) -> bool:
    """Return True if a generated method returns an object to iterate over: a stream."""
    function = getattr(method, "__func__", method)
    returns = getattr(function, "__annotations__", {}).get("return", "")
    found = _NAME.match(returns) if isinstance(returns, str) else None
    known = getattr(function, "__globals__", {})
    return found is not None and known.get(found[0]) in kinds


class Router:
    """Choice of the implementation for each call, with statistics."""

    def __init__(
        self,
        *,
        reads: frozenset[str],
        writes: Writes,
        key: Key | None,
        seed: int | None,
    ) -> None:
        if writes not in ("old", "new", "both"):
            raise ValueError(f'writes={writes!r}: "old", "new" or "both"')
        self.reads = reads
        self.writes: Writes = writes
        self._key = key
        self._chance = random.Random(seed)  # noqa: S311 -- no secret
        self._guard = Lock()
        self._counts = dict.fromkeys(MigrationStatistics.__dataclass_fields__, 0)

    @property
    def writing_side(self) -> Side:
        """The implementation whose answers to writes are returned."""
        return Side.NEW if self.writes == "new" else Side.OLD

    def choose(self, call: Call, share: float) -> Side:
        """Return the implementation that answers a call."""
        if call.method not in self.reads:
            return self.writing_side
        if self._key is None:
            place = self._chance.random()
        else:
            place = crc32(repr(self._key(call)).encode()) / 2**32
        return Side.NEW if place < share else Side.OLD

    def is_sampled(self, share: float) -> bool:
        """Return True for a random fraction `share` of calls."""
        return share > 0 and self._chance.random() < share

    def count(self, *names: str) -> None:
        """Increment the counts with these names."""
        with self._guard:
            for name in names:
                self._counts[name] += 1

    def statistics(self) -> MigrationStatistics:
        """Return the current counts."""
        with self._guard:
            return MigrationStatistics(**self._counts)


def share_of(share: float) -> float:
    """Return the share if it is between 0 and 1.

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must be between 0 and 1, got {share!r}")
    return share


def continued(call: Call) -> tuple[Side | None, Call]:
    """Return the side that made the call's cursor, and the call with original cursors.

    The side is None if there is no cursor, or if the cursor has no mark because it was
    made before the migration.
    """
    side = None
    arguments = dict(call.arguments)
    for name in _CURSORS:
        cursor = arguments.get(name)
        if isinstance(cursor, str):
            new = cursor.startswith(Side.NEW.value)
            side = Side.NEW if new else Side.OLD
            arguments[name] = cursor.removeprefix(side.value)
    return side, replace(call, arguments=arguments)


def marked(answer: object, side: Side) -> object:
    """Return an answer whose page cursors are marked with their side."""
    if not isinstance(answer, Page):
        return answer
    page: Page[Any] = answer
    return replace(
        page,
        next=page.next and side.value + page.next,
        previous=page.previous and side.value + page.previous,
    )


def log_report(report: Report) -> None:
    """Log an event, without values, if there is no callback for it."""
    _log.warning("%s", report)


def log_failed(report: Report, error: Exception) -> None:
    """Log that the callback `equal` or `report` failed."""
    _log.error("%s, and a callback failed: %s", report, type(error).__name__)
