"""Application of a schema's files, and location of errors in them."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier

from reposgen.database.extensions import extension_hint
from reposgen.database.psql import without_data
from reposgen.database.roles import created_roles, named_roles
from reposgen.database.storage import is_about_storage, without_storage
from reposgen.diagnostics import ReposgenError, SourceFile, error
from reposgen.foreign_sql import foreign_hint
from reposgen.sql_source.lexer import TokenKind
from reposgen.sql_source.statements import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection

    from reposgen.database.model import MigrationFile, Migrations, Part
    from reposgen.diagnostics import Diagnostic, Span
    from reposgen.sql_source.statements import Statement

# A query: sqlc's users keep schema and queries in one file, and it skips these too.
_QUERY = re.compile(r"(?:--|/\*) ?name: *\S+ +:\w+")
_READS_OR_WRITES = re.compile(
    r"(?:select|with|insert|update|delete|values|merge)\b", re.IGNORECASE
)
# What the tools write where a file must not run in a transaction: for both ways, and
# for one of them.
_NO_TRANSACTION = (
    r"-- ?\+goose no transaction|-- ?atlas:txmode none|-- ?no-transaction *$"
    r"|---- tern: disable-tx ----|-- ?reposgen: ?no-transaction *$"
)
_NO_TRANSACTION_UP, _NO_TRANSACTION_DOWN = (
    re.compile(
        rf"^(?:{_NO_TRANSACTION}|-- ?\+migrate {way} notransaction"
        rf"|-- ?migrate:{way} .*transaction: ?false)",
        re.IGNORECASE | re.MULTILINE,
    )
    for way in ("up", "down")
)
# What concerns the server beyond the scratch database: made on the user's server it
# would stay there, and some of it would change or drop what is the user's.
_BEYOND = re.compile(
    r"(?:create|alter|drop)\s+(?:database|tablespace|subscription|system)\b"
    r"|(?:alter|drop)\s+(?:role|group|user(?!\s+mapping))\b"
    r"|(?:comment|grant|revoke)\b[^;]*?\bon\s+(?:database|role|tablespace)\b"
    r"|(?:grant|revoke)\b(?![^;]*\bon\b)"
    # Rows have no say in types, and these are in files of the server's.
    r"|copy\b",
    re.IGNORECASE,
)
# As whom statements run has no say in types, and the roles of a dump that are made for
# it may create nothing.
_AS_WHOM = re.compile(
    r"(?:set\s+(?:session\s+|local\s+)?(?:role|session\s+authorization)"
    r"|reset\s+(?:role|session\s+authorization))\b",
    re.IGNORECASE,
)
_OWNER = re.compile(
    r"alter\b[^;]*\bowner\s+to\s+(?:\w+|\"[^\"]+\")$",
    re.IGNORECASE,
)
_TRANSACTION = re.compile(
    r"(?:begin|start\s+transaction|commit|end|rollback|abort|savepoint|release"
    r"|prepare\s+transaction)\b",
    re.IGNORECASE,
)
_NO_ROLE = re.compile(r'role "(.+)" does not exist')
_NO_ROLE_HINT = "create it first: CREATE ROLE {}"
_ROLES_DENIED = "permission denied to create role"
_ROLES_DENIED_HINT = (
    "the user that connects needs ALTER ROLE ... CREATEROLE; a private server"
    ' ([database] url = "embedded") needs nothing'
)
_CREATE_ROLE = re.compile(
    r"create\s+(?:role|user|group)\b(?!\s+mapping)", re.IGNORECASE
)
_NAMED = re.compile(r'"([^"]+)"')
_WORD = re.compile(r'"(?:[^"]|"")*"|\w+')
_PASSWORD = re.compile(r"\bpassword\s+e?'", re.IGNORECASE)
_PSQL_COMMAND = re.compile(r"\\\w+")
_EXTENSION = re.compile(r'extension "([^"]+)" is not available')


def apply(connection: Connection, migrations: Migrations) -> None:
    """Apply the files in order.

    A file is applied in one transaction if possible, as migration tools do, and
    otherwise statement by statement, as psql does. Each file starts with the session
    state of a new connection.

    Args:
        connection: connection to the scratch database, in autocommit mode.
        migrations: the files.

    Raises:
        ReposgenError: a statement failed, or a file cannot be split into statements.
    """
    files = [(file, _statements(file)) for file in migrations.files]
    make_roles(connection, migrations, [s for _, several in files for s in several])
    for file, statements in files:
        try:
            _apply_file(connection, file, statements)
        except FailedError as failed:
            raise ReposgenError([diagnostic_of(failed)]) from None
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            raise ReposgenError([left_open(statements)])
        # It takes prepared statements with it that psycopg would think are there.
        connection.execute("DISCARD ALL", prepare=False)


def role_names(migrations: Migrations) -> set[str]:
    """Return the roles that applying the files can create."""
    named: set[str] = set()
    # A file that cannot be taken apart is not applied, and so are those after it.
    with suppress(ReposgenError):
        for file in migrations.files:
            named |= named_roles(_statements(file))
    return created_roles(migrations) | named


def make_roles(
    connection: Connection, migrations: Migrations, statements: Sequence[Statement]
) -> None:
    """Create the roles that a dump presupposes, as far as allowed."""
    there = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    missing = named_roles(statements) - created_roles(migrations) - there
    for name in sorted(missing):
        # Without them the statement that names one fails, and its place is told.
        with suppress(psycopg.errors.InsufficientPrivilege):
            connection.execute(SQL("CREATE ROLE {}").format(Identifier(name)))


class FailedError(Exception):
    """The server refused a statement, or was lost during it."""

    def __init__(self, statement: Statement, problem: psycopg.Error) -> None:
        super().__init__(str(problem))
        self.statement = statement
        self.problem = problem


def forbids_transaction(text: str, *, down: bool = False) -> bool:
    """Return True if a file states that it must not run in one transaction."""
    marker = _NO_TRANSACTION_DOWN if down else _NO_TRANSACTION_UP
    return marker.search(text) is not None


def controls_transactions(statement: Statement) -> bool:
    """Return True if a statement begins or ends a transaction or a savepoint."""
    return _TRANSACTION.match(statement.text) is not None


def creates_role(statement: Statement) -> bool:
    """Return True if a statement creates a role, which all databases share."""
    return _CREATE_ROLE.match(statement.text) is not None


def statements_of(parts: Iterable[Part]) -> list[Statement]:
    """Return all statements, with their places in their files.

    The data of COPY is left out. Queries are left out too, because sqlc's users keep
    them in the same files.

    Raises:
        ReposgenError: a literal or comment is never closed.
    """
    found: list[Statement] = []
    for part in parts:
        text = without_data(part.source.text)
        source = SourceFile(path=part.source.path, text=text)
        stretch = split(source, part.start, part.end)
        if stretch.diagnostics:
            raise ReposgenError(stretch.diagnostics)
        found += stretch.statements
    return [s for s in found if not is_query(s)]


def _statements(file: MigrationFile) -> list[Statement]:
    """Return the statements to apply to a scratch database."""
    return [
        s
        for s in statements_of(file.parts)
        if not (_BEYOND.match(s.text) or _AS_WHOM.match(s.text) or is_about_storage(s))
    ]


def is_query(statement: Statement) -> bool:
    """Return True if a statement is meant to be run by an application."""
    if any(_QUERY.match(comment.text) for comment in statement.comments):
        return True
    has_parameters = any(t.kind is TokenKind.PARAMETER for t in statement.tokens)
    return has_parameters and bool(_READS_OR_WRITES.match(statement.text))


def _apply_file(
    connection: Connection, file: MigrationFile, statements: list[Statement]
) -> None:
    if not any(map(controls_transactions, statements)) and not any(
        forbids_transaction(part.text) for part in file.parts
    ):
        try:
            with connection.transaction():
                for statement in statements:
                    _execute(connection, statement)
        except psycopg.Error:
            # What cannot run in a transaction (CREATE INDEX CONCURRENTLY, the use
            # of a label just added to an enum) may run without; what is wrong in
            # itself fails again.
            pass
        else:
            return
    for statement in statements:
        try:
            _execute(connection, statement)
        except psycopg.errors.DuplicateObject as problem:
            # Roles are the server's: another schema on it may have the same.
            if not creates_role(statement):
                raise FailedError(statement, problem) from None
        except psycopg.Error as problem:
            raise FailedError(statement, problem) from None


def _execute(connection: Connection, statement: Statement) -> None:
    text = without_storage(statement).encode()
    if _OWNER.match(statement.text):
        # An owner that may not have it (an event trigger is a superuser's) is left out.
        with (
            suppress(psycopg.errors.InsufficientPrivilege),
            connection.transaction(),
        ):
            connection.execute(text, prepare=False)
    else:
        connection.execute(text, prepare=False)


def diagnostic_of(failed: FailedError) -> Diagnostic:
    """Return the diagnostic for a statement that failed."""
    said = failed.problem.diag
    message = said.message_primary or "the connection was lost"
    hint = foreign_hint(message, failed.statement.text) or "; ".join(
        filter(None, (said.message_detail, said.message_hint))
    )
    code = "migration-failed"
    if missing := _EXTENSION.search(message):
        code = "extension-unavailable"
        message = f'the server has no extension "{missing[1]}"'
        hint = extension_hint(missing[1])
    elif said.sqlstate:
        if missing := _NO_ROLE.search(message):
            hint = _NO_ROLE_HINT.format(missing[1])
        elif message == _ROLES_DENIED:
            hint = _ROLES_DENIED_HINT
        message = f"{message} (SQLSTATE {said.sqlstate})"
    span = _place(failed)
    if command := _PSQL_COMMAND.match(span.source.text, span.start):
        code, message = "psql-command", f"psql's {command[0]} is not supported here"
        hint = "write the statements that psql would run"
    return error_at(span, code, message, hint)


def error_at(span: Span, code: str, message: str, hint: str | None) -> Diagnostic:
    """Return an error with its place, without the line if it contains a password."""
    if _PASSWORD.search(span.source.line_text(span.line)):
        where = f"{span.source.path}:{span.line}:{span.column}"
        return error(code, message, path=where, hint=hint or None)
    return error(code, message, span=span, hint=hint or None)


def left_open(statements: Sequence[Statement]) -> Diagnostic:
    """Return the error for a file that leaves a transaction open."""
    statement = [s for s in statements if controls_transactions(s)][-1]
    last = statement.tokens[0]
    return error_at(
        statement.source.span(last.start, last.end),
        "open-transaction",
        "the file ends within a transaction",
        "add COMMIT; where it is to end",
    )


def _place(failed: FailedError) -> Span:
    """Return the word at the server's position, or named by it, or the first one."""
    said = failed.problem.diag
    file = failed.statement.source
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
