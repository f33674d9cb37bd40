"""Lineage of a statement: the tables it reads and writes, through views and CTEs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.connections import unconnected_items
from reposgen.analysis.effects import called, is_harmless
from reposgen.analysis.model import Elements
from reposgen.analysis.utilities import Inner
from reposgen.analysis.violations import Consequences, consequences, emptied
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.tree.model import CommandType, Query, RteKind
from reposgen.live_schema.tree.walk import conjuncts, walk
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Refusal
    from reposgen.analysis.utilities import Utility
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog
    from reposgen.live_schema.tree.model import RangeTableEntry

_TABLES = frozenset(
    {
        RelationKind.TABLE,
        RelationKind.PARTITIONED_TABLE,
        RelationKind.MATERIALIZED_VIEW,
        RelationKind.FOREIGN_TABLE,
        RelationKind.SEQUENCE,
    }
)
_WRITES = frozenset(
    {CommandType.INSERT, CommandType.UPDATE, CommandType.DELETE, CommandType.MERGE}
)
_NO_PARAMETERS: frozenset[int] = frozenset()
_NO_ELEMENTS = Elements()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Tables that a statement reads and writes, and what else follows from its tree.

    A table that is a partition or inherits from another table is read and written
    together with its ancestors: a query of the parent sees what is written to a child.

    Attributes:
        reads: `attnum`s of the columns read, by table oid; 0 stands for a whole row.
            Empty for ancestors.
        writes: `attnum`s of the columns written, by table oid; tables that foreign key
            actions change are included. Empty for a DELETE and for ancestors.
        names: qualified names of the tables in `reads` and `writes`, by oid. System
            tables that the catalog lacks are missing.
        read_only: True if it is proved that a hot standby runs the statement.
        why_not_read_only: the reason; None if `read_only`.
        locks_rows: True if the statement locks rows (FOR UPDATE and so on) and writes
            nothing: it has no use outside a transaction.
        refusals: the constraints and policies that the statement can violate.
        triggers: `table.trigger` of the user's triggers that the writes fire.
        unfiltered: names of the tables of an UPDATE or DELETE without WHERE.
        cartesian: names of FROM items that no condition connects with the rest.
        made: qualified names of the tables that a command creates.
        unknown_reads: what can read any other table, as `function public.total`.
        unknown_writes: what can write any other table, and raise any error.
        verb: the statement's command, as `UPDATE`; None for a utility command.
        target: oid of the table that the statement writes; None for other statements.
    """

    reads: Mapping[int, frozenset[int]]
    writes: Mapping[int, frozenset[int]]
    names: Mapping[int, str]
    read_only: bool
    why_not_read_only: str | None
    locks_rows: bool
    refusals: tuple[Refusal, ...] = ()
    triggers: tuple[str, ...] = ()
    unfiltered: tuple[str, ...] = ()
    cartesian: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    unknown_reads: tuple[str, ...] = ()
    unknown_writes: tuple[str, ...] = ()
    verb: str | None = None
    target: int | None = None

    def read_names(self) -> tuple[str, ...]:
        """Return the qualified names of the tables read, sorted."""
        return tuple(sorted({self.names[o] for o in self.reads if o in self.names}))

    def written_names(self) -> tuple[str, ...]:
        """Return the qualified names of the tables written, the target first."""
        known = {self.names[oid] for oid in self.writes if oid in self.names}
        target = None if self.target is None else self.names.get(self.target)
        return tuple(
            sorted(known.union(self.made), key=lambda name: (name != target, name))
        )


def trace(
    trees: Sequence[Query],
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int] = _NO_PARAMETERS,
    *,
    elements: Elements = _NO_ELEMENTS,
) -> Lineage:
    """Return the lineage of a statement.

    Args:
        trees: the statement's analysed tree, and the queries that rules add to it.
        catalog: catalog of the database that the statement was analysed in.
        functions: the built-in functions of the server's major version.
        nullable_parameters: the numbers of the parameters that can be NULL; other
            parameters cannot violate a not-null constraint.
        elements: nullability of the elements of the schema's and parameters' arrays.
    """
    nodes = [node for tree in trees for node in tree.nodes]
    queries = [node for node in nodes if isinstance(node, Query)]
    found = consequences(trees, catalog, functions, nullable_parameters, elements)
    effects = called(nodes, catalog, functions, found.writes)
    conditions = [n for condition in effects.policies for n in walk(condition)]
    reads: dict[int, frozenset[int]] = {}
    for one in (*queries, *(n for n in conditions if isinstance(n, Query))):
        for index, entry in enumerate(one.range_table, 1):
            if entry.kind is RteKind.RELATION and entry.relation_kind in _TABLES:
                _add_reads(one, index, entry, reads)
    writes = dict(found.writes)
    for one in queries:
        if one.command in _WRITES:
            # System tables are not in the catalog.
            writes.setdefault(one.entry(one.result_relation).relation, frozenset())
    reads, writes = _with_ancestors(reads, catalog), _with_ancestors(writes, catalog)
    unknown = tuple(_unknown(found, catalog))
    why = _why_no_query(queries) or effects.why_not_read_only
    main = next((tree for tree in trees if tree.can_set_tag), None)
    target = main.entry(main.result_relation) if main and main.result_relation else None
    return Lineage(
        reads=reads,
        writes=writes,
        names=_names((*reads, *writes), catalog),
        read_only=why is None,
        why_not_read_only=why,
        locks_rows=not writes and any(one.row_marks for one in queries),
        refusals=found.refusals,
        triggers=tuple(f"{r.qualified_name}.{t.name}" for r, t in found.triggers),
        unfiltered=tuple(
            one.entry(one.result_relation).name
            for one in queries
            if one.command in {CommandType.UPDATE, CommandType.DELETE}
            and (one.join_tree is None or not conjuncts(one.join_tree.condition))
        ),
        cartesian=tuple(name for one in queries for name in unconnected_items(one)),
        unknown_reads=(*unknown, *effects.reading),
        unknown_writes=(*unknown, *effects.writing),
        verb=None if main is None else main.command.name,
        target=None if target is None else target.relation,
    )


def trace_utility(
    utility: Utility,
    inner: Sequence[Query],
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int] = _NO_PARAMETERS,
    *,
    elements: Elements = _NO_ELEMENTS,
) -> Lineage:
    """Return the lineage of a utility command.

    Args:
        utility: the command.
        inner: the trees of the statement inside the command.
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        nullable_parameters: the numbers of the parameters that can be NULL.
        elements: nullability of the elements of the schema's and parameters' arrays.
    """
    within = trace(inner, catalog, functions, nullable_parameters, elements=elements)
    if utility.runs is Inner.PLANNED:
        return replace(
            within,
            writes={},
            names=_names(within.reads, catalog),
            read_only=True,
            why_not_read_only=None,
            locks_rows=False,
            refusals=(),
            triggers=(),
            unfiltered=(),
            cartesian=(),
            unknown_writes=(),
            verb=None,
            target=None,
        )
    unread = utility.inner is not None and not inner
    found = (
        emptied(utility.tables, catalog, functions, cascade=utility.cascades)
        if utility.empties
        else Consequences(
            refusals=(),
            writes={table.oid: frozenset() for table in utility.tables},
            triggers=(),
        )
    )
    writes = {**within.writes, **_with_ancestors(found.writes, catalog)}
    unknown = (
        *_unknown(found, catalog),
        *(("the statement inside",) if unread else ()),
        *((utility.unknown,) if utility.unknown else ()),
    )
    why = None if utility.reads_only and not unread else "it is not a query"
    why = why or within.why_not_read_only
    return replace(
        within,
        writes=writes,
        made=utility.made,
        names=_names((*within.reads, *writes), catalog),
        read_only=why is None,
        why_not_read_only=why,
        locks_rows=False,
        verb=None,
        target=None,
        triggers=(
            *within.triggers,
            *(f"{r.qualified_name}.{t.name}" for r, t in found.triggers),
        ),
        unknown_reads=(
            *within.unknown_reads,
            *unknown,
            *(
                f"materialized view {table.qualified_name}"
                for table in utility.tables
                if table.kind is RelationKind.MATERIALIZED_VIEW
            ),
        ),
        unknown_writes=(*within.unknown_writes, *unknown),
    )


def _with_ancestors(
    columns: Mapping[int, frozenset[int]], catalog: Catalog
) -> dict[int, frozenset[int]]:
    found = dict(columns)
    for oid in columns:
        if (relation := catalog.relations.get(oid)) is not None:
            for ancestor in catalog.ancestors(relation):
                found.setdefault(ancestor.oid, frozenset())
    return found


def _names(oids: Iterable[int], catalog: Catalog) -> Mapping[int, str]:
    relations = catalog.relations
    return {oid: relations[oid].qualified_name for oid in oids if oid in relations}


def _unknown(found: Consequences, catalog: Catalog) -> Iterator[str]:
    """Yield the triggers and foreign tables whose effects are not known."""
    for relation, trigger in found.triggers:
        if not is_harmless(trigger.function, catalog):
            yield f"trigger {relation.qualified_name}.{trigger.name}"
    for oid in found.writes:
        table = catalog.relations.get(oid)
        if table is not None and table.kind is RelationKind.FOREIGN_TABLE:
            yield f"foreign table {table.qualified_name}"


def _add_reads(
    query: Query,
    index: int,
    entry: RangeTableEntry,
    reads: dict[int, frozenset[int]],
) -> None:
    columns = entry.permissions.selected if entry.permissions else frozenset[int]()
    conflict = query.on_conflict
    if conflict is not None and index == conflict.excluded:
        return
    inserted = query.command is CommandType.INSERT and conflict is None
    if index == query.result_relation and inserted:
        # RETURNING returns the inserted values and does not read the table.
        return
    reads[entry.relation] = reads.get(entry.relation, frozenset()) | columns


def _why_no_query(queries: Sequence[Query]) -> str | None:
    for one in queries:
        if one.command in _WRITES:
            return f"it writes {one.entry(one.result_relation).name}"
        if one.command is not CommandType.SELECT:
            return "it is not a query"
        if one.row_marks:
            return f"it locks rows of {one.entry(one.row_marks[0].index).name}"
    return None
