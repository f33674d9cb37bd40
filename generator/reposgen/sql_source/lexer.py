"""Tokenization of SQL text, exactly as in PostgreSQL's own scanner."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class TokenKind(Enum):
    r"""The kind of a token; keywords are words."""

    SPACE = auto()
    COMMENT = auto()
    WORD = auto()  # an unquoted identifier or keyword
    QUOTED = auto()  # "…" and U&"…"
    STRING = auto()  # '…' with whatever prefix, and $tag$…$tag$
    PARAMETER = auto()  # $1
    NUMBER = auto()
    OPERATOR = auto()
    SIGN = auto()  # one character of punctuation, or one that no SQL has
    UNTERMINATED = auto()  # opened and never closed: all the rest of the text
    PSQL = auto()  # a line like \connect, where it is asked for


class Token(NamedTuple):
    """A token of the text; `end` is exclusive.

    It is a named tuple because a run makes half a million tokens, and a frozen
    dataclass takes three times as long to create.
    """

    kind: TokenKind
    text: str
    start: int
    end: int

    @property
    def is_blank(self) -> bool:
        """True if the token is white space or a comment."""
        return self.kind is TokenKind.SPACE or self.kind is TokenKind.COMMENT


_SPACE = r"[ \t\n\r\f\v]"
# PostgreSQL takes every byte above 127, so every such character, for a letter. As "not
# one of these", since `re` takes fifty times as long to compile a million characters.
_LETTER = r"[^\x00-@\[-^`{-\x7f]"  # A to Z, a to z, _ and beyond
_LETTER_OR_DIGIT = r"[^\x00-/:-@\[-^`{-\x7f]"
_IN_WORD = r"[^\x00-#%-/:-@\[-^`{-\x7f]"  # a dollar as well
# Before 3.11.5, Python mistakes how far a possessive group goes that holds choices.
_DIGITS = r"[0-9](?:_?[0-9])*"
_DOLLARS = rf"\$(?:{_LETTER}{_LETTER_OR_DIGIT}*+)?\$"
# Literals follow each other as one only across a newline.
_JOINT = rf"(?:[ \t\f\v]|--[^\n\r]*+)*+[\n\r](?:{_SPACE}|--[^\n\r]*+[\n\r])*+"
_PLAIN = "'(?:[^']++|'')*+'"
_ESCAPED = r"'(?:[^'\\]++|\\.|'')*+'"
_BITS = "'[^']*+'"
_ANY_OPERATOR = r"(?!--|/\*)[~!@#^&|`?%+\-*/<>=]"
_SQL_OPERATOR = r"(?!--|/\*)[+\-*/<>=]"

# In the order in which they are tried: where PostgreSQL's scanner takes the longest
# match of several rules, the longer one stands first.
_RULES = {
    TokenKind.SPACE: rf"{_SPACE}++",
    TokenKind.COMMENT: r"--[^\n\r]*+|/\*(?:[^*/]++|\*(?!/)|/(?!\*))*\*/",
    TokenKind.STRING: (
        rf"(?:[uU]&)?{_PLAIN}(?:{_JOINT}{_PLAIN})*"
        rf"|[eE]{_ESCAPED}(?:{_JOINT}{_ESCAPED})*"
        rf"|[bBxX]{_BITS}(?:{_JOINT}{_BITS})*"
        rf"|(?P<dollars>{_DOLLARS}).*?(?P=dollars)"
    ),
    TokenKind.QUOTED: r'(?:[uU]&)?"(?:[^"]++|"")*+"',
    TokenKind.UNTERMINATED: (
        rf"""(?:(?:[uU]&|[eEbBxX])?'|(?:[uU]&)?"|/\*|{_DOLLARS}).*+"""
    ),
    TokenKind.WORD: rf"{_LETTER}{_IN_WORD}*+",
    TokenKind.PARAMETER: r"\$[0-9]++",
    TokenKind.NUMBER: (
        r"(?:0[xX](?:_?[0-9A-Fa-f])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+"
        rf"|(?:{_DIGITS}(?:\.(?!\.)(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?)"
        # Letters glued to a number are an error, and one with the number.
        rf"(?:{_LETTER_OR_DIGIT}{_IN_WORD}*+)?"
    ),
    TokenKind.OPERATOR: (
        # A + or - can end an operator only if one of ~ ! @ # ^ & | ` ? % is in it.
        rf"(?:{_SQL_OPERATOR})*(?!--|/\*)[~!@#^&|`?%](?:{_ANY_OPERATOR})*"
        rf"|(?:{_SQL_OPERATOR})*(?!--|/\*)[*/<>=]|[+-]|::|\.\.|:="
    ),
    TokenKind.SIGN: r".",
}
_ALTERNATIVES = "|".join(f"(?P<{kind.name}>{rule})" for kind, rule in _RULES.items())
_TOKEN = re.compile(_ALTERNATIVES, re.DOTALL)
_FILE_TOKEN = re.compile(
    rf"{_SPACE}*+(?:(?P<PSQL>^\\[^\r\n]*)|{_ALTERNATIVES})", re.DOTALL | re.MULTILINE
)
# The kind that each group of a rule's expression stands for.
_KINDS = {
    rules: {
        rules.groupindex[kind.name]: kind
        for kind in TokenKind
        if kind.name in rules.groupindex
    }
    for rules in (_TOKEN, _FILE_TOKEN)
}
_COMMENT_MARK = re.compile(r"/\*|\*/")


def tokenize(text: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """Yield the tokens of `text[start:end]`, which joined are that text.

    It never fails: text that PostgreSQL's scanner refuses becomes a token as well. Only
    an `UNTERMINATED` token, which is always the last, hides the text after it.
    """
    return _scan(_TOKEN, text, start, end)


def tokenize_file(text: str, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """Yield the tokens of a file for psql, with psql's commands and without space."""
    return _scan(_FILE_TOKEN, text, start, end)


def _scan(
    rules: re.Pattern[str], text: str, start: int, end: int | None
) -> Iterator[Token]:
    kinds = _KINDS[rules]
    position = start
    end = len(text) if end is None else end
    while position < end:
        for match in rules.finditer(text, position, end):
            group = match.lastindex or 0
            kind = kinds[group]
            token = Token(kind, match[group], *match.span(group))
            if kind is TokenKind.UNTERMINATED and token.text.startswith("/*"):
                token = _nested_comment(token)
                break
            yield token
        else:
            return
        yield token
        position = token.end


def _nested_comment(token: Token) -> Token:
    # Regular expressions cannot count, so the rule for comments passes these over.
    depth = 0
    for mark in _COMMENT_MARK.finditer(token.text):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            text = token.text[: mark.end()]
            return Token(TokenKind.COMMENT, text, token.start, token.start + len(text))
    return token


def fold(token: Token) -> str:
    """Return the name of an identifier token.

    Unquoted identifiers fold to lower case. Beyond ASCII this depends on the server's
    encoding; UTF-8 leaves other letters unchanged.
    """
    if token.kind is TokenKind.QUOTED:
        return token.text[1:-1].replace('""', '"')
    return token.text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
