"""Indexes that no query uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.config.model import PlanRule
from reposgen.contracts.plans.conditions import columns_in, quoted
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.model.plans import PlanNode
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.contracts.plans.model import PlannedQuery
    from reposgen.contracts.plans.rules import Rules
    from reposgen.database.statistics import TableStatistics
    from reposgen.diagnostics import Diagnostic, SourceFile, Span
    from reposgen.live_schema.model import Catalog, Index, Relation

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)


def judge_indexes(
    queries: Iterable[PlannedQuery], rules: Rules, schema: Sequence[SourceFile]
) -> Iterator[Diagnostic]:
    """Yield the indexes of large tables that no plan uses.

    Indexes that keep a constraint, and those that find the rows that refer to a deleted
    one, are used by the server itself.

    Args:
        queries: of all packages that have the schema.
        rules: of the package.
        schema: the files of the migrations, in order.
    """
    catalog = rules.catalog
    plans = [
        variant.plan
        for planned in queries
        for variant in planned.variants
        if isinstance(variant.plan, PlanNode)
    ]
    used = {one for plan in (*plans, *rules.lookups.values()) for one in _used(plan)}
    mentioned = _mentioned(plans)
    for table in catalog.relations.values():
        size = rules.sizes.get((table.schema, table.name))
        if (
            size is None
            or size.rows < rules.threshold(PlanRule.UNUSED_INDEX)
            # Their indexes repeat those of the partitioned table.
            or table.parents
            or table.kind is RelationKind.FOREIGN_TABLE
        ):
            continue
        for index in table.indexes:
            names = {index.name, *_of_partitions(catalog, table, index.columns)}
            if (
                index.unique
                or table.constraint(index.name) is not None
                or any((table.schema, name) in used for name in names)
                or (
                    (table.schema, index.name) in rules.uncertain
                    and not _has_statistics(size, table, index)
                    and _may_serve(table, index, mentioned)
                )
            ):
                continue
            span = place_in_schema(schema, index.name)
            yield from rules.finding(
                PlanRule.UNUSED_INDEX,
                (index.name, table.name, table.qualified_name),
                f"no query uses the index {index.name} of {table.name}",
                f"DROP INDEX {quoted(table.schema)}.{quoted(index.name)}; or name what"
                f" uses it: [package.vet.unused-index] ignore.{index.name} = "
                '"the reporting tool"',
                span=span,
                path=None if span else table.qualified_name,
            )


def place_in_schema(files: Sequence[SourceFile], name: str) -> Span | None:
    """Return where migrations name an index last, before they drop it or not at all."""
    found = None
    for file in files:
        for token in tokenize(file.text):
            if token.kind in _NAMES and fold(token) == name:
                found = file.span(token.start, token.end)
                break
    return found


def _used(plan: PlanNode) -> Iterator[tuple[str, str]]:
    """Yield the schema and the name of each index that a plan uses."""
    waiting = [(plan, plan.schema)]
    while waiting:
        node, schema = waiting.pop()
        if node.relation:
            schema = node.schema
        if node.index:
            # The scan that makes a bitmap does not name its table.
            yield schema, node.index
        for name in (node.detail("Conflict Arbiter Indexes") or "").split(", "):
            yield schema, name
        waiting += [(child, schema) for child in node.children]


def _has_statistics(size: TableStatistics, table: Relation, index: Index) -> bool:
    """Return True if the server knows what decides the cost of an index."""
    if index.name in size.indexes:
        return True
    columns = [table.column(number) for number in index.columns]
    return all(
        one is not None
        and one.name in size.columns
        and size.columns[one.name].correlation is not None
        for one in columns
    )


def _may_serve(
    table: Relation, index: Index, mentioned: frozenset[tuple[str, str, str]]
) -> bool:
    """Return True if a plan has a condition or an order that an index is for."""
    first = table.column(index.columns[0]) if index.columns else None
    return first is None or (table.schema, table.name, first.name) in mentioned


def _mentioned(plans: Iterable[PlanNode]) -> frozenset[tuple[str, str, str]]:
    """Return the columns in conditions and orders of plans: schema, table, name."""
    found: set[tuple[str, str, str]] = set()
    for plan in plans:
        nodes = [*plan.nodes]
        details = [text for node in nodes for _, text in node.details]
        for node in nodes:
            if node.relation and node.alias:
                found.update(
                    (node.schema, node.relation, column)
                    for text in details
                    for column in columns_in(text, node.alias)
                )
    return frozenset(found)


def _of_partitions(
    catalog: Catalog, table: Relation, columns: tuple[int, ...]
) -> Iterator[str]:
    """Yield the names of indexes of partitions on the same columns."""
    names = [c.name for n in columns if (c := table.column(n)) is not None]
    for one in catalog.descendants.get(table.oid, ()):
        for index in one.indexes:
            own = [c.name for n in index.columns if (c := one.column(n)) is not None]
            if own == names:
                yield index.name
