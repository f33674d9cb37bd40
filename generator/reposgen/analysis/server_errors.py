"""Diagnostics made from the server's errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.foreign_sql import foreign_hint
from reposgen.live_schema.functions import builtin_functions
from reposgen.sql_source.lexer import TokenKind, fold, tokenize
from reposgen.sql_source.model import ParameterUse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Catalog, ServerError
    from reposgen.sql_source.model import Query
    from reposgen.sql_source.printing import ServerText

_UNTYPED = "42P18"
_NO_FUNCTION = "42883"

_CODES = {
    "0A000": "not-supported-by-server",
    "22007": "invalid-literal",
    "22008": "invalid-literal",
    "22P02": "invalid-literal",
    "2201B": "invalid-regular-expression",
    "3F000": "unknown-schema",
    "42501": "permission-denied",
    "42601": "syntax-error",
    "42611": "invalid-definition",
    "42701": "duplicate-column",
    "42702": "ambiguous-column",
    "42703": "unknown-column",
    "42704": "unknown-object",
    "42712": "duplicate-alias",
    "42725": "ambiguous-function",
    "42803": "invalid-grouping",
    "42804": "type-mismatch",
    "42809": "wrong-object-type",
    "42846": "invalid-cast",
    _NO_FUNCTION: "unknown-function",
    "42P01": "unknown-table",
    "42P02": "unknown-parameter",
    "42P08": "ambiguous-parameter",
    "42P09": "ambiguous-alias",
    "42P10": "invalid-reference",
    _UNTYPED: "untyped-parameter",
    "42P19": "invalid-recursion",
    "42P20": "invalid-window",
    "42P21": "collation-mismatch",
    "42P22": "unknown-collation",
    "428C9": "generated-column",
}
_OTHER = "server-error"
_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_DOTTED_NAME = re.compile(r'(?:\w+|"[^"]+")(?:\.(?:\w+|"[^"]+"))+')
_COLON_NAME = re.compile(r":([^\W\d]\w*)")
_DOLLAR = re.compile(r"\$(\d+)")


def server_error(
    query: Query, text: ServerText, found: ServerError, catalog: Catalog
) -> Diagnostic:
    """Return the diagnostic for a query that the server refused.

    Args:
        query: the query as its author wrote it.
        text: the text that the server got.
        found: the server's error.
        catalog: catalog of the database, for suggestions of names.
    """
    if found.sqlstate == _UNTYPED and found.parameter:
        return _untyped_parameter(query, text, found.parameter)
    span = _place(text, found.position)
    code = _CODES.get(found.sqlstate, _OTHER)
    if found.sqlstate == _NO_FUNCTION and "(" not in found.message:
        code = "unknown-operator"
    wrong = _wrong_name(span, found.message)
    known = _known_names(found.sqlstate, text, catalog)
    meant = did_you_mean(wrong, known)
    hint = _parameter_hint(code, span) or foreign_hint(found.message, text.text)
    if not hint and meant and meant != wrong:
        hint = f"did you mean {known[meant]}?"
    return error(
        code, _as_written(query, found.message), span=span, hint=hint or found.hint
    )


def _parameter_hint(code: str, span: Span) -> str | None:
    """Return a hint that shows how to write a parameter, or None."""
    text = span.source.text
    if code == "unknown-column" and text[span.start - 1 : span.start] == "@":
        # In `tags <@ids`, the @ belongs to PostgreSQL's operator.
        return f"if a parameter is meant, put a space before @{span.text}"
    if code == "syntax-error" and (name := _COLON_NAME.match(text, span.start)):
        return f"if a parameter is meant, write @{name[1]}"
    return None


def _place(text: ServerText, position: int | None) -> Span:
    """Return the span of the token at a position, or of a dotted name: `t.title`.

    Without a position, it is the span of the statement's first token.
    """
    if position is None:
        tokens = tokenize(text.text)
        position = next((t.start for t in tokens if not t.is_blank), 0)
    span = text.source_span(position)
    name = _DOTTED_NAME.match(text.source.text, span.start)
    if name and name.end() > span.end and text.text.startswith(name[0], position):
        return text.source.span(span.start, name.end())
    return span


def _wrong_name(span: Span, message: str) -> str:
    """Return the part of a dotted name that the message is about."""
    names = [fold(token) for token in tokenize(span.text) if token.kind in _NAMES]
    return next((name for name in reversed(names) if name in message), "")


def _known_names(
    sqlstate: str, text: ServerText, catalog: Catalog
) -> Mapping[str, str]:
    """Return the names that could be meant, each with its spelling."""
    match sqlstate:
        case "42703":
            words = {fold(t) for t in tokenize(text.text) if t.kind in _NAMES}
            return {
                column.name: column.name
                for relation in catalog.relations.values()
                if relation.name in words
                for column in relation.columns
            }
        case "42P01":
            return {
                relation.name: relation.name
                if relation.schema in catalog.search_path
                else relation.qualified_name
                for relation in catalog.relations.values()
            }
        case "42883":
            made = {function.name for function in catalog.functions.values()}
            return {n: n for n in builtin_functions(catalog.major).names() | made}
        case "42704":
            return {type_.name: type_.name for type_ in catalog.types.values()}
        case "3F000":
            return {r.schema: r.schema for r in catalog.relations.values()}
        case _:
            return {}


def _as_written(query: Query, message: str) -> str:
    """Return the message with `$n` replaced by the parameter's name in the file."""
    written = {
        use.number: use.span.text
        for use in reversed(query.segments)
        if isinstance(use, ParameterUse)
    }
    message = _DOLLAR.sub(lambda m: written.get(int(m[1]), m[0]), message)
    return message[:1].lower() + message[1:] if message[1:2].islower() else message


def _untyped_parameter(query: Query, text: ServerText, number: int) -> Diagnostic:
    uses = (s for s in query.segments if isinstance(s, ParameterUse))
    use = next((use for use in uses if use.number == number), None)
    if use is None:
        return error(
            "unused-parameter",
            f"${number} is not used, but parameters with higher numbers are",
            span=_place(text, None),
            hint=f"number the parameters without gaps, or use ${number}",
        )
    return error(
        "untyped-parameter",
        f"the type of parameter {use.span.text} cannot be determined",
        span=use.span,
        hint=f"cast it: {use.span.text}::text",
    )
