"""Every kind of call, made after the schema has changed under it."""

from __future__ import annotations

import io
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from tests.faults import drift
from tests.faults.drift import Answer, Judge, Report

from reposgen_runtime.aio.buffered import BufferedDatabase, BufferedRunner
from reposgen_runtime.aio.migration import RepositoryMigration

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import psycopg

    from reposgen_runtime import Settings
    from reposgen_runtime.settings import Options

    Call = Callable[["Calls", int], Awaitable[Answer]]


class Database(BufferedDatabase):
    """Where the items are."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, package=drift.PACKAGE)


class Items:
    """What a generated repository is, as far as a gradual migration needs it."""

    def __init__(self, run: BufferedRunner) -> None:
        self._run = run

    async def get(self, *, number: int) -> drift.Item:
        return await self._run.one(drift.GET, (number,))


@dataclass(slots=True)
class Calls:
    """One call of each kind."""

    db: Database
    run: BufferedRunner

    async def one(self, _: int) -> Answer:
        return Answer([await self.run.one(drift.GET, (1,))])

    async def opt(self, _: int) -> Answer:
        return Answer([await self.run.opt(drift.GET, (1,))])

    async def many(self, _: int) -> Answer:
        return Answer(await self.run.many(drift.GET, (1,)))

    async def number(self, _: int) -> Answer:
        return Answer([{"n": await self.run.one(drift.NUMBER, (1,))}])

    async def by_mood(self, _: int) -> Answer:
        found = await self.run.many(drift.BY_MOOD, (drift.Mood.OK,))
        return Answer([{"label": label} for label in found])

    async def page(self, _: int) -> Answer:
        return Answer((await self.run.page(drift.PAGE, (1,), limit=5)).items)

    async def whole(self, _: int) -> Answer:
        return Answer([await self.run.one(drift.WHOLE, (1,))])

    async def together(self, _: int) -> Answer:
        return Answer(await self.run.one(drift.TOGETHER, (1,)))

    async def home(self, _: int) -> Answer:
        return Answer([{"home": await self.run.one(drift.HOME, (1,))}])

    async def homes(self, _: int) -> Answer:
        found = await self.run.one(drift.HOMES, (1,))
        return Answer([{"home": found.home[0]}])

    async def stream(self, _: int) -> Answer:
        return Answer([row async for row in self.run.stream(drift.GET, (1,))])

    async def stream_homes(self, _: int) -> Answer:
        stream = self.run.stream(drift.HOME, (1,))
        return Answer([{"home": home} async for home in stream])

    async def stream_writes(self, number: int) -> Answer:
        stream = self.run.stream(drift.INSERT_RETURNING, drift.values(number))
        return Answer([row async for row in stream])

    async def copy_to(self, _: int) -> Answer:
        file = io.BytesIO()
        export = self.run.copy_to(drift.EXPORT, (1,), copy_format="text", header=False)
        await export.write_to(file)
        parts = file.getvalue().decode().strip().split("\t")
        return Answer([dict(zip(("n", "note"), parts, strict=True))])

    async def lock(self, _: int) -> Answer:
        async with self.db.transaction():
            return Answer([await self.run.one(drift.LOCK, (1,))])

    async def pipeline(self, number: int) -> Answer:
        async with self.db.pipeline() as pipeline:
            read = pipeline.add(self.run.one, drift.GET, (1,))
            wrote = pipeline.add(
                self.run.one, drift.INSERT_RETURNING, drift.values(number)
            )
            home = pipeline.add(self.run.one, drift.HOME, (1,))
        return Answer([read.result(), wrote.result(), {"home": home.result()}])

    async def migrated(self, _: int) -> Answer:
        items = Items(self.run)
        migration = RepositoryMigration[Items](
            items, items, share=1.0, reads=["get"], fallback=False
        )
        return Answer([await migration.repository.get(number=1)])

    async def exec(self, number: int) -> Answer:
        await self.run.exec(drift.INSERT, drift.values(number))
        return Answer()

    async def execrows(self, number: int) -> Answer:
        await self.run.execrows(drift.INSERT, drift.values(number))
        return Answer()

    async def execresult(self, number: int) -> Answer:
        await self.run.execresult(drift.INSERT, drift.values(number))
        return Answer()

    async def execlastid(self, number: int) -> Answer:
        values = drift.values(number, 5)
        n = await self.run.execlastid(drift.INSERT_NUMBER, values)
        return Answer([{"id": number, "n": n}])

    async def returning(self, number: int) -> Answer:
        values = drift.values(number)
        return Answer([await self.run.one(drift.INSERT_RETURNING, values)])

    async def returning_whole(self, number: int) -> Answer:
        values = drift.values(number, 6)
        return Answer([await self.run.one(drift.INSERT_WHOLE, values)])

    async def batch_exec(self, number: int) -> Answer:
        await self.run.batch_exec(drift.INSERT, [drift.item(number)])
        return Answer()

    async def batch_one(self, number: int) -> Answer:
        rows = [drift.item(number)]
        return Answer(await self.run.batch_one(drift.INSERT_RETURNING, rows))

    async def batch_many(self, number: int) -> Answer:
        rows = [drift.item(number)]
        (found,) = await self.run.batch_many(drift.INSERT_RETURNING, rows)
        return Answer(found)

    async def batch_reads(self, _: int) -> Answer:
        return Answer(await self.run.batch_one(drift.GET, [1, 1]))

    async def copy_from(self, number: int) -> Answer:
        await self.run.copy_from(drift.COPY, [drift.item(number)])
        return Answer()

    async def copy_plain_types(self, number: int) -> Answer:
        await self.run.copy_from(drift.COPY_PLAIN_TYPES, [drift.item(number)])
        return Answer()

    async def copy_returning(self, number: int) -> Answer:
        rows = [drift.item(number)]
        return Answer(await self.run.copy_returning(drift.STAGED, rows))

    async def copy_upsert(self, number: int) -> Answer:
        await self.run.copy_from(drift.UPSERT, [drift.item(number)])
        return Answer()

    async def buffered(self, number: int) -> Answer:
        errors: list[BaseException] = []
        self.db.on_write_failure(lambda unwritten: errors.append(unwritten.error))
        await self.run.buffer(drift.BUFFER, drift.item(number))
        await self.db.flush()
        if errors:
            raise errors[-1]
        return Answer()


READS: Final[Mapping[str, Call]] = {
    call.__name__: call
    for call in (
        *(Calls.one, Calls.opt, Calls.many, Calls.number, Calls.by_mood, Calls.page),
        *(Calls.whole, Calls.together, Calls.home, Calls.homes, Calls.stream),
        *(Calls.stream_homes, Calls.copy_to, Calls.lock, Calls.migrated),
        Calls.batch_reads,
    )
}
WRITES: Final[Mapping[str, Call]] = {
    call.__name__: call
    for call in (
        *(Calls.stream_writes, Calls.pipeline, Calls.exec, Calls.execrows),
        *(Calls.execresult, Calls.execlastid, Calls.returning, Calls.returning_whole),
        *(Calls.batch_exec, Calls.batch_one, Calls.batch_many, Calls.copy_from),
        *(Calls.copy_plain_types, Calls.copy_returning, Calls.copy_upsert),
        Calls.buffered,
    )
}
CALLS: Final = {**READS, **WRITES}
# Where a call is made: alone, in a block, and in one that catches its error.
SURROUNDINGS: Final = ("alone", "block", "caught")
# Not part of a transaction, or in one of their own.
ALONE: Final = ("buffered", "lock")


async def tried(
    calls: Calls, name: str, number: int, where: str
) -> Answer | BaseException:
    """What a call gives, or its error."""
    call = CALLS[name]
    try:
        if where == "alone" or name in ALONE:
            return await call(calls, number)
        outcome: Answer | Exception = Answer()
        async with calls.db.transaction():
            try:
                outcome = await call(calls, number)
            except Exception as caught:
                if where == "block":
                    raise
                outcome = caught
        return outcome  # noqa: TRY300 -- the block's end may fail
    except Exception as error:  # noqa: BLE001 -- it is judged
        return error


async def drifted(
    conninfo: str,
    admin: psycopg.Connection[Any],
    change: str,
    *,
    warm: bool,
    where: str,
    options: Options,
) -> Report:
    """Make each call twice after a change.

    Args:
        conninfo: of a database to be ruined.
        admin: changes it.
        change: of the schema.
        warm: the connections have made the call before; each has its own.
        where: the surroundings.
        options: of the Database.
    """
    admin.execute(drift.SCHEMA.encode())
    settings: Options = {"max_size": 1, "timeout": 20, **options}
    numbers = count(100)
    report = Report()
    judge = Judge(admin)
    async with AsyncExitStack() as stack:
        ready: dict[str, Calls] = {}
        for name in CALLS:
            opened = Database.open(conninfo, **settings)
            db = await stack.enter_async_context(opened)
            ready[name] = Calls(db, BufferedRunner(db, drift.PACKAGE))
            if warm:
                answer = await tried(ready[name], name, next(numbers), where)
                assert isinstance(answer, Answer), answer
        for command in drift.CHANGES[change].split(";"):
            admin.execute(command.encode())
        for name, calls in ready.items():
            for attempt in ("first", "second"):
                number = next(numbers)
                answer = await tried(calls, name, number, where)
                report.add(
                    judge.judge(
                        answer,
                        [number] if name in WRITES else [],
                        f"{change}, {name}, {where}, {attempt}",
                    )
                )
    return report
