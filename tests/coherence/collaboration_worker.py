"""A process that uses the system `collaboration` until it is told to stop, or dies.

    python -m tests.coherence.collaboration_worker '{"url": …, "redis": …, …}'

It is written once, for asyncio. In threads nothing waits for an event loop, so its
coroutines run to their ends when they are started.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
import traceback
from contextlib import asynccontextmanager
from dataclasses import replace
from inspect import isawaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from generated import collaboration
from generated.collaboration import sync as collaboration_sync
from generated.collaboration import tasks
from tests.coherence.collaboration import (
    RARE,
    READS,
    TENANTS,
    WRITES,
    Picks,
    stamps,
)
from tests.coherence.worker import AT_ONCE, Interference, Plan, Undone

from reposgen_runtime import Statement
from reposgen_runtime.aio import cache as aio_cache
from reposgen_runtime.aio import cached_transaction as aio_transaction
from reposgen_runtime.caching import Cache
from reposgen_runtime.codec import read_rows
from reposgen_runtime.errors import NotFound, RepositoryError
from reposgen_runtime.sync import cache as sync_cache
from reposgen_runtime.sync import cached_transaction as sync_transaction

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
    from uuid import UUID

    from tests.coherence.collaboration import Stamps

_OWN_TRANSACTION: Final = Statement[int | None](
    "checker.transaction",
    "SELECT pg_current_xact_id_if_assigned()::text::int8",
    results=("int8",),
    read_only=True,
)
# Seconds after which the reads that returned the same are noted, at the latest.
_LATEST: Final = 0.1
# Calls between two looks for what is there.
_BETWEEN: Final = 60
# A read or write that is cancelled before it ends.
_CANCELLED: Final = 0.01


class Log:
    """Notes what was done, so that it survives the process."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(self, *event: object) -> None:
        line = json.dumps(event, default=str)
        os.write(self._file, f"{line}\n".encode())


class Reads:
    """What one task reads: of calls that return the same, the first and the last.

    If the last one was not stale, neither were those before it.
    """

    def __init__(self, log: Log, bound: float) -> None:
        self._log = log
        self._bound = bound
        # By call, what it returned, when the last one began, and how many there were.
        self._same: dict[tuple[object, ...], tuple[Stamps, float, int]] = {}
        self._arguments: dict[tuple[object, ...], tuple[object, ...]] = {}
        self._noted = time.monotonic()

    def add(
        self,
        tenant: UUID,
        read: str,
        arguments: dict[str, Any],
        start: float,
        found: Stamps,
    ) -> None:
        end = time.monotonic()
        key = (tenant, read, *map(str, arguments.values()))
        known = self._same.get(key)
        if known is not None and known[0] == found:
            self._same[key] = (found, start, known[2] + 1)
        else:
            call = self._arguments[key] = (tenant, read, arguments)
            if known is not None and known[2]:
                self._note(call, end, *known)
            self._note(call, end, found, start, 1)
            self._same[key] = (found, start, 0)
        if end > self._noted + _LATEST:
            self.flush(end)

    def flush(self, now: float) -> None:
        for key, (found, start, count) in self._same.items():
            if count:
                self._note(self._arguments[key], now, found, start, count)
                self._same[key] = (found, start, 0)
        self._noted = now

    def _note(
        self,
        call: tuple[object, ...],
        end: float,
        found: Stamps,
        start: float,
        count: int,
    ) -> None:
        self._log.note("read", end, start, count, self._bound, *call, found)


async def result_of(value: Any) -> Any:  # noqa: ANN401 -- of any call
    """Return what a call returns, on asyncio or in a thread."""
    return await value if isawaitable(value) else value


@asynccontextmanager
async def within(block: Any) -> AsyncGenerator[Any, None]:  # noqa: ANN401 -- any block
    """Enter a block of either kind."""
    if hasattr(block, "__aenter__"):
        async with block as entered:
            yield entered
    else:
        with block as entered:
            yield entered


def run_here(work: Coroutine[Any, Any, None]) -> None:
    """Run what never waits for an event loop; the process ends if it fails."""
    try:
        work.send(None)
    except BaseException:  # noqa: BLE001 -- the process ends
        traceback.print_exc()
        os._exit(1)


class Work:
    """What one task or thread does."""

    def __init__(self, plan: Plan, log: Log, db: Any, number: int) -> None:  # noqa: ANN401 -- of either kind
        self._plan = plan
        self._log = log
        self._db = db
        seed = plan.seed * 100 + number
        self._picks = [Picks(seed + n, tenant) for n, tenant in enumerate(TENANTS)]
        self._random = self._picks[0].random
        self._reads = Reads(log, plan.bounds["l1" if plan.memory else "l2"])
        self._common = [name for name in WRITES if name not in RARE]
        self._rare = [*RARE]
        if plan.calls:
            self._common = self._rare = [*plan.calls]
        self._names = [name for name in READS if name in plan.reads] or [*READS]

    def _method(self, name: str) -> Callable[..., Any]:
        repository, method = name.split(".")
        found: Callable[..., Any] = getattr(getattr(self._db, repository), method)
        return found

    def _started(self, name: str, arguments: Any) -> Any:  # noqa: ANN401 -- as given
        if isinstance(arguments, list):
            return self._method(name)(*arguments)
        return self._method(name)(**arguments)

    async def go(self) -> None:
        """Read and write for one tenant, then the other."""
        while True:
            picks = self._random.choice(self._picks)
            try:
                async with within(self._db.tenant(picks.tenant)):
                    await self._look_around(picks)
                    for _ in range(_BETWEEN):
                        await self._step(picks)
            except RepositoryError:
                await self._pause()

    async def _pause(self) -> None:
        if self._plan.is_async:
            await asyncio.sleep(0.01)
        else:
            time.sleep(0.01)  # noqa: ASYNC251 -- in a thread of its own

    async def _look_around(self, picks: Picks) -> None:
        """See what is there; make what is missing."""
        tenant = picks.tenant
        page = await result_of(
            self._db.workflows.list(
                tenant_id=tenant, limit=2, status=("pending", "running")
            )
        )
        picks.workflows = [one.id for one in page.items]
        rooms = await result_of(
            self._db.workspaces.list_by_agent(tenant_id=tenant, agent_id="owner")
        )
        picks.workspaces = sorted(room.id for room in rooms)[:2]
        picks.documents = []
        for room in picks.workspaces[:1]:
            page = await result_of(
                self._db.documents.list_by_workspace(workspace_id=room, limit=2)
            )
            picks.documents = [one.id for one in page.items]
        for missing, name in (
            (not picks.workspaces, "agents.register"),
            (not picks.workspaces, "workspaces.create"),
            (not picks.workflows, "workflows.create"),
            (not picks.documents, "documents.create"),
        ):
            if missing:
                await self._write(name, picks)

    async def _step(self, picks: Picks) -> None:
        try:
            if self._random.random() < self._plan.writes:
                await self._some_writes(picks)
            elif self._plan.is_async and self._random.random() < _CANCELLED:
                await self._cancelled(picks)
            else:
                await self._several_reads(picks)
        except (RepositoryError, Undone):
            return

    async def _several_reads(self, picks: Picks) -> None:
        """Read a few results again and again, as what is hot is read."""
        calls = [self._call(picks) for _ in range(3)]
        for _ in range(self._plan.repeats if self._plan.memory else 1):
            # What is not there is not kept.
            calls = [call for call in calls if await self._read(*call, picks)]
            if self._plan.is_async:
                # What is in memory lets no other task run.
                await asyncio.sleep(0)

    def _call(self, picks: Picks) -> tuple[str, dict[str, Any]]:
        # Another tenant's rows are not there.
        other = self._random.random() < 0.02
        name = self._random.choice(self._names)
        return name, READS[name](self._random.choice(self._picks) if other else picks)

    async def _read(self, name: str, arguments: dict[str, Any], picks: Picks) -> bool:
        """Read a result; return True if there is one."""
        start = time.monotonic()
        try:
            found = await result_of(self._started(name, arguments))
        except NotFound:
            found = None
        self._reads.add(picks.tenant, name, arguments, start, stamps(name, found))
        version = getattr(found, "state_version", getattr(found, "version", None))
        if found is not None and version is not None:
            picks.versions[found.id] = version
        return bool(found)

    def _pick_write(self) -> str:
        if self._random.random() < 0.05:
            return self._random.choice(self._rare)
        return self._random.choice(self._common)

    async def _write(self, name: str, picks: Picks) -> None:
        await result_of(self._started(name, WRITES[name](picks)))
        self._log.note("did", name)

    async def _some_writes(self, picks: Picks) -> None:
        """Write alone, or in a block of some kind."""
        names = [self._pick_write() for _ in range(self._random.randint(1, 3))]
        kind = self._random.randrange(9 if self._plan.calls else 10)
        if kind < 4:
            await self._write(names[0], picks)
        elif kind < 7:
            async with within(self._db.transaction()):
                for name in names:
                    await self._write(name, picks)
                if kind == 6:
                    raise Undone
        elif kind == 7:
            async with within(self._db.transaction()):
                await self._write(names[0], picks)
                try:
                    async with within(self._db.savepoint()):
                        await self._write(names[-1], picks)
                        raise Undone  # noqa: TRY301 -- undoes the savepoint
                except Undone:
                    pass
        elif kind == 8:
            async with within(self._db.pipeline()) as pipeline:
                for name in names:
                    arguments = WRITES[name](picks)
                    if isinstance(arguments, dict):
                        pipeline.add(self._method(name), **arguments)
        else:
            await self._rarely(picks)

    async def _rarely(self, picks: Picks) -> None:
        match self._random.randrange(3):
            case 0:
                async with within(self._db.cache.warm()) as warm:
                    for name in self._random.sample([*READS], 4):
                        warm.add(self._method(name), **READS[name](picks))
            case 1:
                async with within(self._db.transaction(read_only=True)):
                    for _ in range(3):
                        await self._read(*self._call(picks), picks)
            case _:
                async with within(self._db.connection()) as connection:
                    await result_of(
                        connection.execute("UPDATE tasks SET title = 'by hand'")
                    )

    async def _cancelled(self, picks: Picks) -> None:
        """Cancel a read or a write at any moment."""
        draw = self._random
        name = draw.choice([draw.choice(self._names), draw.choice(self._common)])
        arguments = {**READS, **WRITES}[name](picks)
        task = asyncio.ensure_future(self._started(name, arguments))
        await asyncio.sleep(draw.random() * 0.005)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()


def patched_commits(log: Log) -> None:
    """Note which transactions this process knows to be committed."""
    for module in (aio_transaction, sync_transaction):
        transaction: Any = module.CachedTransaction
        commit = transaction.commit
        commits = _commits_async if module is aio_transaction else _commits_sync
        transaction.commit = commits(commit, log)


def _commits_async(
    commit: Callable[[Any], Awaitable[None]], log: Log
) -> Callable[[Any], Awaitable[None]]:
    async def commit_and_note(this: Any) -> None:  # noqa: ANN401 -- patched
        number = None
        if this._changed and this._may_commit:  # noqa: SLF001 -- between its steps
            session = this._session  # noqa: SLF001 -- as above
            (number,) = await session.run(_OWN_TRANSACTION, (), read_rows)
        await commit(this)
        if number is not None:
            log.note("commit", number, time.monotonic())

    return commit_and_note


def _commits_sync(commit: Callable[[Any], None], log: Log) -> Callable[[Any], None]:
    def commit_and_note(this: Any) -> None:  # noqa: ANN401 -- patched
        number = None
        if this._changed and this._may_commit:  # noqa: SLF001 -- between its steps
            session = this._session  # noqa: SLF001 -- as above
            (number,) = session.run(_OWN_TRANSACTION, (), read_rows)
        commit(this)
        if number is not None:
            log.note("commit", number, time.monotonic())

    return commit_and_note


def note_trouble(log: Log) -> None:
    """Note when Redis does not answer this process in time."""
    for module in (aio_cache, sync_cache):
        patched: Any = module.ResultCache

        def tell(_: object, outcome: str) -> None:
            if outcome == "down":
                log.note(outcome, time.monotonic())

        patched._tell = tell  # noqa: SLF001 -- between its steps


def install_faults(fault: str) -> None:
    """Take a table out of what a read depends on, or a write changes."""
    match fault:
        case "table of a read":
            read: Any = tasks.GET_BATCH
            read.cache = replace(read.cache, rows=())
        case "table of a write":
            write: Any = tasks.DELETE
            # Itself, but not the subtasks that its foreign key deletes.
            write.changes = tasks.INCREMENT_RETRY_COUNT.changes[:1]
        case _:
            return


async def work_async(plan: Plan, log: Log, cache: Cache) -> None:
    async with collaboration.Database.open(
        plan.url, cache=cache, max_size=AT_ONCE + 1
    ) as db:
        works = [Work(plan, log, db, number) for number in range(AT_ONCE)]
        await asyncio.gather(*(work.go() for work in works))


def work_sync(plan: Plan, log: Log, cache: Cache) -> None:
    with collaboration_sync.Database.open(
        plan.url, cache=cache, max_size=AT_ONCE + 1
    ) as db:
        works = [Work(plan, log, db, number) for number in range(AT_ONCE)]
        threads = [
            threading.Thread(target=run_here, args=(work.go(),)) for work in works
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def main() -> None:
    plan = Plan(**json.loads(sys.argv[1]))
    number = int(Path(plan.log).stem)
    plan.memory = number // 2 % 2 == 0
    own_faults = ("table of a read", "table of a write")
    Interference(
        replace(plan, fault="" if plan.fault in own_faults else plan.fault)
    ).install()
    install_faults(plan.fault)
    log = Log(plan.log)
    note_trouble(log)
    patched_commits(log)
    cache = Cache(redis=plan.redis, mark_ttl=plan.mark_ttl)
    if not plan.memory:
        cache = replace(cache, l1=None)
    if plan.is_async:
        asyncio.run(work_async(plan, log, cache))
    else:
        work_sync(plan, log, cache)


if __name__ == "__main__":
    main()
