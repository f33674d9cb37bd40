"""Applies the files of a schema, and finds the place of what goes wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus

from reposgen.diagnostics import ReposgenError, SourceFile, error
from reposgen.sql_source.statements import split

if TYPE_CHECKING:
    from psycopg import Connection

    from reposgen.database.model import Migrations
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.sql_source.statements import Statement

# Where the way back begins, for goose, sql-migrate, tern and dbmate.
_DOWN = re.compile(
    r"^(?:-- ?\+goose down|-- ?\+migrate down|---- create above / drop below ----"
    r"|-- ?migrate:down)",
    re.IGNORECASE | re.MULTILINE,
)
# pg_dump's data: lines up to one that is \. alone.
_COPY_DATA = re.compile(
    r"^copy\b[^;\r\n]*\bfrom\s+stdin\b[^;\r\n]*;[^\r\n]*\r?$\n(?s:.*?)^\\\.\r?$",
    re.IGNORECASE | re.MULTILINE,
)
# What concerns the server beyond the scratch database: made on the user's server it
# would stay there, and some of it would change or drop what is the user's.
_BEYOND = re.compile(
    r"(?:create|alter|drop)\s+(?:database|tablespace|subscription|system)\b"
    r"|(?:comment|grant|revoke)\b[^;]*?\bon\s+database\b",
    re.IGNORECASE,
)
_TRANSACTION = re.compile(
    r"(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release"
    r"|prepare\s+transaction)\b",
    re.IGNORECASE,
)
_CREATE_ROLE = re.compile(
    r"create\s+(?:role|user|group)\b(?!\s+mapping)", re.IGNORECASE
)
_ROLE_NAME = re.compile(
    r'\bcreate\s+(?:role|user|group)\s+(?:"((?:[^"]|"")+)"|([^\W\d][\w$]*))',
    re.IGNORECASE,
)
_NAMED = re.compile(r'"([^"]+)"')
_WORD = re.compile(r'"(?:[^"]|"")*"|\w+')
_PASSWORD = re.compile(r"\bpassword\s+'", re.IGNORECASE)
_EXTENSION = re.compile(r'extension "([^"]+)" is not available')


def apply(connection: Connection, migrations: Migrations, *, embedded: bool) -> None:
    """Apply the files in their order.

    A file is applied in one transaction where that is possible, as migration tools
    do it, and otherwise statement by statement, as psql does. Each file begins with
    a session as if newly connected.

    Args:
        connection: to the scratch database, committing by itself.
        migrations: the files.
        embedded: the server is the embedded one; hints are worded for it.

    Raises:
        ReposgenError: the first statement that fails, or what cannot be taken apart
            into statements.
    """
    files = [(file, _statements(file)) for file in migrations.files]
    for file, statements in files:
        try:
            _apply_file(connection, statements)
        except _FailedError as failed:
            raise ReposgenError([_diagnostic(file, failed, embedded)]) from None
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            raise ReposgenError([_left_open(file, statements)])
        # It takes prepared statements with it that psycopg would think are there.
        connection.execute("DISCARD ALL", prepare=False)


def role_names(migrations: Migrations) -> set[str]:
    """The roles that the files create, in functions and DO blocks as well."""
    return {
        quoted.replace('""', '"') if quoted else bare.lower()
        for file in migrations.files
        for quoted, bare in _ROLE_NAME.findall(file.text)
    }


class _FailedError(Exception):
    def __init__(self, statement: Statement, problem: psycopg.Error) -> None:
        super().__init__(str(problem))
        self.statement = statement
        self.problem = problem


def _statements(file: SourceFile) -> list[Statement]:
    """The statements to apply; their places are those in the file."""
    down = _DOWN.search(file.text)
    # Spaces of the same length keep every place.
    text = _COPY_DATA.sub(lambda m: re.sub(r"[^\r\n]", " ", m[0]), file.text)
    parts = split(
        SourceFile(path=file.path, text=text), end=down.start() if down else None
    )
    if parts.diagnostics:
        raise ReposgenError(parts.diagnostics)
    return [s for s in parts.statements if not _BEYOND.match(s.text)]


def _apply_file(connection: Connection, statements: list[Statement]) -> None:
    if not any(_TRANSACTION.match(s.text) for s in statements):
        try:
            with connection.transaction():
                for statement in statements:
                    connection.execute(statement.text.encode(), prepare=False)
        except psycopg.Error:
            # What cannot run in a transaction (CREATE INDEX CONCURRENTLY, the use
            # of a label just added to an enum) may run without; what is wrong in
            # itself fails again.
            pass
        else:
            return
    for statement in statements:
        try:
            connection.execute(statement.text.encode(), prepare=False)
        except psycopg.errors.DuplicateObject as problem:
            # Roles are the server's: another schema on it may have the same.
            if not _CREATE_ROLE.match(statement.text):
                raise _FailedError(statement, problem) from None
        except psycopg.Error as problem:
            raise _FailedError(statement, problem) from None


def _diagnostic(file: SourceFile, failed: _FailedError, embedded: bool) -> Diagnostic:
    said = failed.problem.diag
    message = said.message_primary or "the connection was lost"
    hint = "; ".join(filter(None, (said.message_detail, said.message_hint))) or None
    code = "migration-failed"
    if missing := _EXTENSION.search(message):
        code = "extension-unavailable"
        message = f'the server has no extension "{missing[1]}"'
        hint = "set [database] url to a server or a docker image that has it"
        if embedded:
            hint = f"the embedded server has only plpgsql and vector: {hint}"
    elif said.sqlstate:
        message = f"{message} (SQLSTATE {said.sqlstate})"
    span = _place(file, failed)
    if _PASSWORD.search(failed.statement.text):
        # An excerpt would show it.
        where = f"{file.path}:{span.line}:{span.column}"
        return error(code, message, path=where, hint=hint)
    return error(code, message, span=span, hint=hint)


def _left_open(file: SourceFile, statements: list[Statement]) -> Diagnostic:
    last = [s for s in statements if _TRANSACTION.match(s.text)][-1].tokens[0]
    return error(
        "open-transaction",
        "the file ends within a transaction",
        span=file.span(last.start, last.end),
        hint="add COMMIT; where it is to end",
    )


def _place(file: SourceFile, failed: _FailedError) -> Span:
    """The word that the server points at, or names, or the statement's first."""
    said = failed.problem.diag
    words = failed.statement.tokens
    if said.statement_position:
        at = failed.statement.start + int(said.statement_position) - 1
        # It may lie within a string: the body of a function.
        word = _WORD.match(file.text, at)
        return file.span(at, word.end() if word else None)
    named = _NAMED.search(said.message_primary or "")
    spelled = [w for w in words if named and _name(w.text) == named[1]]
    # A name that stands there twice may be wrong in either place.
    place = spelled[0] if len(spelled) == 1 else words[0]
    return file.span(place.start, place.end)


def _name(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
