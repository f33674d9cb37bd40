"""The catalog of a database as a whole."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.live_schema.model.relations import Constraint, Function, Relation
    from reposgen.live_schema.model.types import PgType


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Everything asked of the database in one round trip.

    Attributes:
        server_version: `server_version_num`: 180004.
        encoding: the database's, as PostgreSQL calls it: `UTF8`. Places in a tree
            are byte offsets into the statement in this encoding.
        search_path: the schemas that unqualified names are found in, in order,
            `pg_catalog` left out.
        types: by oid: those that columns, functions' arguments or arrays use, and
            all that are built in.
        relations: by oid, of all schemas but the system's. System relations that
            statements name are asked for separately.
        functions: by oid, the user's and extensions'.
        keywords: words that are no plain identifiers everywhere.
        operator_equality: oids of the operators that are the equality member of an
            operator family, with the families: operator oid → family oids.
        digest: changes whenever anything above does.
        references: by the oid of a table, the foreign keys that point to it and the
            tables that have them.
    """

    server_version: int
    encoding: str
    search_path: tuple[str, ...]
    types: Mapping[int, PgType]
    relations: Mapping[int, Relation]
    functions: Mapping[int, Function]
    keywords: frozenset[str]
    operator_equality: Mapping[int, tuple[int, ...]]
    extensions: tuple[str, ...]
    digest: str
    references: Mapping[int, tuple[tuple[Relation, Constraint], ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        found: dict[int, tuple[tuple[Relation, Constraint], ...]] = {}
        for relation in self.relations.values():
            for constraint in relation.constraints:
                if target := constraint.references:
                    found[target] = (*found.get(target, ()), (relation, constraint))
        object.__setattr__(self, "references", found)

    @property
    def major(self) -> int:
        """18, for 18.4."""
        return self.server_version // 10000
