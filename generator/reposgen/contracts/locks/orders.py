"""Transactions that can wait for each other: locks of rows in opposite orders.

Two transactions deadlock if each holds a lock that the other one waits for. That is
possible if one locks rows of table A and then of table B, and the other one B and then
A; if both lock a row weakly and then more strongly; if both lock several rows of one
table in an order that callers or the server choose.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, combinations_with_replacement
from typing import TYPE_CHECKING

from reposgen.config.model import LockRule, RuleSeverity
from reposgen.diagnostics import Diagnostic, Severity
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.config.model import RuleConfig, VetRule
    from reposgen.contracts.locks.model import (
        Call,
        PackageLocks,
        QueryLocks,
        RowStep,
        Transaction,
    )
    from reposgen.live_schema.model import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A lock of a transaction.

    Attributes:
        place: number of its call in the transaction.
    """

    rows: RowStep
    call: Call
    locks: QueryLocks
    place: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordered:
    """A transaction with the locks that it takes, in order."""

    transaction: Transaction
    steps: tuple[_Step, ...]


def judge_orders(
    transactions: Sequence[Transaction],
    locks: PackageLocks,
    catalog: Catalog,
    options: Mapping[VetRule, RuleConfig],
) -> tuple[Diagnostic, ...]:
    """Return the pairs of transactions that can wait for each other.

    Args:
        transactions: of a package.
        locks: of its queries.
        catalog: of the database.
        options: how rules are applied.
    """
    option = options.get(LockRule.LOCK_ORDER)
    severity = (option and option.severity) or RuleSeverity.WARNING
    if severity is RuleSeverity.OFF:
        return ()
    known = {
        (path, one.query.name): one
        for path, several in locks.queries.items()
        for one in several
    }
    ordered = [_ordered(one, known) for one in transactions]
    judge = _Judge(catalog=catalog, severity=Severity(severity.value))
    return tuple(
        found
        for one, other in combinations_with_replacement(ordered, 2)
        for found in judge.pair(one, other)
    )


def _ordered(
    transaction: Transaction, known: Mapping[tuple[str, str], QueryLocks]
) -> _Ordered:
    steps: list[_Step] = []
    for place, call in enumerate(transaction.calls):
        locks = known.get((call.file, call.query))
        if locks is None:
            continue
        again = sum(c.query == call.query for c in transaction.calls[:place])
        for rows in locks.rows:
            named = replace(rows, pins=_renamed(rows, call, again))
            if not any(_covers(earlier.rows, named) for earlier in steps):
                steps.append(_Step(rows=named, call=call, locks=locks, place=place))
    return _Ordered(transaction=transaction, steps=tuple(steps))


def _renamed(rows: RowStep, call: Call, again: int) -> frozenset[tuple[int, str]]:
    """Return the pins of rows with the names that values have in the transaction.

    A query that a transaction runs again without other names gets other values: it
    would not run again for the same rows.
    """
    names: dict[str, str] = {f"@{n}": f"@{v}" for n, v in call.arguments.items()}
    suffix = f" ({again + 1})" if again and not call.arguments else ""
    return frozenset(
        (number, names.get(value, value) + (suffix if value.startswith("@") else ""))
        for number, value in rows.pins
    )


def _covers(held: RowStep, wanted: RowStep) -> bool:
    """Return True if rows are locked already, at least as strongly."""
    if held.table != wanted.table or held.mode is None or wanted.mode is None:
        return False
    if held.mode < wanted.mode:
        return False
    if not held.pins:
        return held.is_exact
    # What the first has no condition for, it locked among others.
    return held.pins <= wanted.pins and (held.is_exact or not held.many)


class _Judge:
    """Judge of pairs of transactions."""

    def __init__(self, *, catalog: Catalog, severity: Severity) -> None:
        self._catalog = catalog
        self._severity = severity

    def pair(self, one: _Ordered, other: _Ordered) -> Iterator[Diagnostic]:
        """Yield how two transactions can wait for each other, each way once."""
        found: dict[tuple[object, ...], Diagnostic] = {}
        for held, wanted in combinations(one.steps, 2):
            for there, back in combinations(other.steps, 2):
                if _can_wait(wanted, there) and _can_wait(back, held):
                    key, diagnostic = self._cycle(
                        (one, held, wanted), (other, there, back)
                    )
                    if diagnostic is not None:
                        found.setdefault(key, diagnostic)
        for step in one.steps:
            for there in other.steps:
                if self._is_unordered(step, there, is_same=one is other):
                    key = ("rows", step.rows.table)
                    found.setdefault(key, self._unordered((one, step), (other, there)))
        yield from found.values()

    def _cycle(
        self,
        one: tuple[_Ordered, _Step, _Step],
        other: tuple[_Ordered, _Step, _Step],
    ) -> tuple[tuple[object, ...], Diagnostic | None]:
        transaction, held, wanted = one
        counterpart, there, back = other
        tables = held.rows.table, wanted.rows.table
        again = _which(transaction, counterpart)
        if tables[0] != tables[1]:
            key = ("tables", *sorted(tables))
            message = (
                f"{_named(transaction)} locks rows of {self._name(held)}"
                f" ({_where(held)}) and then of {self._name(wanted)}"
                f" ({_where(wanted)}); {again} locks rows of {self._name(there)}"
                f" ({_where(there)}) before those of {self._name(back)}"
                f" ({_where(back)}): they can wait for each other"
            )
            hint = (
                f"lock the rows of {self._name(held)} first in both transactions:"
                f" call {held.call.query} or a SELECT … FOR UPDATE before"
                f" {there.call.query}"
            )
            return key, self._diagnostic(wanted, message, hint)
        if _is_upgrade(held, wanted) and _is_upgrade(there, back):
            key = ("upgrade", tables[0])
            message = (
                f"{_named(transaction)} locks a row of {self._name(held)}"
                f" {_mode(held)} ({_where(held)}) and then {_mode(wanted)}"
                f" ({_where(wanted)}); {again} can hold the first lock too, and each"
                " waits for the other one"
            )
            hint = f"lock the row with SELECT … {_mode(wanted)} first"
            return key, self._diagnostic(wanted, message, hint)
        if _are_apart(held, wanted) and _are_apart(there, back):
            key = ("rows", tables[0])
            message = (
                f"{_named(transaction)} locks one row of {self._name(held)}"
                f" ({_where(held)}) and then another one ({_where(wanted)}), and"
                f" {again} can lock the same rows the other way round"
            )
            hint = (
                "lock both rows in one statement first: SELECT … WHERE id = ANY(@ids)"
                " ORDER BY id FOR UPDATE"
            )
            return key, self._diagnostic(wanted, message, hint)
        return (), None

    def _is_unordered(self, step: _Step, other: _Step, *, is_same: bool) -> bool:
        """Return True if two statements lock several rows in different orders.

        A statement visits the same rows in the same order each time that it has the
        same plan; the rows of a batch are in the order of its caller.
        """
        if not (step.rows.many and other.rows.many and _can_wait(step, other)):
            return False
        if not _can_wait(other, step) or step.rows.via or other.rows.via:
            return False
        if step.rows.order and step.rows.order == other.rows.order:
            return False
        if step.call.query == other.call.query and step.call.file == other.call.file:
            return step.rows.by_caller
        return not (is_same and step.place == other.place)

    def _unordered(
        self, one: tuple[_Ordered, _Step], other: tuple[_Ordered, _Step]
    ) -> Diagnostic:
        transaction, step = one
        counterpart, there = other
        free = there if step.rows.order else step
        message = (
            f"{_named(transaction)} locks several rows of {self._name(step)}"
            f" ({_where(step)}), and {_which(transaction, counterpart)} does too"
            f" ({_where(there)}): nothing says that they lock them in one order"
        )
        hint = (
            "lock the rows in one order first: SELECT … ORDER BY a unique key FOR"
            f" UPDATE before {free.call.query}"
        )
        return self._diagnostic(step, message, hint)

    def _name(self, step: _Step) -> str:
        table = self._catalog.relations[step.rows.table]
        return table.name if table.schema == "public" else table.qualified_name

    def _diagnostic(self, step: _Step, message: str, hint: str) -> Diagnostic:
        return Diagnostic(
            code=LockRule.LOCK_ORDER.value,
            message=message,
            severity=self._severity,
            span=step.locks.query.query.name_span,
            hint=hint,
        )


def _can_wait(step: _Step, holder: _Step) -> bool:
    """Return True if a step can wait for the lock of another transaction's step."""
    if step.rows.table != holder.rows.table or not step.rows.waits:
        return False
    if step.rows.mode is None or holder.rows.mode is None:
        return True
    return step.rows.mode.conflicts(holder.rows.mode)


def _is_upgrade(held: _Step, wanted: _Step) -> bool:
    """Return True if a row is locked weakly at first, as others can do too."""
    first, second = held.rows, wanted.rows
    if first.mode is None or second.mode is None or first.mode.conflicts(first.mode):
        return False
    same = first.pins == second.pins or not first.pins or not second.pins
    return same and second.mode.conflicts(first.mode)


def _are_apart(held: _Step, wanted: _Step) -> bool:
    """Return True if two steps lock one row each, which are given by other values."""
    first, second = held.rows, wanted.rows
    if first.mode is None or second.mode is None or first.many or second.many:
        return False
    columns = {number for number, _ in first.pins}
    return columns == {number for number, _ in second.pins} and (
        first.pins != second.pins
    )


def _named(one: _Ordered) -> str:
    return f"transaction {one.transaction.name}"


def _which(one: _Ordered, other: _Ordered) -> str:
    return f"another run of {_named(one)}" if one is other else _named(other)


def _where(step: _Step) -> str:
    span = step.locks.query.query.name_span
    via = f", foreign key {step.rows.via}" if step.rows.via else ""
    return f"{step.call.query}{via}, {span.source.path}:{span.line}"


def _mode(step: _Step) -> str:
    return step.rows.mode.sql if step.rows.mode is not None else "as a whole"
