"""Selection of the queries that a method can be generated for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.diagnostics import error
from reposgen.live_schema.model import ArrayType, PseudoType
from reposgen.python_model.commands import CALLS
from reposgen.python_model.registry import flat_columns, whole_rows
from reposgen.python_model.types import unknown_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.live_schema.model import PgType
    from reposgen.python_model.naming import NamingConfig

Files = tuple[tuple[str, tuple["TypedQuery", ...]], ...]


def split_supported(
    analysis: Analysis, naming: NamingConfig
) -> tuple[Files, tuple[Diagnostic, ...]]:
    """Return the files with their supported queries, and errors for the others."""
    files = []
    diagnostics: list[Diagnostic] = []
    known: set[int] = set()
    for path, queries in sorted(analysis.files.items()):
        good = []
        for query in queries:
            found = tuple(_objections(query, naming, known))
            diagnostics += found
            if not found:
                good.append(_with_own_row(query, naming))
        if good:
            files.append((path, tuple(good)))
    return tuple(files), tuple(diagnostics)


def _with_own_row(query: TypedQuery, naming: NamingConfig) -> TypedQuery:
    """Return the query without a model if its row needs a class of its own."""
    own = query.row_name is not None or any(
        (query.name, column.name) in naming.overrides.in_queries
        for column in flat_columns(query)
    )
    return replace(query, model=None) if own else query


def _objections(
    query: TypedQuery, naming: NamingConfig, known: set[int]
) -> Iterator[Diagnostic]:
    """Yield the reasons why there can be no method; add checked types to `known`."""
    if query.command not in CALLS:
        yield error(
            "unsupported-command",
            f'no method can be generated for ":{query.command}"',
            span=query.query.command_span,
        )
    seen: Mapping[int, PgType] = {}
    for type_, what, span in _types(query, naming):
        if type_.oid in known:
            continue
        unknown = unknown_part(type_, naming.overrides.types)
        if unknown is None:
            known.add(type_.oid)
        elif unknown.oid not in seen:
            seen = {**seen, unknown.oid: unknown}
            yield _unknown_type(unknown, "".join(what), span)


def _types(
    query: TypedQuery, naming: NamingConfig
) -> Iterator[tuple[PgType, tuple[str, ...], Span]]:
    """Yield the types that are not overridden, with a description of their place."""
    overrides = naming.overrides
    for parameter in query.parameters:
        if overrides.of_parameter(query.name, parameter) is None:
            what = ('parameter "', parameter.name, '"')
            yield parameter.type, what, parameter.span
    place = query.query.name_span
    for column in flat_columns(query):
        if overrides.of_column(query.name, column) is None:
            yield column.type, ('column "', column.name, '"'), place
    for relation in whole_rows(query, naming.elements):
        table = relation.qualified_name
        for attribute in relation.columns:
            if (relation.oid, attribute.number) not in overrides.columns:
                yield (
                    attribute.type,
                    ('column "', attribute.name, '" of ', table),
                    place,
                )


def _unknown_type(type_: PgType, what: str, span: Span) -> Diagnostic:
    match type_:
        case PseudoType() | ArrayType(element=PseudoType()):
            hint = "cast it to a type of the schema"
        case _:
            hint = f'cast it to text, or write [package.types] "{type_.sql}" = "str"'
    return error(
        "unknown-type",
        f'no Python type is known for type "{type_.sql}" of {what}',
        span=span,
        hint=hint,
    )
