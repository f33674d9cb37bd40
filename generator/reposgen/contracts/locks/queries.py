"""The locks of a package's queries."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from reposgen.analysis.variants.combinations import variant
from reposgen.contracts.locks.model import PackageLocks, QueryLocks
from reposgen.contracts.locks.rows import row_steps
from reposgen.contracts.locks.touched import Touched, with_indexes
from reposgen.contracts.plans.variants import parameter_oids, variants_of
from reposgen.live_schema.model import Described, Statement
from reposgen.live_schema.tree import parse_trees
from reposgen.live_schema.tree.model import Query, RangeTableEntry
from reposgen.models import dataclass
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.contracts.locks.model import Modes
    from reposgen.live_schema.model import Catalog, Description
    from reposgen.live_schema.model.locks import LockedRelation, LockMode

# Commands that can be undone.
_RUNNABLE: Final = re.compile(
    r"\s*(?:truncate|lock|refresh\s+materialized\s+view(?!\s+concurrently))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What is asked of the server that has the package's schema.

    Attributes:
        describe: has it describe statements.
        locks: has it tell the locks of statements.
        run: runs a command, undoes it, and tells its locks; None unless the database is
            there for that alone.
        bodies: the source texts of functions, by oid.
        relations: what can be locked, by oid.
    """

    describe: Callable[[Sequence[Statement]], tuple[Description, ...]]
    locks: Callable[[Sequence[Statement]], tuple[Modes | str, ...]]
    run: Callable[[str], Modes | str] | None
    bodies: Mapping[int, str]
    relations: Mapping[int, LockedRelation]


def lock_queries(
    package: str, analysis: Analysis, catalog: Catalog, server: Server
) -> PackageLocks:
    """Return the locks of the queries of a package.

    Args:
        package: its name.
        analysis: of its queries, in this database.
        catalog: of the database as it is now.
        server: the server.
    """
    queries = [q for several in analysis.files.values() for q in several]
    texts = [(query, s) for query in queries for s in statements_of(query)]
    statements = [statement for _, statement in texts]
    described = server.describe(statements)
    locked = server.locks(statements)
    trees: dict[int, list[Query]] = {}
    modes: dict[int, list[Modes | str]] = {}
    for (query, statement), told, found in zip(texts, described, locked, strict=True):
        tree = told.tree if isinstance(told, Described) else None
        if tree:
            own = parse_trees(tree, catalog.major, statement.sql)
            trees.setdefault(id(query), []).extend(own)
        modes.setdefault(id(query), []).append(found)
    return PackageLocks(
        queries={
            path: tuple(
                _query_locks(
                    f"{package}.{PurePosixPath(path).stem}.{query.method}",
                    query,
                    trees.get(id(query), []),
                    modes.get(id(query), []),
                    (catalog, server),
                )
                for query in several
            )
            for path, several in analysis.files.items()
        },
        relations=server.relations,
    )


def statements_of(query: TypedQuery) -> Iterator[Statement]:
    """Yield the statements that a query can send; none for utility commands."""
    if query.copy is None:
        yield from (one.statement for one in variants_of(query))
    else:
        # COPY locks as the INSERT does that it was written as.
        given = frozenset(one.number for one in query.parameters)
        sql = variant(query.pieces, given)[1]
        yield Statement(sql=sql, parameter_oids=parameter_oids(query))


def _query_locks(
    method: str,
    query: TypedQuery,
    trees: list[Query],
    modes: list[Modes | str],
    known: tuple[Catalog, Server],
) -> QueryLocks:
    catalog, server = known
    command = "".join(piece.sql for piece in query.pieces)
    if not modes and server.run is not None and _RUNNABLE.match(command):
        modes = [server.run(command)]
    observed = [one for one in modes if not isinstance(one, str)]
    refused = [one for one in modes if isinstance(one, str)]
    if not observed:
        is_harmless = query.command is Command.LISTEN
        why = refused[0] if refused else f"it is a {query.verb or 'utility'} command"
        return QueryLocks(
            query=query,
            method=method,
            rows=row_steps(query, (), catalog),
            unobserved=None if is_harmless else why,
        )
    touched = Touched(catalog, server.relations, server.bodies)
    touched.query(query, trees)
    named = {
        node.relation
        for tree in trees
        for node in tree.nodes
        if isinstance(node, RangeTableEntry)
    }
    # Of a partitioned table, a call locks the partitions that it needs.
    below = {
        oid
        for oid, table in catalog.relations.items()
        if table.partition_bound is not None and oid not in named
    }
    always: list[dict[int, frozenset[LockMode]]] = []
    for one in observed:
        sure: dict[int, frozenset[LockMode]] = {}
        for oid, several in one.items():
            relation = server.relations.get(oid)
            if relation is not None and relation.table in below:
                for mode in several:
                    touched.lock(oid, mode)
            else:
                sure[oid] = several
        always.append(sure)
    return QueryLocks(
        query=query,
        method=method,
        variants=tuple(always),
        perhaps=with_indexes(touched.found, server.relations),
        rows=row_steps(query, tuple(_first(trees)), catalog),
    )


def _first(trees: list[Query]) -> Iterator[Query]:
    """Yield the queries of the first statement: others differ in conditions alone."""
    for tree in trees:
        yield tree
        if tree.can_set_tag:
            return
