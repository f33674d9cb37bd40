# Derived from ../aio/test_events.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""What observers are told beside calls, and what goes along with a call."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.observe.seen import PACKAGE, act
from tests.runtime.buffers import titles
from tests.runtime.shop import PACKAGE as SHOP
from tests.runtime.shop import SCHEMA

from reposgen_runtime import Notification, Package, Statement
from reposgen_runtime.errors import (
    CircuitOpen,
    PoolTimeout,
    RepositoryError,
    SerializationFailure,
    Unavailable,
)
from reposgen_runtime.observe import (
    BreakerChange,
    BufferEvent,
    Call,
    ConnectionEvent,
    Event,
    Observer,
    Place,
    Retry,
    observing,
)
from reposgen_runtime.observe.logging import LoggingObserver
from reposgen_runtime.observe.n_plus_one import RepeatedCall, RepeatedCallObserver
from reposgen_runtime.settings import Settings
from reposgen_runtime.sync import Database, Runner
from reposgen_runtime.sync.buffered import BufferedDatabase, BufferedRunner

if TYPE_CHECKING:
    from collections.abc import Callable

    from psycopg import Connection
    from tests.observe.seen import Seen
    from tests.support.proxy import Proxy

WHO = Statement[str](
    "acts.who",
    "SELECT current_setting('application_name')",
    results=("text",),
    read_only=True,
)
QUERY = Statement[str](
    "acts.query",
    "SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()",
    results=("text",),
    read_only=True,
)
PLANNED = Statement[int](
    "acts.planned",
    "SELECT count(*) FROM acts WHERE how = $1",
    parameters=("text",),
    results=("int8",),
    arguments=("how",),
    read_only=True,
    reads=("public.acts",),
)
EVENTS = Statement[Notification[str]]("acts.events", "LISTEN acts")
NOTIFY = Statement[None]("acts.notify", "SELECT pg_notify('acts', 'a')")


class Recorder(Observer):
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.events: list[Event] = []

    def ended(self, call: Call, state: Any) -> None:  # noqa: ANN401 -- of no use
        assert state is None
        self.calls.append(call)

    def notified(self, event: Event) -> None:
        self.events.append(event)


class Broken(Observer):
    """Fails whenever it is told something."""

    def opened(self, database: object) -> None:
        raise LookupError(database)

    def started(self, call: Call) -> object:
        raise LookupError(call)

    def ended(self, call: Call, state: Any) -> None:  # noqa: ANN401 -- as above
        raise LookupError(call, state)

    def released(self, place: Place, seconds: float) -> None:
        raise LookupError(place, seconds)

    def notified(self, event: Event) -> None:
        raise LookupError(event)


def opened(conninfo: str, **options: Any) -> Database:  # noqa: ANN401 -- settings
    return Database(Settings(conninfo=conninfo, **options), package=PACKAGE)


def test_pools(conninfo: str) -> None:
    told = Recorder()
    options: dict[str, Any] = {"timeout": 0.05, "open_timeout": 20}
    with opened(conninfo, max_size=1, observers=[told], **options) as db:
        run = Runner(db, PACKAGE)
        with db.transaction():
            pass
        run.one(act(), ("ok",))
        with db.connection():
            with pytest.raises(PoolTimeout):
                run.one(act(), ("ok",))
    outcomes = [
        str(event.outcome)
        for event in told.events
        if isinstance(event, ConnectionEvent)
    ]
    assert outcomes[:2] == ["made", "waited"]
    assert outcomes[-1] == "timeout"
    assert told.calls[-1].outcome == "unavailable"
    assert told.calls[-1].waited >= 0.05
    assert [call.operation.command for call in told.calls] == [
        *("transaction", "one", "one")
    ]


def test_breakers(proxy: Proxy, seen: Seen) -> None:
    told = Recorder()
    observers = [told, *seen.observers]
    options: dict[str, Any] = {"timeout": 0.5, "observers": observers}
    with opened(proxy.conninfo, **options) as db:
        run = Runner(db, PACKAGE)
        run.one(act(), ("ok",))
        proxy.go_down()
        for _ in range(50):
            with pytest.raises(RepositoryError) as caught:
                run.one(act(), ("ok",))
            if isinstance(caught.value, CircuitOpen):
                break
        assert isinstance(caught.value, Unavailable)
    changes = [event for event in told.events if isinstance(event, BreakerChange)]
    assert (changes[0].before, changes[0].after) == ("closed", "open")
    opened_once = [
        value
        for labels, value in seen.counted()("reposgen_breaker_changes_total").items()
        if labels[1] == "open"
    ]
    assert opened_once
    assert any("circuit breaker is open" in one.getMessage() for one in seen.records)


def test_retries(conninfo: str, seen: Seen) -> None:
    told = Recorder()
    with opened(conninfo, observers=[told, *seen.observers]) as db:

        def work() -> None:
            raise SerializationFailure("as if")

        with pytest.raises(SerializationFailure):
            db.run(work, retries=2)
    retries = [event for event in told.events if isinstance(event, Retry)]
    assert [retry.attempt for retry in retries] == [1, 2]
    assert [call.outcome for call in told.calls] == ["conflict"] * 3
    counted = seen.counted()
    assert counted("reposgen_retries_total") == {("SerializationFailure",): 2}
    assert counted("reposgen_block_duration_seconds_count") == {
        ("transaction", "conflict"): 3
    }


def test_buffers(make_database: Callable[[str], str], seen: Seen) -> None:
    told = Recorder()
    conninfo = make_database(SCHEMA)
    settings = Settings(conninfo=conninfo, observers=[told, *seen.observers])
    buffer = titles(2, limit=2, drops=True)
    with BufferedDatabase(settings, package=SHOP) as db:
        run = BufferedRunner(db, SHOP)
        assert run.buffer(buffer, "a")
        db.flush()
        assert run.buffer(buffer, "")
    events = [event for event in told.events if isinstance(event, BufferEvent)]
    assert [(str(event.outcome), event.rows) for event in events] == [
        ("written", 1),
        ("failed", 1),
    ]
    made = [
        (call.operation.command, str(call.outcome), call.items) for call in told.calls
    ]
    assert made == [
        ("buffer", "ok", 1),
        ("copyfrom", "ok", 1),
        ("buffer", "ok", 1),
        ("copyfrom", "violation", 1),
    ]
    assert seen.counted()("reposgen_buffer_rows_total") == {
        ("tasks.add_title", "written", "shop"): 1,
        ("tasks.add_title", "failed", "shop"): 1,
    }


def test_messages(conninfo: str, seen: Seen) -> None:
    with opened(conninfo, observers=seen.observers) as db:
        run = Runner(db, PACKAGE)
        with run.listen(EVENTS) as messages:
            run.exec(NOTIFY)
            run.exec(NOTIFY)
            heard: list[object] = []
            for message in messages:
                heard.append(message)
                if len(heard) == 2:
                    break
    assert [span.name for span in seen.spans()] == ["SELECT", "SELECT", *["LISTEN"] * 2]
    assert seen.counted()("reposgen_call_duration_seconds_count") == {
        ("exec", "acts.notify", "ok", "observed"): 2,
        ("listen", "acts.events", "ok", "observed"): 2,
    }


def test_an_observer_that_fails(
    conninfo: str, caplog: pytest.LogCaptureFixture
) -> None:
    told = Recorder()
    with opened(conninfo, observers=[Broken(), told, Broken()]) as db:
        assert Runner(db, PACKAGE).one(act(), ("ok",)) == 1
    assert [call.rows for call in told.calls] == [1]
    assert "an observer failed at acts.act" in caplog.text


def test_the_process(conninfo: str, observed_connection: Connection[Any]) -> None:
    told = Recorder()
    with opened(conninfo) as db:
        run, direct = Runner(db, PACKAGE), Runner(observed_connection, PACKAGE)
        with observing(told):
            run.one(act(), ("ok",))
            direct.one(act(), ("ok",))
        run.one(act(), ("ok",))
    places = [call.place.role for call in told.calls if call.place]
    assert places == ["primary", "connection"]


def test_correlation(conninfo: str, *, use_cursors: bool) -> None:
    ids = ["first", "second", None, "third", "", "with \0"]
    now: list[str | None] = []
    options: dict[str, Any] = {"correlation": lambda: now[-1]}
    with opened(conninfo, use_cursors=use_cursors, **options) as db:
        run = Runner(db, PACKAGE)
        found = []
        for each in ids:
            now.append(each)
            found.append(run.one(WHO))
        assert found == ["first", "second", "", "third", "", ""]
        now.append("fourth")
        with db.transaction():
            now.append("fifth")
            assert run.one(WHO) == "fourth"
        assert list(run.stream(WHO)) == ["fifth"]
        with db.pipeline() as pipeline:
            who = pipeline.add(run.one, WHO)
        assert who.result() == "fifth"


def test_names(conninfo: str, *, use_cursors: bool) -> None:
    package = Package("named", names_statements=True)
    name = "/* named.acts.query */"
    settings = Settings(conninfo=conninfo, use_cursors=use_cursors)
    with Database(settings, package=package) as db:
        run = Runner(db, package)
        assert (run.one(QUERY)).endswith(name)
        assert (run.one(QUERY)).endswith(name)
        [streamed] = list(run.stream(QUERY))
        assert streamed.endswith(name)
        with db.transaction():
            [declared] = list(run.stream(QUERY))
        assert name in declared or "FETCH" in declared
        [block] = list(run.copy_to(QUERY, header=False))
        assert name.encode() in block


def test_a_slow_query_and_its_plan(
    conninfo: str, caplog: pytest.LogCaptureFixture
) -> None:
    planned = threading.Event()
    logger = logging.getLogger("tests.observe.slow")
    handler = logging.Handler()
    records: list[logging.LogRecord] = []

    def emit(record: logging.LogRecord) -> None:
        records.append(record)
        if "plan of" in record.getMessage():
            planned.set()

    handler.emit = emit  # type: ignore[method-assign] # a handler is no more
    logger.addHandler(handler)
    observer = LoggingObserver(
        logger=logger,
        slow=3600.0,
        slow_by={"observed.acts.planned": 0.0},
        plans=True,
        correlation=lambda: {"request_id": "r1"},
    )
    try:
        with opened(conninfo, observers=[observer]) as db:
            run = Runner(db, PACKAGE)
            run.one(act(), ("ok",))
            assert run.one(PLANNED, ("secret",)) == 0
            assert run.one(PLANNED, ("secret",)) == 0
            assert planned.wait(timeout=60)
    finally:
        logger.removeHandler(handler)
    with psycopg.connect(conninfo) as connection:
        has_plans = connection.info.server_version >= 160000
    slow = [one for one in records if "is slow" in one.getMessage()]
    assert [vars(one)["query"] for one in slow] == ["acts.planned"] * 2
    plans = [vars(one)["plan"] for one in records if "plan" in vars(one)]
    assert len(plans) == int(has_plans)
    assert all("Seq Scan on acts" in plan and "$1" in plan for plan in plans)
    assert {vars(one)["request_id"] for one in records} == {"r1"}
    # No value, in no field.
    assert not any("secret" in str(vars(one)) for one in records)
    assert "secret" not in caplog.text


def test_repeated_calls(conninfo: str, seen: Seen) -> None:
    found: list[RepeatedCall] = []
    observer = RepeatedCallObserver(2, report=found.append)
    with opened(conninfo, observers=[observer, *seen.observers]) as db:
        run = Runner(db, PACKAGE)
        for _ in range(9):
            run.one(act(), ("ok",))
        assert found == []
        with observer.scope():
            for _ in range(9):
                run.one(act(), ("ok",))
        with seen.tracer.start_as_current_span("request"):
            run.one(act(), ("ok",))
            for _ in range(2):
                run.one(act(), ("ok",))
    assert [one.method for one in found] == ["acts.act"] * 2
    assert [one.count for one in found] == [3, 3]
    [site] = found[0].sites
    assert site.startswith(f"{__file__}:")
    assert site.endswith(" in test_repeated_calls")
    assert sorted(found[1].sites.values()) == [1, 2]
