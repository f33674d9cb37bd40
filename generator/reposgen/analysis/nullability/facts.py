"""Facts that follow from conditions: the expressions that are not NULL.

Each function returns the expressions that cannot be NULL if a condition has a given
outcome; None if it cannot have that outcome.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from reposgen.live_schema.tree import expressions as e

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reposgen.analysis.nullability.proof_context import ProofContext

    Facts = frozenset[e.Expression]

_NONE: Facts = frozenset()
_BOOL = 16
# Column number that stands for any column of a row that is present.
_PRESENT = -100


class Outcome(Enum):
    """Outcome of a condition."""

    TRUE = auto()
    FALSE = auto()
    NOT_TRUE = auto()
    NOT_FALSE = auto()
    NOT_NULL = auto()


_NEGATED = {
    Outcome.TRUE: Outcome.FALSE,
    Outcome.FALSE: Outcome.TRUE,
    Outcome.NOT_TRUE: Outcome.NOT_FALSE,
    Outcome.NOT_FALSE: Outcome.NOT_TRUE,
    Outcome.NOT_NULL: Outcome.NOT_NULL,
}
_DEFINITE = {Outcome.TRUE, Outcome.FALSE, Outcome.NOT_NULL}
# Result of a test that is never NULL, by outcome.
_SETTLED = {
    Outcome.TRUE: True,
    Outcome.NOT_FALSE: True,
    Outcome.FALSE: False,
    Outcome.NOT_TRUE: False,
}
# For each boolean test, the outcome of its argument if the test is true, and if false.
_TESTS = {
    e.BooleanTestType.IS_TRUE: (Outcome.TRUE, Outcome.NOT_TRUE),
    e.BooleanTestType.IS_NOT_TRUE: (Outcome.NOT_TRUE, Outcome.TRUE),
    e.BooleanTestType.IS_FALSE: (Outcome.FALSE, Outcome.NOT_FALSE),
    e.BooleanTestType.IS_NOT_FALSE: (Outcome.NOT_FALSE, Outcome.FALSE),
    e.BooleanTestType.IS_UNKNOWN: (None, Outcome.NOT_NULL),
    e.BooleanTestType.IS_NOT_UNKNOWN: (Outcome.NOT_NULL, None),
}


class FactFinder:
    """Finder of the expressions that a condition's outcome shows to be not NULL.

    Args:
        knowledge: knows which functions are strict.
        of_subquery: returns the outer expressions that are not NULL if a subquery has a
            row that passes a test.
    """

    def __init__(
        self,
        knowledge: ProofContext,
        of_subquery: Callable[[e.SubLink], Iterable[e.Expression]],
    ) -> None:
        self._knowledge = knowledge
        self._of_subquery = of_subquery

    def holds(self, condition: e.Expression) -> Facts:
        """Return the expressions that are not NULL if a condition is true."""
        return self.after(condition, Outcome.TRUE) or _NONE

    def after(  # noqa: C901, PLR0911 - one return for each kind of condition
        self, node: e.Expression, outcome: Outcome
    ) -> Facts | None:
        """Return the expressions that are not NULL if a condition has an outcome.

        Returns:
            None if the condition cannot have the outcome.
        """
        match node:
            case e.BoolExpr(operator="not", args=(arg,)):
                return self.after(arg, _NEGATED[outcome])
            case e.BoolExpr(operator=operator, args=args):
                return self._joined(operator, args, outcome)
            case e.NullTest():
                return self._null_test(node, outcome)
            case e.BooleanTest(test=test, arg=arg):
                settled = _SETTLED.get(outcome)
                if settled is None or test is None:
                    return _NONE
                inner = _TESTS[test][0 if settled else 1]
                return _NONE if inner is None else self.after(arg, inner)
            case e.Const(type=kind, value=value) if kind == _BOOL:
                return _constant(value, outcome)
            case e.SubLink():
                return self._sublink(node, outcome)
            case e.CoalesceExpr(args=args):
                return self._coalesce(args, outcome)
            case e.CaseExpr(arg=None):
                return self._case(node, outcome)
            case e.DistinctExpr(args=(left, right)):
                return self._distinct(left, right, outcome)
            case _:
                return self._plain(node, outcome)

    def present(self, node: e.Expression) -> Facts:
        """Return the expressions that are not NULL if an expression is not NULL.

        The expression itself is one of them.
        """
        return frozenset(self._present(node))

    def _plain(self, node: e.Expression, outcome: Outcome) -> Facts:
        if outcome not in _DEFINITE:
            return _NONE
        facts = self.present(node)
        if isinstance(node, e.ScalarArrayOpExpr) and self._knowledge.strict(
            node.function
        ):
            # For an empty array, ANY is false and ALL is true without any comparison.
            compared = (outcome is Outcome.TRUE and node.any) or (
                outcome is Outcome.FALSE and not node.any
            )
            if compared or _has_elements(node.args[1]):
                facts |= self.present(node.args[0])
        return facts

    def _present(self, node: e.Expression) -> Iterable[e.Expression]:
        if isinstance(node, e.Var):
            yield node
            if node.column:
                yield e.Var(
                    index=node.index,
                    column=_PRESENT,
                    type=0,
                    levels_up=node.levels_up,
                    returning=node.returning,
                )
        elif not isinstance(node, e.Const | e.Param) and self._knowledge.repeatable(
            node
        ):
            yield node
        for arg in self._needed(node):
            yield from self._present(arg)

    def _needed(  # noqa: PLR0911 - one return for each kind of expression
        self, node: e.Expression
    ) -> tuple[e.Expression, ...]:
        """Return the arguments that make a node NULL if they are NULL."""
        match node:
            case (
                e.FuncExpr(function=function, args=args)
                | e.OpExpr(function=function, args=args)
            ):
                return args if self._knowledge.strict(function) else ()
            case e.ScalarArrayOpExpr(function=function, args=args):
                return args[1:] if self._knowledge.strict(function) else ()
            case e.NamedArgExpr(arg=arg) | e.Coerce(arg=arg) | e.FieldSelect(arg=arg):
                return (arg,)
            case e.BoolExpr(operator="not", args=args):
                return args
            case e.NullIfExpr(args=args):
                return args[:1]
            case e.RowCompareExpr(left=left, right=right):
                return (left[0], right[0])
            case e.SubscriptingRef(container=container, assigned=None):
                return (container, *node.subscripts)
            case e.CoalesceExpr(args=(arg,)) | e.MinMaxExpr(args=(arg,)):
                return (arg,)
            case _:
                return ()

    def _joined(
        self, operator: str, args: tuple[e.Expression, ...], outcome: Outcome
    ) -> Facts | None:
        if outcome is Outcome.NOT_NULL:
            return _NONE
        every = operator == "and"
        found = [self.after(arg, outcome) for arg in args]
        if every == (outcome in {Outcome.TRUE, Outcome.NOT_FALSE}):
            return _union(found)
        return _intersection(found)

    def _null_test(self, node: e.NullTest, outcome: Outcome) -> Facts:
        settled = _SETTLED.get(outcome)
        if settled is None or settled != node.negated:
            # For a row, IS NOT NULL is not the negation of IS NULL. But a row for which
            # IS NOT NULL is true, or IS NULL is false, is not NULL itself.
            return _NONE
        if node.negated and isinstance(node.arg, e.RowExpr):
            return _NONE.union(*(self.present(arg) for arg in node.arg.args))
        return self.present(node.arg)

    def _sublink(self, node: e.SubLink, outcome: Outcome) -> Facts | None:
        true = outcome is Outcome.TRUE
        exists = node.kind is e.SubLinkType.EXISTS
        if exists and outcome in {Outcome.TRUE, Outcome.NOT_FALSE}:
            return frozenset(self._of_subquery(node))
        if node.kind is e.SubLinkType.ANY and true and node.test is not None:
            return self.holds(node.test) | frozenset(self._of_subquery(node))
        return _NONE

    def _coalesce(
        self, args: tuple[e.Expression, ...], outcome: Outcome
    ) -> Facts | None:
        if outcome not in {Outcome.TRUE, Outcome.FALSE}:
            return _NONE
        # The value is the value of one of the arguments.
        return _intersection([self.after(arg, outcome) for arg in args])

    def _case(self, node: e.CaseExpr, outcome: Outcome) -> Facts | None:
        if outcome not in {Outcome.TRUE, Outcome.FALSE}:
            return _NONE
        found: list[Facts | None] = []
        before: Facts | None = _NONE
        for when in node.whens:
            here = [self.after(when.condition, Outcome.TRUE), before]
            found.append(_union([self.after(when.result, outcome), *here]))
            before = _union([before, self.after(when.condition, Outcome.NOT_TRUE)])
        if node.default is not None:
            found.append(_union([self.after(node.default, outcome), before]))
        return _intersection(found)

    def _distinct(
        self, left: e.Expression, right: e.Expression, outcome: Outcome
    ) -> Facts:
        if outcome in {Outcome.FALSE, Outcome.NOT_TRUE}:
            for one, other in ((left, right), (right, left)):
                if isinstance(one, e.Const) and one.value is not None:
                    return self.present(other)
        return _NONE


def _constant(value: bytes | None, outcome: Outcome) -> Facts | None:
    truth = None if value is None else any(value)
    possible = {
        Outcome.TRUE: truth is True,
        Outcome.FALSE: truth is False,
        Outcome.NOT_TRUE: truth is not True,
        Outcome.NOT_FALSE: truth is not False,
        Outcome.NOT_NULL: truth is not None,
    }
    return _NONE if possible[outcome] else None


def _has_elements(array: e.Expression) -> bool:
    return isinstance(array, e.ArrayExpr) and bool(array.elements) and not array.nested


def _union(found: Iterable[Facts | None]) -> Facts | None:
    result = _NONE
    for facts in found:
        if facts is None:
            return None
        result |= facts
    return result


def _intersection(found: Iterable[Facts | None]) -> Facts | None:
    result: Facts | None = None
    for facts in found:
        if facts is not None:
            result = facts if result is None else result & facts
    return result
