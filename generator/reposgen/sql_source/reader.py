"""From files and folders of queries to `QueryFile`s."""

from __future__ import annotations

from dataclasses import replace
from os.path import realpath
from typing import TYPE_CHECKING

from reposgen.diagnostics import (
    Severity,
    SourceFile,
    conflict_markers,
    error,
    sorted_diagnostics,
    warning,
)
from reposgen.sql_files import skipped_folders, sql_files
from reposgen.sql_source.model import QueryFile
from reposgen.sql_source.queries import read_queries

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path
    from typing import TypeAlias

    from reposgen.diagnostics import Diagnostic
    from reposgen.sql_source.model import Query

    Known: TypeAlias = Callable[[SourceFile], QueryFile | None]


def read_query_files(
    paths: Sequence[str],
    root: Path,
    known: Known = lambda _: None,
    directives: Collection[str] = (),
) -> tuple[QueryFile, ...]:
    """Read the query files of one package.

    Nothing is raised: an error is a diagnostic of its file, or of an empty QueryFile if
    the file cannot be read.

    Args:
        paths: files, folders and patterns, relative to `root` or absolute. A folder
            means the `.sql` files directly in it.
        root: the project's folder, which the paths in diagnostics are relative to.
        known: returns the earlier result for the same file, or None.
        directives: the words that can follow `-- @`.
    """
    seen: set[str] = set()
    files: list[QueryFile] = []
    skipped: list[Path] = []
    for written in paths:
        try:
            found = sql_files(root, written)
        except OSError as problem:
            files.append(_unreadable(_shown(root / written, root), problem))
            continue
        skipped += skipped_folders(root, written)
        for file in found:
            if (real := realpath(file)) not in seen:
                seen.add(real)
                files.append(_without_duplicates(_read(file, root, known, directives)))
    if not any(file.queries or _has_errors(file) for file in files):
        where = _shown(root / paths[0], root) if paths else None
        files.append(
            _unread(
                error(
                    "no-queries",
                    "no queries found",
                    path=where,
                    hint="write -- name: GetTask :one above a statement in a .sql file",
                )
            )
        )
    notes = [_not_read(_shown(folder, root)) for folder in skipped]
    first = replace(files[0], diagnostics=(*files[0].diagnostics, *notes))
    return (first, *files[1:])


def _read(
    path: Path, root: Path, known: Known, directives: Collection[str]
) -> QueryFile:
    shown = _shown(path, root)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return _unread(
            error(
                "missing-file",
                "the file or folder does not exist",
                path=shown,
                hint="correct the path of the queries in the configuration",
            )
        )
    except OSError as problem:
        return _unreadable(shown, problem)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        return _not_utf8(shown, data, problem)
    # The same queries make the same code, however git or an editor ends their lines.
    source = SourceFile(path=shown, text=text.replace("\r\n", "\n"))
    if marked := conflict_markers(source):
        return QueryFile(source=source, queries=(), diagnostics=(marked,))
    if "\0" not in text:
        return known(source) or read_queries(source, directives)
    at = text.index("\0")
    return _damaged(
        source, at, "nul-character", "the file contains a NUL character", "remove it"
    )


def _not_utf8(shown: str, data: bytes, problem: UnicodeDecodeError) -> QueryFile:
    text = data.decode("utf-8-sig", errors="replace")
    # The decoder counts from behind a byte order mark, if there is one.
    bad = problem.object[problem.start]
    at = len(problem.object[: problem.start].decode())
    return _damaged(
        SourceFile(path=shown, text=text),
        at,
        "not-utf-8",
        f"the byte 0x{bad:02x} is not UTF-8",
        "save the file as UTF-8",
    )


def _damaged(
    source: SourceFile, at: int, code: str, message: str, hint: str
) -> QueryFile:
    diagnostic = error(code, message, span=source.span(at), hint=hint)
    return QueryFile(source=source, queries=(), diagnostics=(diagnostic,))


def _unreadable(shown: str, problem: OSError) -> QueryFile:
    reason = problem.strerror or type(problem).__name__
    return _unread(error("unreadable-file", f"cannot be read: {reason}", path=shown))


def _not_read(folder: str) -> Diagnostic:
    return warning(
        "folder-not-read",
        "the .sql files in the folder are not read",
        path=folder,
        hint=f'to read them, add "{folder}" to queries, or write a pattern: "**/*.sql"',
    )


def _unread(diagnostic: Diagnostic) -> QueryFile:
    source = SourceFile(path=diagnostic.path or "", text="")
    return QueryFile(source=source, queries=(), diagnostics=(diagnostic,))


def _shown(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


def _has_errors(file: QueryFile) -> bool:
    return any(d.severity is Severity.ERROR for d in file.diagnostics)


def _without_duplicates(file: QueryFile) -> QueryFile:
    first: dict[str, Query] = {}
    for query in file.queries:
        first.setdefault(query.name, query)
    repeated = [query for query in file.queries if first[query.name] is not query]
    found = [_duplicate(query, first[query.name]) for query in repeated]
    return replace(
        file,
        queries=tuple(first.values()),
        diagnostics=sorted_diagnostics([*file.diagnostics, *found]),
    )


def _duplicate(query: Query, first: Query) -> Diagnostic:
    place = first.name_span
    return error(
        "duplicate-query",
        f"the file already has a query {query.name}",
        span=query.name_span,
        hint=f"the first is at {place.source.path}:{place.line}:{place.column};"
        " names are unique within a file",
    )
