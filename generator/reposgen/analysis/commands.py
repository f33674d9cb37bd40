"""What each command asks of its statement."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from reposgen.analysis.model import Column
from reposgen.analysis.types import base_of
from reposgen.diagnostics import error, warning
from reposgen.sql_source.lexer import TokenKind, tokenize
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.judged import Judged
    from reposgen.analysis.model import ResultItem
    from reposgen.analysis.stars import StarGroup
    from reposgen.diagnostics import Diagnostic

_NEEDS_ROWS = frozenset(
    {
        *(Command.ONE, Command.OPT, Command.MANY, Command.STREAM, Command.PAGE),
        *(Command.EXECLASTID, Command.COPYTO, Command.BATCHONE, Command.BATCHMANY),
    }
)
_NEEDS_COLUMNS = frozenset({Command.PAGE, Command.COPYTO, Command.EXECLASTID})
_BATCHES = frozenset({Command.BATCHEXEC, Command.BATCHONE, Command.BATCHMANY})
_WRITES = frozenset({"insert", "update", "delete", "merge"})
_COPY_HINTS = {
    "FROM STDIN": "write an INSERT of one row of parameters, with :copyfrom",
    "TO STDOUT": "write the query alone, with :copyto",
}
_INTEGERS = frozenset({"int2", "int4", "int8"})


def check_command(
    judged: Judged, items: Sequence[ResultItem], groups: Sequence[StarGroup]
) -> Iterator[Diagnostic]:
    """What is wrong with the query's command, seen from its statement.

    Args:
        judged: the query.
        items: its result.
        groups: the stars in it.
    """
    query = judged.query
    command = query.command
    if (way := _copied(judged)) is not None:
        yield error(
            "copy-command",
            f"COPY {way} needs a call that sends or takes the rows",
            span=query.command_span,
            hint=_COPY_HINTS[way],
        )
    elif command in _NEEDS_ROWS and not judged.described.returns_rows:
        yield _no_rows(judged)
    elif command in _NEEDS_COLUMNS and not judged.described.columns:
        yield error(
            "no-columns",
            f":{command} needs columns, and this SELECT lists none",
            span=query.command_span,
            hint="select something, or use :exec or :execrows",
        )
    elif command is Command.EXECLASTID and not _is_one_integer(items):
        yield error(
            "last-id-is-no-integer",
            ":execlastid needs exactly one integer column",
            span=query.command_span,
            hint="return the id alone, or use :one",
        )
    if command in _BATCHES and not judged.described.parameter_oids:
        yield error(
            "batch-without-parameters",
            f":{command} runs a statement for many values, and this one takes none",
            span=query.command_span,
            hint=f"use :{command.removeprefix('batch')}",
        )
    if command is Command.COPYTO and groups:
        yield warning(
            "star-in-copyto",
            "the file's columns change when the table does",
            span=judged.text.source_span(groups[0].star.start),
            hint="list the columns",
        )


def _copied(judged: Judged) -> str | None:
    """Which way a COPY goes over the connection, if the statement is one that does."""
    if _verb(judged) != "copy":
        return None
    depth = 0
    words: list[str] = []
    for token in tokenize(judged.text.text):
        depth += (token.text == "(") - (token.text == ")")
        if token.kind is TokenKind.WORD and not depth:
            words.append(token.text.upper())
    ways = (" ".join(pair) for pair in pairwise(words))
    return next((way for way in ways if way in _COPY_HINTS), None)


def _no_rows(judged: Judged) -> Diagnostic:
    command = judged.query.command
    verb = _verb(judged)
    if verb in _WRITES:
        instead = "batchexec" if command in _BATCHES else "exec"
        return error(
            "missing-returning",
            f":{command} needs rows, and this {verb.upper()} returns none",
            span=judged.query.command_span,
            hint=f"add RETURNING, or use :{instead}",
        )
    return error(
        "no-rows",
        f":{command} needs rows, and {verb.upper()} returns none",
        span=judged.query.command_span,
        hint="use :exec",
    )


def _verb(judged: Judged) -> str:
    if (
        judged.tree is not None
        and (name := judged.tree.command.name.lower()) in _WRITES
    ):
        return name
    tokens = tokenize(judged.text.text)
    words = (token.text.lower() for token in tokens if token.kind is TokenKind.WORD)
    return next(words, "this")


def _is_one_integer(items: Sequence[ResultItem]) -> bool:
    match items:
        case (Column(type=type_),):
            return base_of(type_).name in _INTEGERS
        case _:
            return False
