"""What only threads have."""

from __future__ import annotations

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.runtime.sync.repositories import Database, TaskRepository

from reposgen_runtime.errors import TransactionNotShared

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def db(conninfo: str, *, use_cursors: bool) -> Iterator[Database]:
    with Database.open(
        conninfo, use_cursors=use_cursors, max_size=2, timeout=20
    ) as database:
        yield database


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def test_many_threads_on_few_connections(
    db: Database, threads: ThreadPoolExecutor
) -> None:
    def work(number: int) -> int:
        made = db.tasks.create(title=str(number))
        return int(db.tasks.get(id=made.id).title)

    assert list(threads.map(work, range(200))) == list(range(200))


def test_many_threads_on_one_connection(
    db: Database, threads: ThreadPoolExecutor
) -> None:
    with db.connection() as connection:
        tasks = TaskRepository(connection)

        def work(number: int) -> int:
            made = tasks.create(title=str(number))
            return int(tasks.get(id=made.id).title)

        assert list(threads.map(work, range(200))) == list(range(200))


def test_threads_have_transactions_of_their_own(
    db: Database, threads: ThreadPoolExecutor
) -> None:
    both = threading.Barrier(2, timeout=20)

    def work(title: str) -> int:
        with db.transaction():
            db.tasks.create(title=title)
            both.wait()
            seen = db.tasks.count()
            both.wait()
            return seen

    assert list(threads.map(work, ["a", "b"])) == [1, 1]
    assert db.tasks.count() == 2


def test_a_thread_does_not_share_the_transaction(
    db: Database, threads: ThreadPoolExecutor
) -> None:
    with db.transaction() as transaction:
        db.tasks.create(title="a")
        assert threads.submit(db.tasks.count).result() == 0
        context = contextvars.copy_context()
        with pytest.raises(TransactionNotShared, match="this thread"):
            threads.submit(context.run, db.tasks.count).result()
        tasks = TaskRepository(transaction)
        assert threads.submit(tasks.count).result() == 1
