"""Where in a query's text a table, view or function is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from reposgen.diagnostics import Span
    from reposgen.sql_source.model import Query

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
# What stands before the name of a table.
_BEFORE = frozenset(
    {"from", "join", "update", "into", "using", "only", ",", ".", "table"}
)


def place_of(query: Query, name: str | None, alias: str | None) -> Span:
    """Return the span of a name in the statement, or of the query's name.

    Args:
        query: the query.
        name: of a table, view or function; None if the whole statement is meant.
        alias: the name that it has in the statement.
    """
    source = query.source
    start, end = query.segments[0].span.start, query.segments[-1].span.end
    tokens = [t for t in tokenize(source.text, start, end) if not t.is_blank]
    words = [fold(t) if t.kind in _NAMES else t.text for t in tokens]
    found = [index for index, word in enumerate(words) if word == name]
    for index in found:
        after = words[index + 1 : index + 3]
        if alias != name and alias in (after[1:] if after[:1] == ["as"] else after[:1]):
            return source.span(tokens[index].start, tokens[index].end)
    named = [index for index in found if index and words[index - 1] in _BEFORE]
    if not found:
        return query.name_span
    token = tokens[(*named, *found)[0]]
    return source.span(token.start, token.end)
