"""Roles that a schema creates, and roles that it presupposes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.sql_source.lexer import TokenKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.database.model import Migrations
    from reposgen.sql_source.lexer import Token
    from reposgen.sql_source.statements import Statement

_CREATED = re.compile(
    r'\bcreate\s+(?:role|user|group)\s+(?:"((?:[^"]|"")+)"|([^\W\d][\w$]*))',
    re.IGNORECASE,
)
# Words that stand for a role without being the name of one.
_NO_NAMES: Final = {
    *("public", "current_user", "current_role", "session_user", "none", "default"),
    *("user", "all", "mapping"),
}
# The words that a list of roles follows, by the words that a statement begins with.
_FOLLOWS: Final[dict[tuple[str, ...], tuple[tuple[str, ...], ...]]] = {
    ("grant",): (("to",), ("granted", "by")),
    ("revoke",): (("from",), ("granted", "by")),
    ("alter", "default", "privileges"): (("role",), ("user",), ("to",), ("from",)),
    ("create", "policy"): (("to",),),
    ("alter", "policy"): (("to",),),
    ("create", "schema"): (("authorization",),),
    ("reassign", "owned"): (("by",), ("to",)),
    ("drop", "owned"): (("by",),),
    ("alter",): (("owner", "to"),),
    ("set", "role"): (("role",),),
    ("set", "local", "role"): (("role",),),
    ("set", "session", "role"): (("role",),),
    ("set", "session", "authorization"): (("authorization",),),
    ("comment", "on", "role"): (("role",),),
    ("alter", "role"): (("role",),),
    ("alter", "user"): (("user",),),
}


def created_roles(migrations: Migrations) -> set[str]:
    """Return the roles that the files create, including in functions and DO blocks."""
    return {
        quoted.replace('""', '"') if quoted else bare.lower()
        for file in migrations.files
        for part in file.parts
        for quoted, bare in _CREATED.findall(part.text)
    }


def named_roles(statements: Iterable[Statement]) -> set[str]:
    """Return the roles that statements name as owners, grantees and the like.

    A dump names the roles of its server.
    """
    return {name for statement in statements for name in _named(statement.tokens)}


def _named(tokens: Sequence[Token]) -> Iterator[str]:
    words = [token.text.lower() for token in tokens]
    matching = [start for start in _FOLLOWS if tuple(words[: len(start)]) == start]
    for start in matching:
        for mark in _FOLLOWS[start]:
            yield from _lists(tokens, words, mark)
    if words[:1] in (["grant"], ["revoke"]) and "on" not in words:
        # GRANT a, b TO c: roles are given to roles.
        yield from _names(tokens, 1)


def _lists(
    tokens: Sequence[Token], words: Sequence[str], mark: tuple[str, ...]
) -> Iterator[str]:
    """Yield the names after each occurrence of `mark` outside of parentheses."""
    depth = 0
    for at, word in enumerate(words):
        depth += (word == "(") - (word == ")")
        if not depth and tuple(words[at : at + len(mark)]) == mark:
            yield from _names(tokens, at + len(mark))


def _names(tokens: Sequence[Token], at: int) -> Iterator[str]:
    """Yield the names of a list such as `a, GROUP b, "C"`."""
    while at < len(tokens):
        token = tokens[at]
        if token.text.lower() == "group":
            at += 1
            continue
        if token.kind is TokenKind.QUOTED:
            yield token.text[1:-1].replace('""', '"')
        elif token.kind is TokenKind.STRING:
            yield token.text[1:-1].replace("''", "'")
        elif token.kind is TokenKind.WORD and token.text.lower() not in _NO_NAMES:
            yield token.text.lower()
        if tokens[at + 1 : at + 2] and tokens[at + 1].text == ",":
            at += 2
        else:
            return
