"""Results that are read together before anybody asks for them."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from operator import attrgetter
from os import urandom
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, ParamSpec, Self, TypeVar

from ..caching import NotCacheable, canonical, tags_of_read
from ..errors import RepositoryError, TransactionClosed
from ..observers import UNOBSERVED
from .cache_redis import HIT, LEASED, STALE, UNKNOWN, Lease, RedisDown
from .cached_read import FIRST, ROWS, CachedRead
from .pipeline import send_steps
from .recording import record

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from psycopg.pq.abc import PGresult

    from ..cache_memory import Ticket
    from ..codec import Codec
    from .cached import CachedDatabase
    from .cached_read import Taken
    from .recording import Step
    from .router import Router

P = ParamSpec("P")
T = TypeVar("T")

# All results that are read together are of one state of the database.
_BEGIN: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
# As many results are read together.
_AT_ONCE: Final = 500


class _Wanted:
    """A result that is to be kept.

    Attributes:
        call: whose it is.
        step: the same, as a pipeline runs it.
        ticket: of the read.
        lease: of Redis, if it is to keep the result.
    """

    __slots__ = ("call", "lease", "step", "ticket")

    def __init__(
        self, call: CachedRead[Any, Any], step: Step, ticket: Ticket, lease: Lease
    ) -> None:
        self.call = call
        self.step = step
        self.ticket = ticket
        self.lease: Lease | None = lease


class Warming:
    """What `Database.cache.warm()` opens.

    Attributes:
        kept: how many results were read and are kept now.
    """

    def __init__(self, database: CachedDatabase, router: Router) -> None:
        self.kept = 0
        self._database = database
        self._router = router
        self._closed = False
        self._steps: list[Step] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed = True
        if exc_value is None:
            await self._warm()

    def add(
        self, call: Callable[P, Awaitable[object]], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Have a call's result kept at the end of the block.

        Args:
            call: a method of this Database's repositories, of a cached read.
            *args: its arguments.
            **kwargs: the same.

        Raises:
            RepositoryError: it is nothing of that kind, and was not called.
            TransactionClosed: the block has ended.
        """
        if self._closed:
            raise TransactionClosed("the warming block has ended")
        step = record(call, args, kwargs, self._database, "warming").step
        if step.statement.cache is None or (
            step.read is not ROWS and step.read is not FIRST
        ):
            raise RepositoryError("is no cached read", query=step.statement.name)
        self._steps.append(step)

    async def _warm(self) -> None:
        await self._database.resumed()
        if not self._database.cache.session:
            return
        # In an order that does not depend on that of the calls.
        for _, several in groupby(
            sorted(
                self._steps, key=lambda step: (step.package.name, step.tenant or "")
            ),
            key=attrgetter("package", "tenant"),
        ):
            steps = [*several]
            for place in range(0, len(steps), _AT_ONCE):
                await self._warm_some(steps[place : place + _AT_ONCE])

    async def _warm_some(self, steps: Sequence[Step]) -> None:
        """Read what is not kept yet."""
        memory = self._database.cache.memory
        wanted: dict[Hashable, _Wanted] = {}
        try:
            for step in steps:
                one = self._wanted(step)
                if one is not None and one.call.key not in wanted:
                    wanted[one.call.key] = one
                elif one is not None:
                    memory.end(one.ticket)
            missing = await self._leased([*wanted.values()])
            if missing:
                await self._read(missing)
        finally:
            for one in wanted.values():
                memory.end(one.ticket)

    def _wanted(self, step: Step) -> _Wanted | None:
        """Begin the read of a call; None: its result is kept already, or can't be."""
        package, statement, values, read, tenant = step
        database, cached = self._database, statement.cache
        if cached is None:
            return None
        for_tenant = None if package.tenant is None else tenant
        try:
            key = (statement, for_tenant, *map(canonical, values))
            tags = tags_of_read(cached.rows, values)
        except NotCacheable:
            return None
        memory, now = database.cache.memory, monotonic()
        entry = memory.entries.get(key)
        if entry is not None and now < entry.expires and now < memory.good_until:
            return None
        call = CachedRead(package, statement, values, read, tenant, key, cached)
        lease = Lease(database.name_of(call), tags, urandom(12))
        return _Wanted(call, step, memory.begin(tags), lease)

    async def _leased(self, wanted: Sequence[_Wanted]) -> list[_Wanted]:
        """Look results up in Redis; returns what is to be read from the server."""
        database = self._database
        redis = database.cache.redis
        shared = [one for one in wanted if "l2" in one.call.cached.levels]
        if redis is None or not redis.is_readable:
            shared = []
        answers = {}
        if redis is not None and shared:
            try:
                found = await redis.look_up_all(
                    [one.lease for one in shared if one.lease]
                )
                answers = {id(one): a for one, a in zip(shared, found, strict=True)}
            except (RedisDown, RepositoryError):
                pass
        missing: list[_Wanted] = []
        for one in wanted:
            answer = answers.get(id(one), UNKNOWN)
            lease = one.lease
            if answer.state in (LEASED, STALE) and lease is not None:
                lease.generations = answer.generations
                missing.append(one)
                continue
            one.lease = None
            if answer.state == HIT:
                entry = database.unpacked(one.call, answer.value, one.ticket)
                if "l1" not in one.call.cached.levels:
                    continue
                if entry is not None:
                    entry.expires = monotonic() + answer.seconds
                    database.cache.memory.store(one.ticket, one.call.key, entry)
                    continue
            # What Redis cannot keep now, the process may.
            if redis is None or (
                "l1" in one.call.cached.levels and database.cache.hears_all()
            ):
                missing.append(one)
        return [one for one in missing if one.ticket.is_valid]

    async def _read(self, wanted: Sequence[_Wanted]) -> None:
        """Read results from the server, and keep them."""
        database = self._database
        with self._observed(wanted) as call:  # noqa: F841 -- who waits finds it on the stack
            answers = await self._ask(wanted)
        fillings, filled = [], {}
        for one, taken in zip(wanted, answers, strict=True):
            if one.lease is not None:
                fillings.append((one, database.filling(one.call, taken, one.lease)))
        redis = database.cache.redis
        if redis is not None and fillings:
            try:
                kept = await redis.fill_all([filling for _, filling in fillings])
            except (RedisDown, RepositoryError):
                kept = [False] * len(fillings)
            filled = {id(one): k for (one, _), k in zip(fillings, kept, strict=True)}
        for one, taken in zip(wanted, answers, strict=True):
            if one.call.ttl(taken) > 0:
                entry = database.keep(
                    one.call, one.ticket, taken, filled=filled.get(id(one))
                )
                self.kept += entry is not None

    async def _ask(self, wanted: Sequence[_Wanted]) -> list[Taken]:
        """Run the statements in one transaction, in one pipeline."""
        database, first = self._database, wanted[0].step
        async with database.own_transaction(
            first.package, first.tenant, _BEGIN
        ) as transaction:
            session = transaction.session(first.package, first.tenant)
            if session.is_fast:
                steps = [one.step for one in wanted]
                sessions = [session] * len(steps)
                answers = await send_steps(
                    steps, sessions, [], transaction.effective_timeout
                )
                return [
                    database.taken(one.call, *answer)
                    for one, answer in zip(wanted, answers, strict=True)
                ]
            return [
                await transaction.run_statement(
                    *one.step[:3], partial(self._taken, one), first.tenant
                )
                for one in wanted
            ]

    def _taken(self, one: _Wanted, codec: Codec[Any], result: PGresult) -> Taken:
        return self._database.taken(one.call, codec, result)

    def _observed(self, wanted: Sequence[_Wanted]) -> AbstractContextManager[object]:
        """Open a block that observers see as a pipeline."""
        observers = self._database.observers
        if not observers.active:
            return UNOBSERVED
        from ..observing import observe_pipeline  # noqa: PLC0415 -- only where there are

        return observe_pipeline(
            observers,
            self._database.place_of_calls(),
            [(one.step.package, one.step.statement) for one in wanted],
        )
