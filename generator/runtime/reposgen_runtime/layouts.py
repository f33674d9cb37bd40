"""Layouts of composite types: names and types of their attributes, in order.

PostgreSQL sends the attributes of a composite value by position, without names. A
prepared statement stays valid when such a type is altered. So each statement with
composite values is run in a pipeline with a query that checks their layouts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .statement import Statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .catalog import CatalogType

# Fails if a layout does not begin as before, so that the transaction is undone.
CONFIRM: Final = Statement[Any](
    "layouts",
    """
SELECT 1 OPERATOR(pg_catalog./) pg_catalog.bool_and(
    coalesce(pg_catalog.starts_with(found.layout, known.layout), false)
)::pg_catalog.int4
FROM unnest($1, $2) AS known(relation, layout)
CROSS JOIN LATERAL (
    SELECT pg_catalog.concat(
        pg_catalog.string_agg(
            pg_catalog.concat(a.attname, ' ', a.atttypid, ','), '' ORDER BY a.attnum
        ),
        ';'
    )
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid OPERATOR(pg_catalog.=) known.relation
    AND a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped
) AS found(layout)
""",
    parameters=("oid[]", "text[]"),
    read_only=True,
)
# The SQLSTATE with which `CONFIRM` fails.
CHANGED: Final = "22012"


def layout(found: CatalogType, count: int | None = None) -> str:
    """Return a type's attributes in the form that `CONFIRM` compares.

    Args:
        found: the type.
        count: number of leading attributes to include; None includes all and also
            excludes additional ones.
    """
    attributes = zip(found.field_names, found.field_types, strict=True)
    parts = [f"{name} {oid}," for name, oid in attributes]
    return "".join((*parts, ";") if count is None else parts[:count])


def arguments(layouts: Mapping[int, str]) -> Sequence[Any]:
    """Return the arguments of `CONFIRM` for layouts by relation oid."""
    return ([*layouts], [*layouts.values()])
