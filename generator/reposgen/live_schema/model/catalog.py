"""Catalog of a database as a whole."""

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
    """CHECK about arrays that all values satisfy.

    Attributes:
        relation: oid of the table; 0 for a domain's CHECK.
        domain: oid of the domain; 0 for a table's CHECK.
        tree: text of the condition's tree.
    """

    relation: int
    domain: int
    tree: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Catalog of the database, read in one round trip.

    Attributes:
        server_version: `server_version_num`: 180004.
        encoding: PostgreSQL's name of the database's encoding: `UTF8`. Locations in a
            tree are byte offsets into the statement in this encoding.
        search_path: the schemas that unqualified names are looked up in, in order,
            without `pg_catalog`.
        types: by oid, all built-in types, and the types that columns, arguments of
            functions or arrays use.
        relations: by oid, the relations in all schemas except the system's, and the
            system relations that were asked for.
        functions: by oid, the functions of users and extensions.
        keywords: the words that must be quoted as identifiers somewhere.
        operator_equality: for each operator that is the equality of an operator family,
            the families: operator oid → family oids.
        extensions: names of the installed extensions.
        digest: hash of everything above.
        array_checks: CHECKs of tables and domains about arrays.
        json_casts: oids of the user's types that a cast converts to JSON.
        hidden_calls: oids of the functions that an aggregate, an operator or a type
            calls without a mention in the tree, by `"function"`, `"operator"` or
            `"type"` and its oid: volatile functions, and user-defined ones that can
            read tables.
        nondeterministic: oids of the collations under which texts with different bytes
            can be equal.
        references: by the oid of a table, the foreign keys that refer to it, each with
            the table that has it.
        descendants: by the oid of a table, its partitions or inheriting tables, at any
            depth.
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
        """Return the ancestors of a partition or inheriting table, nearest first."""
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
        """Return the ancestor's constraint that this one is a copy of, or this one."""
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
