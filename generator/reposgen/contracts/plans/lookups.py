"""How the server finds the rows that refer to a deleted row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.model import ConstraintKind, RelationKind, Statement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.contracts.plans.sizes import Sizes
    from reposgen.live_schema.model import Catalog


def lookups_of(
    catalog: Catalog, sizes: Sizes
) -> Iterator[tuple[tuple[int, str], Statement]]:
    """Yield the statement that the server itself runs for each foreign key.

    Yields:
        The table's oid and the name of the foreign key, and the statement; only for
        tables of a known size.
    """
    for table in catalog.relations.values():
        if (table.schema, table.name) not in sizes:
            continue
        for key in table.constraints:
            target = catalog.relations.get(key.references or 0)
            if key.kind is not ConstraintKind.FOREIGN_KEY or target is None:
                continue
            pairs = [
                (own, other)
                for n, m in zip(key.columns, key.referenced_columns, strict=False)
                if (own := table.column(n)) and (other := target.column(m))
            ]
            is_whole = table.kind is RelationKind.PARTITIONED_TABLE
            conditions = " AND ".join(
                f"${number} = {_name(own.name)}"
                for number, (own, _) in enumerate(pairs, start=1)
            )
            only = "" if is_whole else "ONLY "
            name = f"{_name(table.schema)}.{_name(table.name)}"
            yield (
                (table.oid, key.name),
                Statement(
                    sql=f"SELECT 1 FROM {only}{name} x WHERE {conditions}"
                    " FOR KEY SHARE OF x",
                    parameter_oids=tuple(other.type.oid for _, other in pairs),
                ),
            )


def _name(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
