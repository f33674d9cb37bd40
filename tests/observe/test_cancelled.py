"""Calls that are cancelled by the task that makes them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.observe.seen import PACKAGE, act

from reposgen_runtime import Settings
from reposgen_runtime.aio import Database, Runner

if TYPE_CHECKING:
    from tests.observe.seen import Seen


def wait_until_it_sleeps(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as admin:
        while not admin.execute(
            "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
            " AND datname = current_database()"
        ).rowcount:
            pass


async def call(db: Database, run: Runner, kind: str) -> None:
    match kind:
        case "one":
            await run.one(act(), ("timeout",))
        case "batchexec":
            await run.batch_exec(act(), ["timeout"])
        case "stream":
            async for _ in run.stream(act(), ("timeout",)):
                pass
        case _:
            async with db.transaction():
                await run.one(act(), ("timeout",))


@pytest.mark.parametrize("kind", ["one", "batchexec", "stream", "transaction"])
async def test_cancellation(
    conninfo: str, seen: Seen, kind: str, *, use_cursors: bool
) -> None:
    settings = Settings(
        conninfo=conninfo, use_cursors=use_cursors, observers=seen.observers
    )
    async with Database(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)
        await run.one(act(), ("ok",))
        seen.forget()
        task = asyncio.create_task(call(db, run, kind))
        await asyncio.to_thread(wait_until_it_sleeps, conninfo)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    errors = [dict(span.attributes or {})["error.type"] for span in seen.spans()]
    assert errors == ["CancelledError"] * (2 if kind == "transaction" else 1)
    command = "one" if kind == "transaction" else kind
    counted = seen.counted()
    assert counted("reposgen_call_duration_seconds_count") == {
        (command, "acts.act", "cancelled", "observed"): 1
    }
    blocks = {("transaction", "cancelled"): 1} if kind == "transaction" else {}
    assert counted("reposgen_block_duration_seconds_count") == blocks
    outcomes = {vars(record).get("outcome") for record in seen.records}
    assert outcomes == {"cancelled"}
