"""Files and folders of migrations → `Migrations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.database.model import Migrations
from reposgen.diagnostics import ReposgenError, SourceFile, error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reposgen.diagnostics import Diagnostic


def read_migrations(paths: Sequence[Path], root: Path) -> Migrations:
    """Read the files of one schema.

    Args:
        paths: files and folders, relative to `root` or absolute. A folder means the
            `*.sql` files directly in it, in the order of their names. The ways down
            (`*.down.sql`) are left out.
        root: the project's folder, which the paths in diagnostics are relative to.

    Raises:
        ReposgenError: files that cannot be read, all of them; or there are none.
    """
    found = [file for path in paths for file in _sql_files(root / path)]
    files: list[SourceFile] = []
    problems: list[Diagnostic] = []
    for path in found:
        try:
            files.append(_read(path, _shown(path, root)))
        except ReposgenError as unreadable:
            problems += unreadable.diagnostics
    if not found:
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
        raise ReposgenError(problems)
    return Migrations(files=tuple(files))


def _sql_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [] if path.name.endswith(".down.sql") else [path]
    return sorted(
        (
            file
            for file in path.iterdir()
            if file.suffix == ".sql"
            and not file.name.startswith(".")
            and not file.name.endswith(".down.sql")
        ),
        key=lambda file: file.name,
    )


def _read(path: Path, shown: str) -> SourceFile:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        diagnostic = error(
            "missing-schema",
            "there is no such file or folder",
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
            f"the byte 0x{problem.object[problem.start]:02x} here is not UTF-8",
            span=source.span(at),
            hint="save the file as UTF-8",
        )
        raise ReposgenError([diagnostic]) from None
    if "\0" in text:
        diagnostic = error(
            "nul-character",
            "there is a NUL character here",
            span=source.span(text.index("\0")),
            hint="take it out",
        )
        raise ReposgenError([diagnostic])
    return source


def _shown(path: Path, root: Path) -> str:
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()
