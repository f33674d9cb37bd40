"""Rules that directives share: how often they can occur, and with which statements."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from reposgen.diagnostics import Diagnostic, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.lineage import Lineage
    from reposgen.analysis.model import Parameter, ResultItem
    from reposgen.analysis.nullability import Definitions
    from reposgen.sql_source.model import Directive, Query


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Facts about a query that directives need.

    Attributes:
        described: the query.
        parameters: its parameters.
        items: its result items; the payload for `:listen`.
        lineage: the tables that it reads and writes; None without a tree.
        definitions: the definitions of the functions that it calls.
        tenant: the setting that row-level security reads; None without tenants.
        optional: numbers of the parameters whose clauses a call can leave out.
    """

    described: DescribedQuery
    parameters: Sequence[Parameter]
    items: Sequence[ResultItem]
    lineage: Lineage | None
    definitions: Definitions
    tenant: str | None
    optional: Collection[int]

    @property
    def query(self) -> Query:
        """The query as its author wrote it."""
        return self.described.query


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction:
    """Kind of statement that a directive cannot be combined with.

    Attributes:
        code: code of the error.
        applies: returns True for a query that the directive cannot be combined with.
        message: message of the error; `{command}` stands for the query's command.
        hint: hint of the error.
        at_command: True if the error points at the command, not at the directive.
    """

    code: str
    applies: Callable[[DescribedQuery], bool]
    message: str
    hint: str
    at_command: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveSpec:
    """Directive: the word after `@`, the reader of its line, the field for its value.

    Attributes:
        word: the word after `@`.
        read: returns the value of one line, or an error; None if `analysis.variants`
            reads the line.
        field: the field of `TypedQuery` that takes the value.
        repeated: code of the error for a second line. None allows several lines; the
            field is then a tuple of their values.
        restrictions: checked in this order, before the line is read.
    """

    word: str
    read: Callable[[Directive, Subject], Any] | None = None
    field: str | None = None
    repeated: str | None = None
    restrictions: tuple[Restriction, ...] = ()

    def lines(self, query: Query) -> list[Directive]:
        """Return the query's lines with this word."""
        return [line for line in query.directives if line.word == self.word]

    def restricted(
        self, line: Directive, described: DescribedQuery
    ) -> Diagnostic | None:
        """Return an error if the statement cannot have this directive, else None."""
        for one in self.restrictions:
            if one.applies(described):
                query = described.query
                return error(
                    one.code,
                    one.message.format(command=query.command),
                    span=query.command_span if one.at_command else line.span,
                    hint=one.hint,
                )
        return None


@dataclass(slots=True, kw_only=True)
class Readings:
    """Values of a query's directives.

    Attributes:
        values: by field of `TypedQuery`; fields without a directive are missing.
        mistakes: errors in the lines.
    """

    values: dict[str, Any] = field(default_factory=dict)
    mistakes: list[Diagnostic] = field(default_factory=list)

    def take(self, spec: DirectiveSpec, value: Any) -> None:  # noqa: ANN401 - of any field
        """Add the value of one line, or its error."""
        if isinstance(value, Diagnostic):
            self.mistakes.append(value)
        elif spec.field is not None and spec.repeated:
            self.values[spec.field] = value
        elif spec.field is not None:
            self.values[spec.field] = (*self.values.get(spec.field, ()), value)


def read_directives(specs: Iterable[DirectiveSpec], subject: Subject) -> Readings:
    """Read the directive lines of a query.

    Args:
        specs: the directives; those without `read` are skipped.
        subject: the query.
    """
    readings = Readings()
    for spec in specs:
        lines = spec.lines(subject.query)
        if not lines or spec.read is None:
            continue
        if spec.repeated and len(lines) > 1:
            readings.mistakes.append(_repeated(spec.repeated, lines[-1]))
            continue
        for line in lines:
            wrong = spec.restricted(line, subject.described)
            readings.take(spec, wrong or spec.read(line, subject))
    return readings


def _repeated(code: str, line: Directive) -> Diagnostic:
    return error(
        code,
        f"query has more than one @{line.word} line",
        span=line.span,
        hint="remove one of them",
    )
