"""Docstrings of generated methods and classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Cardinality
from reposgen.python_model.variants import argument_docs, variant_errors
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.analysis.model import Buffering, Optimistic, TypedQuery
    from reposgen.python_model.model.elements import Argument, Field
    from reposgen.python_model.model.pytype import Symbol


def method_doc(
    typed: TypedQuery,
    arguments: Sequence[Argument],
    violations: Mapping[tuple[str, str, str], Symbol],
) -> str:
    """What the author wrote, what can be left out, and what the method raises."""
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
    """A summary, and what the comments say of the attributes."""
    lines = [summary.strip()]
    documented = [field for field in fields if field.doc.strip()]
    if documented:
        lines += ["", "Attributes:"]
        lines += (f"    {f.name}: {_indented(f.doc)}" for f in documented)
    return "\n".join(lines)


def _later(buffer: Buffering) -> Iterator[str]:
    seconds, rows = f"{buffer.interval_ms / 1000:g} s", buffer.limit
    yield ""
    yield f"It is written later: within {seconds}, or as soon as {buffer.size} wait."
    yield "No transaction decides over it."
    yield ""
    if buffer.drops:
        yield "Returns:"
        yield f"    False if it was dropped, since {rows} wait."
    else:
        yield "Raises:"
        yield f"    BufferFull: {rows} wait, and there was no room in time."


def _raises(
    typed: TypedQuery, violations: Mapping[tuple[str, str, str], Symbol]
) -> Iterator[str]:
    some = typed.command in (Command.ONE, Command.EXECLASTID, Command.BATCHONE)
    if typed.optimistic:
        yield from _stale(typed, typed.optimistic)
    elif some and typed.cardinality is not Cardinality.ONE:
        yield "NotFound: no such row."
    if (some or typed.command is Command.OPT) and typed.cardinality is Cardinality.MANY:
        yield "TooManyRows: more than one row."
    yield from variant_errors(typed)
    if typed.locks_rows:
        yield "TransactionRequired: called outside a transaction."
    for violation in typed.raises:
        relation, constraint = violation.relation, violation.constraint
        error = violations.get((relation.schema, relation.name, constraint.name))
        if error:
            yield f"{error.name}: {_indented(constraint.definition)}."


def _stale(typed: TypedQuery, optimistic: Optimistic) -> Iterator[str]:
    if not optimistic.inserts and typed.command is not Command.OPT:
        yield "NotFound: no such row."
    yield f"StaleRow: its {optimistic.column} is another one by now."
    if optimistic.conditions:
        yield "ConditionFailed: another condition of the statement refuses the row."


def _indented(text: str) -> str:
    lines: Sequence[str] = [line.strip() for line in text.strip().splitlines()]
    return f"\n{' ' * 8}".join(lines)
