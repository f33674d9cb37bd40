"""Transactions that queries are declared to form: `-- @transaction name: A, b.B`."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from reposgen.contracts.locks.model import Call, Transaction
from reposgen.diagnostics import did_you_mean, error, sorted_diagnostics

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.diagnostics import Diagnostic
    from reposgen.sql_source.model import Directive, Query, QueryFile

    # A query's file and name, by what a transaction can call it.
    Known = Mapping[str, tuple[str, Query]]

_WORD: Final = "transaction"
_LINE: Final = re.compile(r"(?P<name>[A-Za-z_][\w-]*)[ \t]*:[ \t]*(?P<calls>\S.*)")
_CALL: Final = re.compile(
    r"(?P<query>(?:\w+\.)?\w+)[ \t]*(?:\((?P<arguments>[^()]*)\))?[ \t]*(?:,|$)[ \t]*"
)
_ARGUMENT: Final = re.compile(r"[ \t]*(\w+)[ \t]*=[ \t]*@?(\w+)[ \t]*")
_EXAMPLE: Final = (
    "write -- @transaction close: LockTask, projects.CountDown(id=project_id)"
)


def read_transactions(
    files: Sequence[QueryFile],
) -> tuple[tuple[Transaction, ...], tuple[Diagnostic, ...]]:
    """Return the transactions that the files of a package declare, and their errors.

    A query of another file is named with the file's name: `projects.CountDown`.
    """
    found: dict[str, Transaction] = {}
    problems: list[Diagnostic] = []
    for file in files:
        own = _known(files, file)
        for directive in file.directives:
            if directive.word != _WORD:
                continue
            transaction, wrong = _read(directive, own)
            problems += wrong
            if transaction is None:
                continue
            if other := found.get(transaction.name):
                line = f"{other.span.source.path}:{other.span.line}"
                problems.append(
                    error(
                        "repeated-transaction",
                        f'transaction "{transaction.name}" is declared already, in'
                        f" {line}",
                        span=transaction.span,
                        hint="give it another name",
                    )
                )
            else:
                found[transaction.name] = transaction
    return tuple(found.values()), sorted_diagnostics(problems)


def _known(files: Sequence[QueryFile], own: QueryFile) -> Known:
    named = {
        f"{PurePosixPath(file.source.path).stem}.{query.name}": (
            file.source.path,
            query,
        )
        for file in files
        for query in file.queries
    }
    return named | {q.name: (own.source.path, q) for q in own.queries}


def _read(
    directive: Directive, known: Known
) -> tuple[Transaction | None, list[Diagnostic]]:
    line = _LINE.fullmatch(directive.argument)
    if line is None:
        span = directive.argument_span if directive.argument else directive.span
        return None, [
            error(
                "malformed-transaction",
                "the @transaction line has no name, or no queries after it",
                span=span,
                hint=_EXAMPLE,
            )
        ]
    source, start = directive.span.source, directive.argument_span.start
    problems: list[Diagnostic] = []
    calls: list[Call] = []
    text, at = directive.argument, line.start("calls")
    while at < len(text):
        match = _CALL.match(text, at)
        if match is None:
            problems.append(
                error(
                    "malformed-transaction",
                    "the queries of a @transaction line are separated by commas",
                    span=source.span(start + at, start + len(text)),
                    hint=_EXAMPLE,
                )
            )
            break
        at = match.end()
        span = source.span(start + match.start("query"), start + match.end("query"))
        named = known.get(match["query"])
        if named is None:
            close = did_you_mean(match["query"], known)
            problems.append(
                error(
                    "unknown-transaction-query",
                    f'there is no query "{match["query"]}"',
                    span=span,
                    hint=f"did you mean {close}?"
                    if close
                    else "name a query of this file, or file.Query",
                )
            )
            continue
        path, query = named
        arguments, wrong = _arguments(match, query, start, directive)
        problems += wrong
        calls.append(Call(query=query.name, file=path, arguments=arguments, span=span))
    name = source.span(start + line.start("name"), start + line.end("name"))
    transaction = Transaction(name=line["name"], calls=tuple(calls), span=name)
    return (None if problems else transaction), problems


def _arguments(
    match: re.Match[str], query: Query, start: int, directive: Directive
) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return what `Query(id=project_id)` says about the values of parameters."""
    if not match["arguments"]:
        return {}, []
    names = set(_parameters(query))
    found: dict[str, str] = {}
    problems: list[Diagnostic] = []
    at = match.start("arguments")
    for part in match["arguments"].split(","):
        span = directive.span.source.span(start + at, start + at + len(part))
        at += len(part) + 1
        pair = _ARGUMENT.fullmatch(part)
        if pair is None:
            problems.append(
                error(
                    "malformed-transaction",
                    "an argument in a @transaction line is written parameter=value",
                    span=span,
                    hint=_EXAMPLE,
                )
            )
        elif pair[1] not in names:
            close = did_you_mean(pair[1], names)
            problems.append(
                error(
                    "unknown-transaction-query",
                    f'query {query.name} has no parameter "{pair[1]}"',
                    span=span,
                    hint=f"did you mean {close}?"
                    if close
                    else f"parameters: {', '.join(sorted(names))}",
                )
            )
        else:
            found[pair[1]] = pair[2]
    return found, problems


def _parameters(query: Query) -> Iterator[str]:
    for segment in query.segments:
        name = getattr(segment, "name", None)
        if isinstance(name, str):
            yield name
