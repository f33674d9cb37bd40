"""Facts about a query's rows from WHERE, ON, HAVING and the enclosing queries."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.nullability.facts import FactFinder
from reposgen.analysis.nullability.grouping import read_grouping
from reposgen.analysis.nullability.jointree import read_join_tree
from reposgen.analysis.nullability.program_point import ProgramPoint, Scope
from reposgen.analysis.nullability.proof_context import NotNullFacts
from reposgen.analysis.nullability.rows import always_matches
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import CommandType, RteKind
from reposgen.live_schema.tree.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reposgen.analysis.nullability.facts import Outcome
    from reposgen.analysis.nullability.jointree import Side
    from reposgen.analysis.nullability.program_point import Prover
    from reposgen.live_schema.tree.model import Query

    Values = frozenset[e.Expression]

_NO_VALUES: Values = frozenset()


def make_scope(query: Query) -> Scope:
    """Return the scope of a query."""
    return Scope(
        query=query, joins=read_join_tree(query), grouping=read_grouping(query)
    )


def make_place(
    prover: Prover,
    scope: Scope,
    enclosing: ProgramPoint | None,
    assumed: frozenset[int],
) -> ProgramPoint:
    """Return the place of a query's results.

    Args:
        prover: prover of the statement.
        scope: scope of the query.
        enclosing: place of the enclosing query; None for the statement itself.
        assumed: result columns that are not NULL in the rows that matter.
    """
    query = scope.query
    finder = _finder(prover)
    rows = ProgramPoint(
        prover=prover, scope=scope, enclosing=enclosing, outer=enclosing
    )
    results = {
        target.number: target.expression
        for target in query.results
        if not query.set_operations
    }
    output = _NO_VALUES.union(
        *(finder.present(results[n]) for n in assumed if n in results)
    )
    if query.command is not CommandType.SELECT:
        # RETURNING returns the new row, and WHERE is about the old row.
        _close(rows, finder, _NO_VALUES)
        others = frozenset(
            value
            for value in rows.known.values
            if isinstance(value, e.Var) and value.index != query.result_relation
        )
        return ProgramPoint(
            prover=prover,
            scope=scope,
            known=NotNullFacts(others, rows.known.sides),
            enclosing=enclosing,
            outer=rows.outer,
            rows=rows,
            returning=True,
            matches=rows.matches,
        )
    if not scope.grouping.groups:
        _close(rows, finder, output)
        rows.assumed = assumed
        return rows
    groups = output
    if query.having is not None:
        groups |= finder.holds(query.having)
    _close(rows, finder, _before_grouping(groups))
    lifting = groups if scope.grouping.may_be_empty else groups | rows.known.values
    return ProgramPoint(
        prover=prover,
        scope=scope,
        known=NotNullFacts(groups, rows.known.sides),
        enclosing=enclosing,
        outer=_lifted(enclosing, lifting),
        rows=rows,
        assumed=assumed,
        matches=rows.matches,
    )


def assume(
    place: ProgramPoint, values: Values, sides: frozenset[Side] = frozenset()
) -> ProgramPoint:
    """Return a place for those rows in which further values are not NULL.

    Args:
        place: the place.
        values: expressions that are not NULL.
        sides: sides of outer joins that are not nulled.
    """
    if values <= place.known.values and sides <= place.known.sides:
        return place
    new = ProgramPoint(
        prover=place.prover,
        scope=place.scope,
        known=NotNullFacts(place.known.values, place.known.sides | sides),
        enclosing=place.enclosing,
        outer=place.outer,
        assumed=place.assumed,
        returning=place.returning,
        origin=place.origin or place,
        matches=dict(place.matches),
    )
    if place.rows is None:
        _close(new, _finder(place.prover), values)
    elif place.returning:
        new.rows = place.rows
        new.known = NotNullFacts(place.known.values | values, new.known.sides)
        new.outer = _lifted(place.outer, values)
    else:
        new.rows = assume(place.rows, _before_grouping(values), sides)
        new.known = NotNullFacts(place.known.values | values, new.rows.known.sides)
        new.outer = _lifted(place.outer, values)
    return new


def after(
    place: ProgramPoint, condition: e.Expression, outcome: Outcome
) -> Values | None:
    """Return the values that are not NULL if a condition has an outcome.

    Returns:
        None if the condition cannot have the outcome.
    """
    return _finder(place.prover).after(condition, outcome)


def plain(place: ProgramPoint) -> ProgramPoint:
    """Return the place of all rows, including those that enclosing queries filter out.

    A window function sees these rows too.
    """
    origin = place.origin or place
    if origin.plain is None:
        origin.plain = make_place(
            place.prover, place.scope, place.enclosing, frozenset()
        )
        origin.plain.plain = origin.plain
    return origin.plain


def _close(place: ProgramPoint, finder: FactFinder, values: Values) -> None:
    """Add values, and everything that follows from them, to the facts about rows."""
    joins = place.scope.joins
    known = set(place.known.values) | values
    sides = set(place.known.sides)
    pending = list(joins.conditions)
    outer = [o for o in joins.outer if o.side not in sides]
    fresh = list(known)
    while True:
        while fresh:
            value = fresh.pop()
            for implied in _behind(place, finder, value):
                if implied not in known:
                    known.add(implied)
                    fresh.append(implied)
            if isinstance(value, e.Var) and not value.levels_up:
                sides |= _shown(place, value)
        place.known = NotNullFacts(frozenset(known), frozenset(sides))
        for join in outer:
            if join.side not in sides and (why := always_matches(place, join)):
                sides.add(join.side)
                place.matches[join.side] = why
        due = [c for c in pending if c.unless <= sides]
        if not due and sides == place.known.sides:
            break
        pending = [c for c in pending if not c.unless <= sides]
        for condition in due:
            fresh += finder.holds(condition.expression) - known
        known.update(fresh)
    place.outer = _lifted(place.enclosing, place.known.values)
    # Cached places and proofs were made with fewer facts.
    place.entered.clear()
    place.proofs.clear()


def _shown(place: ProgramPoint, var: e.Var) -> frozenset[Side]:
    """Return the sides of outer joins that are not nulled if a column is not NULL."""
    if var.column == 0 and place.query.entry(var.index).kind is RteKind.JOIN:
        # Before PostgreSQL 16, a whole row of a join is not NULL even if the join is
        # nulled.
        return frozenset()
    return place.scope.joins.nullable.get(var.index, frozenset())


def _behind(
    place: ProgramPoint, finder: FactFinder, value: e.Expression
) -> Iterable[e.Expression]:
    """Return the values that cannot be NULL if a join's or group's column is not NULL.

    Returns:
        Empty for a column that is neither a join's nor the grouping step's.
    """
    if not isinstance(value, e.Var) or value.levels_up or value.column < 1:
        return ()
    entry = place.query.entry(value.index)
    if entry.kind is RteKind.JOIN:
        return finder.present(entry.join_columns[value.column - 1])
    if entry.kind is RteKind.GROUP:
        return finder.present(entry.group_expressions[value.column - 1])
    return ()


def _lifted(
    outer: ProgramPoint | None, values: Iterable[e.Expression]
) -> ProgramPoint | None:
    if outer is None:
        return None
    lifted = frozenset(
        replace(value, levels_up=value.levels_up - 1)
        for value in values
        if isinstance(value, e.Var) and value.levels_up
    )
    return assume(outer, lifted) if lifted else outer


def _finder(prover: Prover) -> FactFinder:
    return FactFinder(prover.knowledge, lambda link: _of_subquery(link, prover))


def _of_subquery(link: e.SubLink, prover: Prover) -> Iterable[e.Expression]:
    """Return the outer columns that are not NULL if a subquery has a row."""
    inner = prover.enter(link.query, None)
    known = inner.known.values
    if inner.rows is not None and not inner.scope.grouping.may_be_empty:
        known |= inner.rows.known.values
    return (
        replace(value, levels_up=value.levels_up - 1)
        for value in known
        if isinstance(value, e.Var) and value.levels_up
    )


def _before_grouping(values: Values) -> Values:
    """Return the values that mean the same before the grouping step."""
    return frozenset(
        value
        for value in values
        if not any(isinstance(n, e.Aggref | e.GroupingFunc) for n in walk(value))
    )
