"""Which constraints the writes of a statement can violate."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.analysis.model import Violation
from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.model import Constraint, ConstraintKind, Relation
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import CommandType
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog
    from reposgen.live_schema.tree.model import OnConflict, Query, TargetEntry

_UNIQUE = frozenset(
    {ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION}
)
_REFUSES = frozenset({"a", "r"})  # NO ACTION, RESTRICT
_CASCADES, _SETS_NULL, _SETS_DEFAULT = "c", "n", "d"


def possible_violations(
    queries: Iterable[Query],
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int],
) -> tuple[Violation, ...]:
    """The constraints that statements can violate, in the order of the catalog.

    Foreign keys that point to a written table are among them, and what their
    cascades can violate further on.
    """
    finder = _Finder(
        catalog=catalog,
        functions=functions,
        nullable_parameters=nullable_parameters,
    )
    for query in queries:
        if not query.result_relation:
            continue
        relation = catalog.relations.get(query.entry(query.result_relation).relation)
        if relation is not None:
            finder.write(query, relation)
    return tuple(
        Violation(relation=catalog.relations[oid], constraint=constraint)
        for oid in sorted({oid for oid, _ in finder.found})
        for constraint in catalog.relations[oid].constraints
        if (oid, constraint.name) in finder.found
    )


@dataclass(slots=True, kw_only=True)
class _Finder:
    catalog: Catalog
    functions: BuiltinFunctions
    nullable_parameters: frozenset[int]
    found: set[tuple[int, str]] = field(default_factory=set)
    _deleted: set[int] = field(default_factory=set)
    _updated: set[tuple[int, frozenset[int], str]] = field(default_factory=set)

    def write(self, query: Query, relation: Relation) -> None:
        match query.command:
            case CommandType.INSERT:
                self._insert(relation, query.targets, query.on_conflict)
            case CommandType.UPDATE:
                self._assign(relation, query.targets)
            case CommandType.DELETE:
                self._delete(relation)
            case CommandType.MERGE:
                for action in query.merge_actions:
                    match action.command:
                        case CommandType.INSERT:
                            self._insert(relation, action.targets, None)
                        case CommandType.UPDATE:
                            self._assign(relation, action.targets)
                        case CommandType.DELETE:
                            self._delete(relation)
                        case _:
                            pass
            case _:
                pass

    def _insert(
        self,
        relation: Relation,
        targets: tuple[TargetEntry, ...],
        conflict: OnConflict | None,
    ) -> None:
        given = {t.number for t in targets if not _is_null(t.expression)}
        certain = {t.number for t in targets if self._is_certain(t.expression)}
        for constraint in relation.constraints:
            columns = set(constraint.columns)
            match constraint.kind:
                case ConstraintKind.FOREIGN_KEY:
                    # With a NULL among its columns a key refers to nothing.
                    possible = columns <= given
                case ConstraintKind.NOT_NULL:
                    possible = not columns <= certain
                case ConstraintKind.CHECK:
                    possible = True
                case _:
                    possible = not _arbitrates(conflict, constraint)
            if possible:
                self._add(relation, constraint)
        if conflict is not None and conflict.update:
            self._assign(relation, conflict.assignments)

    def _assign(self, relation: Relation, targets: tuple[TargetEntry, ...]) -> None:
        kept = tuple(t for t in targets if not t.junk)
        certain = frozenset(t.number for t in kept if self._is_certain(t.expression))
        self._update(relation, frozenset(t.number for t in kept), certain)

    def _update(
        self,
        relation: Relation,
        columns: frozenset[int],
        not_null: frozenset[int] = frozenset(),
        *,
        by_action_of: str = "",
    ) -> None:
        key = (relation.oid, columns, by_action_of)
        if key in self._updated:
            return
        self._updated.add(key)
        # Stored columns change with what they are generated from.
        computed = {
            c.number for c in relation.columns if c.generated.value in {"s", "v"}
        }
        for constraint in relation.constraints:
            if constraint.name == by_action_of:
                continue
            touched = set(constraint.columns) & (columns | computed)
            if constraint.kind is ConstraintKind.NOT_NULL:
                touched -= not_null
            # A unique index over expressions alone names no columns.
            expressions = constraint.kind in _UNIQUE and not constraint.columns
            if touched or expressions:
                self._add(relation, constraint)
        for child, constraint in self._references(relation):
            if not columns.intersection(constraint.referenced_columns):
                continue
            self._act(child, constraint, constraint.on_update)

    def _delete(self, relation: Relation) -> None:
        if relation.oid in self._deleted:
            return
        self._deleted.add(relation.oid)
        for child, constraint in self._references(relation):
            if constraint.on_delete == _CASCADES:
                self._delete(child)
            else:
                self._act(child, constraint, constraint.on_delete)

    def _act(self, child: Relation, constraint: Constraint, action: str) -> None:
        columns = frozenset(constraint.columns)
        if action in _REFUSES:
            self._add(child, constraint)
        elif action == _SETS_DEFAULT:
            self._update(child, columns)
        else:
            # The new key or NULL: either keeps the foreign key as it has to be.
            self._update(child, columns, by_action_of=constraint.name)

    def _references(self, relation: Relation) -> Iterable[tuple[Relation, Constraint]]:
        return self.catalog.references.get(relation.oid, ())

    def _add(self, relation: Relation, constraint: Constraint) -> None:
        self.found.add((relation.oid, constraint.name))

    def _is_certain(self, value: e.Expression) -> bool:
        """Whether a value is plainly not NULL."""
        match value:
            case e.Const(value=datum):
                return datum is not None
            case e.Param(kind=e.ParamKind.EXTERNAL, number=number):
                return number not in self.nullable_parameters
            case e.Coerce(arg=arg):
                return self._is_certain(arg)
            case e.NextValueExpr() | e.SqlValueFunction():
                return True
            case e.FuncExpr(function=function, args=args):
                builtin = self.functions.get(function)
                return builtin is not None and (
                    builtin.rule is NullRule.NEVER
                    or (
                        builtin.rule is NullRule.ARGUMENTS
                        and all(self._is_certain(arg) for arg in args)
                    )
                )
            case _:
                return False


def _is_null(value: e.Expression) -> bool:
    return isinstance(value, e.Const) and value.value is None


def _arbitrates(conflict: OnConflict | None, constraint: Constraint) -> bool:
    """Whether ON CONFLICT sees to the violations of a unique constraint."""
    if conflict is None:
        return False
    if conflict.constraint:
        return constraint.oid == conflict.constraint
    if not conflict.arbiters:
        return not conflict.update
    columns = {
        child.column
        for element in conflict.arbiters
        if isinstance(element, e.Unknown)
        for child in element.children
        if isinstance(child, e.Var)
    }
    return constraint.kind is not ConstraintKind.EXCLUSION and columns == set(
        constraint.columns
    )
