"""What proofs of tenants need to know of the schema, and what they leave unproved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.live_schema.model import RelationKind
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.live_schema.model import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """A part of a statement that is not proved to keep to the tenant.

    Attributes:
        message: what is wrong.
        table: the name of the table, view or function in the text, or None.
        alias: that it has there.
        hint: how to mend it.
    """

    message: str
    table: str | None = None
    alias: str | None = None
    hint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What proofs need to know of the schema.

    Attributes:
        column: the name of the tenant's column.
        columns: its `attnum` in each table that has it, by oid.
        setting: the setting that holds the tenant, or None.
        accessors: oids of functions that return the setting.
        secured: oids of the tables that row-level security restricts to the setting, if
            the package relies on it.
        foreign: oids of materialized views without the column that hold rows of tables
            with it, and of tables without it that have a descendant with it.
    """

    catalog: Catalog
    column: str
    columns: Mapping[int, int]
    setting: str | None
    accessors: frozenset[int]
    foreign: frozenset[int]
    secured: frozenset[int] = frozenset()

    def connects(self, child: int, column: int, parent: int, key: int) -> bool:
        """Return True if rows with equal values in two columns are of one tenant.

        Args:
            child: oid of a table.
            column: `attnum` of a column that refers to another table.
            parent: oid of that table.
            key: `attnum` of the column there.
        """
        table, other = (self.catalog.relations.get(oid) for oid in (child, parent))
        if table is None or other is None or not {child, parent} <= self.columns.keys():
            return False
        inherits = any(
            one.has_children and one.kind is RelationKind.TABLE
            for one in (table, other)
        )
        tenants = (self.columns[child], self.columns[parent])
        tenant = table.column(tenants[0])
        # Without a tenant a row may refer to anything.
        if inherits or tenant is None or not tenant.not_null:
            return False
        return any(
            index.unique and index.predicate is None and index.columns == (key,)
            for index in other.indexes
        ) and any(
            one.references == parent
            and one.validated
            and not one.deferrable
            and not one.is_period
            and {*zip(one.columns, one.referenced_columns, strict=False)}
            == {tenants, (column, key)}
            for one in table.constraints
        )
