"""Files of a package's schema, their statements, and their down parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.database.migration_files import read_file, read_sql, way_down
from reposgen.database.migrations import is_query, make_roles, statements_of
from reposgen.database.psql import COPY_DATA, without_data
from reposgen.development.model import Migration, Step
from reposgen.diagnostics import ReposgenError, SourceFile, error
from reposgen.sql_files import is_repeatable, version_text, way_down_files
from reposgen.sql_source.statements import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from psycopg import Connection

    from reposgen.database.model import MigrationFile, Migrations, Part
    from reposgen.diagnostics import Span
    from reposgen.sql_source.statements import Statement


def in_order(migrations: Migrations) -> tuple[Migration, ...]:
    """Return the files of a schema, with the versions in their names."""
    return tuple(map(_migration, migrations.files))


def make_named_roles(connection: Connection, migrations: Migrations) -> None:
    """Create the roles that a schema presupposes, as `generate` does.

    Raises:
        ReposgenError: a file cannot be split into statements.
    """
    parts = (part for file in migrations.files for part in file.parts)
    make_roles(connection, migrations, statements_of(parts))


def _migration(file: MigrationFile) -> Migration:
    place = file.place or Path(file.path)
    return Migration(
        file=file,
        place=place,
        version=version_text(place),
        repeatable=is_repeatable(place),
    )


def parts_down(migration: Migration, root: Path) -> tuple[Part, ...] | None:
    """Return the parts that undo a migration; None if there are none.

    Raises:
        ReposgenError: the parts cannot be read.
    """
    if part := way_down(read_sql(migration.place, root)):
        lexed = SourceFile(path=part.source.path, text=without_data(part.source.text))
        for command in split(lexed, part.start, part.end).commands:
            raise ReposgenError(
                [
                    error(
                        "psql-command",
                        "psql's commands are not supported in the down part of a"
                        " migration",
                        span=part.source.span(command.start, command.end),
                        hint="write the statements in place of the command",
                    )
                ]
            )
        return (part,)
    for path in way_down_files(migration.place):
        return read_file(path, root)[0].parts
    return None


def steps_of(parts: Iterable[Part]) -> tuple[Step, ...]:
    """Return the statements to run, in order.

    Raises:
        ReposgenError: a literal is never closed, or a COPY has no data.
    """
    return tuple(step for part in parts for step in _steps(part))


def _steps(part: Part) -> Iterator[Step]:
    text = part.source.text
    lexed = SourceFile(path=part.source.path, text=without_data(text))
    stretch = split(lexed, part.start, part.end)
    if stretch.diagnostics:
        raise ReposgenError(stretch.diagnostics)
    found = [Step(statement=s) for s in stretch.statements if not is_query(s)]
    for block in COPY_DATA.finditer(text, part.start, part.end):
        copied = split(part.source, block.start("copy"), block.end("copy"))
        found += (Step(statement=s, data=block["data"]) for s in copied.statements[:1])
    for step in found:
        if step.data is None and (span := _asks_client(step.statement)):
            raise ReposgenError(
                [
                    error(
                        "copy-without-data",
                        "COPY has no data: lines up to one that is \\. are missing",
                        span=span,
                        hint="write INSERT, or COPY … FROM stdin; with its lines and"
                        " \\. on a line of its own",
                    )
                ]
            )
    yield from sorted(found, key=lambda step: step.statement.start)


def _asks_client(statement: Statement) -> Span | None:
    """Return the place where a COPY names the client as source or target, or None."""
    if statement.tokens[0].text.upper() != "COPY":
        return None
    for token in statement.tokens:
        if token.text.upper() in ("STDIN", "STDOUT"):
            return statement.source.span(token.start, token.end)
    return None
