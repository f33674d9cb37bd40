"""Expressions without subexpressions: columns, constants, parameters and others."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.expressions import Expression


class Returning(IntEnum):
    """`VarReturningType`: which row a column in RETURNING is of."""

    DEFAULT = 0
    OLD = 1
    NEW = 2


class ParamKind(IntEnum):
    """`ParamKind`."""

    EXTERNAL = 0
    EXECUTOR = 1
    SUBLINK = 2
    MULTIPLE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Var:
    """A column of the range table entry `index`, `levels_up` statements out.

    Attributes:
        column: from 1; 0 is the whole row, below are system columns.
    """

    index: int
    column: int
    type: int
    levels_up: int = 0
    returning: Returning = Returning.DEFAULT
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Const:
    """A constant; `value` is the datum's bytes, None for NULL."""

    type: int
    value: bytes | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """`$number`, or a subquery's column inside its SubLink's test."""

    kind: ParamKind
    number: int
    type: int
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTestExpr:
    """The value that a CASE with an argument tests."""

    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainValue:
    """VALUE in a domain's CHECK."""

    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NextValueExpr:
    """An identity column's next value."""

    sequence: int
    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlValueFunction:
    """`current_date` and similar functions; `operation` is PostgreSQL's number."""

    operation: int
    type: int
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentOfExpr:
    """WHERE CURRENT OF."""

    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeSupportFunc:
    """merge_action()."""

    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A node of an unknown kind, which proves nothing.

    Attributes:
        children: the nodes in it, for what walks the whole tree.
    """

    tag: str
    children: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturningExpr:
    """An expression over a view's old or new row (18); NULL where that is missing."""

    old: bool
    arg: Expression
