"""What a statement reads and writes, seen through views and CTEs."""

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
    """What a statement does to which tables.

    A table that is a partition or inherits from another is read and written together
    with its ancestors: whoever reads the whole sees what is written to a part.

    Attributes:
        reads: the columns read of each table, by oid: `attnum`s, 0 for a whole row; of
            ancestors none.
        writes: the columns written of each table, by oid; of a DELETE and of ancestors
            none. Those that foreign keys reach are among them.
        made: qualified names of the tables that a command makes.
        names: qualified names of all tables in `reads` and `writes`; those of the
            system's that the catalog does not have are missing.
        unknown_reads: what may read any other table: `function public.total`.
        unknown_writes: what may write any other table, and raise any error.
        read_only: proved: a hot standby would run it.
        why_not_read_only: in plain words, None where `read_only`.
        locks_rows: FOR UPDATE and the like, and nothing is written: the statement is
            of no use outside a transaction.
        refusals: what the server can refuse the statement for.
        triggers: `table.trigger` of users' triggers that the writes fire.
        unfiltered: names of tables that an UPDATE or DELETE without WHERE goes
            through from end to end.
        cartesian: names of items of a FROM that no condition connects with the rest.
        verb: what the statement itself does: `UPDATE`; None for a command.
        target: oid of the table that it does that to.
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
        """Qualified names of the tables read, sorted."""
        return tuple(sorted({self.names[o] for o in self.reads if o in self.names}))

    def written_names(self) -> tuple[str, ...]:
        """Qualified names of the tables written: the target, then the others."""
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
    """Follow a statement to the tables it touches.

    Args:
        trees: the statement's analysed tree, and what rules add to it.
        catalog: of the database it was analysed in.
        functions: the built-in functions of the server's major version.
        nullable_parameters: the numbers of the parameters that may be NULL; the
            others cannot violate a not-null constraint.
        elements: of the arrays of the schema and of the parameters.
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
    """Follow a command that is no query to the tables it touches.

    Args:
        utility: the command.
        inner: the trees of the statement inside it.
        catalog: of the database.
        functions: the built-in functions of the server's major version.
        nullable_parameters: the numbers of the parameters that may be NULL.
        elements: of the arrays of the schema and of the parameters.
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
    """What writes set off that may read and write anything else."""
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
        # RETURNING gives back what was inserted: that is no reading of the table.
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
