"""Constants for the column types of row classes that several statements share."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.python_model.model.pytype import Symbol
from reposgen.python_model.model.values import Constant
from reposgen.python_model.names import Namespace, constant_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from reposgen.python_model.model.elements import Query
    from reposgen.python_model.model.values import Value
    from reposgen.python_model.queries import BuiltQuery

    # The types of a row class's columns, in their order.
    ColumnTypes: TypeAlias = Constant[tuple[Value, ...]]

# Fewer columns stand with their statement: a name would say less than they do.
_FEWEST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTypes:
    """Queries and constants after the column types were named.

    Attributes:
        files: queries of each file, whose statements use the constants.
        of_models: constants for classes in models.py.
        of_files: for each file, constants for classes defined with its queries.
    """

    files: tuple[tuple[BuiltQuery, ...], ...]
    of_models: tuple[ColumnTypes, ...]
    of_files: tuple[tuple[ColumnTypes, ...], ...]


def name_column_types(
    files: Sequence[Sequence[BuiltQuery]], models: str, names: Namespace
) -> NamedTypes:
    """Name the column types of models, and of classes that a file's queries share.

    A new column of a table then changes its class, these types and the SQL, and nothing
    else.

    Args:
        files: queries of each file.
        models: module of the classes that all files share.
        names: names of the package, in which the constants are claimed.
    """
    everywhere = [built.query for file in files for built in file]
    rows = {row for row, _ in _results(everywhere)}
    shared = {row for row in rows if row.module == models}
    of_models = _named(everywhere, shared, 1, names)
    named = []
    of_files = []
    for file in files:
        queries = [built.query for built in file]
        own = _named(queries, rows - shared, _FEWEST, names)
        known = {**of_models, **own}
        named.append(tuple(_with_names(built, known) for built in file))
        of_files.append(tuple(own.values()))
    return NamedTypes(
        files=tuple(named),
        of_models=tuple(of_models[row] for row in sorted(of_models)),
        of_files=tuple(of_files),
    )


def _named(
    queries: Sequence[Query],
    rows: Collection[Symbol],
    least: int,
    names: Namespace,
) -> Mapping[Symbol, ColumnTypes]:
    """Return constants for the types of each class that `least` statements have."""
    found: dict[Symbol, Counter[tuple[Value, ...]]] = {}
    for row, types in _results(queries):
        if row in rows and len(types) >= _FEWEST:
            found.setdefault(row, Counter())[types] += 1
    named = {}
    for row, counted in found.items():
        # A query can override the type of a column: the usual ones get the name.
        types, times = counted.most_common(1)[0]
        if times >= least:
            # What builds rows is called after their class.
            name = constant_name(row.name.removeprefix("build_"))
            name = names.claim(f"{name}_COLUMN_TYPES")
            symbol = Symbol(module=row.module, name=name, generated=True)
            named[row] = Constant(symbol=symbol, value=types)
    return named


def _results(
    queries: Iterable[Query],
) -> Iterator[tuple[Symbol, tuple[Value, ...]]]:
    """Yield the row class of each query, and the types of its columns."""
    for query in queries:
        row, results = query.maker, query.results
        if row is not None and results:
            yield row, results


def _with_names(built: BuiltQuery, known: Mapping[Symbol, ColumnTypes]) -> BuiltQuery:
    query = built.query
    named = known.get(query.maker) if query.maker else None
    if named is None or named.value != query.results:
        return built
    statement = query.statement
    shared = replace(
        statement, value=statement.value.with_keyword("results", named.symbol)
    )
    return replace(built, query=replace(query, statement=shared))
