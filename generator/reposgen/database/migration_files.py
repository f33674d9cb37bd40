"""From files and folders of migrations to `Migrations`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.database.model import MigrationFile, Migrations, Part
from reposgen.database.psql import Meaning, read_command, without_data
from reposgen.diagnostics import (
    ReposgenError,
    SourceFile,
    conflict_markers,
    error,
    warning,
)
from reposgen.sql_files import ambiguous_order, skipped_folders, sql_files
from reposgen.sql_source.statements import split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reposgen.diagnostics import Diagnostic, Span

# Where the way back begins, for goose, sql-migrate, tern and dbmate.
_DOWN = re.compile(
    r"^(?:-- ?\+goose down|-- ?\+migrate down|---- create above / drop below ----"
    r"|-- ?migrate:down)",
    re.IGNORECASE | re.MULTILINE,
)
_PSQL_LINE = re.compile(r"^\\", re.MULTILINE)


def read_migrations(
    paths: Sequence[str], root: Path, search_path: Sequence[str] = ()
) -> Migrations:
    """Read the files of one schema.

    Args:
        paths: files, folders and patterns, relative to `root` or absolute.
            `reposgen.sql_files` defines which files a folder stands for, and their
            order.
        root: the project's folder, which the paths in diagnostics are relative to.
        search_path: schemas in which unqualified names are looked up.

    Raises:
        ReposgenError: files cannot be read, and all are listed; there are none; or
            their order is unclear.
    """
    files: list[MigrationFile] = []
    problems: list[Diagnostic] = []
    warnings: list[Diagnostic] = []
    for path in (path for written in paths for path in _ordered(root, written)):
        try:
            file, ignored = read_file(path, root)
            files.append(file)
            warnings += ignored
        except ReposgenError as unreadable:
            problems += unreadable.diagnostics
    skipped = [_skipped(f, root) for p in paths for f in skipped_folders(root, p)]
    if not files and not problems:
        problems.append(
            error(
                "no-migrations",
                "there are no .sql files here",
                path=_shown(root / paths[0], root) if paths else None,
                hint="put the schema's files here, or correct schema in the"
                " configuration",
            )
        )
    if problems:
        raise ReposgenError([*problems, *skipped])
    warnings += skipped
    return Migrations(
        files=tuple(files),
        diagnostics=tuple(warnings),
        search_path=tuple(search_path),
    )


def read_file(path: Path, root: Path) -> tuple[MigrationFile, list[Diagnostic]]:
    """Read a file and the files that it includes; return it with warnings.

    Raises:
        ReposgenError: a file cannot be read.
    """
    source = read_sql(path, root)
    warnings: list[Diagnostic] = []
    parts = tuple(_parts(source, path, root, (), warnings))
    return MigrationFile(path=source.path, parts=parts, place=path), warnings


def way_up(source: SourceFile) -> Part:
    """Return the part of a file that is applied: everything before the down part."""
    down = _DOWN.search(source.text)
    return Part(source=source, start=0, end=down.start() if down else len(source.text))


def way_down(source: SourceFile) -> Part | None:
    """Return the down part of a file, from its marker on; None without a marker."""
    down = _DOWN.search(source.text)
    if down is None:
        return None
    return Part(source=source, start=down.start(), end=len(source.text))


def _ordered(root: Path, written: str) -> tuple[Path, ...]:
    files = sql_files(root, written)
    if unclear := ambiguous_order(files):
        versioned, other = unclear.versioned.name, unclear.other.name
        raise ReposgenError(
            [
                error(
                    "ambiguous-order",
                    f'the order of "{versioned}" and "{other}" is unclear: some names'
                    " in the folder begin with a version, others do not",
                    path=_shown(unclear.other.parent, root),
                    hint="list the files of schema in their order, or give each a"
                    " version",
                )
            ]
        )
    return files


def _skipped(folder: Path, root: Path) -> Diagnostic:
    shown = _shown(folder, root)
    return warning(
        "folder-not-read",
        "the .sql files in the folder are not read",
        path=shown,
        hint=f'to read them, add "{shown}" to schema, or write a pattern: "**/*.sql"',
    )


def _not_followed(span: Span) -> Diagnostic:
    return warning(
        "psql-command",
        "psql's \\connect is ignored: all files are applied to one scratch database",
        span=span,
        hint="if the file describes several databases, write a file for each",
    )


def _parts(
    source: SourceFile,
    path: Path,
    root: Path,
    above: tuple[Path, ...],
    warnings: list[Diagnostic],
) -> Iterator[Part]:
    """Yield the parts of a file, with those of included files in their place."""
    whole = way_up(source)
    if not _PSQL_LINE.search(source.text):
        yield whole
        return
    start, end = 0, whole.end
    above = (*above, path.resolve())
    lexed = SourceFile(path=source.path, text=without_data(source.text))
    for token in split(lexed, end=end).commands:
        command = read_command(token, source, path.parent, root)
        if command.meaning is Meaning.CONNECT:
            warnings.append(_not_followed(source.span(token.start, token.end)))
        if command.meaning in (Meaning.NOTHING, Meaning.CONNECT):
            continue
        yield Part(source=source, start=start, end=token.start)
        start = token.end
        if command.meaning is Meaning.QUIT:
            return
        if command.path in above:
            raise ReposgenError(
                [
                    error(
                        "psql-command",
                        "the file includes itself",
                        span=source.span(token.start, token.end),
                        hint="remove the line",
                    )
                ]
            )
        if command.path is not None:
            included = read_sql(command.path, root.resolve())
            yield from _parts(included, command.path, root, above, warnings)
    yield Part(source=source, start=start, end=end)


def read_sql(path: Path, root: Path) -> SourceFile:
    """Read one file, with LF line ends and without a byte order mark.

    Raises:
        ReposgenError: the file cannot be read, is not text, or contains conflicts.
    """
    shown = _shown(path, root)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        diagnostic = error(
            "missing-schema",
            "the file or folder does not exist",
            path=shown,
            hint="correct schema in the configuration",
        )
        raise ReposgenError([diagnostic]) from None
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        diagnostic = error("unreadable-file", f"cannot be read: {reason}", path=shown)
        raise ReposgenError([diagnostic]) from None
    text = data.decode("utf-8-sig", errors="replace")
    source = SourceFile(path=shown, text=text)
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        # The decoder counts from behind a byte order mark, if there is one.
        at = len(problem.object[: problem.start].decode())
        diagnostic = error(
            "not-utf-8",
            f"the byte 0x{problem.object[problem.start]:02x} is not UTF-8",
            span=source.span(at),
            hint="save the file as UTF-8",
        )
        raise ReposgenError([diagnostic]) from None
    if "\0" in text:
        diagnostic = error(
            "nul-character",
            "the file contains a NUL character",
            span=source.span(text.index("\0")),
            hint="remove it",
        )
        raise ReposgenError([diagnostic])
    if marked := conflict_markers(source):
        raise ReposgenError([marked])
    # The same schema comes out, however git or an editor ends the lines.
    return SourceFile(path=shown, text=text.replace("\r\n", "\n"))


def _shown(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
