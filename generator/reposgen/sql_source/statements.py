"""Splitting of a file's tokens into statements, as PostgreSQL does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.diagnostics import error
from reposgen.models import dataclass
from reposgen.sql_source.lexer import Token, TokenKind, tokenize_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reposgen.diagnostics import Diagnostic, SourceFile, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement with the comments in it and before it.

    Attributes:
        source: the file that contains it.
        comments: all comments from the preceding semicolon to its own.
        tokens: the tokens except space and comments, without the semicolon.
        cut_short: True if a heading ended it instead of a semicolon.
    """

    source: SourceFile
    comments: tuple[Token, ...]
    tokens: tuple[Token, ...]
    cut_short: bool = False

    @property
    def start(self) -> int:
        """Offset of the first token."""
        return self.tokens[0].start

    @property
    def end(self) -> int:
        """Offset after the last token."""
        return self.tokens[-1].end

    @property
    def span(self) -> Span:
        """The span from the first token to the last, without the semicolon."""
        return self.source.span(self.start, self.end)

    @property
    def text(self) -> str:
        """The SQL of the statement in the file."""
        return self.source.text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    r"""The statements of a file.

    Attributes:
        statements: statements in the file's order, except one with an unterminated
            token.
        comments: comments after the last statement.
        commands: psql's commands (`\i tables.sql`), which are not statements.
        diagnostics: an error for a literal or comment that is never closed.
    """

    statements: tuple[Statement, ...]
    comments: tuple[Token, ...]
    commands: tuple[Token, ...]
    diagnostics: tuple[Diagnostic, ...]


def _no_heading(_: Token) -> bool:
    return False


def split(
    source: SourceFile,
    start: int = 0,
    end: int | None = None,
    *,
    is_heading: Callable[[Token], bool] = _no_heading,
) -> Split:
    r"""Split `source.text[start:end]` into statements.

    A semicolon ends a statement, except in parentheses (CREATE RULE) and in the body of
    a function between BEGIN ATOMIC and END. The last statement needs none. psql's
    commands (`\connect`, `\restrict` …) end a statement too.

    Args:
        source: the file.
        start: first offset.
        end: offset after the last character; None for the end of the file.
        is_heading: returns True for a comment that starts a new statement. The
            preceding statement ends there, so that a forgotten semicolon or parenthesis
            does not affect the rest of the file.
    """
    statements: list[Statement] = []
    diagnostics: list[Diagnostic] = []
    comments: list[Token] = []
    commands: list[Token] = []
    tokens: list[Token] = []
    nesting = _Nesting()
    # Looking up a member costs as much as all else that is done with a token.
    comment, unterminated = TokenKind.COMMENT, TokenKind.UNTERMINATED
    psql = TokenKind.PSQL

    def finish(*, cut_short: bool = False) -> None:
        # Comments before a stray semicolon stay for the statement to come.
        if tokens:
            statements.append(
                Statement(
                    source=source,
                    comments=tuple(comments),
                    tokens=tuple(tokens),
                    cut_short=cut_short,
                )
            )
            comments.clear()
            tokens.clear()

    for token in tokenize_file(source.text, start, end):
        kind, text = token.kind, token.text
        if kind is comment:
            if tokens and is_heading(token):
                finish(cut_short=True)
                nesting = _Nesting()
            comments.append(token)
        elif kind is unterminated:
            diagnostics.append(_unterminated(source, token))
            tokens.clear()
        elif kind is psql or (text == ";" and nesting.is_flat):
            finish()
            nesting = _Nesting()
            if kind is psql:
                commands.append(token)
        else:
            if nesting.blocks or text.upper() in _NESTING:
                nesting.enter(token, tokens)
            tokens.append(token)
    finish()
    return Split(
        statements=tuple(statements),
        comments=tuple(comments),
        commands=tuple(commands),
        diagnostics=tuple(diagnostics),
    )


def at_line_start(text: str, offset: int) -> bool:
    """Return True if a line starts at the offset."""
    return offset == 0 or text[offset - 1] in "\r\n"


@dataclass(slots=True)
class _Nesting:
    """The nesting depth in a statement, which decides if a semicolon ends it."""

    parentheses: int = 0
    blocks: int = 0

    @property
    def is_flat(self) -> bool:
        return not self.parentheses and not self.blocks

    def enter(self, token: Token, before: Sequence[Token]) -> None:
        text = token.text
        if text == "(":
            self.parentheses += 1
        elif text == ")":
            self.parentheses = max(0, self.parentheses - 1)
        elif token.kind is TokenKind.WORD:
            previous = before[-1].text.upper() if before else ""
            match text.upper():
                case "ATOMIC" if previous == "BEGIN":
                    self.blocks = 1
                # As a label (`AS end`, `t.end`) it is a name.
                case "CASE" if self.blocks and previous not in ("AS", "."):
                    self.blocks += 1
                case "END" if self.blocks and previous not in ("AS", "."):
                    self.blocks -= 1


# What can begin a nesting, or end one in parentheses.
_NESTING = frozenset({"(", ")", "ATOMIC"})
_OPENINGS = {
    "'": ("unterminated-string", "string", "add the closing quote"),
    '"': ("unterminated-identifier", "quoted identifier", "add the closing quote"),
    "*": ("unterminated-comment", "comment", "add the closing */"),
    "$": ("unterminated-dollar-quote", "dollar-quoted string", "close it with {}"),
}
_OPENING = re.compile(r"""/\*|[^'"$]*(?:['"]|\$[^$]*\$)""")


def _unterminated(source: SourceFile, token: Token) -> Diagnostic:
    opening = _OPENING.match(token.text)
    mark = opening[0] if opening else token.text[:1]
    code, what, hint = _OPENINGS[mark[-1]]
    return error(
        code,
        f"the {what} is never closed",
        span=source.span(token.start, token.start + len(mark)),
        hint=hint.format(mark),
    )
