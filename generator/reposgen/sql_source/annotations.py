"""Comments with a meaning: name lines, directives, and docstring text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.diagnostics import did_you_mean, error, warning
from reposgen.models import dataclass
from reposgen.sql_source.model import Command, Directive
from reposgen.sql_source.statements import at_line_start

if TYPE_CHECKING:
    from collections.abc import Collection

    from reposgen.diagnostics import Diagnostic, SourceFile, Span
    from reposgen.sql_source.lexer import Token

_NAME_LINE = re.compile(r"(?:--|/\*) name:(?=[ \t]|\*/|$)")
_DIRECTIVE = re.compile(
    r"[ \t]*(?P<directive>@(?P<word>[A-Za-z][\w-]*)"
    r"(?:[ \t]+(?P<argument>[^\r\n]*?))?)[ \t]*"
)
# sqlc refuses such a line; with a capital N, or indented, it overlooks it, and the
# query would have no method.
_MISSPELLED = re.compile(r"[ \t]*name(?:[ \t]*:|[ \t]+\w+[ \t]+:\w+[ \t]*$)")
_OVERLOOKED = re.compile(
    r"[-!#*@ \t]*(?P<word>\w+)[ \t]*:?[ \t]*(?P<name>\w+)[ \t]*:(?P<command>\w+)[; \t]*"
)
_EXAMPLE = ("GetTask", "one")
# Directives that belong to the file, and can stand anywhere in it.
FILE_DIRECTIVES = frozenset({"transaction"})
_LINE_END = re.compile(r"[ \t]*(?:[\r\n]|\Z)")
_SEVERAL_LINES = re.compile(r"[\r\n]")
_WORD = re.compile(r"\S+")
_KNOWN_COMMANDS = "the commands are " + ", ".join(f":{command}" for command in Command)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameLine:
    """A valid name line."""

    name: str
    name_span: Span
    command: Command
    command_span: Span


def is_name_line(source: SourceFile, token: Token) -> bool:
    """Return True if a comment at the start of a line begins like a name line."""
    return (
        _NAME_LINE.match(token.text) is not None
        and not _SEVERAL_LINES.search(token.text)
        and at_line_start(source.text, token.start)
    )


def is_remark(source: SourceFile, token: Token) -> bool:
    """Return True if a comment is removed from the SQL: it has a whole line.

    `/*+ … */` stays, since it addresses the planner. Comments of several lines stay
    too.
    """
    if not at_line_start(source.text, token.start):
        return False
    return token.text.startswith("--") or (
        not token.text.startswith("/*+")
        and not _SEVERAL_LINES.search(token.text)
        and _LINE_END.match(source.text, token.end) is not None
    )


def read_name_line(source: SourceFile, token: Token) -> NameLine | Diagnostic:
    """Return the query's name and command, or the error in them."""
    heading = _NAME_LINE.match(token.text)
    start = token.start + (heading.end() if heading else 0)
    words = [
        source.span(word.start(), word.end())
        for word in _WORD.finditer(source.text, start, _body_end(token))
    ]
    if not words or words[0].text.startswith(":"):
        return error(
            "invalid-query-name",
            "the name line has no name",
            span=words[0] if words else source.span(token.start, token.end),
            hint="write -- name: GetTask :one",
        )
    name = words[0]
    if not name.text.isidentifier():
        return error(
            "invalid-query-name",
            f'"{name.text}" cannot be the name of a query',
            span=name,
            hint="use letters, digits and _, and do not start with a digit",
        )
    if len(words) == 1:
        return error(
            "missing-command",
            f"query {name.text} has no command",
            span=name,
            hint=f"write -- name: {name.text} :one; {_KNOWN_COMMANDS}",
        )
    command = words[1]
    word = command.text.removeprefix(":")
    if word not in tuple(Command) or not command.text.startswith(":"):
        meant = did_you_mean(word, Command)
        return error(
            "unknown-command",
            f"there is no command {command.text}",
            span=command,
            hint=f"did you mean :{meant}?" if meant else _KNOWN_COMMANDS,
        )
    if len(words) > 2:  # noqa: PLR2004 - a name line has two words
        return error(
            "malformed-name-line",
            "the name line has text after the command",
            span=source.span(words[2].start, words[-1].end),
            hint="describe the query in a comment line below",
        )
    return NameLine(
        name=name.text,
        name_span=name,
        command=Command(word),
        command_span=command,
    )


def misspelled_name_line(source: SourceFile, token: Token) -> Diagnostic | None:
    """Return an error for a comment that was surely meant as a name line, or None."""
    if is_name_line(source, token):
        return None
    at_start = at_line_start(source.text, token.start)
    body = source.text[token.start + 2 : _body_end(token)]
    overlooked = _OVERLOOKED.fullmatch(body)
    if overlooked and not did_you_mean(overlooked["word"], ("name",)):
        overlooked = None
    refused = at_start and _MISSPELLED.match(body)
    if not overlooked and not refused:
        return None
    name, command = overlooked.group("name", "command") if overlooked else _EXAMPLE
    where = "" if at_start else " at the start of a line"
    return error(
        "malformed-name-line",
        "malformed name line",
        span=source.span(token.start, token.end),
        hint=f"write -- name: {name} :{command}{where}",
    )


def read_directive(source: SourceFile, token: Token) -> Directive | None:
    """Return the directive in a comment, known or not; None if there is none."""
    found = _DIRECTIVE.fullmatch(source.text, token.start + 2, _body_end(token))
    if found is None:
        return None
    end = found.end("directive")
    argument = found.span("argument") if found["argument"] is not None else (end, end)
    return Directive(
        word=found["word"],
        argument=found["argument"] or "",
        span=source.span(found.start("directive"), end),
        argument_span=source.span(*argument),
    )


def check_directive(
    directive: Directive, known: Collection[str], *, in_place: bool
) -> Diagnostic | None:
    """Return a warning about a directive that has no effect, or None.

    Directives of sqlc and other tools are accepted, but not misspelled ones of
    reposgen.

    Args:
        directive: the directive.
        known: the words of reposgen's directives.
        in_place: True if it is alone on its line, at the start.
    """
    known = FILE_DIRECTIVES.union(known)
    if directive.word in known:
        if in_place:
            return None
        return warning(
            "indented-directive",
            f"@{directive.word} has no effect, as it is not at the start of a line",
            span=directive.span,
            hint="write the directive in a comment at the start of a line",
        )
    meant = did_you_mean(directive.word, known)
    if meant is None:
        return None
    return warning(
        "unknown-directive",
        f"there is no directive @{directive.word}",
        span=directive.span,
        hint=f"did you mean @{meant}?",
    )


def doc_line(token: Token) -> str | None:
    """Return the docstring line that a comment contains; None for a ruler."""
    text = token.text[2 : _body_end(token) - token.start]
    if text and not text.strip("-=*# \t"):
        return None
    return text.removeprefix(" ").rstrip()


def _body_end(token: Token) -> int:
    """Return the end of a comment's words: before `*/`, or its end."""
    return token.end - 2 if token.text.startswith("/*") else token.end
