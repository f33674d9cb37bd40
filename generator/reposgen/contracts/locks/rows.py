"""The rows that a statement locks, and their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.agreement import bare
from reposgen.analysis.commands import FACTS
from reposgen.contracts.cascades import (
    CASCADE,
    CHANGES,
    deletes_rows,
    updated_columns,
)
from reposgen.contracts.locks.model import RowStep
from reposgen.contracts.query_parts import items
from reposgen.live_schema.model import ConstraintKind
from reposgen.live_schema.model.locks import RowLock
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import CommandType, Query, RteKind
from reposgen.live_schema.tree.walk import children, conjuncts, walk_level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.analysis.model import TypedQuery
    from reposgen.live_schema.model import Catalog, Relation

    Pins = frozenset[tuple[int, str]]


def row_steps(
    query: TypedQuery, trees: tuple[Query, ...], catalog: Catalog
) -> tuple[RowStep, ...]:
    """Return the rows that a query locks, in the order in which it does.

    Rows that an INSERT makes are not among them: nobody else sees them yet. What
    triggers and functions lock is not known.
    """
    if query.verb is None:
        return tuple(_emptied(query, catalog))
    names = {one.number: f"@{one.name}" for one in query.parameters}
    steps = tuple(s for tree in trees for s in _Rows(catalog, names).of(tree))
    if FACTS[query.command].is_batch or query.copy is not None:
        # Its rows are locked in the order of the caller's.
        steps = tuple(
            replace(
                s, many=True, order=(), pins=frozenset(), is_exact=False, by_caller=True
            )
            for s in steps
        )
    return steps


def _emptied(query: TypedQuery, catalog: Catalog) -> Iterator[RowStep]:
    """Yield the tables that a TRUNCATE locks as a whole."""
    sql = "".join(piece.sql for piece in query.pieces).split()
    if sql and sql[0].upper() == "TRUNCATE":
        for table in catalog.relations.values():
            if table.qualified_name in query.writes:
                yield RowStep(table=table.oid, mode=None, many=True)


class _Rows:
    """Reader of the rows that one statement locks."""

    def __init__(self, catalog: Catalog, names: Mapping[int, str]) -> None:
        self._catalog = catalog
        self._names = names

    def of(self, tree: Query) -> Iterator[RowStep]:
        """Yield the rows that a query and those in it lock."""
        # What is inside runs first.
        inside = [step for inner in _inside(tree) for step in self.of(inner)]
        yield from inside
        for mark in tree.row_marks:
            entry = tree.entry(mark.index)
            table = self._catalog.relations.get(entry.relation)
            if entry.kind is RteKind.RELATION and table is not None:
                step = self._step(tree, mark.index, table, RowLock(mark.strength))
                if mark.wait_policy:
                    # SKIP LOCKED and NOWAIT never wait.
                    step = replace(step, waits=False, is_exact=False)
                yield step
        if tree.result_relation:
            for step in self._written(tree):
                # The rows that WITH or a subquery has locked for it.
                if not any(_is_stronger(one, step) for one in inside):
                    yield step

    def _written(self, tree: Query) -> Iterator[RowStep]:
        table = self._catalog.relations.get(tree.entry(tree.result_relation).relation)
        if table is None:
            return
        updated = updated_columns(tree)
        inserts = CommandType.INSERT in {
            tree.command,
            *(action.command for action in tree.merge_actions),
        }
        if updated or deletes_rows(tree):
            keys = {
                number
                for index in table.indexes
                if index.unique and index.predicate is None
                for number in index.columns
            }
            is_strong = deletes_rows(tree) or not keys.isdisjoint(updated)
            mode = RowLock.UPDATE if is_strong else RowLock.NO_KEY_UPDATE
            if tree.command is CommandType.INSERT:
                yield self._upserted(tree, table, mode)
            else:
                yield self._step(tree, tree.result_relation, table, mode)
        written = frozenset(target.number for target in tree.targets if not target.junk)
        yield from self._parents(tree, table, written if inserts else updated)
        if deletes_rows(tree):
            yield from self._children(table, set())

    def _step(self, tree: Query, index: int, table: Relation, mode: RowLock) -> RowStep:
        terms = conjuncts(tree.join_tree.condition) if tree.join_tree else ()
        pinned = {(pin, name) for term in terms for pin, name in self._pin(term, index)}
        is_one = _is_key({number for number, _ in pinned}, table)
        order = self._order(tree, index, table)
        return RowStep(
            table=table.oid,
            mode=mode,
            pins=frozenset(pinned),
            is_exact=len(pinned) == len(terms)
            and len(items(tree)) == 1
            and tree.limit is None
            and tree.offset is None,
            many=not is_one,
            order=order,
        )

    def _pin(self, term: e.Expression, index: int) -> Iterator[tuple[int, str]]:
        """Yield the column that a condition compares with a value for equality."""
        if not isinstance(term, e.OpExpr):
            return
        if term.operator not in self._catalog.operator_equality:
            return
        sides = [bare(arg) for arg in term.args]
        for column, value in (sides, sides[::-1]):
            if (
                isinstance(column, e.Var)
                and column.index == index
                and not column.levels_up
                and (name := self._name(value))
            ):
                yield column.column, name

    def _name(self, value: object) -> str | None:
        match value:
            case e.Param(number=number):
                return self._names.get(number)
            case e.Const(value=bytes() as data):
                return data.hex()
            case _:
                return None

    def _order(self, tree: Query, index: int, table: Relation) -> tuple[int, ...]:
        """Return the columns that a SELECT orders the rows by, if they are unique."""
        by_group = {t.group: bare(t.expression) for t in tree.targets if t.group}
        found: list[int] = []
        for clause in tree.sort:
            column = by_group.get(clause.group)
            if not isinstance(column, e.Var) or column.index != index:
                break
            found.append(column.column)
        return tuple(found) if _is_key(set(found), table) else ()

    def _upserted(self, tree: Query, table: Relation, mode: RowLock) -> RowStep:
        """Return the row that an INSERT … ON CONFLICT DO UPDATE can find."""
        values = {
            (target.number, name)
            for target in tree.targets
            if (name := self._name(bare(target.expression)))
        }
        keys = {
            number
            for index in table.indexes
            if index.unique and index.predicate is None
            for number in index.columns
        }
        return RowStep(
            table=table.oid,
            mode=mode,
            pins=frozenset(pin for pin in values if pin[0] in keys),
            many=any(
                entry.kind in (RteKind.VALUES, RteKind.SUBQUERY)
                for entry in tree.range_table
            ),
        )

    def _parents(
        self, tree: Query, table: Relation, columns: frozenset[int]
    ) -> Iterator[RowStep]:
        """Yield the rows that foreign keys of a written row refer to."""
        values = {t.number: self._name(bare(t.expression)) for t in tree.targets}
        for constraint in table.constraints:
            parent = constraint.references
            if (
                constraint.kind is not ConstraintKind.FOREIGN_KEY
                or parent is None
                or columns.isdisjoint(constraint.columns)
            ):
                continue
            pairs = zip(constraint.referenced_columns, constraint.columns, strict=False)
            named = {(theirs, values.get(own)) for theirs, own in pairs}
            pins = frozenset((number, name) for number, name in named if name)
            yield RowStep(
                table=parent,
                mode=RowLock.KEY_SHARE,
                pins=pins,
                is_exact=len(pins) == len(named),
                many=len(pins) < len(named),
                via=constraint.name,
            )

    def _children(self, table: Relation, seen: set[int]) -> Iterator[RowStep]:
        """Yield the rows that refer to a row that is deleted, as far as they change."""
        if table.oid in seen:
            return
        seen.add(table.oid)
        for other, constraint in self._catalog.references.get(table.oid, ()):
            if constraint.on_delete in CHANGES:
                deletes = constraint.on_delete == CASCADE
                yield RowStep(
                    table=other.oid,
                    mode=RowLock.UPDATE if deletes else RowLock.NO_KEY_UPDATE,
                    many=True,
                    via=constraint.name,
                )
                if deletes:
                    yield from self._children(other, seen)


def _inside(tree: Query) -> Iterator[Query]:
    """Yield the queries directly in a query: those of WITH, FROM and expressions."""
    for child in children(tree):
        for node in walk_level(child):
            if isinstance(node, Query):
                yield node


def _is_stronger(one: RowStep, other: RowStep) -> bool:
    return (
        one.table == other.table
        and not one.via
        and one.mode is not None
        and other.mode is not None
        and one.mode >= other.mode
    )


def _is_key(columns: set[int], table: Relation) -> bool:
    return any(
        index.unique and index.predicate is None and columns.issuperset(index.columns)
        for index in table.indexes
        if 0 not in index.columns
    )
