"""Who takes part, and the measuring of what they do."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, ExitStack
from typing import TYPE_CHECKING, Any, Final

import psycopg
from tests.benchmarks.operations import (
    CALLS,
    CROWDED,
    Operation,
    copying,
    copying_points,
    paging,
    streaming,
)
from tests.benchmarks.peers.alchemy import SqlAlchemyCore, SqlAlchemyOrm
from tests.benchmarks.peers.alchemy_async import AsyncCore, AsyncOrm
from tests.benchmarks.peers.generated import (
    AsyncGenerated,
    AsyncPipelined,
    Generated,
    Held,
    Pipelined,
)
from tests.benchmarks.peers.libpq import Libpq
from tests.benchmarks.peers.raw import HandWrittenPsycopg
from tests.benchmarks.peers.raw import RawPsycopg as SyncPsycopg
from tests.benchmarks.peers.raw_async import RawPsycopg, pooled_psycopg
from tests.benchmarks.peers.with_aiosql import Aiosql, AsyncAiosql
from tests.benchmarks.peers.with_asyncpg import Asyncpg, pooled_asyncpg
from tests.benchmarks.report import Measurement
from tests.benchmarks.rounds import run_rounds, run_rounds_async
from tests.benchmarks.setting import TASKS
from tests.benchmarks.tasks import NARROW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.benchmarks.setting import Packages

BASE: Final = "raw psycopg"
LIMIT: Final = "libpq, the limit"
POOLED: Final = "raw psycopg, pool"
TOGETHER: Final = 10
COMPILED: Final = "reposgen + speedups"


def _taking_part(
    contenders: Mapping[str, Any], operation: Operation, without: Sequence[str] = ()
) -> dict[str, Any]:
    return {
        name: operation.of(contender)
        for name, contender in contenders.items()
        if name not in without and getattr(contender, operation.method, None)
    }


def sync_calls(conninfo: str, packages: Packages, rounds: int) -> list[Measurement]:
    """Calls one after the other, synchronous."""
    with ExitStack() as stack:
        contenders = _sync_contenders(stack, conninfo, packages)
        return [
            _measured_sync(contenders, operation, BASE, rounds) for operation in CALLS
        ]


def sync_bulk(conninfo: str, packages: Packages, rounds: int) -> list[Measurement]:
    """Much at once, synchronous: beside psycopg, and beside the limit."""
    # Wide rows by `executemany`, as objects of an ORM or as text take too long.
    slow = (BASE, "SQLAlchemy Core", "psycopg by hand")
    operations: Iterable[tuple[Operation, str, Sequence[str]]] = (
        (copying(1_000), BASE, ()),
        (copying(100_000), BASE, ()),
        (copying(1_000_000), LIMIT, slow),
        (copying_points(NARROW), LIMIT, ()),
        (streaming(NARROW), BASE, ()),
        (paging(TASKS), BASE, ()),
    )
    with ExitStack() as stack:
        contenders = _sync_contenders(stack, conninfo, packages)
        return [
            _measured_sync(contenders, operation, base, rounds, without)
            for operation, base, without in operations
        ]


def _sync_contenders(
    stack: ExitStack, conninfo: str, packages: Packages
) -> dict[str, Any]:
    peers: dict[str, Any] = {
        LIMIT: Libpq(conninfo),
        BASE: SyncPsycopg(conninfo),
        "psycopg by hand": HandWrittenPsycopg(conninfo),
        "aiosql": Aiosql(conninfo),
        "SQLAlchemy Core": SqlAlchemyCore(conninfo),
        "SQLAlchemy ORM": SqlAlchemyOrm(conninfo),
    }
    for peer in peers.values():
        stack.callback(peer.close)
    package = packages.sync
    database = stack.enter_context(package.Database.open(conninfo))
    connection = stack.enter_context(
        psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)
    )
    return {
        **peers,
        "reposgen": Generated(conninfo, packages.aio, database),
        "reposgen, held": Held(package.TaskRepository(connection)),
        "reposgen, pipeline": Pipelined(database),
        **_compiled_sync(stack, conninfo, packages.compiled),
    }


def _compiled_sync(
    stack: ExitStack, conninfo: str, packages: Packages | None
) -> dict[str, Any]:
    if packages is None:
        return {}
    database = stack.enter_context(packages.sync.Database.open(conninfo))
    return {COMPILED: Generated(conninfo, packages.aio, database)}


def _measured_sync(
    contenders: Mapping[str, Any],
    operation: Operation,
    base: str,
    rounds: int,
    without: Sequence[str] = (),
) -> Measurement:
    ratios = run_rounds(
        _taking_part(contenders, operation, without),
        base=base,
        rounds=rounds,
        calls=operation.calls,
    )
    return Measurement(name=operation.name, base=base, ratios=ratios)


async def async_calls(
    conninfo: str, packages: Packages, rounds: int
) -> list[Measurement]:
    """Calls one after the other, asynchronous."""
    async with AsyncExitStack() as stack:
        contenders = await _async_contenders(stack, conninfo, packages)
        return [
            await _measured_async(contenders, operation, BASE, rounds)
            for operation in CALLS
        ]


async def async_crowd(
    conninfo: str, packages: Packages, rounds: int
) -> list[Measurement]:
    """Ten tasks that make calls at the same time, each from a pool of ten."""
    async with AsyncExitStack() as stack:
        contenders: dict[str, Any] = {
            POOLED: await pooled_psycopg(conninfo),
            "asyncpg, pool": await pooled_asyncpg(conninfo),
            "SQLAlchemy Core": await AsyncCore.open(conninfo),
            "SQLAlchemy ORM": await AsyncOrm.open(conninfo),
        }
        for peer in contenders.values():
            stack.push_async_callback(peer.close)
        package = packages.aio
        database = await stack.enter_async_context(package.Database.open(conninfo))
        contenders["reposgen"] = AsyncGenerated(conninfo, packages.aio, database)
        return [
            await _measured_async(contenders, operation, POOLED, rounds, tasks=TOGETHER)
            for operation in CROWDED
        ]


async def async_bulk(
    conninfo: str, packages: Packages, rounds: int
) -> list[Measurement]:
    """Much at once, asynchronous."""
    async with AsyncExitStack() as stack:
        contenders = await _async_contenders(stack, conninfo, packages)
        # Wide rows by `executemany` take too long.
        fast: dict[str, Any] = {
            name: contenders[name]
            for name in ("asyncpg", "reposgen", COMPILED)
            if name in contenders
        }
        operations: Iterable[tuple[Operation, str, Mapping[str, Any]]] = (
            (copying(1_000), BASE, contenders),
            (copying(100_000), BASE, contenders),
            (copying(1_000_000), "asyncpg", fast),
            (copying_points(NARROW), "asyncpg", fast),
            (streaming(NARROW), BASE, contenders),
            (paging(TASKS), BASE, contenders),
        )
        return [
            await _measured_async(taking_part, operation, base, rounds)
            for operation, base, taking_part in operations
        ]


async def _async_contenders(
    stack: AsyncExitStack, conninfo: str, packages: Packages
) -> dict[str, Any]:
    contenders: dict[str, Any] = {
        BASE: await RawPsycopg.open(conninfo),
        "aiosql": await AsyncAiosql.open(conninfo),
        "asyncpg": await Asyncpg.open(conninfo),
        "asyncpg, pool": await pooled_asyncpg(conninfo),
        "SQLAlchemy Core": await AsyncCore.open(conninfo),
        "SQLAlchemy ORM": await AsyncOrm.open(conninfo),
    }
    for peer in contenders.values():
        stack.push_async_callback(peer.close)
    package = packages.aio
    database = await stack.enter_async_context(package.Database.open(conninfo))
    connection = await stack.enter_async_context(
        await package.Database.connection_class.connect(
            conninfo, autocommit=True, prepare_threshold=None
        )
    )
    return {
        **contenders,
        "reposgen": AsyncGenerated(conninfo, packages.aio, database),
        "reposgen, held": Held(package.TaskRepository(connection)),
        "reposgen, pipeline": AsyncPipelined(database),
        **await _compiled_async(stack, conninfo, packages.compiled),
    }


async def _compiled_async(
    stack: AsyncExitStack, conninfo: str, packages: Packages | None
) -> dict[str, Any]:
    if packages is None:
        return {}
    database = await stack.enter_async_context(packages.aio.Database.open(conninfo))
    return {COMPILED: AsyncGenerated(conninfo, packages.aio, database)}


async def _measured_async(
    contenders: Mapping[str, Any],
    operation: Operation,
    base: str,
    rounds: int,
    tasks: int = 1,
) -> Measurement:
    # Cancelled timers and such of one operation are not the next one's.
    await asyncio.sleep(0)
    ratios = await run_rounds_async(
        _taking_part(contenders, operation),
        base=base,
        rounds=rounds,
        calls=operation.calls,
        tasks=tasks,
    )
    return Measurement(name=operation.name, base=base, ratios=ratios)
