"""Probes: statements that find the reason why a write changed no row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.names import quote_identifier
from reposgen.analysis.variants.clauses import Clauses
from reposgen.diagnostics import error
from reposgen.live_schema.model import BaseType, DomainType, ServerError, Statement
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import TypedQuery
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Description, PgType, RelationColumn

# Tokens that follow the name and alias of the written table.
_ENDS = {
    "update": {"set"},
    "delete": {"using", "where", "returning"},
    "insert": {"as", "(", "default", "overriding", "select", "values", "with", "table"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """SQL with parameters of its own.

    Attributes:
        sql: the text of the statement.
        numbers: numbers of the write's parameters that are the probe's $1, $2 …
    """

    sql: str
    numbers: tuple[int, ...]


def probe_of_write(
    described: DescribedQuery,
    version: RelationColumn,
    places: Sequence[int],
    compared: int,
) -> Probe | None:
    """Return the probe of an UPDATE or DELETE.

    Args:
        described: the statement.
        version: the version column.
        places: offsets of the operators in the conjuncts that identify the row.
        compared: offset of the operator that compares the version.

    Returns:
        None if these conjuncts cannot be cut out of the text.
    """
    if compared < 0:
        return None
    sql = described.text.text
    clauses = Clauses(sql)
    spans: dict[tuple[int, int], None] = {}
    for place in places:
        around = clauses.list_around(place) if place >= 0 else None
        if around is None:
            return None
        spans[around.members[around.member_at(place)]] = None
    # (id, version) = ($1, $2) cannot be cut apart.
    if not spans or any(start <= compared < end for start, end in spans):
        return None
    conditions = " AND ".join(sql[start:end] for start, end in spans)
    return _probe(described, version, conditions)


def probe_of_insert(
    described: DescribedQuery,
    version: RelationColumn,
    values: Sequence[tuple[RelationColumn, int]],
) -> Probe:
    """Return the probe of an upsert, from its key's columns and their parameters."""
    keywords = described.catalog.keywords
    conditions = " AND ".join(
        f"{quote_identifier(column.name, keywords)} {_equality(column.type)} ${number}"
        for column, number in values
    )
    return _probe(described, version, conditions)


def _equality(type_: PgType) -> str:
    """Return the equality operator of a unique index, independent of `search_path`."""
    while isinstance(type_, DomainType):
        type_ = type_.base
    # The operators of an extension's type, such as citext, are in the extension's
    # schema.
    foreign = isinstance(type_, BaseType) and type_.schema != "pg_catalog"
    return "=" if foreign else "OPERATOR(pg_catalog.=)"


def _probe(
    described: DescribedQuery, version: RelationColumn, conditions: str
) -> Probe:
    sql, numbers = _renumbered(conditions)
    column = quote_identifier(version.name, described.catalog.keywords)
    table = _written_table(described.text.text)
    return Probe(sql=f"SELECT {column} FROM {table} WHERE {sql}", numbers=numbers)


def _renumbered(sql: str) -> tuple[str, tuple[int, ...]]:
    numbers: dict[int, int] = {}
    texts = []
    for token in tokenize(sql):
        text = token.text
        if token.kind is TokenKind.PARAMETER:
            number = int(text[1:])
            text = f"${numbers.setdefault(number, len(numbers) + 1)}"
        texts.append(text)
    return "".join(texts), tuple(numbers)


def _written_table(sql: str) -> str:
    """Return the table that a statement writes, as written there, with its alias."""
    level = list(_top_level(sql))
    words = [text.lower() for text, _, _ in level]
    verb = next(i for i, word in enumerate(words) if word in _ENDS)
    first = verb + 1 if words[verb] == "update" else verb + 2
    ends = _ENDS[words[verb]]
    last = next((i for i in range(first + 1, len(words)) if words[i] in ends), None)
    stop = len(sql) if last is None else level[last][1]
    return sql[level[first][1] : stop].rstrip()


def _top_level(sql: str) -> Iterator[tuple[str, int, int]]:
    """Yield text, start and end of the tokens outside of parentheses.

    The parentheses themselves are included.
    """
    depth = 0
    for token in tokenize(sql):
        if token.is_blank:
            continue
        depth -= token.text == ")"
        if depth == 0:
            yield token.text, token.start, token.end
        depth += token.text == "("


def check_probes(
    queries: Sequence[TypedQuery],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> tuple[list[TypedQuery], list[Diagnostic]]:
    """Have the server describe the probes.

    Returns:
        The queries without a probe or with a valid one, and the errors of the others.
    """
    asked = [
        (index, query, query.optimistic)
        for index, query in enumerate(queries)
        if query.optimistic is not None
    ]
    if not asked:
        return [*queries], []
    verdicts = describe(
        [
            Statement(
                sql=optimistic.probe,
                parameter_oids=tuple(
                    parameter.type.oid
                    for number in optimistic.numbers
                    for parameter in query.parameters
                    if parameter.number == number
                ),
            )
            for _, query, optimistic in asked
        ]
    )
    refused = {
        index: error(
            "optimistic-probe",
            "@optimistic cannot identify the row: the server refuses to look it up"
            f" by the conditions of this WHERE: {verdict.message}",
            span=query.query.name_span,
            hint="compare the key in a separate condition that uses only this table",
        )
        for (index, query, _), verdict in zip(asked, verdicts, strict=True)
        if isinstance(verdict, ServerError)
    }
    accepted = [query for index, query in enumerate(queries) if index not in refused]
    return accepted, [*refused.values()]
