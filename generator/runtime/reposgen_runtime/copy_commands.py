"""SQL of COPY commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from psycopg.pq import Format

from .catalog import sql_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from psycopg.abc import Buffer

    from .codec import Codec
    from .statement import CopyInto, Statement

CopyFormat = Literal["csv", "text", "binary"]
LinesFormat = Literal["csv", "text", "binary", "lines"]

# Tokens that can contain a `$1` which is not a parameter, and parameters.
_TOKEN: Final = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*'
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | (?<![\w$])\$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$
    | --[^\n]*
    | (?P<comment>/\*)
    | (?<![\w$])\$(?P<number>\d+)
    | [\w$]+
    """,
    re.VERBOSE | re.DOTALL,
)
# The staging table's name occurs in the statements that read it. Its sequence has
# numbered the rows, and advances as they are read.
_STAGING: Final = "reposgen_rows"
_NUMBER: Final = "reposgen_row"
SAVEPOINT: Final = f"SAVEPOINT {_STAGING}"
FAILED_INSERT: Final = f"ROLLBACK TO {SAVEPOINT}"
LAST_ROW: Final = f"SELECT last_value FROM pg_temp.{_STAGING}_{_NUMBER}_seq"
TIDY: Final = f"RELEASE {SAVEPOINT}; DROP TABLE pg_temp.{_STAGING}"
# Errors that are detected at the end of a statement, for all rows.
_CHECKED_LAST: Final = frozenset({"23001", "23503"})

_LAST_PART: Final = re.compile(r'"((?:[^"]|"")*)"$')

# COPY's binary format, with no flags, and no extension of the header.
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER: Final = b"\xff\xff"

# In COPY's text format.
_ESCAPE: Final = re.compile(rb"\\(.)", re.DOTALL)
_ESCAPED: Final = {
    bytes([letter]): bytes([code])
    for letter, code in zip(b"bfnrtv", b"\b\f\n\r\t\v", strict=True)
}
_NULL: Final = b"\\N\n"
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")


def copy_into(target: CopyInto, copy_format: Format) -> bytes:
    """Return the command that copies into a table's columns."""
    name = "BINARY" if copy_format is Format.BINARY else "TEXT"
    columns = ", ".join(target.columns)
    return f"COPY {target.table} ({columns}) FROM STDIN (FORMAT {name})".encode()


def ask_for_columns(target: CopyInto, name: str) -> bytes:
    """Return commands that report a COPY's column types and lock the table.

    They prepare an INSERT into the same columns. Preparing finds the table as COPY
    does, needs no privilege to read the table, and locks it until the transaction ends.
    Unlike a query of the catalog, it does not depend on the transaction's snapshot.

    Args:
        target: the target of the COPY.
        name: a unique name for the prepared INSERT.
    """
    columns = ", ".join(target.columns)
    values = ", ".join(f"${number}" for number, _ in enumerate(target.columns, 1))
    return (
        f"PREPARE {name} AS INSERT INTO {target.table} ({columns}) VALUES ({values});"
        " SELECT pg_catalog.array_to_string("
        "prepared.parameter_types::pg_catalog.oid[], ' ')"
        " FROM pg_catalog.pg_prepared_statements AS prepared"
        f" WHERE prepared.name OPERATOR(pg_catalog.=) '{name}';"
        f" DEALLOCATE {name}"
    ).encode()


def copy_frame(copy_format: Format) -> tuple[bytes, bytes]:
    """Return the bytes before and after the rows."""
    return (_SIGNATURE, _TRAILER) if copy_format is Format.BINARY else (b"", b"")


def create_staging(statement: Statement[Any]) -> str:
    """Return the command that creates the staging table, a column per parameter."""
    names = statement.copy.columns if statement.copy else ()
    columns = "".join(
        f", {name} {sql_type(type_name)}"
        for name, type_name in zip(names, statement.parameters, strict=True)
    )
    return (
        f"CREATE TEMPORARY TABLE {_STAGING}"
        f" ({_NUMBER} bigint GENERATED ALWAYS AS IDENTITY{columns}) ON COMMIT DROP"
    )


def failed_row(error: psycopg.Error, read: int, count: int) -> int | None:
    """Return the index of the row at which an INSERT of staged rows failed.

    Args:
        error: the server's error.
        read: number of rows that the server had read.
        count: number of all rows.

    Returns:
        The index, or None if the row cannot be determined.
    """
    if read < 1:
        return None
    # After the last row, the error can concern any row, since triggers run last.
    late = error.sqlstate in _CHECKED_LAST or error.diag.context is not None
    return None if read == count and late else read - 1


def place_in_copy(
    error: psycopg.Error, target: CopyInto
) -> tuple[int | None, str | None]:
    """Return the index and the column of the row that COPY refused; None if unknown.

    The server names both in the CONTEXT of the error, in its own language: "COPY tasks,
    line 3, column title".
    """
    table = re.escape(unquoted(target.table))
    columns = "|".join(re.escape(unquoted(column)) for column in target.columns)
    found = re.search(
        rf"^COPY {table}, [^\d\n]*(\d+)(?:, [^\n,:]*? ({columns})(?=[:\n]|$))?",
        error.diag.context or "",
        re.MULTILINE,
    )
    # Line 0 is before the first row, for example while waiting for a lock.
    if found is None or int(found[1]) == 0:
        return None, None
    return int(found[1]) - 1, found[2]


def unquoted(name: str) -> str:
    """Return the last part of a quoted name, as messages show it."""
    found = _LAST_PART.search(name)
    return found[1].replace('""', '"') if found else name.rpartition(".")[2]


def copy_query(
    codec: Codec[Any], values: Sequence[Any], copy_format: LinesFormat, *, header: bool
) -> bytes:
    """Return a COPY of a query's rows with literals: COPY takes no parameters."""
    literals = codec.literals(values)
    query = replace_parameters(codec.statement.sql, literals)
    options = f"FORMAT {'text' if copy_format == 'lines' else copy_format}"
    if copy_format == "csv" and header:
        options += ", HEADER"
    command = f"COPY ({query}\n) TO STDOUT ({options})"
    return command.encode() + codec.suffix


def argument_at(
    codec: Codec[Any], values: Sequence[Any], command: bytes, error: psycopg.Error
) -> str | None:
    """Return the name of the argument whose literal the server could not read, or None.

    Args:
        codec: of the query.
        values: its arguments.
        command: that failed, with their literals.
        error: what the server said.
    """
    position = error.diag.statement_position
    if position is None:
        return None
    rest = command.decode()[int(position) - 1 :]
    for number, text in enumerate(codec.literals(values), 1):
        if rest.startswith(text.lstrip("( ")):
            return codec.statement.argument(number)
    return None


def literal(text: Buffer | None) -> str:
    """Return a value's text as a literal for any standard_conforming_strings."""
    if text is None:
        return "NULL"
    quoted = bytes(text).decode().replace("'", "''")
    if "\\" not in quoted:
        return f"'{quoted}'"
    escaped = quoted.replace("\\", "\\\\")
    return f" E'{escaped}'"


def line(row: bytes, *, json: bool) -> bytes:
    """Return the single value of a row in COPY's text format, unescaped; NULL is empty.

    Args:
        row: the row, with its line break.
        json: True if line breaks in the value can be replaced by spaces.
    """
    if row == _NULL:
        return b"\n"
    if b"\\" not in row:
        return row
    value = _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), row[:-1])
    if json:
        value = value.replace(b"\r", b" ").replace(b"\n", b" ")
    return value + b"\n"


def replace_parameters(sql: str, literals: Sequence[str]) -> str:
    """Return the statement with a literal in place of each `$n`."""
    parts: list[str] = []
    position = 0
    while (found := _TOKEN.search(sql, position)) is not None:
        end = found.end()
        if found["comment"]:
            end = _comment_end(sql, end)
        text = sql[found.start() : end]
        if found["number"]:
            text = literals[int(found["number"]) - 1]
        parts += [sql[position : found.start()], text]
        position = end
    return "".join((*parts, sql[position:]))


def _comment_end(sql: str, position: int) -> int:
    depth = 1
    while depth and (edge := _COMMENT_EDGE.search(sql, position)) is not None:
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position
