# Derived from ../aio/test_errors.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The server's errors as the repositories' own."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop

from reposgen_runtime import Statement, errors

if TYPE_CHECKING:
    from tests.runtime.sync.repositories import Database

    from reposgen_runtime.sync import Runner


def raising(sqlstate: str) -> Statement[None]:
    """A statement that fails with a SQLSTATE."""
    return Statement(
        "raising",
        f"DO $$ BEGIN RAISE SQLSTATE '{sqlstate}' USING MESSAGE = 'why'; END $$",
    )


@pytest.mark.parametrize(
    ("sqlstate", "kind"),
    [
        ("21000", errors.TooManyRows),
        ("22012", errors.DataRejected),
        ("22021", errors.InvalidText),
        ("23505", errors.AlreadyExists),
        ("23503", errors.ForeignKeyMissing),
        ("23001", errors.ForeignKeyMissing),
        ("23514", errors.CheckFailed),
        ("23502", errors.NotNullMissing),
        ("23P01", errors.ExclusionViolated),
        ("25006", errors.ReadOnlyTransaction),
        ("25P04", errors.TransactionTimeout),
        ("40000", errors.Conflict),
        ("40001", errors.SerializationFailure),
        ("40003", errors.OutcomeUnknown),
        ("40P01", errors.Deadlock),
        ("42501", errors.PermissionDenied),
        ("42P01", errors.QueryRejected),
        ("44000", errors.CheckFailed),
        ("53100", errors.OutOfResources),
        ("53300", errors.OutOfResources),
        ("55P03", errors.LockNotAvailable),
        ("57014", errors.StatementTimeout),
        ("ZZ123", errors.QueryRejected),
        ("22ZZZ", errors.DataRejected),
    ],
)
def test_sqlstates(
    run: Runner, sqlstate: str, kind: type[errors.RepositoryError]
) -> None:
    with pytest.raises(errors.RepositoryError) as caught:
        run.exec(raising(sqlstate))
    error = caught.value
    assert type(error) is kind
    assert error.sqlstate == sqlstate
    assert error.query == "raising"
    assert str(error).startswith("raising: ")
    assert str(error).endswith(f" [{sqlstate}]")


def test_a_constraint_has_its_own_class(run: Runner) -> None:
    run.one(shop.CREATE, ("a", None, "geheim", None))
    with pytest.raises(shop.TasksSlugKeyViolation) as caught:
        run.one(shop.CREATE, ("b", None, "geheim", None))
    error = caught.value
    assert error.constraint == "tasks_slug_key"
    assert error.detail == "Key (slug)=(geheim) already exists."
    assert error.driver_error is not None
    assert str(error) == (
        "tasks.create: duplicate key value violates unique constraint"
        ' "tasks_slug_key" [23505]'
    )


def test_other_constraints_have_their_kind(run: Runner) -> None:
    with pytest.raises(errors.ForeignKeyMissing) as caught:
        run.one(shop.CREATE, ("b", 77, None, None))
    assert caught.value.constraint == "tasks_owner_id_fkey"
    with pytest.raises(errors.NotNullMissing):
        run.one(shop.CREATE, (None, None, None, None))


def test_no_traceback_shows_data(run: Runner) -> None:
    run.one(shop.CREATE, ("a", None, "geheim", None))
    try:
        run.one(shop.CREATE, ("b", None, "geheim", None))
    except errors.AlreadyExists as error:
        text = "".join(traceback.format_exception(error))
    assert "geheim" not in text.replace('"geheim", None))', "")
    assert "already exists" not in text


def test_errors_of_preparing_are_translated_too(run: Runner) -> None:
    with pytest.raises(errors.QueryRejected) as caught:
        run.exec(Statement("broken", "SELECT FROM nowhere"))
    assert caught.value.sqlstate == "42P01"


def test_failures_leave_the_connection_in_order(db: Database, run: Runner) -> None:
    for _ in range(10):
        with pytest.raises(errors.Deadlock):
            run.exec(raising("40P01"))
    assert run.one(shop.COUNT) == 0
    with db.connection() as connection:
        assert connection.info.transaction_status == 0
