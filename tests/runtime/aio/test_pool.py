"""The pool: its bounds, what it tells, and what it does to connections."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.runtime.aio.repositories import Database

from reposgen_runtime import BreakerState
from reposgen_runtime.aio import idle_cache
from reposgen_runtime.errors import PoolClosed, PoolTimeout


async def test_statistics(conninfo: str) -> None:
    async with Database.open(conninfo, max_size=2, timeout=0.1) as db:
        assert await db.tasks.count() == 0
        before = db.statistics().primary
        assert (before.size, before.idle, before.in_use) == (1, 1, 0)
        async with db.connection(), db.connection():
            with pytest.raises(PoolTimeout):
                await db.tasks.count()
            now = db.statistics().primary
            assert (now.size, now.idle, now.in_use, now.waiting) == (2, 0, 2, 0)
        now = db.statistics().primary
        assert (now.size, now.idle, now.in_use) == (2, 2, 0)
        assert now.requests - before.requests == 3
        assert now.requests_waited - before.requests_waited == 2
        assert now.requests_failed - before.requests_failed == 1
        assert now.wait_seconds > before.wait_seconds
        assert now.connections_made == 2
        assert now.connections_failed == now.connections_lost == 0
        assert (now.breaker, now.failures) == (BreakerState.CLOSED, 0)
        assert now.server.endswith(f"/{conninfo_to_dict(conninfo)['dbname']}")
        assert db.statistics().replicas == ()
    assert db.statistics().primary.size == 0
    async with Database.open(conninfo, breaker=None) as db:
        assert db.statistics().primary.breaker is None


async def process(db: Database) -> int:
    async with db.connection() as connection:
        return connection.info.backend_pid


async def test_the_connection_that_was_used_last_is_used_next(conninfo: str) -> None:
    async with Database.open(conninfo, min_size=2) as db:
        before = db.statistics().primary
        async with db.connection() as other, db.connection() as last:
            processes = {other.info.backend_pid, last.info.backend_pid}
        assert len(processes) == 2
        assert {await process(db) for _ in range(4)} == {other.info.backend_pid}
        async with db.connection():
            assert {await process(db) for _ in range(4)} == {last.info.backend_pid}
        now = db.statistics().primary
        assert now.requests - before.requests == 11
        assert (now.size, now.idle, now.in_use) == (2, 2, 0)


async def test_connections_in_use_are_replaced_too(
    conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idle_cache, "_ON_LOAN", 0.05)
    async with Database.open(conninfo, max_size=1, max_lifetime=0.2) as db:
        first = await process(db)
        while await process(db) == first:
            pass


def end(conninfo: str, pid: int) -> None:
    with psycopg.connect(conninfo) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))


async def test_a_connection_that_ended_at_rest(conninfo: str) -> None:
    async with Database.open(conninfo, max_size=1, check_after_idle=0) as db:
        async with db.connection() as connection:
            pid = connection.info.backend_pid
        end(conninfo, pid)
        await db.tasks.create(title="a")
        assert await db.tasks.count() == 1
        now = db.statistics().primary
        assert (now.connections_made, now.connections_lost) == (2, 1)


@pytest.mark.parametrize("use_cursors", [False, True])
@pytest.mark.parametrize(("check_after_idle", "reset"), [(0.0, False), (60.0, True)])
async def test_options_that_cost(
    conninfo: str, *, check_after_idle: float, reset: bool, use_cursors: bool
) -> None:
    async with Database.open(
        conninfo,
        check_after_idle=check_after_idle,
        reset=reset,
        use_cursors=use_cursors,
    ) as db:
        for _ in range(3):
            await db.tasks.create(title="a")
        async with db.transaction():
            await db.tasks.create(title="b")
        assert await db.tasks.count() == 4


async def test_what_is_set_in_a_session(conninfo: str) -> None:
    zone = "SELECT current_setting('TimeZone')"
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    change = "SET TIME ZONE 'Asia/Kathmandu'; SELECT pg_advisory_lock(7)"
    async with Database.open(conninfo, max_size=1, reset=True) as db:
        async with db.connection() as connection:
            before = await (await connection.execute(zone)).fetchone()
            await connection.execute(change)
            assert await (await connection.execute(zone)).fetchone() != before
        async with db.connection() as connection:
            assert await (await connection.execute(zone)).fetchone() == before
            assert await (await connection.execute(locks)).fetchone() == (0,)


async def test_opened_in_the_background(conninfo: str) -> None:
    async with Database.open(conninfo, open_timeout=0) as db:
        assert await db.tasks.count() == 0


async def test_health(conninfo: str) -> None:
    db = Database.open(conninfo, max_size=1)
    async with db:
        assert (await db.health()).is_healthy
        assert await db.is_healthy()
        async with db.connection():
            busy = await db.health(timeout=0.1)
        assert isinstance(busy.error, PoolTimeout)
        assert not busy.is_healthy
        assert (await db.health()).seconds < 30
    assert isinstance((await db.health()).error, PoolClosed)
    assert not await db.is_healthy()
