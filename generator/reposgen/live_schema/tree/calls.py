"""Expressions that call something: functions, operators, aggregates, subqueries."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.expressions import Expression
    from reposgen.live_schema.tree.model import Query, TargetEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class FuncExpr:
    """A function call; `form` is 0 as written, 1 an explicit cast, 2 an implicit."""

    function: int
    type: int
    returns_set: bool
    variadic: bool
    form: int
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpExpr:
    """An operator and the function behind it."""

    operator: int
    function: int
    type: int
    returns_set: bool
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctExpr:
    """IS DISTINCT FROM; the operator is the equality."""

    operator: int
    function: int
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullIfExpr:
    """NULLIF."""

    operator: int
    function: int
    type: int
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarArrayOpExpr:
    """`left operator ANY (array)`, or ALL where `any` is false."""

    operator: int
    function: int
    any: bool
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggref:
    """An aggregate's call.

    Attributes:
        kind: n normal, o ordered-set, h hypothetical-set.
        direct_args: of ordered-set aggregates.
        args: for ordered-set aggregates what is ordered.
        star: count(*).
    """

    function: int
    type: int
    kind: str
    star: bool
    variadic: bool
    levels_up: int
    direct_args: tuple[Expression, ...]
    args: tuple[TargetEntry, ...]
    filter: Expression | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingFunc:
    """GROUPING(…)."""

    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFunc:
    """A window function's or an aggregate's call with OVER."""

    function: int
    type: int
    args: tuple[Expression, ...]
    filter: Expression | None
    window: int
    aggregate: bool
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArgExpr:
    """`name => value`."""

    arg: Expression
    name: str
    number: int
    location: int = field(default=-1, compare=False)


class SubLinkType(IntEnum):
    """`SubLinkType`."""

    EXISTS = 0
    ALL = 1
    ANY = 2
    ROW_COMPARE = 3
    EXPRESSION = 4
    MULTIPLE = 5
    ARRAY = 6
    CTE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SubLink:
    """A subquery in an expression."""

    kind: SubLinkType | None
    number: int
    test: Expression | None
    query: Query
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCompareExpr:
    """`(a, b) < (c, d)`."""

    left: tuple[Expression, ...]
    right: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlExpr:
    """XMLELEMENT and its like; `operation` is PostgreSQL's number for it."""

    operation: int
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonConstructor:
    """JSON_OBJECT and its like; `kind` is PostgreSQL's number for it."""

    kind: int
    args: tuple[Expression, ...]
    call: Expression | None
    coercion: Expression | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonValue:
    """A value with its format, inside another JSON expression."""

    raw: Expression
    formatted: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonIsPredicate:
    """IS JSON."""

    arg: Expression
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonQuery:
    """JSON_EXISTS, JSON_QUERY, JSON_VALUE; `operation` is PostgreSQL's number.

    Attributes:
        args: the document and the path, then what is passed.
        on_error: PostgreSQL's number for ON ERROR's behaviour, None for the default.
    """

    operation: int
    args: tuple[Expression, ...]
    on_error: int | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonBehavior:
    """ON EMPTY, ON ERROR."""

    kind: int
    default: Expression | None
