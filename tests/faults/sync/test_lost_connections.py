# Derived from ../aio/test_lost_connections.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""Connections that end in the middle of something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime import shop
from tests.runtime.sync.repositories import Database
from tests.support.crashes import come_back, kill_backend, kill_server, meanwhile

from reposgen_runtime import Statement
from reposgen_runtime.errors import ConnectionLost, OutcomeUnknown, Unavailable
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.proxy import Proxy

# The title tells the proxy where to cut.
WORD = "cut here"
SLOW_WRITE = Statement[None](
    "slow_write",
    "INSERT INTO tasks (title) SELECT 'slow' FROM pg_sleep($1)",
    parameters=("float8",),
)
IDLE_BRIEFLY = Statement[int](
    "idle_briefly",
    "SELECT pg_backend_pid() FROM (SELECT"
    " set_config('idle_in_transaction_session_timeout', '1', true)) AS briefly",
    results=("int4",),
)


def gone(conninfo: str, pid: int) -> None:
    """Wait until a connection has ended."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        while admin.execute(
            "SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)
        ).rowcount:
            pass


def terminate(conninfo: str, marker: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        while not admin.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE position(%s IN query) > 0 AND state <> 'idle'"
            " AND pid <> pg_backend_pid()",
            (marker,),
        ).rowcount:
            pass


def test_the_server_is_killed(doomed: str, *, use_cursors: bool) -> None:
    with Database.open(doomed, use_cursors=use_cursors, timeout=0.5) as db:
        run = Runner(db, shop.PACKAGE)
        with meanwhile(kill_server, doomed, "pg_sleep"), pytest.raises(ConnectionLost):
            run.exec(shop.SLEEP, (600.0,))
        with pytest.raises(Unavailable):
            run.one(shop.COUNT)


def test_killed_during_a_query(conninfo: str, db: Database, run: Runner) -> None:
    with meanwhile(kill_backend, conninfo, "pg_sleep"), pytest.raises(ConnectionLost):
        run.exec(shop.SLEEP, (600.0,))
    come_back(conninfo)
    assert db.tasks.count() == 0


def test_killed_during_a_write(conninfo: str, run: Runner) -> None:
    with meanwhile(kill_backend, conninfo, "pg_sleep"), pytest.raises(OutcomeUnknown):
        run.exec(SLOW_WRITE, (600.0,))
    come_back(conninfo)
    assert run.one(shop.COUNT) == 0


def test_killed_in_a_transaction(conninfo: str, db: Database, run: Runner) -> None:
    with pytest.raises(ConnectionLost):
        with db.transaction():
            db.tasks.create(title="a")
            kill_backend(conninfo, "INSERT INTO tasks")
            come_back(conninfo)
            db.tasks.create(title="b")
    assert run.one(shop.COUNT) == 0


def test_killed_during_a_pipeline(
    conninfo: str, db: Database, run: Runner, *, use_cursors: bool
) -> None:
    # Without pipelines it is a transaction whose commit was not sent yet.
    expected = ConnectionLost if use_cursors else OutcomeUnknown
    with meanwhile(kill_backend, conninfo, "pg_sleep"), pytest.raises(expected):
        with db.pipeline() as pipeline:
            pipeline.add(run.exec, SLOW_WRITE, (600.0,))
            pipeline.add(db.tasks.count)
    come_back(conninfo)
    assert run.one(shop.COUNT) == 0


def test_killed_during_copy(conninfo: str, run: Runner) -> None:
    def rows() -> Iterator[str]:
        for number in range(10_000):
            yield str(number)
        kill_backend(conninfo, "COPY")
        come_back(conninfo)
        for number in range(100_000):
            yield str(number)

    with pytest.raises(ConnectionLost):
        run.copy_from(shop.COPY_TITLES, rows())
    assert run.one(shop.COUNT) == 0


def test_killed_during_a_stream(conninfo: str, run: Runner) -> None:
    seen = 0
    with pytest.raises(ConnectionLost):
        for _ in run.stream(shop.NUMBERS, (10_000_000,)):
            seen += 1
            if seen == 1:
                kill_backend(conninfo, "generate_series")
    assert seen < 10_000_000
    come_back(conninfo)
    assert run.one(shop.COUNT) == 0


def test_terminated(conninfo: str, db: Database, run: Runner) -> None:
    with meanwhile(terminate, conninfo, "pg_sleep"), pytest.raises(ConnectionLost):
        run.exec(shop.SLEEP, (600.0,))
    with (
        meanwhile(terminate, conninfo, "pg_sleep"),
        pytest.raises((ConnectionLost, OutcomeUnknown)),
    ):
        run.exec(SLOW_WRITE, (600.0,))
    with meanwhile(terminate, conninfo, "pg_sleep"), pytest.raises(ConnectionLost):
        with db.transaction():
            db.tasks.create(title="a")
            run.exec(SLOW_WRITE, (600.0,))
    assert db.tasks.count() == 0


def test_idle_for_too_long(
    conninfo: str, db: Database, run: Runner, *, use_cursors: bool
) -> None:
    """The server ended the transaction before COMMIT was sent: nothing is unknown.

    psycopg's cursors may not tell why the connection has ended.
    """
    followed: list[str] = []
    expected = (ConnectionLost, OutcomeUnknown) if use_cursors else ConnectionLost
    with pytest.raises(expected) as caught:
        with db.transaction():
            db.on_commit(lambda: followed.append("committed"))
            db.on_rollback(lambda: followed.append("undone"))
            db.tasks.create(title="a")
            gone(conninfo, run.one(IDLE_BRIEFLY))
    if isinstance(caught.value, ConnectionLost):
        assert caught.value.sqlstate == "25P03"
        assert caught.value.done is False
        assert followed == ["undone"]
    assert db.tasks.count() == 0


@pytest.mark.parametrize("heard", [False, True])
def test_cut_at_commit(
    proxy: Proxy, distant: Database, db: Database, *, heard: bool
) -> None:
    followed: list[str] = []
    with pytest.raises(OutcomeUnknown):
        with distant.transaction():
            distant.tasks.create(title="a")
            distant.on_commit(lambda: followed.append("committed"))
            distant.on_rollback(lambda: followed.append("undone"))
            proxy.cut_at("COMMIT", heard=heard)
    assert proxy.cuts == 1
    assert followed == []
    assert db.tasks.count() == int(heard)
    assert distant.tasks.count() == int(heard)


@pytest.mark.parametrize("heard", [False, True])
def test_cut_at_commit_is_not_tried_again(
    proxy: Proxy, distant: Database, db: Database, *, heard: bool
) -> None:
    def work() -> None:
        distant.tasks.create(title="a")
        proxy.cut_at("COMMIT", heard=heard)

    with pytest.raises(OutcomeUnknown):
        distant.run(work)
    assert proxy.cuts == 1
    assert db.tasks.count() == int(heard)


def end_of_write(*, use_cursors: bool) -> str:
    """What is in the message that commits a write: what it returns is checked before.

    Without prepared statements, it has a transaction for that.
    """
    return "COMMIT" if use_cursors else WORD


@pytest.mark.parametrize("heard", [False, True])
def test_cut_at_a_single_write(
    proxy: Proxy, distant: Database, db: Database, *, use_cursors: bool, heard: bool
) -> None:
    proxy.cut_at(end_of_write(use_cursors=use_cursors), heard=heard)
    with pytest.raises(OutcomeUnknown, match=r"^tasks.create: "):
        distant.tasks.create(title=WORD)
    assert proxy.cuts == 1
    assert db.tasks.count() == int(heard)


@pytest.mark.parametrize("heard", [False, True])
def test_cut_before_a_write_is_committed(
    proxy: Proxy, db: Database, *, heard: bool
) -> None:
    with Database.open(proxy.conninfo, use_cursors=True, timeout=20) as distant:
        run = Runner(distant, shop.PACKAGE)
        for work in (
            lambda: distant.tasks.create(title=WORD),
            lambda: run.batch_exec(shop.CREATE_ID, ["a", WORD]),
            lambda: run.copy_from(shop.COPY_TITLES, ["a", WORD]),
        ):
            proxy.cut_at(WORD, heard=heard)
            with pytest.raises(ConnectionLost) as caught:
                work()
            assert caught.value.done is False
    assert db.tasks.count() == 0


@pytest.mark.parametrize("heard", [False, True])
def test_cut_at_a_batch(
    proxy: Proxy, distant: Database, db: Database, *, use_cursors: bool, heard: bool
) -> None:
    run = Runner(distant, shop.PACKAGE)
    assert run.batch_exec(shop.CREATE_ID, ["warm"]) == [1]
    proxy.cut_at(end_of_write(use_cursors=use_cursors), heard=heard)
    with pytest.raises(OutcomeUnknown):
        run.batch_exec(shop.CREATE_ID, ["a", WORD])
    assert proxy.cuts == 1
    assert db.tasks.count() == 1 + 2 * int(heard)


@pytest.mark.parametrize("heard", [False, True])
def test_cut_at_the_end_of_copy(
    proxy: Proxy, distant: Database, db: Database, *, use_cursors: bool, heard: bool
) -> None:
    run = Runner(distant, shop.PACKAGE)
    proxy.cut_at(end_of_write(use_cursors=use_cursors), heard=heard)
    with pytest.raises(OutcomeUnknown):
        run.copy_from(shop.COPY_TITLES, ["a", WORD])
    assert proxy.cuts == 1
    assert db.tasks.count() == 2 * int(heard)


def test_cut_at_a_read(proxy: Proxy, distant: Database) -> None:
    run = Runner(distant, shop.PACKAGE)
    proxy.cut_at(WORD, heard=True)
    with pytest.raises(ConnectionLost):
        run.one(shop.echo("text"), (WORD,))
    assert run.one(shop.echo("text"), (WORD,)) == WORD


def test_cut_in_a_savepoint(proxy: Proxy, distant: Database, db: Database) -> None:
    with pytest.raises(ConnectionLost):
        with distant.transaction():
            distant.tasks.create(title="a")
            with distant.savepoint():
                proxy.cut_at(WORD, heard=True)
                distant.tasks.create(title=WORD)
    assert db.tasks.count() == 0
