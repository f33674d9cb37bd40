"""psycopg's exceptions as the repositories' own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import errors as pg

from . import errors
from .copy_commands import unquoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .roots import Key
    from .statement import Package, Statement

# The longest prefix of the SQLSTATE decides.
_BY_SQLSTATE: Final[Mapping[str, type[errors.RepositoryError]]] = {
    "08": errors.ConnectionLost,
    "08007": errors.OutcomeUnknown,
    "21000": errors.TooManyRows,
    "22": errors.DataRejected,
    "22021": errors.InvalidText,
    "22P05": errors.InvalidText,
    "23": errors.ConstraintViolation,
    "23001": errors.ForeignKeyMissing,
    "23502": errors.NotNullMissing,
    "23503": errors.ForeignKeyMissing,
    "23505": errors.AlreadyExists,
    "23514": errors.CheckFailed,
    "23P01": errors.ExclusionViolated,
    "25006": errors.ReadOnlyTransaction,
    "25P02": errors.TransactionFailed,
    "25P03": errors.ConnectionLost,
    "25P04": errors.TransactionTimeout,
    "3F000": errors.SchemaChanged,
    "40": errors.Conflict,
    "40001": errors.SerializationFailure,
    "40P01": errors.Deadlock,
    "40003": errors.OutcomeUnknown,
    # The server accepted the statement when the code was generated.
    "42": errors.SchemaChanged,
    "42501": errors.PermissionDenied,
    # What a statement was to make is there.
    "42710": errors.QueryRejected,
    "42723": errors.QueryRejected,
    "42P03": errors.QueryRejected,
    "42P04": errors.QueryRejected,
    "42P05": errors.QueryRejected,
    "42P06": errors.QueryRejected,
    "42P07": errors.QueryRejected,
    "44": errors.CheckFailed,
    "53": errors.OutOfResources,
    "55P03": errors.LockNotAvailable,
    "57014": errors.StatementTimeout,
    "57P": errors.ConnectionLost,
    "58": errors.OutOfResources,
}

# Behind the name of an argument.
UNSTORABLE: Final = "holds a character that PostgreSQL cannot store"

# What the SQLSTATE alone does not tell, the name of the server's function does, in
# whatever language its message is.
_BY_FUNCTION: Final[Mapping[tuple[str, str], type[errors.RepositoryError]]] = {
    # An upsert refuses to update a row twice: not a subquery with too many rows.
    ("21000", "ExecOnConflictUpdate"): errors.RepeatedKey,
    # Of a check, but no constraint of that name: no partition takes the row, or not the
    # one that was written to.
    ("23514", "ExecFindPartition"): errors.PartitionMissing,
    ("23514", "ExecPartitionCheckEmitError"): errors.PartitionMissing,
    # A policy has the SQLSTATE of a missing privilege.
    ("42501", "ExecWithCheckOptions"): errors.PolicyFailed,
    # The columns of a prepared statement changed: in a transaction it can't be prepared
    # once more.
    ("0A000", "RevalidateCachedQuery"): errors.SchemaChanged,
    # FOR UPDATE of what has become a view with DISTINCT, or the like.
    ("0A000", "CheckSelectLocking"): errors.SchemaChanged,
    # COPY into a table that has got row-level security.
    ("0A000", "DoCopy"): errors.SchemaChanged,
    # A table has become a view.
    ("55000", "rewriteTargetView"): errors.SchemaChanged,
    ("55000", "error_view_not_updatable"): errors.SchemaChanged,
}
# RAISE: what the SQLSTATE means, a function of the user's decided.
_RAISE: Final = "exec_stmt_raise"
# An argument is no label of its enum: it was one when the code was generated.
_ENUM_INPUT: Final = ("enum_in", "enum_recv")
# An argument is no JSON to the server: what is sent always is, but for half of a
# surrogate pair, which only Python's strings can hold.
_JSON_INPUT: Final = ("json_errsave_error", "json_ereport_error")
# The end of the CONTEXT of an error of reading an argument, in the server's language:
# "unnamed portal parameter $2 = '...'". That of running a statement can list all.
_PARAMETER: Final = re.compile(
    r"^[^:\uff1a$\"'\n]*\$(\d+)(?: = [^\n]*)?\Z", re.MULTILINE
)
_IN_COPY: Final = re.compile(r"^COPY ", re.MULTILINE)
# The server's functions have names; a pooler's errors have none.
_PROTOCOL: Final = "08P01"
_INTERNAL: Final = "XX000"

_FULL: Final = re.compile(
    r"too many clients|too many connections|remaining connection slots"
)


def translate(
    error: psycopg.Error,
    package: Package,
    *,
    query: str | None = None,
    item: int | None = None,
    column: str | None = None,
    argument: str | None = None,
    root: Key | None = None,
) -> errors.RepositoryError:
    """The repository error for a psycopg error; raise it `from None`.

    psycopg's own text holds PostgreSQL's DETAIL, which a printed cause would show.

    Args:
        error: psycopg's.
        package: whose statement failed.
        query: the statement's name.
        item: of a batch or COPY, the index of the item that failed.
        column: that is to blame.
        argument: that the server could not read.
        root: the constraint that the one in the error repeats for a partition.
    """
    diag = error.diag
    sqlstate = error.sqlstate
    kind = _kind(error, sqlstate)
    summary = _summary(error, sqlstate)
    if diag.source_function in _ENUM_INPUT and _is_input(error):
        kind = errors.SchemaChanged
        summary = "an enum of the database lacks a label that the generated code has"
    if diag.source_function in _JSON_INPUT and argument is not None:
        kind = errors.InvalidText
    if kind is errors.InvalidText and argument is not None:
        summary = f"{argument} {UNSTORABLE}"
    if issubclass(kind, errors.ConstraintViolation):
        key = root or (
            diag.schema_name or "",
            diag.table_name or diag.datatype_name or "",
            diag.constraint_name or "",
        )
        kind = package.constraints.get(key, kind)
    return kind(
        summary,
        query=query,
        sqlstate=sqlstate,
        constraint=diag.constraint_name,
        detail=diag.message_detail,
        item=item,
        column=column or diag.column_name,
        argument=argument,
        driver_error=error,
    )


def argument_of(
    error: psycopg.Error, statement: Statement[Any], column: str | None = None
) -> str | None:
    """The name of the argument, or the item's field, that the server could not read.

    Args:
        error: psycopg's.
        statement: that failed.
        column: of the COPY, that the error names.
    """
    if column is None or statement.copy is None:
        number = _parameter_of(error)
    else:
        columns = [*map(unquoted, statement.copy.columns)]
        number = columns.index(column) + 1
    return None if number is None else statement.argument(number)


def _parameter_of(error: psycopg.Error) -> int | None:
    """The number of the parameter whose value the server could not read, if any."""
    found = _PARAMETER.search(error.diag.context or "")
    return None if found is None else int(found[1])


def _is_input(error: psycopg.Error) -> bool:
    """Whether a value that was sent could not be read."""
    in_copy = _IN_COPY.search(error.diag.context or "")
    return in_copy is not None or _parameter_of(error) is not None


def outcome_of(
    error: errors.ConnectionLost, statement: Statement[Any]
) -> errors.ConnectionLost | errors.OutcomeUnknown:
    """The error of a write on a connection that broke.

    Where the server said that it ends the connection, the write was not done; nor was
    it where it had a transaction whose COMMIT was not sent. A pooler that lost the
    server says so in class 08, and knows no more than that.
    """
    if error.done is False:
        return error
    if error.sqlstate is not None and not error.sqlstate.startswith("08"):
        return error
    return errors.OutcomeUnknown(
        "the connection broke while the statement ran",
        query=statement.name,
        driver_error=error.driver_error,
    )


def unreachable(error: psycopg.Error) -> errors.Unavailable:
    """The error of a connection that could not be made."""
    text = str(error)
    # libpq tells no SQLSTATE here.
    full = _FULL.search(text) is not None
    kind = errors.OutOfResources if full else errors.Unavailable
    return kind(text, driver_error=error)


def _kind(error: psycopg.Error, sqlstate: str | None) -> type[errors.RepositoryError]:
    if sqlstate is not None:
        return _kind_of(error, sqlstate)
    match error:
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return errors.ConnectionLost
        case psycopg.DataError():
            return errors.Unrepresentable
        case _:
            return errors.QueryRejected


def _kind_of(error: psycopg.Error, sqlstate: str) -> type[errors.RepositoryError]:
    function = error.diag.source_function or ""
    if sqlstate == _PROTOCOL and function:
        # The server refuses a value; a pooler, too, says so that it lost the server.
        return errors.DataRejected
    if sqlstate == _INTERNAL and _is_lookup(error):
        return errors.SchemaChanged
    kind = _BY_FUNCTION.get((sqlstate, function))
    for length in (5, 3, 2):
        kind = kind or _BY_SQLSTATE.get(sqlstate[:length])
    if kind is errors.SchemaChanged and function == _RAISE:
        return errors.QueryRejected
    return kind or errors.QueryRejected


def _is_lookup(error: psycopg.Error) -> bool:
    """A type is gone whose oid was sent; such messages are never translated."""
    return (error.diag.message_primary or "").startswith("cache lookup failed for")


def _summary(error: psycopg.Error, sqlstate: str | None) -> str:
    if sqlstate is None:
        return str(error)
    if sqlstate.startswith("22"):
        # These messages quote the offending value.
        return pg.lookup(sqlstate).__name__ if _is_known(sqlstate) else "data exception"
    return error.diag.message_primary or type(error).__name__


def _is_known(sqlstate: str) -> bool:
    try:
        pg.lookup(sqlstate)
    except KeyError:
        return False
    return True
