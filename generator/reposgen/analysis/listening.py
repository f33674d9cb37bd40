"""Reader of the channel in the LISTEN of a `:listen` query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import Column
from reposgen.analysis.names import method_name
from reposgen.analysis.types import type_of
from reposgen.diagnostics import Diagnostic, error, warning
from reposgen.sql_source.lexer import TokenKind, fold, tokenize
from reposgen.sql_source.model import Command, ParameterUse

if TYPE_CHECKING:
    from reposgen.live_schema.model import Catalog
    from reposgen.sql_source.model import Query
    from reposgen.sql_source.printing import ServerText

_WORDS = 2  # LISTEN channel
_TEXT, _JSON = 25, 114


def read_channel(query: Query, text: ServerText) -> str | Diagnostic | None:
    """Return the channel that a `:listen` query listens to.

    Returns:
        None for other commands. A diagnostic if the statement of `:listen` is not a
        LISTEN, or if another command runs a LISTEN.
    """
    found = (token for token in tokenize(text.text) if not token.is_blank)
    first = next(found, None)
    listens = first is not None and first.text.lower() == "listen"
    if query.command is not Command.LISTEN:
        if not listens:
            return None
        return warning(
            "listen-command",
            f":{query.command} runs LISTEN on a connection that other calls use next",
            span=query.command_span,
            hint="use :listen",
        )
    uses = [use for use in query.segments if isinstance(use, ParameterUse)]
    if uses:
        return error(
            "listen-parameter",
            "the channel of LISTEN cannot be a parameter",
            span=uses[0].span,
            hint="listen to one channel and distinguish events by their payload",
        )
    tokens = [] if first is None else [first, *found]
    names = (TokenKind.WORD, TokenKind.QUOTED)
    if not listens or len(tokens) != _WORDS or tokens[1].kind not in names:
        return error(
            "listen-shape",
            ":listen needs a LISTEN statement",
            span=text.source_span(tokens[0].start) if tokens else query.command_span,
            hint=f"write LISTEN {method_name(query.name)}",
        )
    return fold(tokens[1])


def payload_column(query: Query, catalog: Catalog) -> Column:
    """Return the column for the payload: text, or JSON if a `@json` line says so."""
    is_json = any(directive.word == "json" for directive in query.directives)
    return Column(
        name="payload",
        type=type_of(_JSON if is_json else _TEXT, catalog),
        nullable=False,
        why=("a notification has a payload, if only an empty one",),
    )
