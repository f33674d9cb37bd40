"""Violations that can make the server reject a write, and the write's side effects.

The constraints are those of the written tables, of their partitions and inheriting
tables, and of the tables that foreign key actions change. A partition's copy of a
constraint counts as the original constraint.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from reposgen.analysis.arbiters import inferred
from reposgen.analysis.changes import (
    NOTHING,
    Change,
    can_fail,
    catalog_condition,
    is_distinct,
    is_null,
    name_of,
    names_of,
    numbers_of,
    with_computed,
)
from reposgen.analysis.domains import column_domains, domain_violations, is_certain
from reposgen.analysis.model import (
    CheckOptionViolation,
    DomainViolation,
    Elements,
    EmptyPeriod,
    PartitionMissing,
    PolicyViolation,
    Violation,
)
from reposgen.analysis.nullability import assignment_prover
from reposgen.analysis.partitions import has_gap
from reposgen.live_schema.model import ConstraintKind, Relation, RelationKind
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import CommandType, Query
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import (
        Callable,
        Hashable,
        Iterable,
        Iterator,
        Mapping,
        Sequence,
    )

    from reposgen.analysis.model import Refusal
    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import (
        Catalog,
        Constraint,
        RelationColumn,
        Trigger,
    )
    from reposgen.live_schema.tree.model import OnConflict, TargetEntry

_CASCADES, _SETS_NULL, _SETS_DEFAULT = "c", "n", "d"
_UPDATE = frozenset({"w", "*"})
_SELECT = frozenset({"r", "*"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """Consequences of a statement's writes.

    Attributes:
        refusals: constraints in the order of the catalog, then other reasons.
        writes: `attnum`s of the assigned columns, by oid of the changed table.
        triggers: the user's triggers that fire, each with its table.
    """

    refusals: tuple[Refusal, ...]
    writes: Mapping[int, frozenset[int]]
    triggers: tuple[tuple[Relation, Trigger], ...]


def consequences(
    trees: Sequence[Query],
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int],
    elements: Elements,
) -> Consequences:
    """Return the consequences of a statement's writes.

    Args:
        trees: the statement, and the queries that rewrite rules add to it.
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        nullable_parameters: numbers of the parameters that can be NULL.
        elements: nullability of the elements of the schema's and parameters' arrays.
    """
    finder = _Finder(
        catalog=catalog,
        functions=functions,
        nullable_parameters=nullable_parameters,
        elements=elements,
    )
    for tree in trees:
        for node in tree.nodes:
            if isinstance(node, Query) and node.result_relation:
                finder.write(tree, node)
    nodes = [node for tree in trees for node in tree.nodes]
    for violation in domain_violations(nodes, catalog, functions, nullable_parameters):
        finder.refuse(violation)
    constraints = (
        Violation(relation=catalog.relations[oid], constraint=constraint)
        for oid in sorted({oid for oid, _ in finder.found})
        for constraint in catalog.relations[oid].constraints
        if (oid, constraint.name) in finder.found
    )
    return Consequences(
        refusals=(*constraints, *finder.others.values()),
        writes=finder.writes,
        triggers=tuple(finder.triggers.values()),
    )


def emptied(
    relations: Iterable[Relation],
    catalog: Catalog,
    functions: BuiltinFunctions,
    *,
    cascade: bool,
) -> Consequences:
    """Return the consequences of a TRUNCATE."""
    finder = _Finder(
        catalog=catalog,
        functions=functions,
        nullable_parameters=frozenset(),
        elements=Elements(),
    )
    for relation in relations:
        finder.truncate(relation, cascade=cascade)
    return Consequences(
        refusals=(), writes=finder.writes, triggers=tuple(finder.triggers.values())
    )


@dataclass(slots=True, kw_only=True)
class _Finder:
    catalog: Catalog
    functions: BuiltinFunctions
    nullable_parameters: frozenset[int]
    elements: Elements
    found: set[tuple[int, str]] = field(default_factory=set)
    others: dict[Hashable, Refusal] = field(default_factory=dict)
    writes: dict[int, frozenset[int]] = field(default_factory=dict)
    triggers: dict[tuple[int, str], tuple[Relation, Trigger]] = field(
        default_factory=dict
    )
    _done: set[tuple[int, Change | None]] = field(default_factory=set)

    def write(self, tree: Query, query: Query) -> None:
        """Add the consequences of an INSERT, UPDATE, DELETE or MERGE.

        Args:
            tree: the statement.
            query: the statement itself, or one of its CTEs.
        """
        entry = query.entry(query.result_relation)
        relation = self.catalog.relations.get(entry.relation)
        if relation is None:
            return
        inherited = entry.inherited
        proves = assignment_prover(
            tree,
            self.catalog,
            self.functions,
            self.nullable_parameters,
            self.elements,
        )
        for command, targets in _actions(query):
            change = self._change(query, relation, targets, proves)
            match command:
                case CommandType.INSERT:
                    self._insert(relation, change, query.on_conflict)
                    self._check_options(query, None)
                case CommandType.UPDATE:
                    self._update(relation, change, inherited=inherited)
                    self._check_options(query, change)
                    self._check_policies(relation, change)
                case CommandType.DELETE:
                    self._delete(relation, inherited=inherited)
                case _:
                    pass
        conflict = query.on_conflict
        if conflict is not None and conflict.update:
            change = self._change(query, relation, conflict.assignments, proves)
            self._update(relation, change, inherited=False)
            self._check_options(query, change)

    def refuse(self, refusal: Refusal) -> None:
        """Add a reason other than a table's constraint."""
        key: Hashable
        match refusal:
            case DomainViolation(domain=domain, check=check):
                key = (domain.oid, check and check.name)
            case CheckOptionViolation(view=view):
                key = view
            case Violation(relation=relation) | EmptyPeriod(relation=relation):
                key = (type(refusal), relation.oid)
            case (
                PartitionMissing(relation=relation) | PolicyViolation(relation=relation)
            ):
                key = (type(refusal), relation.oid)
        self.others.setdefault(key, refusal)

    def truncate(self, relation: Relation, *, cascade: bool) -> None:
        """Add the consequences of a TRUNCATE."""
        if relation.oid in self.writes:
            return
        self._note(relation, "truncate", frozenset())
        for one in self._hit(relation, inherited=True).values():
            self._note(one, "truncate", frozenset())
            for child, _ in self.catalog.references.get(one.oid, ()):
                if cascade:
                    self.truncate(child, cascade=True)

    def _insert(
        self, relation: Relation, change: Change, conflict: OnConflict | None
    ) -> None:
        self._note(relation, "insert", numbers_of(relation, change.assigned))
        given = change.assigned - change.nulls
        hit = self._hit(relation, inherited=False)
        for one, constraint in self._constraints(hit):
            columns = names_of(one, constraint.columns)
            match constraint.kind:
                case ConstraintKind.FOREIGN_KEY if constraint.match_full:
                    possible = bool(columns & given)
                case ConstraintKind.FOREIGN_KEY:
                    # A foreign key with a NULL in one of its columns refers to no row.
                    possible = columns <= given
                case ConstraintKind.NOT_NULL:
                    possible = not columns <= change.certain
                case ConstraintKind.CHECK:
                    possible = True
                case _:
                    possible = not (
                        is_distinct(one, constraint, change.nulls)
                        or self._arbitrates(conflict, relation, one, constraint)
                    )
            if possible:
                self._add(one, constraint)
        if relation.partition_bound is not None or has_gap(relation, self.catalog):
            self.refuse(PartitionMissing(relation=relation))
        if relation.row_security:
            self.refuse(PolicyViolation(relation=relation))
        self._check_columns(relation.columns, change.assigned)

    def _update(self, relation: Relation, change: Change, *, inherited: bool) -> None:
        if (relation.oid, change) in self._done:
            return
        self._done.add((relation.oid, change))
        self._note(relation, "update", numbers_of(relation, change.assigned))
        hit = self._hit(relation, inherited=inherited)
        moves = any(
            change.touches(names_of(one, one.partition_columns)) for one in hit.values()
        )
        for one, constraint in self._constraints(hit):
            if change.by is not None and change.by == self._key(one, constraint):
                continue
            whole = moves and one is not relation
            if self._can_violate(
                one, constraint, with_computed(one, change, whole=whole)
            ):
                self._add(one, constraint)
        computed = (
            column
            for column in relation.columns
            if change.touches(names_of(relation, column.generated_from))
        )
        self._check_columns(computed, NOTHING)
        leaves = relation.partition_bound is not None and any(
            change.touches(names_of(ancestor, ancestor.partition_columns))
            for ancestor in self.catalog.ancestors(relation)
        )
        if leaves or (moves and has_gap(relation, self.catalog)):
            self.refuse(PartitionMissing(relation=relation))
        for child, constraint, pairs in self._references(hit):
            if not change.assigned.isdisjoint(pairs.values()):
                known = {
                    name
                    for name, source in pairs.items()
                    if any(
                        c.name == source and c.not_null_only for c in relation.columns
                    )
                }
                self._act(child, constraint, constraint.on_update, frozenset(known))

    def _delete(self, relation: Relation, *, inherited: bool) -> None:
        if (relation.oid, None) in self._done:
            return
        self._done.add((relation.oid, None))
        self._note(relation, "delete", frozenset())
        for child, constraint, _ in self._references(
            self._hit(relation, inherited=inherited)
        ):
            if constraint.on_delete == _CASCADES:
                self._delete(child, inherited=bool(child.partition_strategy))
            else:
                action = constraint.on_delete
                self._act(child, constraint, action, NOTHING, constraint.set_columns)

    def _act(
        self,
        child: Relation,
        constraint: Constraint,
        action: str,
        known: frozenset[str],
        columns: tuple[int, ...] | None = None,
    ) -> None:
        """Add the consequences of a foreign key's action.

        Args:
            child: the table that has the foreign key.
            constraint: the foreign key.
            action: `confdeltype` or `confupdtype`.
            known: the key's columns that get a value that is not NULL.
            columns: `attnum`s of the columns that are set; None for all.
        """
        names = names_of(child, constraint.columns)
        assigned = names if columns is None else names_of(child, columns)
        key = (child.oid, constraint.name)
        nulls = NOTHING
        if action == _SETS_NULL:
            nulls = assigned
        elif action == _SETS_DEFAULT:
            defaults = {c.name for c in child.columns if c.has_default}
            nulls = assigned - defaults
        elif action != _CASCADES:
            self._add(child, constraint)
            return
        if action != _CASCADES and not (
            nulls >= names if constraint.match_full else nulls
        ):
            self._add(child, constraint)
        change = Change(assigned=assigned, nulls=nulls, certain=known, by=key)
        self._update(child, change, inherited=bool(child.partition_strategy))

    def _can_violate(
        self, relation: Relation, constraint: Constraint, change: Change
    ) -> bool:
        """Return True if a row that satisfied a constraint can violate it now.

        Args:
            relation: the table.
            constraint: its constraint.
            change: the change of the row.
        """
        names = names_of(relation, constraint.columns)
        match constraint.kind:
            case ConstraintKind.NOT_NULL:
                uncertain = change.touches(names) and not names <= change.certain
                return uncertain or not constraint.validated
            case ConstraintKind.CHECK:
                # PostgreSQL checks all CHECKs, whichever columns change.
                return (
                    change.touches(names_of(relation, constraint.depends))
                    or not constraint.validated
                    or not constraint.is_steady
                )
            case ConstraintKind.FOREIGN_KEY:
                nulls = names & change.nulls
                refers = nulls != names if constraint.match_full else not nulls
                return refers and change.touches(names)
            case _:
                return change.touches(
                    names_of(relation, constraint.depends)
                ) and not is_distinct(relation, constraint, change.nulls)

    def _check_columns(
        self, columns: Iterable[RelationColumn], given: frozenset[str]
    ) -> None:
        for column in columns:
            for violation in column_domains(column, given):
                self.refuse(violation)

    def _change(
        self,
        query: Query,
        relation: Relation,
        targets: tuple[TargetEntry, ...],
        proves: Callable[[Query, e.Expression], bool],
    ) -> Change:
        kept = [target for target in targets if not target.junk]
        nulls = (t.number for t in kept if is_null(t.expression))
        certain = (
            t.number
            for t in kept
            if is_certain(t.expression, self.functions, self.nullable_parameters)
            or proves(query, t.expression)
        )
        return Change(
            assigned=names_of(relation, (t.number for t in kept)),
            nulls=names_of(relation, nulls),
            certain=names_of(relation, certain),
        )

    def _hit(self, relation: Relation, *, inherited: bool) -> Mapping[int, Relation]:
        """Return the tables whose rows a write changes, by oid."""
        hit = {relation.oid: relation}
        if inherited or relation.kind is RelationKind.PARTITIONED_TABLE:
            descendants = self.catalog.descendants.get(relation.oid, ())
            hit |= {one.oid: one for one in descendants}
        return hit

    def _constraints(
        self, hit: Mapping[int, Relation]
    ) -> Iterator[tuple[Relation, Constraint]]:
        """Yield the constraints of tables, without a partition's copies."""
        for relation in hit.values():
            for constraint in relation.constraints:
                if constraint.parent is None or constraint.parent[0] not in hit:
                    yield relation, constraint

    def _references(
        self, hit: Mapping[int, Relation]
    ) -> Iterator[tuple[Relation, Constraint, Mapping[str, str]]]:
        """Yield the foreign keys that refer to tables, with pairs of column names.

        The pairs map the key's columns to the referenced ones.
        """
        seen = set()
        for relation in hit.values():
            for child, constraint in self.catalog.references.get(relation.oid, ()):
                root, named = self.catalog.root(child, constraint)
                if (root.oid, named.name) in seen:
                    continue
                seen.add((root.oid, named.name))
                pairs = {
                    name_of(child, number): name_of(relation, referenced)
                    for number, referenced in zip(
                        constraint.columns, constraint.referenced_columns, strict=True
                    )
                }
                yield root, named, pairs

    def _arbitrates(
        self,
        conflict: OnConflict | None,
        target: Relation,
        relation: Relation,
        constraint: Constraint,
    ) -> bool:
        """Return True if ON CONFLICT handles the violations of a unique constraint."""
        if conflict is None:
            return False
        if not (conflict.constraint or conflict.arbiters):
            return not constraint.deferrable
        root, named = self.catalog.root(relation, constraint)
        if conflict.constraint:
            named_one = next(
                (c for c in target.constraints if c.oid == conflict.constraint), None
            )
            return named_one is not None and (root.oid, named.name) == self._key(
                target, named_one
            )
        if constraint.kind is ConstraintKind.EXCLUSION or constraint.deferrable:
            return False
        if relation is not target:
            return False
        return constraint.name in inferred(conflict, target, self.catalog.major)

    def _check_options(self, query: Query, change: Change | None) -> None:
        """Add the WITH CHECK OPTION of views that a written row can violate.

        Args:
            query: the write.
            change: the change of a row that was in the view; None for a new row.
        """
        for option in query.check_options:
            if not isinstance(option, e.CheckOption) or option.kind:
                continue
            relation = self.catalog.relations.get(
                query.entry(query.result_relation).relation
            )
            if (
                change is None
                or relation is None
                or can_fail(option.condition, query.result_relation, relation, change)
            ):
                self.refuse(CheckOptionViolation(view=option.relation))

    def _check_policies(self, relation: Relation, change: Change) -> None:
        if not relation.row_security:
            return
        updating = [p for p in relation.policies if p.command in _UPDATE]
        reading = [p for p in relation.policies if p.command in _SELECT]
        conditions = [p.using for p in (*updating, *reading)]
        if updating and (
            any(p.check not in {None, p.using} for p in updating)
            or any(
                can_fail(
                    catalog_condition(text, self.catalog.major), 1, relation, change
                )
                for text in conditions
                if text
            )
        ):
            self.refuse(PolicyViolation(relation=relation))

    def _note(self, relation: Relation, event: str, numbers: frozenset[int]) -> None:
        """Add a written table, and the triggers that fire."""
        self.writes[relation.oid] = self.writes.get(relation.oid, frozenset()) | numbers
        for trigger in relation.triggers:
            fires = event in trigger.events and not (
                event == "update"
                and trigger.columns
                and not relation.has_children
                and numbers.isdisjoint(trigger.columns)
            )
            if fires:
                self.triggers.setdefault(
                    (relation.oid, trigger.name), (relation, trigger)
                )

    def _key(self, relation: Relation, constraint: Constraint) -> tuple[int, str]:
        root, named = self.catalog.root(relation, constraint)
        return root.oid, named.name

    def _add(self, relation: Relation, constraint: Constraint) -> None:
        self.found.add(self._key(relation, constraint))
        if constraint.is_period and constraint.kind in {
            ConstraintKind.PRIMARY_KEY,
            ConstraintKind.UNIQUE,
        }:
            self.refuse(EmptyPeriod(relation=relation, constraint=constraint))


def _actions(
    query: Query,
) -> Iterator[tuple[CommandType, tuple[TargetEntry, ...]]]:
    if query.command is CommandType.MERGE:
        yield from ((action.command, action.targets) for action in query.merge_actions)
    else:
        yield query.command, query.targets
