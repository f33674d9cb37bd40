# Derived from ../aio/cached.py by derive_sync.py: change that file.
"""A Database whose cached reads are kept, and whose writes invalidate them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from os import urandom
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

from ..cache_memory import Entry
from ..caching import (
    ALL_TAG,
    IDENTITY,
    IDENTITY_ARGUMENTS,
    NEUTRAL,
    NotCacheable,
    canonical,
    entry_name,
    needs_result,
    pack,
    size_of,
    tags_of_read,
    tags_of_write,
    unpack,
)
from ..codec import read_rows
from ..errors import (
    OutcomeUnknown,
    QueryRejected,
    RepositoryError,
    mark_undone,
)
from ..limits import own_settings
from ._background import Worker
from .cache import ResultCache
from .cache_redis import HIT, LEASED, STALE, Fill, Lease, RedisDown
from .cached_read import FIRST, ROWS, CachedRead, Flight, Taken
from .cached_transaction import CachedTransaction
from .connection import needs_transaction

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Mapping, Sequence

    from psycopg.pq.abc import PGresult

    from ..cache_memory import Ticket
    from ..codec import Codec
    from ..observe import CacheEvent
    from ..scope import Scopes
    from ..settings import Settings
    from ..statement import Package, Statement
    from ..statistics import Statistics
    from .cache_following import Follower
    from .cached_warming import Warming
    from .connection import Session
    from .database import Database
    from .pipeline import Pipeline
    from .transaction import Transaction

R = TypeVar("R")
T = TypeVar("T")
D = TypeVar("D", bound="Database")

if TYPE_CHECKING:
    _Base = Database
else:
    # The class that is made has a Database behind it; to import that would be a circle.
    _Base = object

# Commands that no transaction may hold, and procedures that end it themselves.
_NOT_IN_TRANSACTION: Final = frozenset({"25001", "2D000"})
_LONGEST_FLIGHT: Final = 60.0


# Made once for each package's.
_classes: Final[dict[type[Database], type[Database]]] = {}


def cached_class(database: type[D]) -> type[D]:
    """Return a class of the same Database that keeps results."""
    made = _classes.get(database)
    if made is None:
        members = {"__module__": database.__module__, "__doc__": database.__doc__}
        made = type(database.__name__, (CachedDatabase, database), members)
        made = _classes.setdefault(database, made)
    return cast("type[D]", made)


class CachedDatabase(_Base):
    """What `Database.open(…, cache=Cache(…))` makes of a package's Database."""

    def __init__(self, settings: Settings, **named: Any) -> None:  # noqa: ANN401 -- its base's
        if settings.cache is None:
            raise ValueError("there is no cache")
        self._cache = ResultCache(settings.cache, settings.observing, self._warming)
        self._flights: dict[Hashable, Flight] = {}
        # What reads the values of results that Redis has.
        self._codecs: dict[Statement[Any], Codec[Any]] = {}
        self._is_forked = False
        self._follower: Follower | None = None
        super().__init__(settings, **named)

    @property
    def cache(self) -> ResultCache:
        """What is kept of results."""
        return self._cache

    def statistics(self) -> Statistics:
        """Return what the connections and the cache do, and have done."""
        return replace(super().statistics(), cache=self.cache.statistics())

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self.cache.open(self._identify)
            self._follow()
        except BaseException:
            super().close()
            raise
        return self

    def close(
        self,
        *,
        timeout: float = 5.0,  # noqa: ASYNC109, RUF100 -- calls may go on meanwhile
    ) -> None:
        """Take no more calls, and close all connections.

        Args:
            timeout: seconds for the calls that have one to end; then their statements
                are cancelled on the server.
        """
        follower, self._follower = self._follower, None
        if follower is not None:
            follower.stop()
        self.cache.close()
        super().close(timeout=timeout)

    def _follow(self) -> None:
        """Begin to follow what other writers change, if that is wanted."""
        seconds = self.cache.settings.follow
        if seconds is not None:
            from .cache_following import Follower  # noqa: PLC0415 -- where it is used

            begin = partial(self.own_transaction, NEUTRAL, None)
            self._follower = Follower(self.cache, begin, seconds)

    def after_fork(self) -> None:
        """In a child process: leave all connections to the parent."""
        super().after_fork()
        self.cache.after_fork()
        self._flights.clear()
        self._codecs.clear()
        self._follower = None
        self._is_forked = True

    def run_statement(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None = None,
    ) -> R:
        """Run one statement, or return what it returned the last time."""
        cached = statement.cache
        if cached is None:
            if not statement.changes:
                return super().run_statement(package, statement, values, read, tenant)
            return self._write(package, statement, values, read, tenant)
        scopes = self.scopes
        scope = scopes.current() if scopes.open.get() or scopes.strands else None
        transaction = None
        if scope is not None:
            tenant = tenant or scope.tenant
            transaction = self._joinable(scope)
        for_tenant = None if package.tenant is None else tenant
        if (
            (transaction is not None and not _may_hit(transaction))
            or (read is not ROWS and read is not FIRST)
            or (for_tenant is None and package.tenant is not None)
        ):
            return super().run_statement(package, statement, values, read, tenant)
        try:
            key = (statement, for_tenant, *map(canonical, values))
        except NotCacheable:
            return super().run_statement(package, statement, values, read, tenant)
        memory = self.cache.memory
        entry = memory.entries.get(key)
        if entry is not None:
            now = monotonic()
            if now < entry.expires and now < memory.good_until:
                entry.used = True
                if self.observers.active:
                    self._tell("hit", package, statement, "l1")
                rows = entry.rows()
                return cast("R", rows if read is ROWS else rows[:1])
        call = CachedRead(package, statement, values, read, tenant, key, cached)
        return self._read(call, fills=transaction is None)

    @contextmanager
    def lease(
        self,
        package: Package,
        statement: Statement[Any] | None = None,
        tenant: str | None = None,
    ) -> Generator[Session, None, None]:
        """Lend the current transaction's connection, or one of the statement's own."""
        scope = self.scopes.current()
        joined = None if scope is None else self._joinable(scope)
        if joined is not None or (statement is not None and not statement.changes):
            with super().lease(package, statement, tenant) as session:
                yield session
        elif statement is None:
            # Nobody knows what is done there.
            self.resumed()
            with (
                self.cache.announced((ALL_TAG,)) as mark,
                super().lease(package, None, tenant) as session,
            ):
                try:
                    yield session
                finally:
                    # The server can still be working on its last COMMIT.
                    mark.is_lost = session.connection.closed
        else:
            tenant = tenant or (None if scope is None else scope.tenant)
            with (
                self.own_transaction(package, tenant) as transaction,
                transaction.lease(package, statement, tenant) as session,
            ):
                yield session

    def _make_transaction(
        self,
        session: Session,
        session_of: Callable[[Package], Session],
        settings: Mapping[str, str],
        scopes: Scopes[Transaction] | None,
        timeout: float | None,  # noqa: ASYNC109, RUF100 -- the server keeps it
    ) -> Transaction:
        return CachedTransaction(
            self.cache, session, session_of, settings, scopes, timeout, database=self
        )

    def _make_pipeline(self) -> Pipeline:
        from .cached_pipeline import CachedPipeline  # noqa: PLC0415 -- where it is used

        return CachedPipeline(self, self._router)

    def _warming(self) -> Warming:
        from .cached_warming import Warming  # noqa: PLC0415 -- where it is used

        return Warming(self, self._router)

    # How writes run.

    def _write(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None,
    ) -> R:
        """Run a write in a transaction, whose COMMIT is announced.

        Without Redis, a write whose arguments determine what it changes is announced
        before it is sent, and needs no transaction.
        """
        scope = self.scopes.current()
        if scope is not None:
            tenant = tenant or scope.tenant
            if self._joinable(scope) is not None:
                return super().run_statement(package, statement, values, read, tenant)
        if statement.locks_rows:
            raise needs_transaction(statement)
        changes = statement.changes
        if self.cache.redis is None and not needs_result(changes):
            return self._write_alone(package, statement, values, read, tenant)
        try:
            with self.own_transaction(package, tenant) as transaction:
                return transaction.run_statement(
                    package, statement, values, read, tenant
                )
        except QueryRejected as error:
            if error.sqlstate not in _NOT_IN_TRANSACTION:
                raise
        return self._write_alone(package, statement, values, read, tenant)

    def _write_alone(
        self,
        package: Package,
        statement: Statement[T],
        values: Sequence[Any],
        read: Callable[[Codec[T], PGresult], R],
        tenant: str | None,
    ) -> R:
        """Run a write that is a transaction by itself."""
        self.resumed()
        tags = tags_of_write(statement.changes, values, None)
        with self.cache.announced(tags) as mark:
            try:
                return super().run_statement(package, statement, values, read, tenant)
            except BaseException as error:
                is_known = isinstance(error, Exception)
                mark.is_lost = not is_known or isinstance(error, OutcomeUnknown)
                raise

    @contextmanager
    def own_transaction(
        self, package: Package, tenant: str | None, command: str = "BEGIN"
    ) -> Generator[Transaction, None, None]:
        """Open a transaction that no other call joins."""
        settings = {**self._router.limits, **own_settings(package, None, tenant)}
        with self._router.checkout(writes=True) as sessions:
            session = sessions(package)
            transaction = self._make_transaction(
                session, lambda _: session, settings, None, None
            )
            try:
                transaction.begin(command)
                yield transaction
            except BaseException as error:
                transaction.undo(error)
                mark_undone(error)
                raise
            else:
                transaction.commit()
            finally:
                transaction.closed = True

    # How reads run.

    def _pass(self, call: CachedRead[T, R]) -> R:
        """Make a call as if there were no cache."""
        return super().run_statement(
            call.package, call.statement, call.values, call.read, call.tenant
        )

    def _read(self, call: CachedRead[T, R], *, fills: bool) -> R:
        """Return what the first level does not have."""
        cache = self.cache
        self.resumed()
        try:
            tags = tags_of_read(call.cached.rows, call.values)
        except NotCacheable:
            fills, tags = False, ()
        if not fills or not cache.session or cache.memory.is_marked(tags):
            self._tell_of(call, "miss")
            return self._pass(call)
        other = self._flights.get(call.key)
        if other is not None and other.takes_others and other.ticket.is_valid:
            other.landed.wait(_LONGEST_FLIGHT)
            if other.entry is not None:
                self._tell_of(call, "shared")
                return call.rows(other.entry)
            self._tell_of(call, "miss")
            return self._pass(call)
        flight = Flight(cache.memory.begin(tags))
        self._flights[call.key] = flight
        try:
            return self._fly(call, flight)
        finally:
            cache.memory.end(flight.ticket)
            if self._flights.get(call.key) is flight:
                del self._flights[call.key]
            flight.landed.set()

    def _fly(self, call: CachedRead[T, R], flight: Flight) -> R:
        """Look a result up in the second level; ask the server if it is not there."""
        redis = self.cache.redis if "l2" in call.cached.levels else None
        if redis is None:
            return self._ask(call, flight)
        lease = Lease(self.name_of(call), flight.ticket.tags, urandom(12))
        # A call that joins later may come after a change that the answer lacks.
        flight.takes_others = False
        answer = redis.wait_for(lease)
        if answer.state in (HIT, STALE):
            entry = self.unpacked(call, answer.value, flight.ticket)
            if entry is not None:
                if answer.state == STALE:
                    lease.generations = answer.generations
                    told = self._tell_of(call, "stale", "l2")
                    Worker(partial(self._refresh, call, lease, told))
                else:
                    self._tell_of(call, "hit", "l2")
                    entry.expires = monotonic() + answer.seconds
                    if "l1" in call.cached.levels:
                        self.cache.memory.store(flight.ticket, call.key, entry)
                return call.rows(entry)
        if answer.state not in (LEASED, STALE):
            self._tell_of(call, "miss")
            return self._take(call, [])
        lease.generations = answer.generations
        # The generations are compared once more when the result is there.
        flight.takes_others = True
        return self._ask(call, flight, lease)

    def _ask(
        self, call: CachedRead[T, R], flight: Flight, lease: Lease | None = None
    ) -> R:
        """Ask the server, and keep what it says if nothing changed meanwhile."""
        taken: list[Taken] = []
        self._tell_of(call, "miss")
        try:
            result = self._take(call, taken)
        except RepositoryError:
            if lease is not None:
                self._fill(Fill(lease, b"", 0.0, 0.0))
            raise
        # Redis is about to compare: a call that joins later could come after a change.
        flight.takes_others = lease is None
        found = taken[-1]
        filled = None
        if lease is not None:
            # If nothing is kept, others need not wait for it.
            filled = self._fill(self.filling(call, found, lease))
        if call.ttl(found) > 0:
            flight.entry = self.keep(call, flight.ticket, found, filled=filled)
        return result

    def keep(
        self,
        call: CachedRead[Any, Any],
        ticket: Ticket,
        taken: Taken,
        *,
        filled: bool | None,
    ) -> Entry | None:
        """Keep what the server said in the first level, and tell observers.

        Args:
            call: that asked for it.
            ticket: of the read.
            taken: what the server said.
            filled: Redis keeps it; None: it was not given to Redis.

        Returns:
            The result, if it is one for other calls as well.
        """
        is_kept = self.cache.hears_all() if filled is None else filled
        entry = None
        level = "l2" if filled else ""
        if is_kept and ticket.is_valid:
            entry = Entry(
                taken.tuples,
                call.statement.row,
                ticket.tags,
                size_of(taken.rows),
                monotonic() + call.ttl(taken),
            )
            in_memory = "l1" in call.cached.levels or self.cache.redis is None
            if in_memory and self.cache.memory.store(ticket, call.key, entry):
                level = level or "l1"
        self._tell_of(call, "fill" if level else "discard", level)
        return entry

    def _take(self, call: CachedRead[T, R], taken: list[Taken]) -> R:
        """Ask the primary, and add the result as it came."""

        def reading(codec: Codec[T], result: PGresult) -> R:
            rows = call.read(codec, result)
            taken.append(self.taken(call, codec, result))
            return rows

        asking = call.reading(reading)
        if not self._router.has_readers:
            return self._pass(asking)
        with self.primary():
            return self._pass(asking)

    def taken(
        self, call: CachedRead[T, Any], codec: Codec[T], result: PGresult
    ) -> Taken:
        """Return what the server said; its codec reads what Redis has from now on."""
        if self.cache.redis is not None:
            self._codecs[call.statement] = codec
        return Taken(codec, result)

    def _fill(self, filling: Fill) -> bool:
        """Give a result to Redis; whether nothing has changed since it was leased."""
        redis = self.cache.redis
        if redis is None:
            return False
        try:
            return redis.fill(filling)
        except (RedisDown, RepositoryError):
            return False

    def filling(self, call: CachedRead[Any, Any], taken: Taken, lease: Lease) -> Fill:
        """Return what Redis is to keep."""
        value = pack(taken.rows, taken.codec.result_format)
        if len(value) > self.cache.settings.value:
            value = b""
        stale = call.cached.stale if taken.rows else 0.0
        return Fill(lease, value, call.ttl(taken), stale)

    def _refresh(
        self, call: CachedRead[Any, Any], lease: Lease, served: CacheEvent | None
    ) -> None:
        """Read again an expired result that was returned."""
        taken: list[Taken] = []
        try:
            self._take(call, taken)
        except RepositoryError:
            # Whoever comes when it is no longer served gets the error.
            return
        if call.ttl(taken[-1]) > 0:
            is_kept = self._fill(self.filling(call, taken[-1], lease))
            if served is not None:
                from ..observing import of_same_read  # noqa: PLC0415 -- as below

                self.observers.notify(of_same_read(served, is_kept=is_kept))

    def unpacked(
        self, call: CachedRead[Any, Any], data: bytes, ticket: Ticket
    ) -> Entry | None:
        """Return what Redis has of a result; None if it can't be read here."""
        statement = call.statement
        codec = self._codecs.get(statement)
        if codec is None or not data:
            return None
        try:
            result_format, rows = unpack(data)
            if result_format != codec.result_format:
                return None
            tuples = codec.unpacked(rows)
            return Entry(tuples, statement.row, ticket.tags, size_of(rows), 0.0)
        except Exception:  # noqa: BLE001 -- loaders raise all kinds of them
            # Another release wrote it, or the types have changed: it is read again.
            return None

    def name_of(self, call: CachedRead[Any, Any]) -> str:
        """Return a result's name in Redis: of its query, arguments and session."""
        statement = call.statement
        codec = self._codecs.get(statement)
        return entry_name(
            self.cache.session,
            statement.name,
            statement.sql,
            statement.parameters,
            statement.results,
            None if codec is None else codec.layouts or None,
            # The statement itself is first.
            call.key[1:],
        )

    def _tell_of(
        self, call: CachedRead[Any, Any], outcome: str, level: str = ""
    ) -> CacheEvent | None:
        return self._tell(outcome, call.package, call.statement, level)

    def _tell(
        self, outcome: str, package: Package, statement: Statement[Any], level: str
    ) -> CacheEvent | None:
        """Tell observers what became of a read, if there are any."""
        if not self.observers.active:
            return None
        from ..observing import cache_read  # noqa: PLC0415 -- where it is used

        event = cache_read(outcome, package, statement, level)
        self.observers.notify(event)
        return event

    def resumed(self) -> None:
        """In a child process: listen again, the first time that it is used there."""
        if self._is_forked:
            self._is_forked = False
            self.cache.resume()
            self._follow()

    def _identify(self) -> tuple[str, str, str]:
        (found,) = super().run_statement(
            NEUTRAL, IDENTITY, IDENTITY_ARGUMENTS, read_rows
        )
        return found


def _may_hit(transaction: Transaction) -> bool:
    """Whether a result that is newer than the transaction is one for it."""
    return isinstance(transaction, CachedTransaction) and transaction.may_hit
