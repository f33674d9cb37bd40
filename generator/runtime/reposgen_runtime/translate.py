"""Translation of psycopg's exceptions to the run time's own."""

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
    # The object to be created exists.
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

# Follows the name of an argument.
UNSTORABLE: Final = "holds a character that PostgreSQL cannot store"

# Errors that share a SQLSTATE are distinguished by the name of the server's function,
# which does not depend on the language.
_BY_FUNCTION: Final[Mapping[tuple[str, str], type[errors.RepositoryError]]] = {
    # An upsert refuses to update a row twice: not a subquery with too many rows.
    ("21000", "ExecOnConflictUpdate"): errors.RepeatedKey,
    # A check violation without a constraint: no partition accepts the row, or the
    # partition written to does not.
    ("23514", "ExecFindPartition"): errors.PartitionMissing,
    ("23514", "ExecPartitionCheckEmitError"): errors.PartitionMissing,
    # A policy has the SQLSTATE of a missing privilege.
    ("42501", "ExecWithCheckOptions"): errors.PolicyFailed,
    # The columns of a prepared statement changed: in a transaction it can't be prepared
    # once more.
    ("0A000", "RevalidateCachedQuery"): errors.SchemaChanged,
    # FOR UPDATE of what has become a view with DISTINCT, or the like.
    ("0A000", "CheckSelectLocking"): errors.SchemaChanged,
    # COPY into a table that now has row-level security.
    ("0A000", "DoCopy"): errors.SchemaChanged,
    # A table has become a view.
    ("55000", "rewriteTargetView"): errors.SchemaChanged,
    ("55000", "error_view_not_updatable"): errors.SchemaChanged,
}
# RAISE: a function of the user has chosen the SQLSTATE.
_RAISE: Final = "exec_stmt_raise"
# An argument is no longer a label of its enum.
_ENUM_INPUT: Final = ("enum_in", "enum_recv")
# The server cannot parse a JSON argument. What is sent is always JSON, except for half
# of a surrogate pair, which Python strings can hold.
_JSON_INPUT: Final = ("json_errsave_error", "json_ereport_error")
# Last line of the CONTEXT if the server could not read an argument, in the server's
# language: "unnamed portal parameter $2 = '...'". A line about all arguments of a
# statement that failed has a colon before the first `$`.
_PARAMETER: Final = re.compile(
    r"^[^:\uff1a$\"'\n]*\$(\d+)(?: = [^\n]*)?\Z", re.MULTILINE
)
_IN_COPY: Final = re.compile(r"^COPY ", re.MULTILINE)
# Errors of the server name a function; a pooler's errors do not.
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
    """Return the repository error for a psycopg error; raise it `from None`.

    The text of psycopg's error contains PostgreSQL's DETAIL, which a traceback would
    show as the cause.

    Args:
        error: psycopg's error.
        package: the package whose statement failed.
        query: the statement's name.
        item: index of the failed item of a batch or COPY.
        column: the column that caused the error.
        argument: name of the argument that the server could not read.
        root: the partitioned table's constraint that the error's constraint repeats.
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
    """Return the name of the argument or field that the server could not read, or None.

    Args:
        error: psycopg's exception.
        statement: the statement that failed.
        column: the column of a COPY that the error names.
    """
    if column is None or statement.copy is None:
        number = _parameter_of(error)
    else:
        columns = [*map(unquoted, statement.copy.columns)]
        number = columns.index(column) + 1
    return None if number is None else statement.argument(number)


def _parameter_of(error: psycopg.Error) -> int | None:
    """Return the number of the parameter that the server could not read, or None."""
    found = _PARAMETER.search(error.diag.context or "")
    return None if found is None else int(found[1])


def _is_input(error: psycopg.Error) -> bool:
    """Return True if the server could not read a value that was sent."""
    in_copy = _IN_COPY.search(error.diag.context or "")
    return in_copy is not None or _parameter_of(error) is not None


def outcome_of(
    error: errors.ConnectionLost, statement: Statement[Any]
) -> errors.ConnectionLost | errors.OutcomeUnknown:
    """Return the error of a write whose connection broke.

    The write is known to be undone if the server reported that it ends the connection,
    or if it belonged to a transaction whose COMMIT was not sent. A pooler reports the
    loss of its server in class 08, which says nothing about the write.
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
    """Return the error for a failed attempt to connect."""
    text = str(error)
    # libpq reports no SQLSTATE here.
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
        # The server refuses a value. A pooler reports a lost server with the same code.
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
    """Return True if a type no longer has the oid; the message is never translated."""
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
