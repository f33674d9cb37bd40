"""why: print the proof of a result column."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Unpack

import click

from reposgen.analysis.model import Column, Embed
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal
from reposgen.diagnostics import ReposgenError, Severity, error
from reposgen.pipeline import analyse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.model import ResultItem, TypedQuery
    from reposgen.diagnostics import Diagnostic
    from reposgen.project import Project


@click.command()
@click.argument("column", metavar="[FILE.]QUERY[.COLUMN]")
@project_options
@click.pass_context
def why(
    context: click.Context, *, column: str, **where: Unpack[ProjectOptions]
) -> None:
    """Print why a column has its type, and why it can or cannot be null.

    Without COLUMN, all columns of the query are explained. An embedded row is explained
    with its columns, which are named as in `ListTasks.owner.name`.

    \b
    Examples:
      reposgen why ListTasks.title
      reposgen why list_tasks.title
      reposgen why tasks.List.title
      reposgen why ListTasks.owner
      reposgen why ListTasks
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    config = read_config(**where)
    with terminal.progress() as progress:
        project = analyse(config, (), progress)
    # A column's own name may hold dots, a query's does not.
    queries, column_name = _queries_named(project, column)
    if not queries:
        query_name = column.partition(".")[0]
        terminal.diagnostics(d for d in project.diagnostics if _is_error(d))
        known = [q.name for q in _queries(project)]
        raise _unknown(f'there is no query "{query_name}"', query_name, known)
    query, *others = queries
    if others:
        raise _ambiguous(queries, column_name)
    if not query.results:
        raise ReposgenError(
            [
                error(
                    "unknown-name",
                    f"{query.name} returns no columns",
                    span=query.query.name_span,
                )
            ]
        )
    paths = dict(_paths(query))
    chosen = {
        path: item for path, item in paths.items() if _is_asked_for(path, column_name)
    }
    if not chosen:
        message = f'{query.name} has no result column "{column_name}"'
        raise _unknown(message, column_name, list(paths))
    for path, item in chosen.items():
        null = "can be null" if item.nullable else "is never null"
        terminal.write(f"{query.name}.{path}: {_kind(item)}, {null}")
        for reason in item.why if isinstance(item, Column) else ():
            terminal.write(f"  {reason}")
    context.exit(Status.FINE)


def _queries(project: Project) -> Iterator[TypedQuery]:
    for package in project.packages:
        for queries in package.analysis.files.values():
            yield from queries


def _queries_named(project: Project, path: str) -> tuple[list[TypedQuery], str]:
    """Return the queries that `[FILE.]QUERY.COLUMN` can mean, and the column's name."""
    first, _, rest = path.partition(".")
    second, _, column = rest.partition(".")
    known = tuple(_queries(project))
    within = [q for q in known if first == _stem(q) and second in {q.name, q.method}]
    named = [q for q in known if first in {q.name, q.method}]
    return (within, column) if within and (column or not named) else (named, rest)


def _stem(query: TypedQuery) -> str:
    return PurePosixPath(query.query.source.path).stem


def _paths(query: TypedQuery) -> Iterator[tuple[str, ResultItem]]:
    """Yield the result's columns and embedded rows, with the names that `why` takes."""
    for item in query.results:
        yield item.name, item
        if isinstance(item, Embed):
            for column in item.columns:
                yield f"{item.name}.{column.name}", column


def _is_asked_for(path: str, name: str) -> bool:
    return not name or path == name or path.startswith(f"{name}.")


def _kind(item: ResultItem) -> str:
    if isinstance(item, Column):
        return item.type.sql
    return f"a row of {item.relation.qualified_name}"


def _is_error(diagnostic: Diagnostic) -> bool:
    return diagnostic.severity is Severity.ERROR


def _ambiguous(queries: Sequence[TypedQuery], column: str) -> ReposgenError:
    paths = ", ".join(query.query.source.path for query in queries)
    first = ".".join(filter(None, (_stem(queries[0]), queries[0].name, column)))
    message = f"there are several queries {queries[0].name}: in {paths}"
    return ReposgenError(
        [error("ambiguous-name", message, hint=f"name the file as well: {first}")]
    )


def _unknown(message: str, name: str, known: Sequence[str]) -> ReposgenError:
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"
    return ReposgenError([error("unknown-name", message, hint=hint)])
