"""Columns that are pinned to known values in all rows that matter to a query.

A pin comes from an equality that every such row satisfies. Rows with other values are
filtered out, so changes of them do not matter. A column without a proof is not pinned:
it can have any value.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from reposgen.analysis.agreement import bare, equalities, same_without_casts
from reposgen.analysis.arbiters import arbiter_columns
from reposgen.analysis.caching.actions import (
    actions,
    family,
    followed_actions,
    meets_trigger,
)
from reposgen.analysis.caching.model import ArgumentValue, LiteralValue
from reposgen.analysis.caching.spelling import kind_of, literal
from reposgen.live_schema.model import Generated
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    FromExpr,
    JoinExpr,
    JoinType,
    Query,
    RangeTableRef,
    RteKind,
)
from reposgen.live_schema.tree.walk import children, conjuncts, walk_level
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from reposgen.analysis.caching.model import KeyValue
    from reposgen.live_schema.model import Catalog, PgType, Relation
    from reposgen.live_schema.tree.model import (
        FromItem,
        RangeTableEntry,
        TargetEntry,
    )

# Above this number of values, a column counts as not pinned.
_MOST_VALUES = 20
# Commands that change rows of their target table.
WRITES = frozenset(
    {CommandType.INSERT, CommandType.UPDATE, CommandType.DELETE, CommandType.MERGE}
)


def levels_of(
    tree: Query, catalog: Catalog, optional: Collection[int] | None
) -> Iterator[Level]:
    """Yield the levels of a statement and its subqueries, outer levels first.

    Args:
        tree: the statement.
        catalog: catalog of the database.
        optional: numbers of the parameters that pin nothing; None if no parameter
            pins anything.
    """
    waiting = [Level(catalog=catalog, optional=optional, queries=(tree,))]
    while waiting:
        level = waiting.pop()
        yield level
        waiting += (
            level.inner(node)
            for child in children(level.query)
            for node in walk_level(child)
            if isinstance(node, Query)
        )


@dataclass(slots=True, kw_only=True)
class Level:
    """One query of a statement, and the columns that its conditions pin.

    Attributes:
        catalog: catalog of the database.
        optional: numbers of the parameters that pin nothing; None if no parameter pins
            anything.
        queries: the query and the queries that enclose it, the innermost first.
        outer: the level of the enclosing query; None for the statement itself.
    """

    catalog: Catalog
    optional: Collection[int] | None
    queries: tuple[Query, ...]
    outer: Level | None = None
    _pins: dict[tuple[int, int], tuple[KeyValue, ...]] | None = None

    @property
    def query(self) -> Query:
        """The query of this level."""
        return self.queries[0]

    def inner(self, query: Query) -> Level:
        """Return the level of a query directly inside this one."""
        return Level(
            catalog=self.catalog,
            optional=self.optional,
            queries=(query, *self.queries),
            outer=self,
        )

    def of_table(
        self, index: int, relation: Relation
    ) -> dict[str, tuple[KeyValue, ...]]:
        """Return the pins of a table in FROM, by column name."""
        names = {column.number: column.name for column in relation.columns}
        return {
            names[number]: values
            for (place, number), values in self.pins().items()
            if place == index and number in names
        }

    def changed(self, relation: Relation) -> dict[str, tuple[KeyValue, ...]]:
        """Return the columns whose values are known in all changed rows.

        The values include those before and those after the change.
        """
        query = self.query
        match query.command:
            case CommandType.DELETE if meets_trigger(relation, "delete"):
                return {}
            case CommandType.DELETE:
                known = self.of_table(query.result_relation, relation)
                return {} if self._reaches_itself(relation, None) else known
            case CommandType.UPDATE:
                return self._updated(relation)
            case CommandType.INSERT:
                return self._inserted(relation)
            case _:
                return {}

    def _updated(self, relation: Relation) -> dict[str, tuple[KeyValue, ...]]:
        query = self.query
        assigned = {t.number: t for t in query.targets if not t.junk}
        if meets_trigger(relation, "update", assigned) or self._reaches_itself(
            relation, assigned
        ):
            return {}
        known = self.of_table(query.result_relation, relation)
        for column in relation.columns:
            if column.name in known and column.number in assigned:
                after = self._value(assigned[column.number].expression, column.type)
                before = known.pop(column.name)
                if after is not None:
                    known[column.name] = tuple(dict.fromkeys((*before, *after)))
        return known

    def _inserted(self, relation: Relation) -> dict[str, tuple[KeyValue, ...]]:
        query = self.query
        given = {t.number: t for t in query.targets if not t.junk}
        conflict = query.on_conflict
        allowed = None
        if meets_trigger(relation, "insert"):
            return {}
        if conflict is not None and conflict.update:
            changing = {target.number for target in conflict.assignments}
            if meets_trigger(relation, "update", changing):
                return {}
            # The existing row has the same key; its other columns can differ.
            allowed = arbiter_columns(conflict, relation, self.catalog) - changing
            if self._reaches_itself(relation, changing):
                return {}
        known = {}
        for column in relation.columns:
            if (
                column.number in given
                and (allowed is None or column.number in allowed)
                and kind_of(column.type)
                and column.generated is Generated.NO
            ):
                found = self._value(given[column.number].expression, column.type)
                if found is not None:
                    known[column.name] = found
        return known

    def changing(self, relation: Relation) -> set[int] | None:
        """Return the columns in which existing rows can get another value.

        Returns:
            None if the columns are not known.
        """
        query, conflict = self.query, self.query.on_conflict
        events = {query.command.name.lower()}
        changing: set[int] = set()
        match query.command:
            case CommandType.UPDATE:
                changing = {t.number for t in query.targets if not t.junk}
            case CommandType.INSERT if conflict is not None and conflict.update:
                changing = {target.number for target in conflict.assignments}
                events.add("update")
            case CommandType.INSERT | CommandType.DELETE:
                pass
            case _:
                return None
        if any(meets_trigger(relation, event, changing) for event in events):
            return None
        if events != {"insert"}:
            assigned = None if query.command is CommandType.DELETE else changing
            if self._reaches_itself(relation, assigned):
                return None
        return changing

    def _reaches_itself(
        self, relation: Relation, assigned: Collection[int] | None
    ) -> bool:
        """Return True if foreign key actions can change other rows of the table."""
        followed = followed_actions(self.catalog, relation, assigned)
        return not followed.isdisjoint(family(self.catalog, relation))

    def actions(
        self, relation: Relation
    ) -> Iterator[tuple[Relation, dict[str, tuple[KeyValue, ...]]]]:
        """Yield tables that foreign key actions change, with their pinned columns."""
        known, assigned = self.changed(relation), self._assigned()
        yield from actions(self.catalog, relation, known, assigned)

    def _assigned(self) -> set[int] | None:
        """Return the columns that change in existing rows; None for whole rows."""
        query, conflict = self.query, self.query.on_conflict
        match query.command:
            case CommandType.UPDATE:
                return {t.number for t in query.targets if not t.junk}
            case CommandType.INSERT:
                updates = conflict.assignments if conflict is not None else ()
                return {target.number for target in updates}
            case _:
                return None

    def pins(self) -> dict[tuple[int, int], tuple[KeyValue, ...]]:
        """Return the values of pinned columns, by range table index and `attnum`."""
        if self._pins is None:
            self._pins = {}
            if self.query.command is not CommandType.MERGE:
                terms = list(_equalities(self.query))
                learns = True
                while learns:
                    # A list, so that every term is evaluated: a term can learn what
                    # another term needs.
                    learned = [self._take(term, limit) for term, limit in terms]
                    learns = any(learned)
        return self._pins

    def _take(self, term: e.Expression, limit: frozenset[int] | None) -> bool:
        """Learn pins from a condition and return True if a pin is new."""
        match term:
            case e.OpExpr(args=(left, right), operator=operator):
                if not self._is_equality(operator, term.input_collation, term.args):
                    return False
                return self._pin(left, right, limit) or self._pin(right, left, limit)
            case e.ScalarArrayOpExpr(any=True, args=(left, right), operator=operator):
                # The node does not record the collation of the comparison.
                if self.catalog.nondeterministic:
                    return False
                if not self._is_equality(operator, 0, term.args):
                    return False
                return self._pin(left, right, limit, is_list=True)
            case _:
                return False

    def _is_equality(
        self, operator: int, collation: int, args: Sequence[e.Expression]
    ) -> bool:
        found = equalities(self.catalog, operator, collation)
        families = [family for family, of in found if not of]
        return bool(families) and same_without_casts(families, args)

    def _pin(
        self,
        column: e.Expression,
        value: e.Expression,
        limit: frozenset[int] | None,
        *,
        is_list: bool = False,
    ) -> bool:
        var = bare(column)
        if not isinstance(var, e.Var) or var.levels_up or var.column <= 0:
            return False
        place = (var.index, var.column)
        if limit is not None and var.index not in limit:
            return False
        entry = self.query.entry(var.index)
        type_ = self._column_type(entry, var.column)
        known = self.pins()
        if place in known or type_ is None or kind_of(type_) is None:
            return False
        found = self._elements(value, type_) if is_list else self._value(value, type_)
        if found is None:
            return False
        known[place] = found
        return True

    def _column_type(self, entry: RangeTableEntry, number: int) -> PgType | None:
        """Return the type of a table's column; None if the column cannot be pinned."""
        relation = self.catalog.relations.get(entry.relation)
        if entry.kind is not RteKind.RELATION or relation is None:
            return None
        column = relation.column(number)
        if column is None or column.generated in (
            Generated.ALWAYS_STORED,
            Generated.ALWAYS_VIRTUAL,
        ):
            return None
        return column.type

    def _elements(
        self, value: e.Expression, type_: PgType
    ) -> tuple[KeyValue, ...] | None:
        match bare(value):
            case e.Param(kind=e.ParamKind.EXTERNAL, number=number, type=oid):
                array = self.catalog.types.get(oid)
                element = getattr(array, "element", None)
                if not self._may_pin(number) or element is None:
                    return None
                same = kind_of(element) == kind_of(type_)
                return (ArgumentValue(number=number, is_list=True),) if same else None
            case e.ArrayExpr(elements=elements):
                found: list[KeyValue] = []
                for element in elements:
                    values = self._value(element, type_)
                    if values is None or len(found) > _MOST_VALUES:
                        return None
                    found += values
                return tuple(found)
            case _:
                return None

    def _may_pin(self, number: int) -> bool:
        return self.optional is not None and number not in self.optional

    def _value(  # noqa: PLR0911 - one return for each kind of node
        self, node: e.Expression, type_: PgType
    ) -> tuple[KeyValue, ...] | None:
        """Return the values that an expression can have in all rows that matter.

        Returns:
            Empty if the value is NULL; None if the expression can have any value.
        """
        node = bare(node)
        kind = kind_of(type_)
        if kind is None:
            return None
        match node:
            case e.Param(kind=e.ParamKind.EXTERNAL, number=number, type=oid):
                given = self.catalog.types.get(oid)
                if given is None or kind_of(given) != kind or not self._may_pin(number):
                    return None
                return (ArgumentValue(number=number),)
            case e.Const(type=oid, value=value):
                given = self.catalog.types.get(oid)
                if given is None or kind_of(given) != kind:
                    return None
                if value is None:
                    return ()
                text = literal(kind, value)
                return None if text is None else (LiteralValue(text=text),)
            case e.Var(levels_up=up):
                level: Level | None = self
                for _ in range(up):
                    level = level.outer if level is not None else None
                return None if level is None else level.of_column(node, type_)
            case e.Coerce(kind=e.Coercion.DOMAIN, arg=arg):
                return self._value(arg, type_)
            case _:
                return None

    def of_column(  # noqa: PLR0911 - one return for each kind of entry
        self, var: e.Var, type_: PgType
    ) -> tuple[KeyValue, ...] | None:
        """Return the values of a column of a FROM item; None if it can have any."""
        if var.column <= 0:
            return None
        entry = self.query.entry(var.index)
        match entry.kind:
            case RteKind.RELATION:
                found = self._column_type(entry, var.column)
                if found is None or kind_of(found) != kind_of(type_):
                    return None
                return self.pins().get((var.index, var.column))
            case RteKind.SUBQUERY if entry.subquery is not None:
                return self.inner(entry.subquery).of_result(var.column, type_)
            case RteKind.CTE if not entry.self_reference:
                return self._of_cte(entry, var.column, type_)
            case RteKind.JOIN:
                return self._value(entry.join_columns[var.column - 1], type_)
            case RteKind.GROUP:
                return self._value(entry.group_expressions[var.column - 1], type_)
            case RteKind.VALUES:
                return self._of_values(entry, var.column, type_)
            case _:
                return None

    def _of_values(
        self, entry: RangeTableEntry, number: int, type_: PgType
    ) -> tuple[KeyValue, ...] | None:
        found: list[KeyValue] = []
        for row in entry.values:
            value = self._value(row[number - 1], type_)
            if value is None or len(found) > _MOST_VALUES:
                return None
            found += value
        return tuple(dict.fromkeys(found))

    def _of_cte(
        self, entry: RangeTableEntry, number: int, type_: PgType
    ) -> tuple[KeyValue, ...] | None:
        level: Level | None = self
        for _ in range(entry.cte_levels_up):
            level = level.outer if level is not None else None
        if level is None:
            return None
        for cte in level.query.ctes:
            if cte.name == entry.cte_name and not cte.recursive:
                return level.inner(cte.query).of_result(number, type_)
        return None

    def of_result(self, number: int, type_: PgType) -> tuple[KeyValue, ...] | None:
        """Return the values of a column of the query's result; None for any."""
        query = self.query
        target = query.result_numbers.get(number)
        if query.set_operations is not None or target is None:
            return None
        if query.command is CommandType.SELECT:
            return self._value(target.expression, type_)
        return self._of_returning(target, type_)

    def _of_returning(
        self, target: TargetEntry, type_: PgType
    ) -> tuple[KeyValue, ...] | None:
        """Return the values of a RETURNING column, in the rows after the change."""
        query = self.query
        var = bare(target.expression)
        relation = self.catalog.relations.get(
            query.entry(query.result_relation).relation
        )
        if not isinstance(var, e.Var) or relation is None or var.levels_up:
            return None
        if var.index != query.result_relation:
            return self._value(var, type_)
        column = relation.column(var.column)
        if column is None or kind_of(column.type) != kind_of(type_):
            return None
        return self.changed(relation).get(column.name)


def _equalities(
    query: Query,
) -> Iterator[tuple[e.Expression, frozenset[int] | None]]:
    """Yield the conditions that rows satisfy, each with the FROM items that it can pin.

    The second element is None if the condition can pin every item.
    """
    if query.join_tree is not None:
        yield from _conditions(query.join_tree)
    for entry in query.range_table:
        for condition in entry.security:
            yield from ((term, None) for term in conjuncts(condition))


def _conditions(
    item: FromItem,
) -> Iterator[tuple[e.Expression, frozenset[int] | None]]:
    match item:
        case FromExpr(items=items, condition=condition):
            yield from chain.from_iterable(map(_conditions, items))
            yield from ((term, None) for term in conjuncts(condition))
        case JoinExpr():
            yield from _conditions(item.left)
            yield from _conditions(item.right)
            limit: frozenset[int] | None
            match item.type:
                case JoinType.INNER:
                    limit = _leaves((item.left, item.right))
                case JoinType.LEFT:
                    limit = _leaves((item.right,))
                case JoinType.RIGHT:
                    limit = _leaves((item.left,))
                case _:
                    limit = frozenset()
            yield from ((term, limit) for term in conjuncts(item.condition))
        case _:
            return


def _leaves(items: Iterable[FromItem]) -> frozenset[int]:
    found: set[int] = set()
    for item in items:
        match item:
            case RangeTableRef(index=index):
                found.add(index)
            case JoinExpr(left=left, right=right):
                found |= _leaves((left, right))
            case FromExpr(items=inner):
                found |= _leaves(inner)
    return frozenset(found)
