"""Removal of storage clauses, which a scratch database does not need.

A dump contains the tablespaces and compression methods of its server. Another server
can lack them, and no type or name depends on them.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from reposgen.sql_source.lexer import TokenKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.sql_source.lexer import Token
    from reposgen.sql_source.statements import Statement

_ABOUT_STORAGE = re.compile(
    r"set\s+(?:session\s+|local\s+)?(?:default_tablespace|temp_tablespaces"
    r"|default_toast_compression|default_table_access_method)\b"
    r"|alter\s+(?:table|index|materialized\s+view)\b[^;,]*\bset\s+"
    r"(?:tablespace\s+\S+|compression\s+\w+)(?:\s+nowait)?$",
    re.IGNORECASE,
)
_STORES = re.compile(
    r"create\s+(?:unlogged\s+)?(?:unique\s+)?(?:table|index|materialized\s+view)\b"
    r"|alter\s+table\b",
    re.IGNORECASE,
)
_NAMES: Final = (TokenKind.WORD, TokenKind.QUOTED)


def is_about_storage(statement: Statement) -> bool:
    """Return True if a statement only chooses where rows are stored."""
    return bool(_ABOUT_STORAGE.match(statement.text))


def without_storage(statement: Statement) -> str:
    """Return the text with `TABLESPACE name` and `COMPRESSION lz4` blanked.

    All other text keeps its position.
    """
    text = statement.text
    if not _STORES.match(text):
        return text
    for start, end in _clauses(statement.tokens):
        at, to = start - statement.start, end - statement.start
        text = f"{text[:at]}{' ' * (to - at)}{text[to:]}"
    return text


def _clauses(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each storage clause in the file."""
    words = [token.text.lower() for token in tokens]
    depth = 0
    for at, (word, following) in enumerate(pairwise(words)):
        depth += (word == "(") - (word == ")")
        if word == "as" and not depth:
            return
        is_index = words[at - 2 : at] == ["using", "index"]
        if word == "tablespace" and tokens[at + 1].kind in _NAMES:
            if is_index or (not depth and words[0] == "create"):
                yield tokens[at - 2 if is_index else at].start, tokens[at + 1].end
        elif word == "compression" and following in {"lz4", "pglz", "default"}:
            yield tokens[at].start, tokens[at + 1].end
