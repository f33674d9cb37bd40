"""A program without a line about OpenTelemetry: `app.py URL`."""

from __future__ import annotations

import asyncio
import sys

import psycopg
from tests.observe.seen import PACKAGE, act

from reposgen_runtime import Settings
from reposgen_runtime.aio import Database, Runner


async def main(url: str) -> None:
    for use_cursors in (False, True):
        settings = Settings(conninfo=url, use_cursors=use_cursors)
        async with Database(settings, package=PACKAGE) as db:
            run = Runner(db, PACKAGE)
            async with db.transaction():
                await run.one(act(), ("ok",))
            async for _ in run.stream(act(), ("ok",)):
                pass
            await run.batch_exec(act(), ["ok", "ok"])
    # What psycopg does without generated code is still its own instrumentation's.
    connection = await psycopg.AsyncConnection.connect(url)
    async with connection:
        await connection.execute("SELECT 1")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
