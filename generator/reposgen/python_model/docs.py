"""Docstrings of generated methods and classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import (
    Cardinality,
    CheckOptionViolation,
    DomainViolation,
    EmptyPeriod,
    PartitionMissing,
    PolicyViolation,
    Violation,
)
from reposgen.live_schema.model import ConstraintKind, DomainCheck
from reposgen.python_model.commands import call_of
from reposgen.python_model.variants import argument_docs, variant_errors
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Buffering, Optimistic, Refusal, TypedQuery
    from reposgen.python_model.model.elements import Argument, Field
    from reposgen.python_model.model.pytype import Symbol


def method_doc(
    typed: TypedQuery,
    arguments: Sequence[Argument],
    violations: Mapping[tuple[str, str, str], Symbol],
) -> str:
    """Return the query's comment, then its arguments and exceptions."""
    lines = [typed.doc.strip() or f"Run {typed.name}."]
    if typed.buffer:
        return "\n".join((*lines, *_later(typed.buffer)))
    explained = tuple(argument_docs(typed, arguments))
    if explained:
        lines += ["", "Args:", *(f"    {line}" for line in explained)]
    raises = tuple(_raises(typed, violations))
    if raises:
        lines += ["", "Raises:", *(f"    {line}" for line in raises)]
    return "\n".join(lines)


def class_doc(summary: str, fields: Iterable[Field]) -> str:
    """Return a docstring with the summary and the comments of the attributes."""
    lines = [summary.strip()]
    documented = [field for field in fields if field.doc.strip()]
    if documented:
        lines += ["", "Attributes:"]
        lines += (f"    {f.name}: {_indented(f.doc)}" for f in documented)
    return "\n".join(lines)


def _later(buffer: Buffering) -> Iterator[str]:
    seconds, rows = f"{buffer.interval_ms / 1000:g} s", buffer.limit
    yield ""
    yield f"The row is written within {seconds}, or when {buffer.size} rows wait."
    yield "It is not part of the caller's transaction."
    yield ""
    if buffer.drops:
        yield "Returns:"
        yield f"    False if the row was dropped because {rows} rows are waiting."
    else:
        yield "Raises:"
        yield f"    BufferFull: {rows} rows are waiting, and none was written in time."


def _raises(
    typed: TypedQuery, violations: Mapping[tuple[str, str, str], Symbol]
) -> Iterator[str]:
    call = call_of(typed)
    if typed.optimistic:
        yield from _stale(typed, typed.optimistic)
    elif call.needs_row and typed.cardinality is not Cardinality.ONE:
        yield "NotFound: no row was found."
    if call.takes_one and typed.cardinality is Cardinality.MANY:
        yield "TooManyRows: more than one row was found."
    yield from variant_errors(typed)
    if typed.locks_rows:
        yield "TransactionRequired: called outside a transaction."
    yield from _refusals(typed.raises, violations)
    for unknown in typed.unknown_writes:
        yield f"RepositoryError: {unknown} raised an error."


def _refusals(  # noqa: C901 - one case for each kind
    refusals: Iterable[Refusal], violations: Mapping[tuple[str, str, str], Symbol]
) -> Iterator[str]:
    """Yield the server's possible refusals, by the exceptions for them."""
    nulls = []
    for refusal in refusals:
        match refusal:
            case Violation(relation=relation, constraint=constraint) if (
                constraint.kind is ConstraintKind.NOT_NULL
            ):
                columns = (relation.column(number) for number in constraint.columns)
                nulls += [f"{relation.name}.{c.name}" for c in columns if c]
            case Violation(relation=relation, constraint=constraint):
                key = (relation.schema, relation.name, constraint.name)
                if key in violations:
                    definition = _indented(constraint.definition)
                    yield f"{violations[key].name}: {definition}."
            case DomainViolation(domain=domain, check=None):
                nulls.append(f"a {domain.name}")
            case DomainViolation(domain=domain, check=DomainCheck() as check):
                key = (domain.schema, domain.name, check.name)
                if key in violations:
                    name, definition = violations[key].name, _indented(check.definition)
                    yield f"{name}: {definition} on {domain.name}."
            case EmptyPeriod(constraint=constraint):
                yield f"CheckFailed: a range of {constraint.name} is empty."
            case PartitionMissing(relation=relation):
                yield f"PartitionMissing: {relation.name} has no partition for the row."
            case CheckOptionViolation(view=view):
                yield f"CheckFailed: the row would not be in the view {view}."
            case PolicyViolation(relation=relation):
                yield f"PolicyFailed: row-level security of {relation.name} refuses it."
    if nulls:
        yield f"NotNullMissing: {_listed(nulls)} is NULL."


def _listed(names: Sequence[str]) -> str:
    """Join names: `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def _stale(typed: TypedQuery, optimistic: Optimistic) -> Iterator[str]:
    if not optimistic.inserts and typed.command is not Command.OPT:
        yield "NotFound: no row was found."
    yield f"StaleRow: the row's {optimistic.column} has changed."
    if optimistic.conditions:
        yield "ConditionFailed: the row does not meet another condition."


def _indented(text: str) -> str:
    lines: Sequence[str] = [line.strip() for line in text.strip().splitlines()]
    return f"\n{' ' * 8}".join(lines)
