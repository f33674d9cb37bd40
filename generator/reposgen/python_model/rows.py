"""Python form of result rows: a model, a separate class, or a scalar."""

from __future__ import annotations

from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from reposgen.analysis.model import Column, Embed
from reposgen.models import dataclass
from reposgen.python_model.classes import constructor, field_names, hidden, row_class
from reposgen.python_model.documents import build_documents
from reposgen.python_model.inflection import singular
from reposgen.python_model.model.elements import Builder, Field, Item, Nested, RowClass
from reposgen.python_model.model.pytype import (
    INVALID_PAYLOAD,
    NOTIFICATION,
    SECRET,
    Generic,
    Named,
    Nothing,
    Symbol,
    Union,
    nullable,
)
from reposgen.python_model.registry import uses_model
from reposgen.python_model.types import STR, Direction

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.analysis.model import ResultItem, TypedQuery
    from reposgen.python_model.context import Context
    from reposgen.python_model.documents import Document
    from reposgen.python_model.model.pytype import PyType
    from reposgen.python_model.model.values import TypeName


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Python form of a result row.

    Attributes:
        make: called with the row's values by position; None for a scalar.
        documents: JSON documents with a known shape, by column name.
    """

    type: PyType
    make: Symbol | None
    own: RowClass | None = None
    builder: Builder | None = None
    documents: Mapping[str, Document] = field(default_factory=dict)

    @property
    def nested(self) -> tuple[RowClass, ...]:
        """Classes of the JSON objects in the row, inner ones first."""
        return tuple(c for one in self.documents.values() for c in one.classes)


NO_ROW = Row(type=Nothing(), make=None)


def build_row(typed: TypedQuery, constant: Symbol, context: Context) -> Row:
    """Return the row of the query that has this constant."""
    if typed.model is not None and uses_model(typed, context.naming.elements):
        model = context.registry.models[typed.model.oid]
        make = constructor(typed.model, context.registry, context.naming)
        return Row(type=Named(model), make=make)
    if typed.channel is not None:
        match typed.results:
            case (Column() as column,):
                return _event(typed, column, context)
            case _:
                pass
    match typed.results:
        case (Column() as column,) if typed.row_name is None:
            documents = build_documents(typed, constant, context)
            row = _scalar(typed, column, constant, context, documents)
        case _:
            # The row has its name first: one of a document's class can be any.
            symbol = _row_symbol(typed, constant, context)
            documents = build_documents(typed, constant, context)
            row = _own_row(typed, symbol, constant, context, documents)
    return replace(row, documents=documents)


def _row_symbol(typed: TypedQuery, constant: Symbol, context: Context) -> Symbol:
    if typed.row_name:
        return replace(constant, name=typed.row_name.name)
    return context.claim_class(f"{typed.name}Row", constant)


def _event(typed: TypedQuery, payload: Column, context: Context) -> Row:
    """Return the notification of a listener, whose payload can be invalid."""
    type_ = _column_type(typed, payload, context)
    heard = Generic(NOTIFICATION, (type_,))
    if type_ == STR:
        return Row(type=heard, make=None)
    return Row(type=Union((heard, Named(INVALID_PAYLOAD))), make=None)


def _scalar(
    typed: TypedQuery,
    column: Column,
    constant: Symbol,
    context: Context,
    documents: Mapping[str, Document],
) -> Row:
    type_ = _column_type(typed, column, context, documents)
    if column.table not in context.naming.secrets:
        return Row(type=type_, make=None)
    builder = Builder(
        symbol=_builder_symbol(constant),
        result=None,
        returns=type_,
        parts=(Item(index=0, secret=SECRET, nullable=column.nullable),),
    )
    return Row(type=type_, make=builder.symbol, builder=builder)


def _own_row(
    typed: TypedQuery,
    symbol: Symbol,
    constant: Symbol,
    context: Context,
    documents: Mapping[str, Document],
) -> Row:
    names = field_names(
        (item_name(typed, item, context) for item in typed.results),
        context.registry,
        context.naming,
    )
    own = row_class(
        symbol,
        f"A row of {typed.name}." if typed.row_name is None else "A row of a query.",
        (
            Field(name=name, type=_item_type(typed, item, context, documents))
            for name, item in zip(names, typed.results, strict=True)
        ),
        context.naming,
    )
    parts = tuple(_parts(typed.results, context))
    if all(isinstance(part, Item) and part.secret is None for part in parts):
        return Row(type=Named(symbol), make=symbol, own=own)
    builder = Builder(
        symbol=_builder_symbol(constant),
        result=symbol,
        returns=Named(symbol),
        parts=parts,
    )
    return Row(type=Named(symbol), make=builder.symbol, own=own, builder=builder)


def _builder_symbol(constant: Symbol) -> Symbol:
    return Symbol(
        module=constant.module,
        name=f"_{constant.name.lower()}_row",
        generated=True,
    )


def _parts(results: Sequence[ResultItem], context: Context) -> Iterator[Item | Nested]:
    start = 0
    for item in results:
        match item:
            case Embed():
                stop = start + len(item.columns)
                yield Nested(
                    build=constructor(item.relation, context.registry, context.naming),
                    start=start,
                    stop=stop,
                    probe=_probe(item, start),
                )
                start = stop
            case Column():
                secret = item.table in context.naming.secrets
                yield Item(
                    index=start,
                    secret=SECRET if secret else None,
                    nullable=item.nullable,
                )
                start += 1


def _probe(embed: Embed, start: int) -> int | None:
    return embed.presence if embed.probe is None else start + embed.probe


def item_name(typed: TypedQuery, item: ResultItem, context: Context) -> str:
    """Return a result column's Python name before it is made an identifier."""
    chosen = context.naming.renamed_in_query(typed.name, item.name)
    if chosen:
        return chosen
    match item:
        case Embed():
            # An alias says what it is; a table's name is the plural of that.
            whole = item.name in (item.relation.name, item.relation.qualified_name)
            name = singular(item.relation.name) if whole else item.name
            return context.naming.in_python(name)
        case Column():
            chosen = _renamed_column(item, context)
            return chosen or context.naming.column(item.name)


def _renamed_column(column: Column, context: Context) -> str | None:
    if column.table is None:
        return None
    relation = context.catalog.relations.get(column.table[0])
    if relation is None:
        return None
    return context.naming.renamed(relation.schema, relation.name, column.name)


def _item_type(
    typed: TypedQuery,
    item: ResultItem,
    context: Context,
    documents: Mapping[str, Document],
) -> PyType:
    match item:
        case Embed():
            model = Named(context.registry.models[item.relation.oid])
            return nullable(model) if item.nullable else model
        case Column():
            return _column_type(typed, item, context, documents)


def _column_type(
    typed: TypedQuery,
    column: Column,
    context: Context,
    documents: Mapping[str, Document] = MappingProxyType({}),
) -> PyType:
    if column.name in documents:
        type_ = documents[column.name].type
        return nullable(type_) if column.nullable else type_
    type_ = context.registry.types.python_type(
        column.type,
        Direction.RESULT,
        element_nullable=column.element_nullable,
        override=context.naming.overrides.of_column(typed.name, column),
    )
    if column.table in context.naming.secrets:
        type_ = hidden(type_)
    return nullable(type_) if column.nullable else type_


def result_names(
    typed: TypedQuery, context: Context, documents: Mapping[str, Document]
) -> Iterator[TypeName]:
    """Yield the run time's type names of a row as the server returns it."""
    types, overrides = context.registry.types, context.naming.overrides
    for item in typed.results:
        match item:
            case Embed():
                for column in item.columns:
                    yield types.name(column.type, overrides.of_origin(column))
            case Column() if item.name in documents:
                yield documents[item.name].name
            case Column():
                yield types.name(item.type, overrides.of_column(typed.name, item))
    yield from ("bool",) * typed.hidden
