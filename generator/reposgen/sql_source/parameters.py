"""Parameters and embeds in a statement's tokens."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from reposgen.diagnostics import did_you_mean, error
from reposgen.sql_source.foreign import foreign_parameters, placeholders_in_strings
from reposgen.sql_source.lexer import Token, TokenKind, fold
from reposgen.sql_source.model import EmbedUse, ParameterKind, ParameterUse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.diagnostics import Diagnostic, SourceFile, Span

MACROS = ("arg", "narg", "slice", "embed")
# The protocol counts a statement's parameters in 16 bits.
HIGHEST_NUMBER = 65535

_EQUALITY = frozenset({"=", "<>", "!="})
_MAYBE_USE = re.compile(r"[@$:?%{]|sqlc", re.IGNORECASE)


def find_uses(
    source: SourceFile, tokens: Sequence[Token]
) -> tuple[tuple[ParameterUse | EmbedUse, ...], tuple[Diagnostic, ...]]:
    """Return the numbered uses in source order, and the errors in their syntax.

    `$n` keep their numbers; names get the free ones, in source order. A name that is
    `sqlc.narg` anywhere is nullable everywhere. `tokens` are a statement's tokens
    without space and comments.
    """
    if not _MAYBE_USE.search(source.text, tokens[0].start, tokens[-1].end):
        return (), ()
    finder = _Finder(source, tokens)
    nullable = {
        use.name
        for use in finder.uses
        if isinstance(use, ParameterUse) and use.kind is ParameterKind.NARG
    }
    numbers = (use.number for use in finder.uses if isinstance(use, ParameterUse))
    strings = placeholders_in_strings(source, tokens, max(numbers, default=0))
    found = (*finder.diagnostics, *foreign_parameters(source, tokens), *strings)
    uses = tuple(
        replace(use, kind=ParameterKind.NARG)
        if isinstance(use, ParameterUse)
        and use.kind is ParameterKind.ARG
        and use.name in nullable
        else use
        for use in finder.uses
    )
    return uses, found


class _Finder:
    """Search for uses in a statement's tokens."""

    def __init__(self, source: SourceFile, tokens: Sequence[Token]) -> None:
        self.uses: list[ParameterUse | EmbedUse] = []
        self.diagnostics: list[Diagnostic] = []
        self._source = source
        self._tokens = tokens
        self._numbers: dict[str, int] = {}
        parameter = TokenKind.PARAMETER
        taken = {_number(token) for token in tokens if token.kind is parameter}
        self._free = (number for number in count(1) if number not in taken)
        behind = 0
        for index, token in enumerate(tokens):
            if index < behind:
                continue
            if token.kind is parameter:
                self._numbered(token)
            elif token.text == "@" and self._names_parameter(index):
                span = self._span(index, index + 1)
                self._named(span, fold(tokens[index + 1]))
            elif token.text == "." and self._is_macro(index):
                behind = self._macro(index - 1)

    def _text(self, index: int) -> str:
        return self._tokens[index].text if 0 <= index < len(self._tokens) else ""

    def _span(self, first: int, last: int) -> Span:
        return self._source.span(self._tokens[first].start, self._tokens[last].end)

    def _is_glued(self, index: int) -> bool:
        """Return True if a name directly follows the token."""
        if index + 1 == len(self._tokens):
            return False
        token, after = self._tokens[index : index + 2]
        return token.end == after.start and (
            after.kind is TokenKind.WORD
            or (after.kind is TokenKind.QUOTED and after.text.startswith('"'))
        )

    def _names_parameter(self, index: int) -> bool:
        # `@sqrt(x)` is the operator before a call.
        return self._is_glued(index) and self._text(index + 2) != "("

    def _numbered(self, token: Token) -> None:
        span = self._source.span(token.start, token.end)
        number = _number(token)
        if 1 <= number <= HIGHEST_NUMBER:
            self.uses.append(ParameterUse(span=span, number=number, name=None))
        else:
            self.diagnostics.append(
                error(
                    "invalid-parameter-number",
                    f"there is no parameter {token.text}",
                    span=span,
                    hint=f"parameters are numbered from $1 to ${HIGHEST_NUMBER}",
                )
            )

    def _named(
        self,
        span: Span,
        name: str,
        kind: ParameterKind = ParameterKind.ARG,
        *,
        negated: bool = False,
    ) -> None:
        if name not in self._numbers:
            self._numbers[name] = next(self._free)
        number = self._numbers[name]
        self.uses.append(
            ParameterUse(
                span=span, number=number, name=name, kind=kind, negated=negated
            )
        )

    def _is_macro(self, dot: int) -> bool:
        schema = self._tokens[dot - 1]
        return (
            dot > 0
            and schema.kind in (TokenKind.WORD, TokenKind.QUOTED)
            and fold(schema) == "sqlc"
            and self._text(dot - 2) != "."
            and self._text(dot + 2) == "("
        )

    def _macro(self, index: int) -> int:
        """Read `sqlc.macro(argument)` and return the index of the next token."""
        macro = fold(self._tokens[index + 2])
        last = index + 3
        while last + 1 < len(self._tokens) and self._tokens[last].text != ")":
            last += 1
        if macro not in MACROS:
            meant = did_you_mean(macro, MACROS)
            known = ", ".join(f"sqlc.{name}" for name in MACROS)
            self.diagnostics.append(
                error(
                    "unknown-macro",
                    f"there is no sqlc.{macro}",
                    span=self._span(index, index + 2),
                    hint=f"did you mean sqlc.{meant}?" if meant else f"known: {known}",
                )
            )
            return last + 1
        is_single = last == index + 5 and self._text(last) == ")"
        argument = self._tokens[index + 4] if is_single else None
        name = _argument(argument) if argument else None
        if argument is None or not name:
            example = "table" if macro == "embed" else "name"
            self.diagnostics.append(
                error(
                    "invalid-macro-argument",
                    f"sqlc.{macro} takes exactly one name",
                    span=self._span(index, last),
                    hint=f"write sqlc.{macro}({example}), the name plain or in quotes",
                )
            )
        elif macro == "embed":
            table = argument.text
            if argument.kind is TokenKind.STRING:
                table = '"' + name.replace('"', '""') + '"'
            self.uses.append(EmbedUse(span=self._span(index, last), table=table))
        elif macro == "slice":
            return self._slice(index, last, name)
        else:
            self._named(self._span(index, last), name, ParameterKind(macro))
        return last + 1

    def _slice(self, first: int, last: int, name: str) -> int:
        """Record a slice from `first` to `last`: the list of an IN, or an array."""
        before = [self._text(first - n).upper() for n in (1, 2, 3)]
        if before[:2] == ["(", "IN"] and self._text(last + 1) == ")":
            negated = before[2] == "NOT"
            span = self._span(first - (3 if negated else 2), last + 1)
            self._named(span, name, ParameterKind.SLICE, negated=negated)
            return last + 2
        if self._word_around(first) == "IN" or before[0] in {*_EQUALITY, "IN"}:
            self.diagnostics.append(
                error(
                    "misplaced-slice",
                    f"sqlc.slice({name}) is a list and needs IN (…) or ANY (…)",
                    span=self._span(first, last),
                    hint=f"write IN (sqlc.slice({name})) with nothing else in the"
                    f" parentheses, or = ANY (sqlc.slice({name}))",
                )
            )
        else:
            self._named(self._span(first, last), name)
        return last + 1

    def _word_around(self, index: int) -> str:
        """Return the word before the innermost parenthesis that is open at `index`."""
        depth = 0
        for at in range(index - 1, 0, -1):
            if self._tokens[at].text == ")":
                depth += 1
            elif self._tokens[at].text == "(":
                if depth == 0:
                    return self._tokens[at - 1].text.upper()
                depth -= 1
        return ""


def _number(token: Token) -> int:
    """Return the n of `$n`, or 0 if it is out of range."""
    digits = token.text[1:].lstrip("0")
    return int(digits) if 0 < len(digits) <= len(str(HIGHEST_NUMBER)) else 0


def _argument(token: Token) -> str | None:
    """Return the name in a macro's argument, or None if it is not a name."""
    match token.kind:
        case TokenKind.WORD:
            return fold(token)
        case TokenKind.QUOTED if token.text.startswith('"'):
            return fold(token)
        case TokenKind.STRING if re.fullmatch(r"'(?:[^'\n\r]|'')+'", token.text):
            return token.text[1:-1].replace("''", "'")
        case _:
            return None
