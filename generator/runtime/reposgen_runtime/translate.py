"""psycopg's exceptions as the repositories' own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import errors as pg

from . import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "40": errors.Conflict,
    "40001": errors.SerializationFailure,
    "40P01": errors.Deadlock,
    "40003": errors.OutcomeUnknown,
    "42501": errors.PermissionDenied,
    "44": errors.CheckFailed,
    "53": errors.OutOfResources,
    "55P03": errors.LockNotAvailable,
    "57014": errors.StatementTimeout,
    "57P": errors.ConnectionLost,
    "58": errors.OutOfResources,
}

# The server's function that refuses to update a row twice; its message is in any
# language, and the SQLSTATE the one of a subquery with too many rows.
_UPSERT: Final = "ExecOnConflictUpdate"

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
) -> errors.RepositoryError:
    """The repository error for a psycopg error.

    Raise it `from None`: psycopg's own text holds PostgreSQL's DETAIL, which a printed
    cause would show.
    """
    diag = error.diag
    sqlstate = error.sqlstate
    kind = _kind(error, sqlstate)
    if sqlstate == "21000" and diag.source_function == _UPSERT:
        kind = errors.RepeatedKey
    if issubclass(kind, errors.ConstraintViolation):
        key = (
            diag.schema_name or "",
            diag.table_name or "",
            diag.constraint_name or "",
        )
        kind = package.constraints.get(key, kind)
    return kind(
        _summary(error, sqlstate),
        query=query,
        sqlstate=sqlstate,
        constraint=diag.constraint_name,
        detail=diag.message_detail,
        item=item,
        column=column or diag.column_name,
        driver_error=error,
    )


def outcome_of(
    error: errors.ConnectionLost, statement: Statement[Any]
) -> errors.ConnectionLost | errors.OutcomeUnknown:
    """The error of a write on a connection that broke.

    Where the server said that it ends the connection, the write was not done. A pooler
    that lost the server says so in class 08, and knows no more than that.
    """
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
        for length in (5, 3, 2):
            if (kind := _BY_SQLSTATE.get(sqlstate[:length])) is not None:
                return kind
        return errors.QueryRejected
    match error:
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return errors.ConnectionLost
        case psycopg.DataError():
            return errors.Unrepresentable
        case _:
            return errors.QueryRejected


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
