"""Locks that rows bring about: by partitions, foreign keys, triggers and functions.

The server takes them while a statement runs, and only if there are such rows. What a
function does that is not written in SQL is not known: a table that its text names
counts as locked.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from reposgen.contracts.cascades import CASCADE, CHANGES, deletes_rows, updated_columns
from reposgen.live_schema.model import ConstraintKind, RelationKind
from reposgen.live_schema.model.locks import LockMode
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression
from reposgen.live_schema.tree.model import CommandType, Query, RangeTableEntry, RteKind
from reposgen.live_schema.tree.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reposgen.analysis.model import TypedQuery
    from reposgen.live_schema.model import Catalog, Constraint, Relation
    from reposgen.live_schema.model.locks import LockedRelation

_WORDS: Final = re.compile(r"\w+")
_WRITING: Final = frozenset({"insert", "update", "delete", "merge", "copy"})
_WHOLE: Final = frozenset({"truncate", "lock", "alter", "drop", "refresh"})
# oids of nextval, currval and both setval.
_SEQUENCES: Final = frozenset({1574, 1575, 1576, 1765})
_FUNCTION, _TRIGGER = "function ", "trigger "


class Touched:
    """Collector of the locks that the rows of one query can bring about."""

    def __init__(
        self,
        catalog: Catalog,
        relations: Mapping[int, LockedRelation],
        bodies: Mapping[int, str],
    ) -> None:
        self._catalog = catalog
        self._relations = relations
        self._bodies = bodies
        self.found: dict[int, set[LockMode]] = {}
        self._seen: set[tuple[object, ...]] = set()

    def query(self, query: TypedQuery, trees: Iterable[Query]) -> None:
        """Follow a query.

        Args:
            query: the query.
            trees: what its statements are rewritten to.
        """
        for tree in trees:
            for node in tree.nodes:
                self._node(node)
        named = {*query.unknown_reads, *query.unknown_writes}
        for function in self._catalog.functions.values():
            if f"{_FUNCTION}{function.qualified_name}" in named:
                self._function(function.oid)

    def lock(self, table: int, mode: LockMode) -> None:
        """Note that a table and its indexes can be locked."""
        self.found.setdefault(table, set()).add(mode)

    def _node(self, node: object) -> None:
        match node:
            case Query() if node.result_relation:
                self._write(node)
            case RangeTableEntry(kind=RteKind.RELATION, relation=oid):
                self._policies(oid)
            case e.NextValueExpr(sequence=oid):
                self.lock(oid, LockMode.ROW_EXCLUSIVE)
            case e.FuncExpr(function=function, args=args) if function in _SEQUENCES:
                for arg in args[:1]:
                    if isinstance(arg, e.Const) and arg.value:
                        oid = int.from_bytes(arg.value[:4], sys.byteorder)
                        self.lock(oid, LockMode.ROW_EXCLUSIVE)
            case _:
                pass

    def _policies(self, oid: int) -> None:
        table = self._catalog.relations.get(oid)
        if table is None or not table.row_security or self._knows("policies", oid):
            return
        for policy in table.policies:
            for text in filter(None, (policy.using, policy.check)):
                condition = parse_expression(text, self._catalog.major)
                for node in walk(condition):
                    if isinstance(node, RangeTableEntry) and node.relation:
                        self.lock(node.relation, LockMode.ACCESS_SHARE)

    def _write(self, node: Query) -> None:
        table = self._catalog.relations.get(node.entry(node.result_relation).relation)
        if table is None:
            return
        commands = {node.command, *(one.command for one in node.merge_actions)}
        if CommandType.INSERT in commands:
            self._inserts(table)
        if updated := updated_columns(node):
            self._updates(table, updated)
        if deletes_rows(node):
            self._deletes(table)

    def _inserts(self, table: Relation) -> None:
        if self._knows("insert", table.oid):
            return
        for one in self._family(table):
            if one is not table:
                self.lock(one.oid, LockMode.ROW_EXCLUSIVE)
            for constraint in self._foreign_keys(one):
                self._parent(constraint)
        self._triggers(table, "insert", None)

    def _updates(self, table: Relation, columns: frozenset[int]) -> None:
        if self._knows("update", table.oid, columns):
            return
        for one in self._family(table):
            for constraint in self._foreign_keys(one):
                if not columns.isdisjoint(constraint.columns):
                    self._parent(constraint)
        for other, constraint in self._references(table):
            if not columns.isdisjoint(constraint.referenced_columns):
                self._child(other, constraint, constraint.on_update, deletes=False)
        self._triggers(table, "update", columns)
        if any(not columns.isdisjoint(a.partition_columns) for a in self._above(table)):
            # The row can move to another partition.
            for ancestor in self._above(table):
                self._inserts(ancestor)
                self._deletes(ancestor)

    def _deletes(self, table: Relation) -> None:
        if self._knows("delete", table.oid):
            return
        for other, constraint in self._references(table):
            self._child(other, constraint, constraint.on_delete, deletes=True)
        self._triggers(table, "delete", None)

    def _parent(self, constraint: Constraint) -> None:
        """Lock the row that a new foreign key refers to."""
        parent = self._catalog.relations.get(constraint.references or 0)
        for one in self._family(parent) if parent else ():
            self.lock(one.oid, LockMode.ROW_SHARE)

    def _child(
        self, table: Relation, constraint: Constraint, action: str, *, deletes: bool
    ) -> None:
        """Look for rows that refer to one that changes, and change them as well."""
        changes = action in CHANGES
        for one in self._family(table):
            self.lock(
                one.oid, LockMode.ROW_EXCLUSIVE if changes else LockMode.ROW_SHARE
            )
        if deletes and action == CASCADE:
            self._deletes(table)
        elif changes:
            self._updates(table, frozenset(constraint.columns))

    def _triggers(
        self, table: Relation, event: str, columns: frozenset[int] | None
    ) -> None:
        for one in (*self._above(table), *self._catalog.descendants.get(table.oid, ())):
            for trigger in one.triggers:
                if event in trigger.events and (
                    columns is None
                    or not trigger.columns
                    or not columns.isdisjoint(trigger.columns)
                ):
                    self._function(trigger.function)

    def _function(self, oid: int) -> None:
        """Lock the tables that the text of a function names."""
        if oid not in self._bodies or self._knows("function", oid):
            return
        words = {word.lower() for word in _WORDS.findall(self._bodies[oid])}
        mode = _mode(words)
        for table in self._catalog.relations.values():
            if table.name.lower() in words and table.kind is not RelationKind.COMPOSITE:
                for one in self._family(table):
                    self.lock(one.oid, mode)
                self._written_by(table, words)
        for function in self._catalog.functions.values():
            if function.name.lower() in words:
                self._function(function.oid)

    def _written_by(self, table: Relation, words: set[str]) -> None:
        if words & {"insert", "merge"}:
            self._inserts(table)
        if words & {"update", "merge"}:
            self._updates(table, frozenset(c.number for c in table.columns))
        if words & {"delete", "merge"}:
            self._deletes(table)

    def _knows(self, *key: object) -> bool:
        if key in self._seen:
            return True
        self._seen.add(key)
        return False

    def _family(self, table: Relation) -> tuple[Relation, ...]:
        return (table, *self._catalog.descendants.get(table.oid, ()))

    def _above(self, table: Relation) -> tuple[Relation, ...]:
        return (table, *self._catalog.ancestors(table))

    def _foreign_keys(self, table: Relation) -> Iterator[Constraint]:
        for one in self._above(table):
            for constraint in one.constraints:
                if constraint.kind is ConstraintKind.FOREIGN_KEY:
                    yield constraint

    def _references(self, table: Relation) -> Iterator[tuple[Relation, Constraint]]:
        below = self._catalog.descendants.get(table.oid, ())
        for one in (*self._above(table), *below):
            for other, constraint in self._catalog.references.get(one.oid, ()):
                if constraint.kind is ConstraintKind.FOREIGN_KEY:
                    yield other, constraint


def _mode(words: set[str]) -> LockMode:
    """Return the strongest mode in which a function with these words locks a table."""
    if words & _WHOLE:
        return LockMode.ACCESS_EXCLUSIVE
    if words & _WRITING:
        return LockMode.ROW_EXCLUSIVE
    return LockMode.ROW_SHARE if "for" in words else LockMode.ACCESS_SHARE


def with_indexes(
    modes: Mapping[int, Iterable[LockMode]], relations: Mapping[int, LockedRelation]
) -> dict[int, frozenset[LockMode]]:
    """Return the modes of tables with those of their indexes, which are the same."""
    found: dict[int, set[LockMode]] = {}
    for oid, several in modes.items():
        found.setdefault(oid, set()).update(several)
    for one in relations.values():
        if one.table != one.oid and one.table in modes and one.kind != "t":
            found.setdefault(one.oid, set()).update(modes[one.table])
    return {oid: frozenset(several) for oid, several in found.items()}
