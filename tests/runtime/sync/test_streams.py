# Derived from ../aio/test_streams.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""Rows one after the other."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop
from tests.runtime.sync.repositories import TaskRepository

from reposgen_runtime import Statement
from reposgen_runtime.errors import ConnectionInUse, DataRejected
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from tests.runtime.sync.repositories import Database

FAILS_LATE = Statement[int](
    "late",
    "SELECT 1 / (2500 - n) FROM generate_series(1, $1) AS n",
    parameters=("int4",),
    results=("int4",),
    read_only=True,
)


class LeaveError(Exception):
    """Raised by a test to leave a block."""


def test_all_rows(db: Database, run: Runner) -> None:
    for count in (0, 1, 999, 1000, 1001, 5000):
        stream = run.stream(shop.NUMBERS, (count,))
        assert list(stream) == list(range(1, count + 1))
        with db.transaction():
            stream = run.stream(shop.NUMBERS, (count,))
            assert list(stream) == list(range(1, count + 1))


def test_rows_are_built_as_elsewhere(run: Runner) -> None:
    made = run.one(shop.CREATE, ("a", None, None, None))
    assert list(run.stream(shop.LIST)) == [made]


def test_leaving_early_frees_the_connection(db: Database, run: Runner) -> None:
    for _ in range(8):  # twice what the pool holds
        with run.stream(shop.NUMBERS, (10**8,)) as stream:
            for row in stream:
                if row == 3:
                    break
        with pytest.raises(LeaveError):
            with run.stream(shop.NUMBERS, (10**8,)) as stream:
                for _ in stream:
                    raise LeaveError
    assert db.tasks.count() == 0


def test_an_error_half_way(db: Database, run: Runner) -> None:
    seen = 0
    with pytest.raises(DataRejected, match=r"^late: "):
        with run.stream(FAILS_LATE, (5000,)) as stream:
            for _ in stream:
                seen += 1
    assert seen <= 2500
    assert db.tasks.count() == 0


def test_in_a_transaction_other_statements_may_run_between(
    db: Database, run: Runner
) -> None:
    run.batch_one(shop.CREATE_ID, (str(n) for n in range(1500)))
    with db.transaction():
        for task in run.stream(shop.LIST):
            run.exec(shop.CLOSE, (task.id,))
        with pytest.raises(LeaveError):
            for _ in run.stream(shop.LIST):
                raise LeaveError
        assert run.many(shop.BY_STATUS, (["todo"],)) == []


def test_on_a_connection_it_has_to_itself(db: Database) -> None:
    with db.connection() as connection:
        repository = TaskRepository(connection)
        run = repository._run  # noqa: SLF001 - the same connection
        with run.stream(shop.NUMBERS, (10**6,)) as stream:
            for _ in stream:
                with pytest.raises(ConnectionInUse):
                    repository.count()
                break
        assert repository.count() == 0


def test_a_write_streams_in_a_transaction_as_well(db: Database, run: Runner) -> None:
    close_all = Statement[str](
        "close_all",
        "UPDATE tasks SET status = 'done' RETURNING title",
        results=("text",),
    )
    run.batch_one(shop.CREATE_ID, ["a", "b"])
    with db.transaction():
        assert set(run.stream(close_all)) == {"a", "b"}
    assert run.many(shop.BY_STATUS, (["todo"],)) == []


def test_memory_stays_constant(db: Database, run: Runner) -> None:
    wide = Statement[str](
        "wide",
        "SELECT repeat('x', 1000) FROM generate_series(1, $1)",
        parameters=("int4",),
        results=("text",),
        read_only=True,
    )
    with db.connection():
        assert len(list(run.stream(wide, (1000,)))) == 1000
        tracemalloc.start()
        try:
            total = 0
            for row in run.stream(wide, (20_000,)):
                total += len(row)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert total == 20_000_000
    assert peak < 5_000_000


def test_a_batch_behind_a_stream(db: Database) -> None:
    """Its results come as a whole, though the connection's last ones did not."""
    with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        for _ in range(2):
            assert run.batch_many(shop.NUMBERS, [2, 1]) == [[1, 2], [1]]
            assert list(run.stream(shop.NUMBERS, (2,))) == [1, 2]
