"""The proof, on a statement's tree, that it keeps to one tenant.

A column is *known* in a query if it equals the tenant in every row of its table that
takes part in the result. WHERE and ON make columns known, each for the tables whose
rows its condition drops: an outer join's ON drops rows of the nullable side alone. What
is known of a subquery's columns outside is known inside as well, unless the subquery
counts or limits its rows before.

Each table that has the tenant's column must be known in that column. Whatever is not
understood proves nothing.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reposgen.analysis.agreement import bare, equalities, same_without_casts
from reposgen.analysis.arbiters import arbiter_columns
from reposgen.analysis.nullability.jointree import read_join_tree
from reposgen.contracts.query_parts import (
    conditions,
    expressions,
    inside,
    items,
    operands,
    resolved,
)
from reposgen.contracts.tenant_rules import Omission
from reposgen.contracts.tenant_terms import SettingTenant, tenant_of
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import (
    CommandType,
    Query,
    RteKind,
)
from reposgen.live_schema.tree.walk import conjuncts
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.contracts.tenant_rules import Rules
    from reposgen.contracts.tenant_terms import Tenant
    from reposgen.live_schema.tree.model import (
        CommonTableExpr,
        OnConflict,
        RangeTableEntry,
        TargetEntry,
    )

    # A column of an item of FROM: its index in the range table, and its number.
    ColumnOf = tuple[int, int]
    # A column of the query itself, or True for what is known outside.
    Term = ColumnOf | bool

_BINARY = 2
_VIEW = "v"
_NONE: frozenset[int] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Scope:
    """A query that is being proved, and those around it, the innermost first."""

    query: Query
    around: tuple[_Scope, ...]
    known: set[ColumnOf] = field(default_factory=set)
    # Numbers of the columns of its result that are known outside.
    pushed: frozenset[int] = frozenset()
    # Of each CTE, the numbers of the columns that are known.
    ctes: dict[str, frozenset[int]] = field(default_factory=dict)


class Prover:
    """Proves statements for one tenant.

    Attributes:
        omissions: what was not proved.
        tables: oids of the tables that were looked at.
    """

    def __init__(self, rules: Rules, tenant: Tenant | None) -> None:
        self.omissions: list[Omission] = []
        self.tables: set[int] = set()
        self._rules = rules
        self._tenant = tenant
        # The name in the text of the view or function that is looked into.
        self._inside: tuple[str, str] | None = None
        # The known columns of the results of queries, by their `id`.
        self._remembered: dict[int, frozenset[int]] = {}

    def statement(self, query: Query) -> None:
        """Prove a statement."""
        self._prove(query, (), _NONE)

    def body(self, query: Query, function: str) -> None:
        """Prove the last statement of a function that the statement calls."""
        self._inside = (function, function)
        self._prove(query, (), _NONE)
        self._inside = None

    def _prove(
        self, query: Query, around: tuple[_Scope, ...], pushed: frozenset[int]
    ) -> frozenset[int]:
        """Prove a query, and return the numbers of the known columns of its result."""
        scope = _Scope(query=query, around=around)
        for cte in query.ctes:
            scope.ctes[cte.name] = self._prove_cte(cte, scope)
        if query.command in {CommandType.UTILITY, CommandType.NOTHING}:
            self._omit("it is a command that is not limited to a tenant")
            return _NONE
        self._find_known(scope, pushed)
        self._check_writes(scope)
        for index in items(query):
            self._check_item(scope, index)
        for node in expressions(query):
            if isinstance(node, e.Unknown):
                self._omit(f"nothing is known of a part of it ({node.tag})")
            elif isinstance(node, e.SubLink):
                inner = self._pushed_to(node, scope)
                self._prove(node.query, (scope, *around), inner)
        return self._known_results(scope)

    def _prove_cte(self, cte: CommonTableExpr, scope: _Scope) -> frozenset[int]:
        around = (scope, *scope.around)
        if not cte.recursive:
            return self._prove(cte.query, around, _NONE)
        # What is known of the rows so far is known of the next if each step keeps it.
        assumed = frozenset(target.number for target in cte.query.results)
        while True:
            self._remembered.clear()
            scope.ctes[cte.name] = assumed
            found = self._results(cte.query, around) & assumed
            if found == assumed:
                return self._prove(cte.query, around, _NONE) & assumed
            assumed = found

    def _results(self, query: Query, around: tuple[_Scope, ...]) -> frozenset[int]:
        """Return the known columns of a query's result, without judging it."""
        found = self._remembered.get(id(query))
        if found is None:
            omissions, tables = [*self.omissions], {*self.tables}
            found = self._remembered[id(query)] = self._prove(query, around, _NONE)
            self.omissions, self.tables = omissions, tables
        return found

    # --- What is known

    def _find_known(self, scope: _Scope, pushed: frozenset[int]) -> None:
        query = scope.query
        joins = read_join_tree(query)
        for index in items(query):
            for number in self._known_of_item(scope, index):
                scope.known.add((index, number))
        if pushed := inside(query, pushed):
            scope.pushed = pushed
            for target in query.results:
                column = self._column(target.expression, query)
                if target.number in pushed and column is not None:
                    scope.known.add(column)
        self._know_written(scope)
        pairs = [
            (condition.unless, *pair)
            for condition in conditions(query, joins)
            for pair in self._pairs(condition.expression, scope)
        ]
        grows = True
        while grows:
            before = len(scope.known)
            for unless, left, right in pairs:
                for one, other in ((left, right), (right, left)):
                    if (
                        isinstance(one, tuple)
                        and (other is True or other in scope.known)
                        and unless <= joins.nullable.get(one[0], frozenset())
                    ):
                        scope.known.add(one)
            grows = len(scope.known) > before

    def _know_written(self, scope: _Scope) -> None:
        """Take rows that are inserted as known if their tenant is."""
        query = scope.query
        place = query.result_relation
        number = self._tenant_column(query, place)
        if query.command is not CommandType.INSERT or not number:
            return
        written = _assigned(query.targets, number)
        if written is not None and self._is_known(written, scope):
            scope.known.add((place, number))
            if query.on_conflict is not None:
                scope.known.add((query.on_conflict.excluded, number))

    def _known_of_item(self, scope: _Scope, index: int) -> frozenset[int]:
        entry = scope.query.entry(index)
        match entry.kind:
            case RteKind.SUBQUERY if entry.subquery is not None:
                # Of the items beside it nothing is known yet.
                with self._entered(entry):
                    return self._results(entry.subquery, (scope, *scope.around))
            case RteKind.CTE:
                scopes = (scope, *scope.around)
                if entry.cte_levels_up < len(scopes):
                    ctes = scopes[entry.cte_levels_up].ctes
                    return ctes.get(entry.cte_name, _NONE)
                return _NONE
            case RteKind.RELATION if self._is_secured(scope.query, index):
                return frozenset({self._rules.columns[entry.relation]})
            case RteKind.VALUES if entry.values:
                return frozenset(
                    number
                    for number in range(1, len(entry.values[0]) + 1)
                    if all(
                        self._is_known(row[number - 1], scope) for row in entry.values
                    )
                )
            case _:
                return _NONE

    def _is_secured(self, query: Query, index: int) -> bool:
        """Return True if row-level security shows the rows of the tenant alone.

        Views and functions can run as another role, to which it does not apply.
        """
        entry = query.entry(index)
        return (
            entry.relation in self._rules.secured
            and isinstance(self._tenant, SettingTenant)
            and self._inside is None
        )

    def _pairs(
        self, condition: e.Expression, scope: _Scope
    ) -> frozenset[tuple[Term, Term]]:
        """Return what a condition says is equal, each pair in both orders."""
        match condition:
            case e.BoolExpr(operator="and", args=args):
                return frozenset(p for arg in args for p in self._pairs(arg, scope))
            case e.BoolExpr(operator="or", args=(first, *others)):
                found = self._pairs(first, scope)
                for other in others:
                    found &= self._pairs(other, scope)
                return found
            case e.OpExpr(args=(left, right)) if self._is_equality(condition):
                found = self._pair(left, right, scope)
                found |= self._by_foreign_key(left, right, scope)
                return found | self._by_foreign_key(right, left, scope)
            case e.SubLink(kind=e.SubLinkType.ANY, test=test) if test is not None:
                known = self._results(condition.query, (scope, *scope.around))
                return frozenset(
                    pair
                    for outside, number in self._compared(test)
                    if number in known
                    for pair in self._pair(outside, True, scope)
                )
            case _:
                return frozenset()

    def _pair(
        self, left: e.Expression, right: e.Expression | bool, scope: _Scope
    ) -> frozenset[tuple[Term, Term]]:
        one = self._term(left, scope)
        other = right if isinstance(right, bool) else self._term(right, scope)
        if one is None or other is None:
            return frozenset()
        return frozenset({(one, other), (other, one)})

    def _by_foreign_key(
        self, child: e.Expression, parent: e.Expression, scope: _Scope
    ) -> frozenset[tuple[Term, Term]]:
        """Return the tenants of two rows as equal if a foreign key connects the rows.

        The key compares the tenant as well, and the other column alone is unique: so
        there is no other row that the child could refer to.
        """
        own, other = self._table_column(child, scope), self._table_column(parent, scope)
        if own is None or other is None:
            return frozenset()
        rules = self._rules
        if not rules.connects(own[0].relation, own[1], other[0].relation, other[1]):
            return frozenset()
        tenants = [
            e.Var(
                index=var.index,
                column=rules.columns[entry.relation],
                type=0,
                levels_up=var.levels_up,
            )
            for entry, _, var in (own, other)
        ]
        return self._pair(tenants[0], tenants[1], scope)

    def _table_column(
        self, node: e.Expression, scope: _Scope
    ) -> tuple[RangeTableEntry, int, e.Var] | None:
        """Return the table, number and variable of a column, also of a query around."""
        node = bare(node)
        if not isinstance(node, e.Var) or node.levels_up > len(scope.around):
            return None
        owner = (scope, *scope.around)[node.levels_up]
        own = resolved(replace(node, levels_up=0), owner.query)
        if not isinstance(own, e.Var) or own.levels_up or own.column <= 0:
            return None
        entry = owner.query.entry(own.index)
        if entry.kind is not RteKind.RELATION:
            return None
        return entry, own.column, replace(own, levels_up=node.levels_up)

    def _term(self, node: e.Expression, scope: _Scope) -> Term | None:
        column = self._column(node, scope.query)
        if column is not None:
            return column
        return True if self._is_known(node, scope) else None

    def _is_equality(self, node: e.OpExpr) -> bool:
        found = equalities(self._rules.catalog, node.operator, node.input_collation)
        # Under other collations texts that differ are equal.
        families = [family for family, collation in found if collation == 0]
        return bool(families) and same_without_casts(families, node.args)

    def _compared(self, test: e.Expression) -> Iterator[tuple[e.Expression, int]]:
        """Yield what IN compares with which column of its subquery."""
        for part in conjuncts(test):
            if (
                isinstance(part, e.OpExpr)
                and len(part.args) == _BINARY
                and self._is_equality(part)
            ):
                left, right = part.args
                inner = bare(right)
                if isinstance(inner, e.Param) and inner.kind is e.ParamKind.SUBLINK:
                    yield left, inner.number

    def _pushed_to(self, link: e.SubLink, scope: _Scope) -> frozenset[int]:
        """Return the columns of IN's subquery that WHERE compares with known ones."""
        tree = scope.query.join_tree
        condition = tree.condition if tree is not None else None
        if link.kind is not e.SubLinkType.ANY or link.test is None:
            return _NONE
        if not any(part is link for part in conjuncts(condition)):
            return _NONE
        return frozenset(
            number
            for outside, number in self._compared(link.test)
            if self._is_known(outside, scope)
        )

    def _is_known(self, node: e.Expression, scope: _Scope) -> bool:
        """Return True if an expression is the tenant, or NULL."""
        node = bare(node)
        match node:
            case e.Var(levels_up=0):
                column = resolved(node, scope.query)
                if isinstance(column, e.Var):
                    return (column.index, column.column) in scope.known
                return self._is_known(column, scope)
            case e.Var(levels_up=up):
                if up > len(scope.around):
                    return False
                outer = scope.around[up - 1]
                inner = e.Var(index=node.index, column=node.column, type=node.type)
                return self._is_known(inner, outer)
            case e.CoalesceExpr(args=args):
                return all(self._is_known(arg, scope) for arg in args)
            case _:
                rules = self._rules
                found = tenant_of(node, rules.setting, rules.accessors)
                return found is not None and found == self._tenant

    def _column(self, node: e.Expression, query: Query) -> ColumnOf | None:
        node = bare(node)
        if not isinstance(node, e.Var) or node.levels_up:
            return None
        column = resolved(node, query)
        if isinstance(column, e.Var) and not column.levels_up:
            return (column.index, column.column)
        return None

    def _known_results(self, scope: _Scope) -> frozenset[int]:
        query = scope.query
        if query.set_operations is not None:
            # Of rows that come from several queries, what is known of each.
            numbers = [
                frozenset(n for i, n in scope.known if i == index)
                for index in operands(query.set_operations)
            ]
            return frozenset.intersection(*numbers)
        return frozenset(
            target.number
            for target in query.results
            if self._is_known(target.expression, scope)
        )

    # --- What is judged

    def _check_item(self, scope: _Scope, index: int) -> None:
        query = scope.query
        entry = query.entry(index)
        match entry.kind:
            case RteKind.RELATION:
                self._check_table(scope, index)
            case RteKind.SUBQUERY if entry.subquery is not None:
                pushed = scope.pushed
                if query.set_operations is None:
                    pushed = frozenset(n for i, n in scope.known if i == index)
                with self._entered(entry):
                    self._prove(entry.subquery, (scope, *scope.around), pushed)
            case RteKind.NAMED_TUPLESTORE:
                self._omit(f'nothing is known of "{entry.name}"')
            case _:
                pass

    @contextmanager
    def _entered(self, entry: RangeTableEntry) -> Iterator[None]:
        """Remember within the block that it is about a view, if the entry is one."""
        before = self._inside
        if before is None and _is_view(entry):
            relation = self._rules.catalog.relations.get(entry.relation)
            self._inside = (relation.name if relation else entry.name, entry.name)
        yield
        self._inside = before

    def _check_table(self, scope: _Scope, index: int) -> None:
        query, rules = scope.query, self._rules
        entry = query.entry(index)
        conflict = query.on_conflict
        if conflict is not None and index == conflict.excluded:
            return
        self.tables.add(entry.relation)
        if entry.relation in rules.foreign:
            self._omit(
                f'"{self._name(entry)}" holds rows of all tenants and has no column'
                f' "{rules.column}"',
                entry,
            )
        number = self._tenant_column(query, index)
        if not number or (index, number) in scope.known:
            return
        if index == query.result_relation and query.command is CommandType.INSERT:
            return  # `_check_writes` has said it.
        tree = query.join_tree
        word = "AND" if tree is not None and tree.condition else "WHERE"
        does = "writes to" if index == query.result_relation else "reads"
        self._omit(
            f'{does} table "{self._name(entry)}" without restricting'
            f' "{rules.column}" to one tenant',
            entry,
            hint=f"add {word} {entry.name}.{rules.column} ="
            f" {self._example(scope, index)}",
        )

    def _example(self, scope: _Scope, index: int) -> str:
        """Return what a table's column can be compared with."""
        rules = self._rules
        for other, number in sorted(scope.known):
            entry = scope.query.entry(other)
            if other != index and rules.columns.get(entry.relation) == number:
                return f"{entry.name}.{rules.column}"
        return f"@{rules.column}"

    def _check_writes(self, scope: _Scope) -> None:
        query = scope.query
        if not query.result_relation:
            return
        number = self._tenant_column(query, query.result_relation)
        if not number:
            return
        entry = query.entry(query.result_relation)
        match query.command:
            case CommandType.INSERT:
                self._check_inserted(query.targets, number, entry, scope)
                if query.on_conflict is not None:
                    self._check_conflict(query.on_conflict, number, entry, scope)
            case CommandType.UPDATE:
                self._check_assigned(query.targets, number, entry, scope)
            case CommandType.MERGE:
                for action in query.merge_actions:
                    if action.command is CommandType.INSERT:
                        self._check_inserted(action.targets, number, entry, scope)
                    elif action.command is CommandType.UPDATE:
                        self._check_assigned(action.targets, number, entry, scope)
            case _:
                pass

    def _check_inserted(
        self,
        targets: Sequence[TargetEntry],
        number: int,
        entry: RangeTableEntry,
        scope: _Scope,
    ) -> None:
        written = _assigned(targets, number)
        if written is None or not self._is_known(written, scope):
            column = self._rules.column
            self._omit(
                f'inserts into table "{self._name(entry)}" without writing the tenant'
                f' to "{column}"',
                entry,
                hint=f"write @{column} to {column}",
            )

    def _check_assigned(
        self,
        targets: Sequence[TargetEntry],
        number: int,
        entry: RangeTableEntry,
        scope: _Scope,
    ) -> None:
        written = _assigned(targets, number)
        if written is not None and not self._is_known(written, scope):
            column = self._rules.column
            self._omit(
                f'changes "{column}" of table "{self._name(entry)}"',
                entry,
                hint=f"remove {column} from SET",
            )

    def _check_conflict(
        self,
        conflict: OnConflict,
        number: int,
        entry: RangeTableEntry,
        scope: _Scope,
    ) -> None:
        if not conflict.update:
            return
        self._check_assigned(conflict.assignments, number, entry, scope)
        place, column = scope.query.result_relation, self._rules.column
        relation = self._rules.catalog.relations.get(entry.relation)
        catalog = self._rules.catalog
        if relation and number in arbiter_columns(conflict, relation, catalog):
            return
        # The row that is there can be another tenant's, unless WHERE compares it.
        own = (place, number)
        compared = {(own, (conflict.excluded, number)), (own, True)}
        if conflict.condition is not None:
            compared &= self._pairs(conflict.condition, scope)
        else:
            compared = set()
        if not compared:
            self._omit(
                "ON CONFLICT can update a row of another tenant in table"
                f' "{self._name(entry)}"',
                entry,
                hint=f"name a unique key with {column}: ON CONFLICT ({column}, …)",
            )

    def _name(self, entry: RangeTableEntry) -> str:
        relation = self._rules.catalog.relations.get(entry.relation)
        return relation.name if relation else entry.name

    def _tenant_column(self, query: Query, index: int) -> int:
        """Return the `attnum` of the tenant's column of an item of FROM, or 0."""
        if not index:
            return 0
        entry = query.entry(index)
        if entry.kind is not RteKind.RELATION:
            return 0
        return self._rules.columns.get(entry.relation, 0)

    def _omit(
        self,
        message: str,
        entry: RangeTableEntry | None = None,
        hint: str | None = None,
    ) -> None:
        relation = self._rules.catalog.relations.get(entry.relation) if entry else None
        name = relation.name if relation else None
        alias = entry.name if entry else None
        if self._inside is not None:
            name, alias = self._inside
            message, hint = f"through {name}, {message}", None
        found = Omission(message=message, table=name, alias=alias, hint=hint)
        if found not in self.omissions:
            self.omissions.append(found)


def _is_view(entry: RangeTableEntry) -> bool:
    """Return True if a subquery is a view; until 15 only its own entries show that."""
    own = entry.subquery.range_table if entry.subquery else ()
    return entry.relation_kind == _VIEW or any(
        one.kind is RteKind.RELATION and one.relation_kind == _VIEW for one in own
    )


def _assigned(targets: Sequence[TargetEntry], number: int) -> e.Expression | None:
    return next(
        (t.expression for t in targets if t.number == number and not t.junk), None
    )
