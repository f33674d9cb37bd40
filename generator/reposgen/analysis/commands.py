"""Requirements of each command on its statement, and the directives that it allows."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from reposgen.analysis.model import Column
from reposgen.analysis.types import base_of
from reposgen.diagnostics import error, warning
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, tokenize
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import ResultItem
    from reposgen.analysis.stars import StarGroup
    from reposgen.diagnostics import Diagnostic


# Commands whose callers rely on how many rows there are, or on their order.
COUNTED = frozenset({Command.ONE, Command.OPT, Command.BATCHONE, Command.PAGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFacts:
    """Requirements of a command on its statement, and the directives that it allows.

    Attributes:
        needs_rows: the statement must return rows.
        needs_columns: the statement must return at least one column.
        is_batch: the statement runs once for each of many rows.
        wants_one_row: a statement that can return several rows is a likely mistake.
        writes_one_row: `@optimistic` can check the version of the row.
        is_ordered: the caller sees the order of the rows: `@sort` can choose it.
        has_variants: a call can leave out clauses by `@optional`.
        is_cacheable: `@cache` can keep the result of a call.
    """

    needs_rows: bool = False
    needs_columns: bool = False
    is_batch: bool = False
    wants_one_row: bool = False
    writes_one_row: bool = False
    is_ordered: bool = False
    has_variants: bool = True
    is_cacheable: bool = False


FACTS: Mapping[Command, CommandFacts] = {
    Command.ONE: CommandFacts(
        needs_rows=True, wants_one_row=True, writes_one_row=True, is_cacheable=True
    ),
    Command.OPT: CommandFacts(
        needs_rows=True, wants_one_row=True, writes_one_row=True, is_cacheable=True
    ),
    Command.MANY: CommandFacts(needs_rows=True, is_ordered=True, is_cacheable=True),
    Command.EXEC: CommandFacts(writes_one_row=True),
    Command.EXECROWS: CommandFacts(writes_one_row=True),
    Command.EXECRESULT: CommandFacts(writes_one_row=True),
    Command.EXECLASTID: CommandFacts(
        needs_rows=True, needs_columns=True, writes_one_row=True
    ),
    Command.STREAM: CommandFacts(needs_rows=True, is_ordered=True),
    Command.PAGE: CommandFacts(
        needs_rows=True, needs_columns=True, is_ordered=True, is_cacheable=True
    ),
    Command.COPYFROM: CommandFacts(has_variants=False),
    Command.COPYTO: CommandFacts(needs_rows=True, needs_columns=True, is_ordered=True),
    Command.BATCHEXEC: CommandFacts(is_batch=True, has_variants=False),
    Command.BATCHONE: CommandFacts(
        needs_rows=True, is_batch=True, wants_one_row=True, has_variants=False
    ),
    Command.BATCHMANY: CommandFacts(needs_rows=True, is_batch=True, has_variants=False),
    Command.LISTEN: CommandFacts(has_variants=False),
}
_WRITES = frozenset({"insert", "update", "delete", "merge"})
_COPY_HINTS = {
    "FROM STDIN": "write an INSERT of one row of parameters, with :copyfrom",
    "TO STDOUT": "write the query alone, with :copyto",
}
_INTEGERS = frozenset({"int2", "int4", "int8"})


def check_command(
    described: DescribedQuery, items: Sequence[ResultItem], groups: Sequence[StarGroup]
) -> Iterator[Diagnostic]:
    """Yield the errors and warnings about a query's command and its statement.

    Args:
        described: the query.
        items: its result items.
        groups: the stars in its select list.
    """
    query = described.query
    command, facts = query.command, FACTS[query.command]
    if (way := _copied(described)) is not None:
        yield error(
            "copy-command",
            f"COPY {way} cannot be run by :{command}",
            span=query.command_span,
            hint=_COPY_HINTS[way],
        )
    elif facts.needs_rows and not described.description.returns_rows:
        yield _no_rows(described)
    elif facts.needs_columns and not described.description.columns:
        yield error(
            "no-columns",
            f":{command} needs columns, but the SELECT lists none",
            span=query.command_span,
            hint="list columns, or use :exec or :execrows",
        )
    elif command is Command.EXECLASTID and not _is_one_integer(items):
        yield error(
            "last-id-is-no-integer",
            ":execlastid needs exactly one integer column",
            span=query.command_span,
            hint="return the id alone, or use :one",
        )
    if facts.is_batch and not described.description.parameter_oids:
        yield error(
            "batch-without-parameters",
            f":{command} needs a statement with parameters",
            span=query.command_span,
            hint=f"use :{command.removeprefix('batch')}",
        )
    if command is Command.COPYTO and groups:
        yield warning(
            "star-in-copyto",
            "the columns of the file change when the columns of the table change",
            span=described.text.source_span(groups[0].star.start),
            hint="list the columns",
        )


def _copied(described: DescribedQuery) -> str | None:
    """Return "FROM STDIN" or "TO STDOUT" for a COPY over the connection, else None."""
    if _verb(described) != "copy":
        return None
    depth = 0
    words: list[str] = []
    for token in tokenize(described.text.text):
        depth += (token.text == "(") - (token.text == ")")
        if token.kind is TokenKind.WORD and not depth:
            words.append(token.text.upper())
    ways = (" ".join(pair) for pair in pairwise(words))
    return next((way for way in ways if way in _COPY_HINTS), None)


def _no_rows(described: DescribedQuery) -> Diagnostic:
    command = described.query.command
    verb = _verb(described)
    if verb in _WRITES:
        instead = "batchexec" if FACTS[command].is_batch else "exec"
        return error(
            "missing-returning",
            f":{command} needs rows, but the {verb.upper()} returns none",
            span=described.query.command_span,
            hint=f"add RETURNING, or use :{instead}",
        )
    return error(
        "no-rows",
        f":{command} needs rows, but {verb.upper()} returns none",
        span=described.query.command_span,
        hint="use :exec",
    )


def _verb(described: DescribedQuery) -> str:
    if (
        described.tree is not None
        and (name := described.tree.command.name.lower()) in _WRITES
    ):
        return name
    tokens = tokenize(described.text.text)
    words = (token.text.lower() for token in tokens if token.kind is TokenKind.WORD)
    return next(words, "this")


def _is_one_integer(items: Sequence[ResultItem]) -> bool:
    match items:
        case (Column(type=type_),):
            return base_of(type_).name in _INTEGERS
        case _:
            return False
