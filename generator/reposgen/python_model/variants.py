"""Optional and selectable parts of statements, and the arguments for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reposgen.analysis.model import OptionalKind, PieceRole
from reposgen.python_model.model.elements import Option
from reposgen.python_model.model.pytype import (
    KEY,
    NONE,
    OPTIONAL_CLAUSE,
    ORDER_BY,
    ORDERING,
    REQUIRE_ANY,
    UNSET,
    UNSET_TYPE,
    Named,
    OneOf,
    PyType,
    Symbol,
    Union,
    nullable,
)
from reposgen.python_model.model.values import Entries, Fragment, construct
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.model import Ordering, Piece, SortKey, TypedQuery
    from reposgen.python_model.model.elements import Argument
    from reposgen.python_model.model.values import Construct, Value


def has_variants(typed: TypedQuery) -> bool:
    """Return True if a call can omit or choose some of the SQL."""
    return typed.ordering is not None or any(
        piece.role is not PieceRole.SQL or piece.when for piece in typed.pieces
    )


def variant_keywords(typed: TypedQuery) -> dict[str, Value | None]:
    """Return the statement's keywords for optional parameters and orders."""
    return {
        "filters": _numbers(typed, OptionalKind.FILTER),
        "items": _numbers(
            typed, OptionalKind.SET, OptionalKind.DEFAULT, OptionalKind.UPSERT
        ),
        "ordering": _ordering(typed.ordering) if typed.ordering else None,
    }


def _numbers(typed: TypedQuery, *kinds: OptionalKind) -> tuple[int, ...]:
    return tuple(p.number for p in typed.parameters if p.optional in kinds)


def pieces_of(typed: TypedQuery) -> tuple[Value, ...]:
    """Return the statement's SQL in pieces."""
    return tuple(_pieces(typed.pieces))


def _pieces(pieces: Sequence[Piece]) -> Iterator[Value]:
    first, last = pieces[0], pieces[-1]
    for piece in pieces:
        # As other statements' SQL does, it stands on lines of its own.
        start = "\n" if piece is first else ""
        plain = piece.role is PieceRole.SQL and not piece.when
        end = "\n" if piece is last and plain else ""
        sql = Fragment(f"{start}{piece.sql}{end}")
        match piece.role:
            case PieceRole.REQUIRE_ANY:
                yield construct(REQUIRE_ANY, *piece.any_of)
            case PieceRole.ORDER_BY:
                sorts = tuple((s.name, Fragment(s.sql)) for s in piece.sorts)
                yield construct(ORDER_BY, sql, *([Entries(sorts)] if sorts else []))
            case PieceRole.SQL if piece.when:
                yield construct(
                    OPTIONAL_CLAUSE,
                    sql,
                    *piece.when,
                    any_of=piece.any_of,
                    otherwise=piece.otherwise or None,
                )
            case PieceRole.SQL:
                yield sql
            case _:
                assert_never(piece.role)


def _ordering(ordering: Ordering) -> Construct:
    return construct(
        ORDERING,
        tuple(map(_key, ordering.default)),
        unique=ordering.unique,
        choices=tuple(map(_key, ordering.choices)),
    )


def _key(key: SortKey) -> Construct:
    return construct(
        KEY,
        key.name,
        key.column,
        descending=key.descending or None,
        nullable=key.nullable or None,
        nulls=key.nulls,
        operators=None if key.operators == "pg_catalog" else key.operators,
    )


def sort_option(typed: TypedQuery) -> tuple[Option, ...]:
    """Return the option `sort: Literal["title", "-title"] | None = None`, if any."""
    if not typed.sorts:
        return ()
    type_ = nullable(OneOf(values=typed.sorts))
    return (Option(name="sort", type=type_, default="None"),)


_PAGE_ARGUMENTS = (
    "limit: the largest number of rows.",
    "after: `next` of the page before.",
    "before: `previous` of the page after.",
    "total: also count all rows.",
)


def argument_docs(typed: TypedQuery, arguments: Sequence[Argument]) -> Iterator[str]:
    """Yield documentation of the arguments that can be omitted."""
    # The rows of a batch or COPY have no arguments of their own.
    for parameter, argument in zip(typed.parameters, arguments, strict=False):
        match parameter.optional:
            case None:
                pass
            case OptionalKind.FILTER:
                yield f"{argument.name}: None omits its condition."
            case OptionalKind.SET:
                null = "; None sets NULL" if parameter.nullable else ""
                yield f"{argument.name}: UNSET keeps the stored value{null}."
            case OptionalKind.DEFAULT:
                null = "; None inserts NULL" if parameter.nullable else ""
                yield f"{argument.name}: UNSET inserts the column's DEFAULT{null}."
            case OptionalKind.UPSERT:
                yield (
                    f"{argument.name}: UNSET inserts the column's DEFAULT, or keeps the"
                    " stored value."
                )
            case _:
                assert_never(parameter.optional)
    if typed.sorts:
        yield "sort: None keeps the query's ORDER BY."
    if typed.command is Command.PAGE:
        yield from _PAGE_ARGUMENTS


def variant_errors(typed: TypedQuery) -> Iterator[str]:
    """Yield documentation of the exceptions for omitted and chosen parts."""
    if any(piece.role is PieceRole.REQUIRE_ANY for piece in typed.pieces):
        yield "NothingToUpdate: no column is given a value."
    if typed.command is Command.PAGE:
        yield "InvalidCursor: `after` or `before` is not a cursor of these pages."


def optional_type(type_: PyType, kind: OptionalKind | None) -> PyType:
    """Return the type of an argument, including the value that omits it."""
    match kind:
        case None:
            return type_
        case OptionalKind.FILTER:
            return nullable(type_)
        case OptionalKind.SET | OptionalKind.DEFAULT | OptionalKind.UPSERT:
            unset = Named(UNSET_TYPE)
            if isinstance(type_, Union):
                return Union((*type_.members, unset), nullable=type_.nullable)
            return Union((type_, unset))
        case _:
            assert_never(kind)


def default_of(kind: OptionalKind | None) -> Symbol | None:
    """Return the value that omits an argument; None if it is required."""
    match kind:
        case None:
            return None
        case OptionalKind.FILTER:
            return NONE
        case OptionalKind.SET | OptionalKind.DEFAULT | OptionalKind.UPSERT:
            return UNSET
        case _:
            assert_never(kind)
