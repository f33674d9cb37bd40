# Derived from ../aio/test_transactions.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""Transaction blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop
from tests.runtime.sync.repositories import TaskRepository

from reposgen_runtime import Statement
from reposgen_runtime.errors import (
    AlreadyExists,
    ReadOnlyTransaction,
    RepositoryError,
    TransactionClosed,
    TransactionFailed,
    TransactionRequired,
)
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from tests.runtime.sync.repositories import Database


class LeaveError(Exception):
    """Raised by a test to leave a block."""


def test_a_block_commits(db: Database) -> None:
    with db.transaction():
        made = db.tasks.create(title="a")
        assert db.tasks.get(id=made.id) == made
    assert db.tasks.count() == 1


def test_an_exception_rolls_back(db: Database) -> None:
    with pytest.raises(LeaveError):
        with db.transaction():
            db.tasks.create(title="a")
            raise LeaveError
    assert db.tasks.count() == 0


def test_the_block_is_one_transaction(db: Database, run: Runner) -> None:
    with db.transaction():
        first = run.one(shop.BACKEND)
        assert run.one(shop.BACKEND) == first


def test_others_do_not_see_it_before_it_ends(db: Database) -> None:
    with db.connection() as outside:
        beside = TaskRepository(outside)
        with db.transaction():
            db.tasks.create(title="a")
            assert beside.count() == 0
        assert beside.count() == 1


def test_a_block_in_a_block_is_a_savepoint(db: Database) -> None:
    with db.transaction():
        db.tasks.create(title="a")
        with pytest.raises(LeaveError):
            with db.transaction():
                db.tasks.create(title="b")
                raise LeaveError
        with pytest.raises(AlreadyExists):
            with db.savepoint():
                db.tasks.create(title="c", slug="s")
                with db.savepoint():
                    db.tasks.create(title="d", slug="s")
        with db.savepoint():
            db.tasks.create(title="e")
    assert db.tasks.count() == 2


def test_an_inner_block_has_no_isolation_of_its_own(db: Database) -> None:
    with db.transaction():
        with pytest.raises(RepositoryError, match="savepoint"):
            with db.transaction(isolation="serializable"):
                pass


def test_a_savepoint_needs_a_transaction(db: Database) -> None:
    with pytest.raises(TransactionRequired):
        with db.savepoint():
            pass


def test_isolation_and_read_only(db: Database) -> None:
    settings = "SELECT current_setting($1)"
    show = Statement[str]("show", settings, parameters=("text",), results=("text",))
    with db.transaction(isolation="serializable", deferrable=True) as transaction:
        run = Runner(transaction, shop.PACKAGE)
        assert run.one(show, ("transaction_isolation",)) == "serializable"
        assert run.one(show, ("transaction_deferrable",)) == "on"
    with pytest.raises(ReadOnlyTransaction):
        with db.transaction(read_only=True):
            db.tasks.create(title="a")


def test_a_caught_failure_does_not_pass_for_success(db: Database) -> None:
    with pytest.raises(TransactionFailed):
        with db.transaction():
            db.tasks.create(title="a", slug="s")
            with pytest.raises(AlreadyExists):
                db.tasks.create(title="b", slug="s")
            with pytest.raises(TransactionFailed):
                db.tasks.count()
    assert db.tasks.count() == 0


def test_a_deferred_constraint_fails_the_commit(db: Database, run: Runner) -> None:
    with pytest.raises(AlreadyExists) as caught:
        with db.transaction():
            run.one(shop.CREATE, ("a", None, None, 1))
            run.one(shop.CREATE, ("b", None, None, 1))
    assert caught.value.constraint == "tasks_position_key"
    assert db.tasks.count() == 0


def test_passed_on_explicitly(db: Database) -> None:
    with db.transaction() as transaction:
        TaskRepository(transaction).create(title="a")
        assert db.tasks.count() == 1
    with pytest.raises(TransactionClosed):
        TaskRepository(transaction).count()
    with pytest.raises(TransactionClosed):
        with transaction.savepoint():
            pass


def test_row_locks_need_a_transaction(db: Database, run: Runner) -> None:
    made = db.tasks.create(title="a")
    with pytest.raises(TransactionRequired, match=r"^tasks.lock: "):
        run.one(shop.LOCK, (made.id,))
    with pytest.raises(TransactionRequired, match=r"^tasks.lock: "):
        with run.stream(shop.LOCK, (made.id,)) as stream:
            assert list(stream)
    with db.transaction():
        assert run.one(shop.LOCK, (made.id,)) == made
        assert list(run.stream(shop.LOCK, (made.id,))) == [made]


def test_a_lost_connection_ends_the_block(db: Database, run: Runner) -> None:
    with pytest.raises(RepositoryError):
        with db.transaction():
            pid = run.one(shop.BACKEND)
            with db.connection() as connection:
                assert connection.info.backend_pid == pid
                connection.pgconn.finish()
            db.tasks.create(title="a")
    assert db.tasks.count() == 0
