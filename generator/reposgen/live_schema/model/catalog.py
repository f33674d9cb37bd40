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
class ArrayCheck:
    """A CHECK about arrays that all values satisfy.

    Attributes:
        relation: oid of the table, or 0.
        domain: oid of the domain, or 0.
        tree: the condition, as the server's tree of it.
    """

    relation: int
    domain: int
    tree: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """The catalog of the database, read in one round trip.

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
        array_checks: of tables and domains.
        nondeterministic: oids of the collations under which texts of different bytes
            can be equal.
        json_casts: oids of the user's types whose JSON a cast makes.
        digest: changes whenever anything above does.
        hidden_calls: oids of the functions that an aggregate, an operator or a type
            calls without being named in a tree, by `"function"`, `"operator"` or
            `"type"` and its oid: volatile ones, and the user's that may read.
        references: by the oid of a table, the foreign keys that point to it and the
            tables that have them.
        descendants: by the oid of a table, its partitions or the tables that inherit
            from it, and theirs.
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
    array_checks: tuple[ArrayCheck, ...] = ()
    json_casts: frozenset[int] = frozenset()
    hidden_calls: Mapping[tuple[str, int], tuple[int, ...]] = field(
        default_factory=dict[tuple[str, int], tuple[int, ...]]
    )
    nondeterministic: frozenset[int] = frozenset()
    references: Mapping[int, tuple[tuple[Relation, Constraint], ...]] = field(
        init=False, repr=False, compare=False
    )
    descendants: Mapping[int, tuple[Relation, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        found: dict[int, tuple[tuple[Relation, Constraint], ...]] = {}
        for relation in self.relations.values():
            for constraint in relation.constraints:
                if target := constraint.references:
                    found[target] = (*found.get(target, ()), (relation, constraint))
        object.__setattr__(self, "references", found)
        below: dict[int, dict[int, Relation]] = {}
        for relation in self.relations.values():
            for ancestor in self.ancestors(relation):
                below.setdefault(ancestor.oid, {})[relation.oid] = relation
        descendants = {oid: tuple(found.values()) for oid, found in below.items()}
        object.__setattr__(self, "descendants", descendants)

    def ancestors(self, relation: Relation) -> tuple[Relation, ...]:
        """Return the parents of a partition or inheriting table, nearest first."""
        found: dict[int, Relation] = {}
        waiting = [*relation.parents]
        while waiting:
            parent = self.relations.get(waiting.pop(0))
            if parent is not None and parent.oid not in found:
                found[parent.oid] = parent
                waiting += parent.parents
        return tuple(found.values())

    def root(
        self, relation: Relation, constraint: Constraint
    ) -> tuple[Relation, Constraint]:
        """Return the parent's constraint that this one repeats, or the same one."""
        while constraint.parent is not None:
            oid, name = constraint.parent
            parent = self.relations.get(oid)
            found = parent.constraint(name) if parent else None
            if parent is None or found is None:
                break
            relation, constraint = parent, found
        return relation, constraint

    @property
    def major(self) -> int:
        """The major version: 18 for 18.4."""
        return self.server_version // 10000
