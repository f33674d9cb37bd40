"""Data types for the rows that a cached read depends on and that a write changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentValue:
    """Value that a call passes for one parameter.

    Attributes:
        number: number of the parameter.
        is_list: True if the parameter is an array of which each element is a value, as
            in `= ANY`.
    """

    number: int
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralValue:
    """Constant in the statement: an integer, a text or a uuid."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedValue:
    """Value in the result column `index` of each returned row."""

    index: int


KeyValue: TypeAlias = ArgumentValue | LiteralValue | ReturnedValue


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedColumn:
    """Column that has one of the given values in all rows that a statement touches."""

    column: str
    values: tuple[KeyValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Rows of a table that a statement's result depends on, or that it changes.

    Attributes:
        table: qualified name of the table; empty if it can be any table.
        pins: the columns that limit the rows; empty if any row can be meant.
        keys: the unique indexes whose columns are all pinned, each as column names.
        why: what changes the rows, if the statement does not name the table.
    """

    table: str
    pins: tuple[PinnedColumn, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """Options of `-- @cache ttl=5m`: the results of a read are kept for later calls.

    Attributes:
        ttl_ms: how long a result is kept.
        levels: `l1` in the process, `l2` in Redis.
        key: the columns that invalidation uses; empty uses the most precise ones.
        negative_ms: how long the absence of a row is kept; 0 does not keep it.
        stale_ms: how long after `ttl_ms` the old value is returned while one caller
            reads the new value.
        depends: the rows that the result depends on.
        span: the `@cache` line.
    """

    ttl_ms: int
    levels: tuple[str, ...] = ("l1", "l2")
    key: tuple[str, ...] = ()
    negative_ms: int = 0
    stale_ms: int = 0
    depends: tuple[Access, ...] = ()
    span: Span
