"""Reader of `sqlc.embed(t)`: its result columns, and whether its row can be absent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Embed
from reposgen.diagnostics import Diagnostic, error
from reposgen.live_schema.tree.expressions import Var
from reposgen.live_schema.tree.model import RteKind
from reposgen.sql_source.lexer import fold, tokenize
from reposgen.sql_source.model import EmbedUse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import Column
    from reposgen.analysis.stars import StarGroup
    from reposgen.live_schema.model import Relation
    from reposgen.live_schema.tree.model import Query, RangeTableEntry


def embed_groups(
    described: DescribedQuery, groups: Sequence[StarGroup]
) -> Mapping[EmbedUse, StarGroup]:
    """Return the result columns of each embed that is an item of the result."""
    starts = {described.text.to_source(group.star.start): group for group in groups}
    return {
        use: starts[use.span.start]
        for use in described.query.segments
        if isinstance(use, EmbedUse) and use.span.start in starts
    }


def misplaced_embeds(
    described: DescribedQuery, found: Mapping[EmbedUse, StarGroup]
) -> Iterator[Diagnostic]:
    """Yield an error for each embed that is not an item of the result."""
    for use in described.query.segments:
        if not isinstance(use, EmbedUse) or use in found:
            continue
        yield error(
            "misplaced-embed",
            f"sqlc.embed({use.table}) is not an item of the result",
            span=use.span,
            hint="write it in the select list or RETURNING, for a table in FROM",
        )


def build_embed(
    described: DescribedQuery,
    use: EmbedUse,
    group: StarGroup,
    columns: Sequence[Column],
    *,
    may_be_absent: bool,
    presence: int | None,
) -> Embed | Diagnostic:
    """Return the nested value, or an error if its columns are not those of one table.

    Args:
        described: the query.
        use: the embed.
        group: the star that the embed stands for.
        columns: the columns of the embed.
        may_be_absent: True if no proof shows that the row is always present.
        presence: index in the result of the hidden column that shows whether the row is
            present; None without such a column.
    """
    relation = _relation(described, group, columns)
    if relation is None:
        return error(
            "embed-of-no-table",
            f"{use.table} is not a table, so it has no model to embed",
            span=use.span,
            hint=f"write {use.table}.* instead, or embed a table, or a CTE that returns"
            " all columns of one in their order (RETURNING *)",
        )
    required = [i for i, column in enumerate(relation.columns) if column.not_null]
    # A NOT NULL column that can be NULL in the result is on the nullable side of an
    # outer join.
    probe = next((i for i in required if columns[i].nullable), None)
    untold = not required and may_be_absent
    if untold and presence is None:
        return error(
            "embed-without-not-null-column",
            f"the row of {use.table} can be missing, but it has no NOT NULL"
            " column that shows this",
            span=use.span,
            hint=f"give {relation.qualified_name} a NOT NULL column, or list columns",
        )
    return Embed(
        name=fold(next(tokenize(use.table))),
        relation=relation,
        nullable=probe is not None or untold,
        columns=tuple(columns),
        probe=probe,
        presence=presence if untold else None,
    )


def _relation(
    described: DescribedQuery, group: StarGroup, columns: Sequence[Column]
) -> Relation | None:
    relation = relation_behind(described, group)
    if not group.entries:
        oids = {column.table[0] if column.table else 0 for column in columns}
        relation = (
            described.catalog.relations.get(oids.pop()) if len(oids) == 1 else None
        )
    if relation is None or len(relation.columns) != len(columns):
        return None
    return relation


def relation_behind(described: DescribedQuery, group: StarGroup) -> Relation | None:
    """Return the table or view whose rows a star stands for; None if unknown."""
    around = (described.tree,) if described.tree else ()
    oids = {_table_behind(entry, around) for entry in group.entries}
    return described.catalog.relations.get(oids.pop()) if len(oids) == 1 else None


def _table_behind(entry: RangeTableEntry, around: tuple[Query, ...]) -> int:
    """Return the oid of the table or view whose whole rows a FROM item has, or 0.

    A CTE or subquery has them if its result is exactly the columns of one item.

    Args:
        entry: the FROM item.
        around: the statements that enclose the item, the innermost first.
    """
    inner = entry.subquery
    if entry.relation:
        return entry.relation
    if entry.kind is RteKind.CTE:
        around = around[entry.cte_levels_up :]
        ctes = around[0].ctes if around else ()
        named = (c for c in ctes if c.name == entry.cte_name and not c.recursive)
        inner = next((cte.query for cte in named), None)
    if inner is None or inner.set_operations:
        return 0
    columns = [target.expression for target in inner.results]
    indexes = {c.index for c in columns if isinstance(c, Var) and not c.levels_up}
    if len(indexes) != 1 or not all(isinstance(c, Var) for c in columns):
        return 0
    numbers = [c.column for c in columns if isinstance(c, Var)]
    behind = inner.entry(indexes.pop())
    live = [number for number, name in enumerate(behind.column_names, 1) if name]
    return _table_behind(behind, (inner, *around)) if numbers == live else 0
