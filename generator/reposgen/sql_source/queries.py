"""From a `.sql` file's text to its `Query`s."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.diagnostics import Severity, error, sorted_diagnostics, warning
from reposgen.sql_source.annotations import (
    FILE_DIRECTIVES,
    NameLine,
    check_directive,
    doc_line,
    is_name_line,
    is_remark,
    misspelled_name_line,
    read_directive,
    read_name_line,
)
from reposgen.sql_source.model import Command, Query, QueryFile, Segment, Text
from reposgen.sql_source.parameters import find_uses
from reposgen.sql_source.statements import Statement, split

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from reposgen.diagnostics import Diagnostic, SourceFile
    from reposgen.sql_source.lexer import Token
    from reposgen.sql_source.model import Directive, EmbedUse, ParameterUse

_NEWLINE = re.compile(r"[ \t]*(?>\r\n|\r|\n)")
_DEFINITION = re.compile(r"(?:create|alter|drop|comment\s+on)\b", re.IGNORECASE)
_BLANK_LINE = re.compile(r"(?>\r\n|\r|\n)[ \t]*[\r\n]")


def read_queries(source: SourceFile, directives: Collection[str] = ()) -> QueryFile:
    """Return the queries of one file, and the errors in it.

    Args:
        source: the file.
        directives: the words that can follow `-- @`.
    """
    parts = split(source, is_heading=lambda token: is_name_line(source, token))
    diagnostics = list(parts.diagnostics)
    queries: list[Query] = []
    previous: Query | None = None
    for statement in parts.statements:
        query, found = _read_statement(statement, previous, directives)
        previous = query
        diagnostics += found
        if query:
            queries.append(query)
    if not parts.diagnostics:
        headings = [t for t in parts.comments if is_name_line(source, t)]
        diagnostics += _without_statement(source, headings)
        diagnostics += _misspelled(source, parts.comments)
    comments = [c for statement in parts.statements for c in statement.comments]
    outside = [
        directive
        for token in (*comments, *parts.comments)
        if is_remark(source, token)
        if (directive := read_directive(source, token))
        if not any(q.span.start <= token.start < q.span.end for q in queries)
        or directive.word in FILE_DIRECTIVES
    ]
    strayed = [d for d in outside if d.word not in {*directives, *FILE_DIRECTIVES}]
    unknown = (check_directive(d, FILE_DIRECTIVES, in_place=True) for d in strayed)
    return QueryFile(
        source=source,
        queries=tuple(queries),
        diagnostics=sorted_diagnostics([*diagnostics, *filter(None, unknown)]),
        directives=tuple(d for d in outside if d.word in FILE_DIRECTIVES),
    )


def _read_statement(
    statement: Statement, previous: Query | None, known: Collection[str]
) -> tuple[Query | None, list[Diagnostic]]:
    """Return the query of a statement, or None, and the errors in it."""
    source, comments = statement.source, statement.comments
    diagnostics = _misspelled(source, comments)
    headings = [token for token in comments if is_name_line(source, token)]
    if not headings:
        if not diagnostics:
            diagnostics.append(_nameless(statement, previous))
        return None, diagnostics
    *superfluous, heading = headings
    diagnostics += _without_statement(source, superfluous)
    name_line = read_name_line(source, heading)
    if not isinstance(name_line, NameLine):
        return None, [*diagnostics, name_line]
    inside = [t for t in comments if heading.start < t.start < statement.end]
    remarks = [token for token in inside if is_remark(source, token)]
    above = _remarks_above(heading, comments[: comments.index(heading)], source)
    doc, directives = _read_remarks(source, [*above, *remarks])
    uses, misused = find_uses(source, statement.tokens)
    broken = statement.cut_short or any(d.severity is Severity.ERROR for d in misused)
    diagnostics += misused
    diagnostics += _check_directives(source, inside, directives, known)
    if statement.cut_short:
        diagnostics.append(
            error(
                "missing-semicolon",
                f"query {name_line.name} does not end before the next one starts",
                span=source.span(statement.end),
                hint="end it with a semicolon, and close its parentheses",
            )
        )
    query = Query(
        name=name_line.name,
        name_span=name_line.name_span,
        command=name_line.command,
        command_span=name_line.command_span,
        doc=doc,
        directives=directives,
        segments=_segments(statement, inside, remarks, uses),
        span=source.span(heading.start, statement.end),
    )
    return None if broken else query, diagnostics


def _remarks_above(
    heading: Token, comments: Sequence[Token], source: SourceFile
) -> list[Token]:
    """Return the comments directly above the name line, up to a blank line."""
    found: list[Token] = []
    below = heading.start
    for comment in reversed(comments):
        if (
            not _NEWLINE.fullmatch(source.text, comment.end, below)
            or not is_remark(source, comment)
            or is_name_line(source, comment)
        ):
            break
        found.insert(0, comment)
        below = comment.start
    return found


def _read_remarks(
    source: SourceFile, remarks: Iterable[Token]
) -> tuple[str, tuple[Directive, ...]]:
    lines: list[str] = []
    directives: list[Directive] = []
    for remark in remarks:
        if directive := read_directive(source, remark):
            directives.append(directive)
        elif (line := doc_line(remark)) is not None:
            lines.append(line)
    return "\n".join(lines).strip("\n"), tuple(directives)


def _segments(
    statement: Statement,
    comments: Sequence[Token],
    remarks: Sequence[Token],
    uses: Sequence[ParameterUse | EmbedUse],
) -> tuple[Segment, ...]:
    source = statement.source
    holes: list[tuple[int, int, Segment | None]] = [
        (use.span.start, use.span.end, use) for use in uses
    ]
    for remark in remarks:
        newline = _NEWLINE.match(source.text, remark.end)
        end = newline.end() if newline else remark.end
        holes.append((remark.start, end, None))
    holes.append((statement.end, statement.end, None))
    stays = [t.start for t in comments if t not in remarks]
    position = min([statement.start, *stays])
    segments: list[Segment] = []
    for start, end, use in sorted(holes, key=lambda hole: hole[:2]):
        # A remark before the SQL begins, or inside `sqlc.arg( … )`, leaves no gap.
        if start > position:
            segments.append(Text(span=source.span(position, start)))
        if use is not None:
            segments.append(use)
        position = max(position, end)
    return tuple(segments)


def _nameless(statement: Statement, previous: Query | None) -> Diagnostic:
    source = statement.source
    first = statement.tokens[0]
    span = source.span(first.start, first.end)
    # A definition does not belong to a query that returns rows.
    is_apart = (
        previous is not None
        and previous.command is not Command.EXEC
        and _DEFINITION.match(statement.text) is not None
    )
    if previous and _is_next(previous, statement) and not is_apart:
        return error(
            "several-statements",
            f"query {previous.name} has a second statement",
            span=span,
            hint="give the second statement its own name line",
        )
    return warning(
        "statement-without-name",
        "the statement has no name line and is skipped",
        span=span,
        hint="write -- name: GetTask :one above it, at the start of a line",
    )


def _is_next(query: Query, statement: Statement) -> bool:
    """Return True if a statement follows a query without comment or blank line."""
    between = statement.source.text[query.span.end : statement.start]
    return not between.strip("; \t\r\n") and not _BLANK_LINE.search(between)


def _without_statement(
    source: SourceFile, headings: Iterable[Token]
) -> list[Diagnostic]:
    return [
        error(
            "query-without-statement",
            "no statement follows the name line",
            span=source.span(heading.start, heading.end),
            hint="write the SQL below it, or remove the line",
        )
        for heading in headings
    ]


def _misspelled(source: SourceFile, tokens: Iterable[Token]) -> list[Diagnostic]:
    found = (misspelled_name_line(source, token) for token in tokens)
    return [diagnostic for diagnostic in found if diagnostic]


def _check_directives(
    source: SourceFile,
    comments: Iterable[Token],
    directives: Sequence[Directive],
    known: Collection[str],
) -> list[Diagnostic]:
    strayed = [
        directive
        for token in comments
        if not is_remark(source, token)
        if (directive := read_directive(source, token))
    ]
    found = [
        *(check_directive(directive, known, in_place=True) for directive in directives),
        *(check_directive(directive, known, in_place=False) for directive in strayed),
    ]
    return [diagnostic for diagnostic in found if diagnostic]
