"""The contents of a `.sql` file, with the location of every part."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.diagnostics import Diagnostic, SourceFile, Span


class Command(StrEnum):
    """The word after the colon of a name line, which determines what a call returns."""

    ONE = "one"
    OPT = "opt"
    MANY = "many"
    EXEC = "exec"
    EXECROWS = "execrows"
    EXECRESULT = "execresult"
    EXECLASTID = "execlastid"
    STREAM = "stream"
    PAGE = "page"
    COPYFROM = "copyfrom"
    COPYTO = "copyto"
    BATCHEXEC = "batchexec"
    BATCHONE = "batchone"
    BATCHMANY = "batchmany"
    LISTEN = "listen"


class ParameterKind(StrEnum):
    """The syntax of a parameter, if it changes the meaning."""

    ARG = "arg"  # $1, @name, sqlc.arg(name); sqlc.slice(name) for a whole array
    NARG = "narg"  # sqlc.narg(name): always nullable
    SLICE = "slice"  # IN (sqlc.slice(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """SQL that is sent to the server unchanged."""

    span: Span

    @property
    def text(self) -> str:
        """Text of the SQL."""
        return self.span.text


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterUse:
    """One occurrence of a parameter in the SQL.

    Attributes:
        span: the whole occurrence, including `sqlc.arg(name)`. For a slice it also
            covers the `IN (` before and the `)` after it, which become `= ANY (…)`.
        number: the n of `$n`: given by the user, or the free number that the name
            got in source order. Counted from 1.
        name: the name that the user wrote, folded as PostgreSQL folds it; None for
            a plain `$n`.
        negated: True for a slice under `NOT IN`, which becomes `<> ALL (…)`.
    """

    span: Span
    number: int
    name: str | None
    kind: ParameterKind = ParameterKind.ARG
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedUse:
    """`sqlc.embed(table)` in a select list.

    Attributes:
        table: the table or alias between the parentheses; a 'string' is converted to
            the equivalent quoted identifier.
    """

    span: Span
    table: str


Segment = Text | ParameterUse | EmbedUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """A line `-- @word argument` below the name line.

    Attributes:
        word: the word without the `@`, as written: `optional`.
        argument: the rest of the line, stripped: `status, assigned_to`.
        span: span from the `@` to the end of the line.
        argument_span: span of `argument`.
    """

    word: str
    argument: str
    span: Span
    argument_span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One annotated statement.

    Attributes:
        name: the name as the user wrote it: `GetTask`.
        doc: the comment lines of the docstring, without their markers, joined by
            newlines; empty if there are none.
        segments: the SQL without annotation, docstring comments and final
            semicolon; the spans follow each other in the file.
        span: span from the name line to the end of the statement.
    """

    name: str
    name_span: Span
    command: Command
    command_span: Span
    doc: str
    directives: tuple[Directive, ...]
    segments: tuple[Segment, ...]
    span: Span

    @property
    def source(self) -> SourceFile:
        """The file that contains the query."""
        return self.span.source


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryFile:
    """One `.sql` file.

    Attributes:
        source: the file.
        queries: queries in the file's order, except those with errors.
        diagnostics: errors and warnings found so far.
    """

    source: SourceFile
    queries: tuple[Query, ...]
    diagnostics: tuple[Diagnostic, ...] = field(default=())
