"""Expressions without subexpressions: columns, constants, parameters and others."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.expressions import Expression


class Returning(IntEnum):
    """`VarReturningType`: the row that a column in RETURNING belongs to."""

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
    """Column of the range table entry `index`, `levels_up` statements out.

    Attributes:
        column: `attnum`, from 1; 0 for the whole row, negative for system columns.
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
    """Constant; `value` is the datum's bytes, None for NULL."""

    type: int
    value: bytes | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Param:
    """Parameter `$number`, or a subquery's column inside its SubLink's test."""

    kind: ParamKind
    number: int
    type: int
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTestExpr:
    """Placeholder for the argument of a CASE."""

    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainValue:
    """VALUE in a domain's CHECK."""

    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NextValueExpr:
    """Next value of an identity column."""

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
    """Node of an unknown kind, which proves nothing.

    Attributes:
        tag: the node's tag in the text.
        children: the nodes inside it, for walks over the whole tree.
    """

    tag: str
    children: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturningExpr:
    """Expression over a view's old or new row (PostgreSQL 18); NULL without the row."""

    old: bool
    arg: Expression
