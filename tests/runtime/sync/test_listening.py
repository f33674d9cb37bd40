# Derived from ../aio/test_listening.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""LISTEN: what is heard, and what is said of what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import Connection
from tests.runtime import shop

from reposgen_runtime import InvalidPayload, Notification, Reconnected, Statement
from reposgen_runtime.conversions import AsText
from reposgen_runtime.documents import JsonOf
from reposgen_runtime.errors import PermissionDenied, Unavailable, Unrepresentable
from reposgen_runtime.sync import Listener, Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.runtime.sync.repositories import Database

EVENTS = Statement[Notification[str]]("events", 'LISTEN "Odd events"')
NUMBERS = Statement[Notification[int] | InvalidPayload](
    "numbers", 'LISTEN "Odd events"', results=(AsText("text", int),)
)
DOCUMENTS = Statement[Notification[dict[str, int]] | InvalidPayload](
    "documents", 'LISTEN "Odd events"', results=(JsonOf("json", dict[str, int]),)
)
NOTIFY = Statement[None]("notify", "SELECT pg_notify($1, $2)", parameters=("text",) * 2)
PIDS = (
    "SELECT pid FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)
REFUSE_TWO_LOGINS = """
CREATE SEQUENCE logins;
GRANT ALL ON SEQUENCE logins TO public;
CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('public.logins') <= 2 THEN RAISE 'not yet'; END IF;
    END
$$;
CREATE EVENT TRIGGER refuse ON login EXECUTE FUNCTION refuse();
"""
LOGIN_TRIGGERS = 170000


@pytest.fixture
def boss(conninfo: str) -> Iterator[Connection[Any]]:
    connection = Connection.connect(conninfo, autocommit=True)
    with connection:
        yield connection


def pids(boss: Connection[Any]) -> list[int]:
    """The server's processes that listen."""
    return [pid for (pid,) in (boss.execute(PIDS)).fetchall()]


def nobody_listens(boss: Connection[Any]) -> bool:
    # The server sees the end of a connection a moment later than the client.
    for _ in range(10_000):
        if not (listening := pids(boss)):
            break
    return not listening


def test_everything_is_heard_once_the_block_is_entered(
    run: Runner, boss: Connection[Any]
) -> None:
    with run.listen(EVENTS) as events:
        for payload in ("first", "", "größer ''"):
            run.exec(NOTIFY, ("Odd events", payload))
        run.exec(NOTIFY, ("odd events", "another channel"))
        run.exec(NOTIFY, ("Odd events", "last"))
        heard = []
        for event in events:
            assert isinstance(event, Notification)
            heard.append(event.payload)
            if event.payload == "last":
                break
        assert heard == ["first", "", "größer ''", "last"]
        boss.execute("NOTIFY \"Odd events\", 'once more'")
        expected = Notification("once more", boss.info.backend_pid)
        assert next(iter(events)) == expected
    assert nobody_listens(boss)


@pytest.mark.parametrize(
    ("statement", "payloads", "values", "message"),
    [
        (NUMBERS, ("1", "uno", "", "2"), [1, 2], "the payload is no text of int"),
        (
            DOCUMENTS,
            ('{"a": 1}', '{"a": "secret"}', '{"a"', "{}"),
            [{"a": 1}, {}],
            "the payload is no json of dict[str, int]",
        ),
    ],
)
def test_payloads_become_objects_and_a_damaged_one_ends_nothing(
    run: Runner,
    statement: Statement[Notification[Any] | InvalidPayload],
    payloads: tuple[str, ...],
    values: list[object],
    message: str,
) -> None:
    with run.listen(statement) as events:
        for payload in payloads:
            run.exec(NOTIFY, ("Odd events", payload))
        heard = [next(iter(events)) for _ in payloads]
    assert [e.payload for e in heard if isinstance(e, Notification)] == values
    damaged = [event for event in heard if isinstance(event, InvalidPayload)]
    assert [event.text for event in damaged] == list(payloads[1:3])
    for event in damaged:
        assert isinstance(event.error, Unrepresentable)
        assert str(event.error) == f"{statement.name}: {message}"
        assert event.error.__cause__ is None
        assert "secret" not in repr(event)


def test_leaving_for_any_reason_ends_it(run: Runner, boss: Connection[Any]) -> None:
    events = run.listen(EVENTS)

    def leave() -> None:
        with events:
            assert len(pids(boss)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave()
    assert nobody_listens(boss)
    events.close()
    assert list(events) == []


def test_a_broken_connection_is_made_anew(run: Runner, boss: Connection[Any]) -> None:
    with run.listen(EVENTS) as events:
        for _ in range(2):
            [pid] = pids(boss)
            boss.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))
            event = next(iter(events))
            assert isinstance(event, Reconnected)
            assert event.seconds >= 0
            boss.execute("NOTIFY \"Odd events\", 'after'")
            event = next(iter(events))
            assert isinstance(event, Notification)
            assert event.payload == "after"
    assert nobody_listens(boss)


@pytest.mark.usefixtures("own_database")
def test_it_tries_until_there_is_a_connection(
    run: Runner, boss: Connection[Any]
) -> None:
    if boss.info.server_version < LOGIN_TRIGGERS:
        pytest.skip("before 17 no trigger can refuse a login")
    with run.listen(EVENTS) as events:
        [pid] = pids(boss)
        boss.execute(REFUSE_TWO_LOGINS)
        boss.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))
        assert isinstance(next(iter(events)), Reconnected)
        cursor = boss.execute("SELECT last_value FROM logins")
        assert cursor.fetchone() == (3,)
        boss.execute("DROP EVENT TRIGGER refuse")


def test_it_joins_no_transaction(db: Database, conninfo: str) -> None:
    with db.transaction() as transaction:
        for source in (db, transaction):
            with Runner(source, shop.PACKAGE).listen(EVENTS) as events:
                with Connection.connect(conninfo) as other:
                    other.execute("NOTIFY \"Odd events\", 'now'")
                event = next(iter(events))
                assert isinstance(event, Notification)
    with (
        Connection.connect(conninfo) as own,
        Runner(own, shop.PACKAGE).listen(EVENTS) as events,
    ):
        own.execute("NOTIFY \"Odd events\", 'own'")
        own.commit()
        event = next(iter(events))
        assert event == Notification("own", own.info.backend_pid)


def test_nobody_there() -> None:
    nowhere = Listener("host=127.0.0.1 port=1", shop.PACKAGE, EVENTS)
    with pytest.raises(Unavailable):
        with nowhere:
            pass
    with pytest.raises(Unavailable):
        for _ in nowhere:
            pass


def test_a_refusal_is_translated(conninfo: str) -> None:
    wrong = Statement[str]("wrong", "SET session_authorization = 'nobody at all'")
    with pytest.raises(Exception, match=r"^wrong: ") as refused:
        with Listener(conninfo, shop.PACKAGE, wrong):
            pass
    assert not isinstance(refused.value, (psycopg.Error, PermissionDenied))
