"""Detection of other tools' parameter syntax and of placeholders in strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.diagnostics import error, warning
from reposgen.sql_source.lexer import TokenKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.diagnostics import Diagnostic, SourceFile
    from reposgen.sql_source.lexer import Token

# PostgreSQL's own operators, and its extensions', that end like a placeholder.
_OPERATORS: Final = {
    *("@@", "@@@", "<@", "^@", "?@", "^<@", "?<@", "^?@", "@-@"),
    *("?", "@?", "<%", "<<%"),
}
_NAME = re.compile(r"[^\W\d]\w*")
# Words behind which an operand follows, so that `?` or `%s` there is no operator.
_BEFORE_OPERAND: Final = {
    *("AND", "OR", "NOT", "WHERE", "ON", "HAVING", "LIMIT", "OFFSET", "IN", "LIKE"),
    *("ILIKE", "BETWEEN", "THEN", "ELSE", "WHEN", "CASE", "SELECT", "BY", "RETURNING"),
    *("TO", "FROM", "ANY", "ALL", "VALUES", "SIMILAR", "INTERVAL", "FETCH", "FIRST"),
}
_OPERANDS: Final = {
    *(TokenKind.WORD, TokenKind.QUOTED, TokenKind.STRING, TokenKind.NUMBER),
    TokenKind.PARAMETER,
}
# What a statement without any of these need not be looked through for.
_MAYBE_FOREIGN = re.compile(
    r"[-+*/<>=~!#%^&|`?]@|@[\s\d]|(?<!:):(?![:=])|[?%{]|\$[^\W\d]", re.IGNORECASE
)
# `$1` and `@name` where they were meant as parameters: between the wildcards of LIKE,
# or before a unit of time. An address has an @ too, and a price a dollar.
_UNIT = r" *(?:second|minute|hour|day|week|month|year)s?\b"
_WITH_CODE: Final = {"DO", "CREATE"}
_IN_STRING = re.compile(
    r"\$(?P<number>[1-9]\d?)(?![\d.,]|\w)"
    rf"|(?<=%)@[^\W\d]\w*|(?<![\w.])@[^\W\d]\w*(?=%|{_UNIT})"
    r"|sqlc\.n?arg\(\w+\)",
    re.IGNORECASE,
)


def foreign_parameters(
    source: SourceFile, tokens: Sequence[Token]
) -> Iterator[Diagnostic]:
    """Yield errors for `:id`, `?`, `%s`, `%(id)s`, `{id}`, and operators before `@`.

    A `@` that is separated from the following name is a warning, since it can be
    intended.

    Args:
        source: the file.
        tokens: tokens of a statement, without space and comments.
    """
    if not _MAYBE_FOREIGN.search(source.text, tokens[0].start, tokens[-1].end):
        return
    brackets = 0
    for index, token in enumerate(tokens):
        brackets += (token.text == "[") - (token.text == "]")
        after = tokens[index + 1] if index + 1 < len(tokens) else None
        glued = after if after and after.start == token.end else None
        name = glued.text if glued and _NAME.fullmatch(glued.text) else None
        if token.text == ":" and glued and not brackets:
            yield from _colon(source, tokens, index, glued)
        elif token.text in ("$", "{") and name and glued:
            yield _foreign(source, token.start, glued.end, name)
        elif token.text == "?" and _stands_for_operand(tokens, index):
            yield _foreign(source, token.start, token.end, "name")
        elif token.text == "%" and not _is_operand(tokens, index - 1):
            yield from _percent(source, tokens, index)
        elif token.kind is TokenKind.OPERATOR and token.text not in _OPERATORS:
            yield from _glued(source, tokens, index, name)


def _colon(
    source: SourceFile, tokens: Sequence[Token], index: int, glued: Token
) -> Iterator[Diagnostic]:
    # Behind an operand it is JSON_OBJECT's: 'id':id.
    if _is_operand(tokens, index - 1):
        return
    is_quoted = glued.kind in (TokenKind.STRING, TokenKind.QUOTED)
    if is_quoted or _NAME.fullmatch(glued.text):
        name = glued.text[1:-1] if is_quoted else glued.text
        yield _foreign(source, tokens[index].start, glued.end, name)


def placeholders_in_strings(
    source: SourceFile, tokens: Sequence[Token], highest: int
) -> Iterator[Diagnostic]:
    """Yield warnings for `'%$1%'` and `'@days days'`: strings have no parameters.

    Args:
        source: the file.
        tokens: tokens of a statement, without space and comments.
        highest: highest number among the statement's parameters.
    """
    # Code in dollar quotes has parameters of its own.
    has_code = tokens[0].text.upper() in _WITH_CODE
    for token in tokens:
        if token.kind is not TokenKind.STRING or (
            has_code and token.text.startswith("$")
        ):
            continue
        for found in _IN_STRING.finditer(token.text):
            # '$100' is a price.
            if found["number"] and int(found["number"]) > highest + 1:
                continue
            yield warning(
                "placeholder-in-string",
                f"{found[0]} is inside a string, so it is not a parameter",
                span=source.span(
                    token.start + found.start(), token.start + found.end()
                ),
                hint=f"concatenate it, as in '%' || {found[0]} || '%', or calculate,"
                f" as in {found[0]} * interval '1 day'",
            )


def _foreign(source: SourceFile, start: int, end: int, name: str) -> Diagnostic:
    written = source.text[start:end]
    return error(
        "foreign-parameter",
        f"{written} is not a parameter",
        span=source.span(start, end),
        hint=f"write @{name}",
    )


def _absolute(source: SourceFile, token: Token, after: Token) -> Iterator[Diagnostic]:
    """Yield a warning for `@ id` and `@1`, in which `@` is an operator."""
    apart = after.start > token.end and after.kind in (
        TokenKind.WORD,
        TokenKind.QUOTED,
    )
    if apart or after.kind is TokenKind.NUMBER:
        yield warning(
            "absolute-value",
            f"@ is the operator for an absolute value here, and {after.text} no"
            " parameter",
            span=source.span(token.start, after.end),
            hint=f"write abs({after.text}), or for a parameter @name without a space",
        )


def _percent(
    source: SourceFile, tokens: Sequence[Token], index: int
) -> Iterator[Diagnostic]:
    """Yield errors for `%s`, `%b`, `%t` and `%(name)s`."""
    texts = [token.text for token in tokens[index : index + 5]]
    joined = "".join(texts)
    token = tokens[index]
    if source.text.startswith(joined, token.start) and re.match(
        r"%\(\w+\)[sbt]\b", joined
    ):
        yield _foreign(source, token.start, tokens[index + 4].end, texts[2])
    elif joined[1:] and source.text[token.end] in "sbt" and len(texts[1]) == 1:
        yield _foreign(source, token.start, token.end + 1, "name")


def _glued(
    source: SourceFile, tokens: Sequence[Token], index: int, name: str | None
) -> Iterator[Diagnostic]:
    """Yield errors for `=@id`, `->>@key`, `=?`, `=%s`, which form one operator."""
    token = tokens[index]
    operator, sign = token.text[:-1], token.text[-1]
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    glued = after if after and after.start == token.end else None
    if token.text == "@" and after and not _is_operand(tokens, index - 1):
        yield from _absolute(source, token, after)
    if not operator or glued is None:
        if operator and sign == "?" and not _is_operand(tokens, index + 1):
            yield _foreign(source, token.end - 1, token.end, "name")
        return
    quoted = glued.kind is TokenKind.QUOTED and glued.text.startswith('"')
    is_call = index + 2 < len(tokens) and tokens[index + 2].text == "("
    if sign == "@" and (name or quoted) and not is_call:
        yield error(
            "glued-parameter",
            f"{token.text} is one operator, so {glued.text} is not a parameter",
            span=source.span(token.start, glued.end),
            hint=f"put a space between: {operator} @{glued.text}",
        )
    elif sign == "?" and not _is_operand(tokens, index + 1):
        yield _foreign(source, token.end - 1, token.end, "name")
    elif sign == "%" and name in ("s", "b", "t"):
        yield _foreign(source, token.end - 1, glued.end, "name")


def _stands_for_operand(tokens: Sequence[Token], index: int) -> bool:
    """Return True if a `?` is in the place of an operand, so it is not an operator."""
    return not _is_operand(tokens, index - 1) or not (
        _is_operand(tokens, index + 1) or _opens(tokens, index + 1)
    )


def _opens(tokens: Sequence[Token], index: int) -> bool:
    if not 0 <= index < len(tokens):
        return False
    return tokens[index].text in ("(", "@", "-", "+", ":") or (
        tokens[index].kind is TokenKind.OPERATOR
    )


def _is_operand(tokens: Sequence[Token], index: int) -> bool:
    """Return True if a token can be an operand or end one."""
    if not 0 <= index < len(tokens):
        return False
    token = tokens[index]
    if token.kind is TokenKind.WORD:
        return token.text.upper() not in _BEFORE_OPERAND
    return token.kind in _OPERANDS or token.text in (")", "]")
