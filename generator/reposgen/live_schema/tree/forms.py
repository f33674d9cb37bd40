"""Expressions with special syntax: casts, CASE, tests, constructors."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.expressions import Expression


class BooleanTestType(IntEnum):
    """`BoolTestType`."""

    IS_TRUE = 0
    IS_NOT_TRUE = 1
    IS_FALSE = 2
    IS_NOT_FALSE = 3
    IS_UNKNOWN = 4
    IS_NOT_UNKNOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class BoolExpr:
    """`and`, `or`, `not`."""

    operator: str
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptingRef:
    """`container[…]`, or the assignment of `assigned` to it.

    Attributes:
        slices: True if a subscript has a colon.
    """

    type: int
    container: Expression
    subscripts: tuple[Expression, ...]
    assigned: Expression | None
    slices: bool = False
    collation: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSelect:
    """`(composite).field`."""

    arg: Expression
    field: int
    type: int
    collation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldStore:
    """Composite value with some fields assigned."""

    arg: Expression
    values: tuple[Expression, ...]
    type: int


class Coercion(IntEnum):
    """Kind of a cast."""

    RELABEL = 0
    TEXT = 1  # output function, then input function
    ARRAY = 2  # each element
    ROW = 3
    COLLATE = 4
    DOMAIN = 5  # checks the domain's constraints


@dataclass(frozen=True, slots=True, kw_only=True)
class Coerce:
    """Cast without a function call: NULL stays NULL, and a value stays not NULL.

    Attributes:
        element: for arrays, the expression for each element.
    """

    kind: Coercion
    arg: Expression
    type: int
    element: Expression | None = None
    collation: int = 0
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWhen:
    """WHEN condition THEN result."""

    condition: Expression
    result: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseExpr:
    """CASE; with `arg`, conditions contain `CaseTestExpr` in its place."""

    type: int
    arg: Expression | None
    whens: tuple[CaseWhen, ...]
    default: Expression | None
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrayExpr:
    """`ARRAY[…]`, or the list of an IN.

    Attributes:
        nested: True if the elements are arrays, so that the result has one more
            dimension.
    """

    type: int
    elements: tuple[Expression, ...]
    nested: bool
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowExpr:
    """`ROW(…)`."""

    type: int
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoalesceExpr:
    """COALESCE."""

    type: int
    args: tuple[Expression, ...]
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MinMaxExpr:
    """GREATEST, LEAST: NULLs are ignored."""

    type: int
    args: tuple[Expression, ...]
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullTest:
    """IS NULL, or IS NOT NULL if `negated`.

    Attributes:
        of_row: True if the argument is composite: each field is tested.
    """

    arg: Expression
    negated: bool
    of_row: bool
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BooleanTest:
    """IS TRUE and similar tests."""

    arg: Expression
    test: BooleanTestType | None
    location: int = field(default=-1, compare=False)
