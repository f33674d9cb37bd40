"""Reads on a replica: which go there, what they see, and what becomes of them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, LiteralString, Unpack

import psycopg
import pytest
from tests.faults.conftest import major
from tests.runtime import shop
from tests.runtime.aio.repositories import Database
from tests.support.crashes import meanwhile
from tests.support.proxy import proxied
from tests.support.replica import replica_of

from reposgen_runtime import Key, Ordering, Statement, Variants
from reposgen_runtime.aio import Runner
from reposgen_runtime.aio._compat import sleep
from reposgen_runtime.errors import (
    ConnectionLost,
    OutcomeUnknown,
    QueryRejected,
    Unavailable,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.support.replica import Replica

    from reposgen_runtime.settings import Options

# Whether the server is a replica.
WHERE = Statement[bool](
    "where", "SELECT pg_is_in_recovery()", results=("bool",), read_only=True
)
WHERE_EACH = Statement[bool](
    "where_each",
    "SELECT pg_is_in_recovery() WHERE $1 = $1",
    parameters=("int4",),
    results=("bool",),
    read_only=True,
)
WHERE_NOW = Statement[bool](
    "where_now",
    "SELECT pg_is_in_recovery()",
    results=("bool",),
    read_only=True,
    timeout=5,
)
WHERE_NEVER = Statement[bool](
    "where_never",
    "SELECT pg_is_in_recovery()",
    results=("bool",),
    read_only=True,
    replica=False,
)
WHERE_WRITING = Statement[bool](
    "where_writing", "SELECT pg_is_in_recovery()", results=("bool",)
)
PAGE = Variants[bool](
    "where_page",
    (
        "SELECT pg_is_in_recovery(), number FROM generate_series(1, 2) AS number",
        " ORDER BY number",
    ),
    results=("bool", "int4"),
    row=lambda here, _: here,
    read_only=True,
    ordering=Ordering((Key("number", 1),)),
)
# On a replica it takes its time; on the primary it does not.
SLOW = Statement[bool](
    "slow",
    "SELECT pg_is_in_recovery() FROM (SELECT count(*) FROM tasks) AS _,"
    " pg_sleep(CASE WHEN pg_is_in_recovery() THEN $1 ELSE 0 END)",
    parameters=("float8",),
    results=("bool",),
    read_only=True,
)


@asynccontextmanager
async def opened(
    primary: str, replica: Replica, **options: Unpack[Options]
) -> AsyncGenerator[tuple[Database, Runner], None]:
    """A Database that knows the replica, and asks it often how it is."""
    settings: Options = {
        "replicas": [replica.conninfo],
        "replica_interval": 0.05,
        "max_size": 4,
        "timeout": 20,
        **options,
    }
    async with Database.open(primary, **settings) as db:
        run = Runner(db, shop.PACKAGE)
        yield db, run


async def reach(run: Runner, *, replica: bool = True) -> None:
    """Read until reads go there."""
    while await run.one(WHERE) is not replica:
        pass


def execute(conninfo: str, *commands: LiteralString) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for command in commands:
            connection.execute(command)


async def test_all_kinds_of_reads(
    primary: str, replica: Replica, *, use_cursors: bool
) -> None:
    async with opened(primary, replica, use_cursors=use_cursors) as (_, run):
        await reach(run)
        assert await run.one(WHERE)
        assert await run.opt(WHERE)
        assert await run.many(WHERE) == [True]
        assert await run.one(WHERE_NOW)
        assert (await run.execresult(WHERE)).tag == "SELECT 1"
        assert [here async for here in run.stream(WHERE)] == [True]
        assert [here async for here in run.stream(WHERE_NOW)] == [True]
        assert await run.batch_one(WHERE_EACH, [1, 2]) == [True, True]
        assert await run.batch_many(WHERE_EACH, iter([1])) == [[True]]
        page = await run.page(PAGE, limit=1, total=True)
        assert (page.items, page.total) == ([True], 2)
        file = BytesIO()
        assert await run.copy_to(WHERE, header=False).write_to(file) == 1
        assert file.getvalue() == b"t\n"


async def test_what_the_primary_serves(
    primary: str, replica: Replica, *, use_cursors: bool
) -> None:
    async with opened(primary, replica, use_cursors=use_cursors) as (db, run):
        await reach(run)
        assert not await run.one(WHERE_NEVER)
        assert [here async for here in run.stream(WHERE_NEVER)] == [False]
        async with db.primary():
            async with db.primary():
                pass
            assert not await run.one(WHERE)
            assert [here async for here in run.stream(WHERE)] == [False]
            assert await run.batch_one(WHERE_EACH, [1]) == [False]
        assert await run.one(WHERE)
        async with db.transaction(read_only=True):
            assert not await run.one(WHERE)
        assert await run.one(WHERE)
        async with db.transaction():
            assert not await run.one(WHERE)
        await reach(run)
        async with db.connection() as connection:
            assert not (await Runner(connection, shop.PACKAGE).one(WHERE))
        await reach(run)
        assert not await run.one(WHERE_WRITING)


@pytest.mark.parametrize("kind", ["call", "transaction", "stream", "copy", "own"])
async def test_reads_see_what_was_written(
    primary: str, replica: Replica, kind: str, *, use_cursors: bool
) -> None:
    async with opened(primary, replica, use_cursors=use_cursors, max_lag=None) as (
        db,
        run,
    ):
        await reach(run)
        replica.tell("SELECT pg_wal_replay_pause()")
        assert await run.one(WHERE)
        match kind:
            case "call":
                await db.tasks.create(title="a")
            case "transaction":
                async with db.transaction():
                    await db.tasks.create(title="a")
            case "stream":
                assert [id_ async for id_ in run.stream(shop.CREATE_ID, ("a",))] == [1]
            case "copy":
                assert await run.copy_from(shop.COPY_TITLES, ["a"]) == 1
            case _:
                async with db.connection() as connection:
                    await connection.execute("INSERT INTO tasks (title) VALUES ('a')")
        for _ in range(100):
            assert await db.tasks.count() == 1
        assert not await run.one(WHERE)
        replica.tell("SELECT pg_wal_replay_resume()")
        await reach(run)
        assert await db.tasks.count() == 1
        assert await run.one(WHERE)


async def test_reads_that_need_not_see_it(primary: str, replica: Replica) -> None:
    database = opened(primary, replica, max_lag=None, read_your_writes=False)
    async with database as (db, run):
        await reach(run)
        replica.tell("SELECT pg_wal_replay_pause()")
        await db.tasks.create(title="a")
        assert await db.tasks.count() == 0
        async with db.primary():
            assert await db.tasks.count() == 1
        replica.tell("SELECT pg_wal_replay_resume()")
        while await db.tasks.count() == 0:
            pass


async def test_the_log_ends_at_a_segment(primary: str, replica: Replica) -> None:
    """Where the next record comes is not where the last one ends."""
    async with opened(primary, replica) as (db, run):
        await reach(run)
        await db.tasks.create(title="a")
        execute(primary, "SELECT pg_switch_wal()")
        await reach(run)
        assert await db.tasks.count() == 1


async def test_a_replica_that_is_late(primary: str, replica: Replica) -> None:
    async with opened(primary, replica, max_lag=0.3) as (db, run):
        await reach(run)
        replica.tell("SELECT pg_wal_replay_pause()")
        # Nothing that this Database knows of.
        execute(primary, "INSERT INTO tasks (title) VALUES ('a')")
        await reach(run, replica=False)
        assert await db.tasks.count() == 1
        assert db.statistics().replicas[0].state == "lagging"
        replica.tell("SELECT pg_wal_replay_resume()")
        await reach(run)
        assert db.statistics().replicas[0].state == "up"


async def test_a_late_replica_at_the_beginning(primary: str, replica: Replica) -> None:
    replica.tell("SELECT pg_wal_replay_pause()")
    execute(primary, "INSERT INTO tasks (title) VALUES ('a')")
    async with opened(primary, replica, max_lag=0.3) as (db, run):
        while db.statistics().replicas[0].state != "lagging":
            await run.one(WHERE)
        for _ in range(100):
            assert await db.tasks.count() == 1
        replica.tell("SELECT pg_wal_replay_resume()")
        await reach(run)


async def test_a_replica_is_killed_and_comes_back(
    primary: str, replica: Replica, *, use_cursors: bool
) -> None:
    async with opened(primary, replica, use_cursors=use_cursors) as (db, run):
        await reach(run)
        with meanwhile(replica.kill):
            await reach(run, replica=False)
        assert db.statistics().replicas[0].state == "down"
        assert await db.tasks.count() == 0
        await db.tasks.create(title="a")
        replica.start()
        await reach(run)
        assert await db.tasks.count() == 1


async def test_killed_during_reads(
    primary: str, replica: Replica, *, use_cursors: bool
) -> None:
    """Each kind of read is made again."""
    async with opened(primary, replica, use_cursors=use_cursors) as (_, run):
        for read in range(4):
            await reach(run)
            with meanwhile(partial(kill_during_sleep, replica)):
                match read:
                    case 0:
                        assert not await run.one(SLOW, (600.0,))
                    case 1:
                        slow = run.stream(SLOW, (600.0,))
                        assert [here async for here in slow] == [False]
                    case 2:
                        assert await run.batch_one(SLOW, iter([600.0])) == [False]
                    case _:
                        export = run.copy_to(SLOW, (600.0,), header=False)
                        assert [row async for row in export] == [b"f\n"]
            replica.start()


def kill_during_sleep(replica: Replica) -> None:
    while not replica.tell(SLEEPING):
        pass
    replica.kill()


SLEEPING: LiteralString = (
    "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep')"
)


async def test_a_stream_that_has_begun(primary: str, replica: Replica) -> None:
    """The rest of it is nowhere to be had."""
    async with opened(primary, replica) as (_, run):
        await reach(run)
        numbers = run.stream(shop.NUMBERS, (10_000_000,))
        async for number in numbers:
            assert number == 1
            replica.kill()
            break
        with pytest.raises(ConnectionLost):
            [number async for number in numbers]


async def test_none_is_there_at_the_beginning(primary: str, replica: Replica) -> None:
    replica.kill()
    async with opened(primary, replica) as (db, run):
        assert not await run.one(WHERE)
        await db.tasks.create(title="a")
        assert await db.tasks.count() == 1
        replica.start()
        await reach(run)
        assert await db.tasks.count() == 1


async def test_a_conflict_with_recovery(
    primary: str, replica: Replica, *, use_cursors: bool
) -> None:
    def vacuum() -> None:
        while not replica.tell(SLEEPING):
            pass
        execute(primary, "DELETE FROM tasks", "VACUUM tasks")

    async with opened(primary, replica, use_cursors=use_cursors) as (db, run):
        await db.tasks.create(title="a")
        await reach(run)
        with meanwhile(vacuum):
            assert not await run.one(SLOW, (600.0,))


async def test_a_terminated_connection(primary: str, replica: Replica) -> None:
    def terminate() -> None:
        while not replica.tell(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE wait_event = 'PgSleep'"
        ):
            pass

    async with opened(primary, replica) as (_, run):
        await reach(run)
        with meanwhile(terminate):
            assert not await run.one(SLOW, (600.0,))
        await reach(run)


async def test_what_a_replica_refuses(primary: str, replica: Replica) -> None:
    unlogged = Statement[int](
        "unlogged", "SELECT count(*) FROM drafts", results=("int8",), read_only=True
    )
    wrong = Statement[int]("wrong", "SELECT 1 / 0", results=("int4",), read_only=True)
    nonsense = Statement[int](
        "nonsense", "SELECT count(*) FROM nothing", results=("int8",), read_only=True
    )
    # Proved by a function that says it only reads.
    number = Statement[int](
        "number", "SELECT number()", results=("int8",), read_only=True
    )
    execute(
        primary,
        "CREATE UNLOGGED TABLE drafts ()",
        "CREATE SEQUENCE numbers",
        "CREATE FUNCTION number() RETURNS int8 STABLE LANGUAGE plpgsql"
        " AS $$ BEGIN RETURN nextval('numbers'); END $$",
    )
    replica.catch_up(primary)
    try:
        async with opened(primary, replica) as (_, run):
            await reach(run)
            assert [await run.one(number) for _ in range(2)] == [1, 2]
            assert [await run.one(unlogged) for _ in range(2)] == [0, 0]
            assert [count async for count in run.stream(unlogged)] == [0]
            with pytest.raises(QueryRejected, match="nothing"):
                await run.one(nonsense)
            with pytest.raises(Exception, match="22012"):
                await run.one(wrong)
            await reach(run)
    finally:
        execute(
            primary,
            "DROP TABLE drafts",
            "DROP FUNCTION number",
            "DROP SEQUENCE numbers",
        )


async def test_a_server_that_is_no_replica(primary: str) -> None:
    """As one that was promoted: what it has is not what the primary has."""
    async with Database.open(
        primary, replicas=[primary], replica_interval=0.01
    ) as database:
        run = Runner(database, shop.PACKAGE)
        while database.statistics().replicas[0].state != "promoted":
            assert not await run.one(WHERE)
        assert database.statistics().replicas[0].requests == 0


async def test_replicas_take_turns(primary: str, replica: Replica) -> None:
    with proxied(replica.conninfo) as proxy:
        both = [replica.conninfo, proxy.conninfo]
        async with opened(primary, replica, replicas=both) as (db, run):
            while any(each.state != "up" for each in db.statistics().replicas):
                await run.one(WHERE)
            await reach(run)
            before = [each.requests for each in db.statistics().replicas]
            for _ in range(10):
                assert await run.one(WHERE)
            after = [each.requests for each in db.statistics().replicas]
            assert [b - a for a, b in zip(before, after, strict=True)] == [5, 5]

            # One of them is busy.
            async with run.stream(shop.NUMBERS, (10_000,)) as numbers:
                async for _ in numbers:
                    break
                streaming = [each.in_use for each in db.statistics().replicas]
                assert sorted(streaming) == [0, 1]
                for _ in range(10):
                    assert await run.one(WHERE)
                later = [each.requests for each in db.statistics().replicas]
                busy = streaming.index(1)
                assert later[busy] == after[busy] + 1
                assert later[1 - busy] == after[1 - busy] + 10

            # The other one goes on alone.
            proxy.go_down()
            for _ in range(100):
                assert await run.one(WHERE)
            proxy.come_up()
            while any(each.state != "up" for each in db.statistics().replicas):
                await run.one(WHERE)


async def test_a_replica_falls_silent(primary: str, replica: Replica) -> None:
    """It can't be told from one that takes its time, but it gets no more reads."""
    with proxied(replica.conninfo) as proxy:
        options: Options = {"replicas": [proxy.conninfo]}
        async with opened(primary, replica, **options) as (db, run):
            await reach(run)
            proxy.fall_silent()
            while db.statistics().replicas[0].state != "down":
                assert await db.is_healthy()
            assert not await run.one(WHERE)
            proxy.speak()
            await reach(run)


async def test_the_primary_is_down(primary: str, replica: Replica) -> None:
    """Reads go on, unless they would have to see what was written just before."""
    with proxied(primary) as proxy:
        async with opened(proxy.conninfo, replica, breaker=None, timeout=0.2) as (
            db,
            run,
        ):
            await reach(run)
            replica.tell("SELECT pg_wal_replay_pause()")
            proxy.go_down()
            for _ in range(100):
                assert await run.one(WHERE)
            with pytest.raises((OutcomeUnknown, Unavailable)):
                await db.tasks.create(title="a")
            with pytest.raises(Unavailable):
                await db.tasks.count()
            proxy.come_up()
            while not await db.is_healthy():
                pass
            replica.tell("SELECT pg_wal_replay_resume()")
            await reach(run)


async def test_a_replica_of_another_timeline(
    replicated: tuple[str, Replica], replica: Replica
) -> None:
    """It has more of the old primary's log than the new primary began with."""
    old, _ = replicated
    with replica_of(old, major(), "shop") as promoted:
        promoted.tell("SELECT pg_promote()")
        with psycopg.connect(old, autocommit=True) as connection:
            connection.execute("INSERT INTO tasks (title) SELECT repeat('x', 1000)")
            connection.execute("SELECT pg_switch_wal()")
        replica.catch_up(old)
        with replica_of(promoted.conninfo, major(), "shop") as follower:
            async with Database.open(
                promoted.conninfo,
                replicas=[replica.conninfo, follower.conninfo],
                replica_interval=0.02,
            ) as db:
                run = Runner(db, shop.PACKAGE)
                while "up" not in (states := _states(db)) or "down" in states:
                    await sleep(0.01)
                for number in range(20):
                    task = await db.tasks.create(title=str(number))
                    assert (await db.tasks.get(id=task.id)).title == str(number)
                    assert await db.tasks.count() == number + 1
                # What a test server does not flush at once would be sent seconds later.
                promoted.tell("SELECT pg_switch_wal()")
                while not await run.one(WHERE):
                    await sleep(0.01)
                assert _states(db) == ["diverged", "up"]


def _states(db: Database) -> list[str]:
    return [str(each.state) for each in db.statistics().replicas]
