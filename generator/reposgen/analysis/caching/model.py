"""What a cached read depends on, and what a write changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentValue:
    """The value that a call gives for the parameter `number`.

    Attributes:
        is_list: an array of which each element is a value, as in `= ANY`.
    """

    number: int
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralValue:
    """A value that stands in the statement: an integer, a text or a uuid."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedValue:
    """The value in the result column `index` of each row that is returned."""

    index: int


KeyValue: TypeAlias = ArgumentValue | LiteralValue | ReturnedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedColumn:
    """A column that has one of some values in all rows that a statement touches."""

    column: str
    values: tuple[KeyValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The rows of a table that a statement's result depends on, or that it changes.

    Attributes:
        table: qualified name; empty where it can be any table.
        pins: what limits the rows. No pin: they can be any.
        keys: the columns of unique indexes of which all are pinned.
        why: what changes the rows, where the statement does not name the table.
    """

    table: str
    pins: tuple[PinnedColumn, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """`-- @cache ttl=5m`: the results of a read are kept for its next calls.

    Attributes:
        ttl_ms: for how long.
        levels: `l1` in the process, `l2` in Redis.
        key: the columns that invalidation goes by; empty: what is most precise.
        negative_ms: for how long it is kept that there is no row; 0: not at all.
        stale_ms: for how long after `ttl_ms` the old value is returned while one caller
            reads the new one.
        depends: the rows that the result depends on.
    """

    ttl_ms: int
    levels: tuple[str, ...] = ("l1", "l2")
    key: tuple[str, ...] = ()
    negative_ms: int = 0
    stale_ms: int = 0
    depends: tuple[Access, ...] = ()
    span: Span
