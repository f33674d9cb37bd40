"""Statements some of whose SQL a call leaves out or chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import KEY, ORDERING, Symbol

if TYPE_CHECKING:
    from reposgen.analysis.model import Nulls


@dataclass(frozen=True, slots=True, kw_only=True)
class SortClause:
    """An ORDER BY, and what the caller calls it."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of SQL.

    Attributes:
        sql: None where there is none.
        maker: what says when the stretch is there; None: always.
        numbers: of the parameters that it takes.
        any_of: groups of them, of which it takes one.
        sorts: what can stand in its place.
    """

    sql: str | None
    maker: Symbol | None = None
    numbers: tuple[int, ...] = ()
    any_of: tuple[tuple[int, ...], ...] = ()
    sorts: tuple[SortClause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageKey:
    """A column that pages are ordered by; `column` is its index in the result.

    Attributes:
        operators: the schema of those that order it, if it is not the server's own.
    """

    name: str
    column: int
    descending: bool
    nullable: bool
    nulls: Nulls | None
    operators: str | None
    maker: Symbol = KEY


@dataclass(frozen=True, slots=True, kw_only=True)
class PageOrdering:
    """What pages can be ordered by; see the run time's `Ordering`."""

    default: tuple[PageKey, ...]
    unique: int
    choices: tuple[PageKey, ...]
    maker: Symbol = ORDERING


@dataclass(frozen=True, slots=True, kw_only=True)
class Variants:
    """The SQL in pieces.

    Attributes:
        filters: numbers of the parameters that None leaves out.
        items: of those that UNSET leaves out.
    """

    pieces: tuple[Piece, ...]
    filters: tuple[int, ...]
    items: tuple[int, ...]
    ordering: PageOrdering | None
