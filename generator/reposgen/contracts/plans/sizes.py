"""How large the tables of a package are, and what is known of their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from reposgen.database.statistics import ColumnStatistics, TableStatistics
from reposgen.diagnostics import did_you_mean, error
from reposgen.live_schema.model import (
    BaseType,
    ConstraintKind,
    DomainType,
    EnumType,
    RelationKind,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reposgen.config.model import PackageConfig
    from reposgen.database.statistics import Statistics
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Catalog, PgType, Relation

    Name = tuple[str, str]
    Sizes = Mapping[Name, TableStatistics]

_STORED: Final = frozenset(
    {
        RelationKind.TABLE,
        RelationKind.PARTITIONED_TABLE,
        RelationKind.MATERIALIZED_VIEW,
        RelationKind.FOREIGN_TABLE,
    }
)
# Chains of foreign keys that are followed for the number of distinct values.
_DEPTH: Final = 8


def check_rows(catalog: Catalog, options: PackageConfig) -> tuple[Diagnostic, ...]:
    """Return an error for each key of `[package.rows]` that is not a table."""
    found = []
    stored = [r for r in catalog.relations.values() if r.kind in _STORED]
    for name in options.rows:
        if _find(catalog, name) is not None:
            continue
        other = next((r for r in catalog.relations.values() if name in _names(r)), None)
        names = [one for r in stored for one in _names(r)]
        close = did_you_mean(name, names)
        found.append(
            error(
                "unknown-rows-table",
                f'"{name}" is not a table'
                if other
                else f'there is no table "{name}" in the schema',
                span=options.place("rows", name),
                hint="name the tables that it reads"
                if other
                else f"did you mean {close}?"
                if close
                else "write table or schema.table",
            )
        )
    return tuple(found)


def known_sizes(
    catalog: Catalog, options: PackageConfig, statistics: Statistics | None
) -> Sizes:
    """Return the tables whose size is known.

    A row count of the configuration takes precedence over one of the statistics. Where
    the statistics say nothing of a column, the schema does: a column that refers to a
    table has no more values than that table has rows.
    """
    found: dict[Name, TableStatistics] = {}
    schemas = statistics.schemas if statistics else {}
    for one in catalog.relations.values():
        table = schemas.get(one.schema, {}).get(one.name)
        if table is not None and table.rows >= 0 and one.kind in _STORED:
            found[one.schema, one.name] = table
    given = {
        relation.oid: rows
        for name, rows in options.rows.items()
        if (relation := _find(catalog, name))
    }
    for oid, rows in given.items():
        for one, share in _shares(catalog, catalog.relations[oid], rows, given):
            name = (one.schema, one.name)
            found[name] = _scaled(found.get(name), share)
    totals = {name: table.rows for name, table in found.items()}
    for one in catalog.relations.values():
        name = (one.schema, one.name)
        if name in found:
            derived = _derived_columns(catalog, one, totals)
            known = found[name].columns
            found[name] = found[name].model_copy(
                update={"columns": {**derived, **known}}
            )
    return found


def _names(relation: Relation) -> tuple[str, str]:
    return relation.name, relation.qualified_name


def _find(catalog: Catalog, name: str) -> Relation | None:
    """Return the table of a name, by the search path if it names no schema."""
    found = [
        r for r in catalog.relations.values() if r.kind in _STORED and name in _names(r)
    ]
    path = catalog.search_path
    return min(
        found,
        key=lambda r: (
            r.qualified_name != name,
            path.index(r.schema) if r.schema in path else len(path),
            r.schema,
        ),
        default=None,
    )


def _shares(
    catalog: Catalog, relation: Relation, rows: float, given: Mapping[int, float]
) -> Iterable[tuple[Relation, float]]:
    """Yield the table, or a partitioned table and its partitions, with their rows.

    What is left of the rows is shared evenly among the partitions of unknown size.
    """
    yield relation, rows
    if relation.kind is not RelationKind.PARTITIONED_TABLE:
        return
    leaves = [
        one
        for one in catalog.descendants.get(relation.oid, ())
        if one.kind is not RelationKind.PARTITIONED_TABLE
    ]
    unknown = [one for one in leaves if one.oid not in given]
    left = rows - sum(given[one.oid] for one in leaves if one.oid in given)
    for one in unknown:
        yield one, max(0.0, left) // len(unknown)


def _scaled(table: TableStatistics | None, rows: float) -> TableStatistics:
    if table is None or table.rows <= 0:
        return TableStatistics(rows=rows)
    factor = rows / table.rows
    return table.model_copy(
        update={
            "rows": rows,
            "pages": None if table.pages is None else round(table.pages * factor),
            "visible": None if table.visible is None else round(table.visible * factor),
            "indexes": {
                name: index.model_copy(
                    update={
                        "rows": max(0.0, index.rows * factor),
                        "pages": round(index.pages * factor),
                    }
                )
                for name, index in table.indexes.items()
            },
        }
    )


def _derived_columns(
    catalog: Catalog, relation: Relation, totals: Mapping[Name, float]
) -> dict[str, ColumnStatistics]:
    found = {}
    for column in relation.columns:
        distinct = _distinct(catalog, relation, column.number, totals, _DEPTH)
        if distinct:
            found[column.name] = ColumnStatistics(
                width=_width(column.type), distinct=distinct
            )
    return found


def _distinct(
    catalog: Catalog,
    relation: Relation,
    column: int,
    totals: Mapping[Name, float],
    depth: int,
) -> float | None:
    """Return how many distinct values a column has at most; None if unknown."""
    found = relation.column(column)
    rows = totals.get((relation.schema, relation.name))
    if found is None or not depth:
        return None
    limits = [rows] if rows else []
    if any(
        index.unique and index.predicate is None and index.columns == (column,)
        for index in relation.indexes
    ):
        return rows
    type_ = found.type
    while isinstance(type_, DomainType):
        type_ = type_.base
    if isinstance(type_, EnumType):
        return min([*limits, float(len(type_.labels))])
    for one in relation.constraints:
        target = catalog.relations.get(one.references or 0)
        if one.kind is not ConstraintKind.FOREIGN_KEY or target is None:
            continue
        for own, other in zip(one.columns, one.referenced_columns, strict=False):
            if own == column:
                above = _distinct(catalog, target, other, totals, depth - 1)
                limits += [above] if above else []
    return min(limits) if len(limits) > bool(rows) else None


def _width(type_: PgType) -> int:
    while isinstance(type_, DomainType):
        type_ = type_.base
    if isinstance(type_, EnumType):
        return 4
    name = type_.name if isinstance(type_, BaseType) else ""
    return {"uuid": 16, "int4": 4, "int8": 8, "int2": 2, "date": 4}.get(name, 32)
