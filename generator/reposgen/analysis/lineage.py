"""What a statement reads and writes, seen through views and CTEs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.connections import unconnected_items
from reposgen.analysis.violations import possible_violations
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import CommandType, Query, RteKind
from reposgen.live_schema.tree.walk import conjuncts
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.analysis.model import Violation
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
# Volatile, and yet they write nothing and take no locks.
_HARMLESS = frozenset(
    {
        "clock_timestamp",
        "currval",
        "gen_random_uuid",
        "lastval",
        "pg_sleep",
        "pg_sleep_for",
        "pg_sleep_until",
        "random",
        "random_normal",
        "timeofday",
        "uuidv4",
        "uuidv7",
    }
)
# Not volatile, and yet they need a transaction that may write.
_NOT_READING = frozenset({"txid_current", "pg_current_xact_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """What a statement does to which tables.

    Attributes:
        reads: the columns read of each table, by oid: `attnum`s, 0 for a whole row.
        writes: the columns written of each table, by oid; of a DELETE none.
        names: qualified names of all tables in `reads` and `writes`; those of the
            system's that the catalog does not have are missing.
        read_only: proved: a hot standby would run it.
        why_not_read_only: in plain words, None where `read_only`.
        locks_rows: FOR UPDATE and the like, and nothing is written: the statement is
            of no use outside a transaction.
        violations: the constraints that the writes can violate.
        triggers: `table.trigger` of users' triggers that the writes fire.
        unfiltered: names of tables that an UPDATE or DELETE without WHERE goes
            through from end to end.
        cartesian: names of items of a FROM that no condition connects with the rest.
    """

    reads: Mapping[int, frozenset[int]]
    writes: Mapping[int, frozenset[int]]
    names: Mapping[int, str]
    read_only: bool
    why_not_read_only: str | None
    locks_rows: bool
    violations: tuple[Violation, ...]
    triggers: tuple[str, ...]
    unfiltered: tuple[str, ...]
    cartesian: tuple[str, ...]

    def read_names(self) -> tuple[str, ...]:
        """Qualified names of the tables read, sorted."""
        return tuple(sorted({self.names[o] for o in self.reads if o in self.names}))

    def written_names(self) -> tuple[str, ...]:
        """Qualified names of the tables written, sorted."""
        return tuple(sorted({self.names[o] for o in self.writes if o in self.names}))


def trace(
    query: Query,
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int] = frozenset(),
) -> Lineage:
    """Follow a statement to the tables it touches.

    Args:
        query: the statement's analysed tree.
        catalog: of the database it was analysed in.
        functions: the built-in functions of the server's major version.
        nullable_parameters: the numbers of the parameters that may be NULL; the
            others cannot violate a not-null constraint.
    """
    queries = [node for node in query.nodes if isinstance(node, Query)]
    reads: dict[int, frozenset[int]] = {}
    writes: dict[int, frozenset[int]] = {}
    for one in queries:
        for index, entry in enumerate(one.range_table, 1):
            if entry.kind is RteKind.RELATION and entry.relation_kind in _TABLES:
                _add_reads(one, index, entry, reads)
        if one.command in _WRITES:
            target = one.entry(one.result_relation)
            written = _written(one) | writes.get(target.relation, frozenset())
            writes[target.relation] = written
    why = _why_not_read_only(query, queries, catalog, functions)
    relations = catalog.relations
    return Lineage(
        reads=reads,
        writes=writes,
        names={
            oid: relations[oid].qualified_name
            for oid in (*reads, *writes)
            if oid in relations
        },
        read_only=why is None,
        why_not_read_only=why,
        locks_rows=not writes and any(one.row_marks for one in queries),
        violations=possible_violations(
            queries, catalog, functions, nullable_parameters
        ),
        triggers=_triggers(queries, catalog),
        unfiltered=tuple(
            one.entry(one.result_relation).name
            for one in queries
            if one.command in {CommandType.UPDATE, CommandType.DELETE}
            and (one.join_tree is None or not conjuncts(one.join_tree.condition))
        ),
        cartesian=tuple(name for one in queries for name in unconnected_items(one)),
    )


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


def _written(query: Query) -> frozenset[int]:
    targets = [*query.targets]
    if query.on_conflict is not None:
        targets += query.on_conflict.assignments
    targets += [t for action in query.merge_actions for t in action.targets]
    return frozenset(t.number for t in targets if not t.junk)


def _why_not_read_only(
    query: Query, queries: list[Query], catalog: Catalog, functions: BuiltinFunctions
) -> str | None:
    for one in queries:
        if one.command in _WRITES:
            return f"it writes {one.entry(one.result_relation).name}"
        if one.command is not CommandType.SELECT:
            return "it is no query"
        if one.row_marks:
            return f"it locks rows of {one.entry(one.row_marks[0].index).name}"
    return next(
        (why for node in query.nodes if (why := _writes(node, catalog, functions))),
        None,
    )


def _writes(node: object, catalog: Catalog, functions: BuiltinFunctions) -> str | None:
    """Why a node may do more than read."""
    match node:
        case (
            e.FuncExpr(function=oid)
            | e.OpExpr(function=oid)
            | e.DistinctExpr(function=oid)
            | e.NullIfExpr(function=oid)
            | e.ScalarArrayOpExpr(function=oid)
            | e.Aggref(function=oid)
            | e.WindowFunc(function=oid)
        ):
            return _calls(oid, catalog, functions)
        case e.Unknown(tag=tag):
            return f"it has a part of which nothing is known ({tag})"
        case _:
            return None


def _calls(oid: int, catalog: Catalog, functions: BuiltinFunctions) -> str | None:
    builtin = functions.get(oid)
    found = builtin or catalog.functions.get(oid)
    if found is None:
        return "it calls a function of which nothing is known"
    if builtin is not None and builtin.name in _NOT_READING:
        return f"it calls {found.name}"
    harmless = builtin is not None and builtin.name in _HARMLESS
    if found.volatility == "v" and not harmless:
        return f"it calls {found.name}, which is volatile"
    return None


def _triggers(queries: list[Query], catalog: Catalog) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in queries:
        if one.command not in _WRITES:
            continue
        relation = catalog.relations.get(one.entry(one.result_relation).relation)
        events = {one.command.name.lower()}
        if one.on_conflict is not None and one.on_conflict.update:
            events.add("update")
        events |= {a.command.name.lower() for a in one.merge_actions}
        for trigger in relation.triggers if relation else ():
            if relation and events.intersection(trigger.events):
                found[f"{relation.qualified_name}.{trigger.name}"] = None
    return tuple(found)
