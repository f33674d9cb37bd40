"""LISTEN: what is heard, and what is said of what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import AsyncConnection
from tests.runtime import shop

from reposgen_runtime import InvalidPayload, Notification, Reconnected, Statement
from reposgen_runtime.aio import Listener, Runner
from reposgen_runtime.conversions import AsText
from reposgen_runtime.documents import JsonOf
from reposgen_runtime.errors import PermissionDenied, Unavailable, Unrepresentable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.runtime.aio.repositories import Database

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
async def boss(conninfo: str) -> AsyncIterator[AsyncConnection[Any]]:
    connection = await AsyncConnection.connect(conninfo, autocommit=True)
    async with connection:
        yield connection


async def pids(boss: AsyncConnection[Any]) -> list[int]:
    """The server's processes that listen."""
    return [pid for (pid,) in await (await boss.execute(PIDS)).fetchall()]


async def nobody_listens(boss: AsyncConnection[Any]) -> bool:
    # The server sees the end of a connection a moment later than the client.
    for _ in range(10_000):
        if not (listening := await pids(boss)):
            break
    return not listening


async def test_everything_is_heard_once_the_block_is_entered(
    run: Runner, boss: AsyncConnection[Any]
) -> None:
    async with run.listen(EVENTS) as events:
        for payload in ("first", "", "größer ''"):
            await run.exec(NOTIFY, ("Odd events", payload))
        await run.exec(NOTIFY, ("odd events", "another channel"))
        await run.exec(NOTIFY, ("Odd events", "last"))
        heard = []
        async for event in events:
            assert isinstance(event, Notification)
            heard.append(event.payload)
            if event.payload == "last":
                break
        assert heard == ["first", "", "größer ''", "last"]
        await boss.execute("NOTIFY \"Odd events\", 'once more'")
        expected = Notification("once more", boss.info.backend_pid)
        assert await anext(aiter(events)) == expected
    assert await nobody_listens(boss)


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
async def test_payloads_become_objects_and_a_damaged_one_ends_nothing(
    run: Runner,
    statement: Statement[Notification[Any] | InvalidPayload],
    payloads: tuple[str, ...],
    values: list[object],
    message: str,
) -> None:
    async with run.listen(statement) as events:
        for payload in payloads:
            await run.exec(NOTIFY, ("Odd events", payload))
        heard = [await anext(aiter(events)) for _ in payloads]
    assert [e.payload for e in heard if isinstance(e, Notification)] == values
    damaged = [event for event in heard if isinstance(event, InvalidPayload)]
    assert [event.text for event in damaged] == list(payloads[1:3])
    for event in damaged:
        assert isinstance(event.error, Unrepresentable)
        assert str(event.error) == f"{statement.name}: {message}"
        assert event.error.__cause__ is None
        assert "secret" not in repr(event)


async def test_leaving_for_any_reason_ends_it(
    run: Runner, boss: AsyncConnection[Any]
) -> None:
    events = run.listen(EVENTS)

    async def leave() -> None:
        async with events:
            assert len(await pids(boss)) == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await leave()
    assert await nobody_listens(boss)
    await events.aclose()
    assert [event async for event in events] == []


async def test_a_broken_connection_is_made_anew(
    run: Runner, boss: AsyncConnection[Any]
) -> None:
    async with run.listen(EVENTS) as events:
        for _ in range(2):
            [pid] = await pids(boss)
            await boss.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))
            event = await anext(aiter(events))
            assert isinstance(event, Reconnected)
            assert event.seconds >= 0
            await boss.execute("NOTIFY \"Odd events\", 'after'")
            event = await anext(aiter(events))
            assert isinstance(event, Notification)
            assert event.payload == "after"
    assert await nobody_listens(boss)


@pytest.mark.usefixtures("own_database")
async def test_it_tries_until_there_is_a_connection(
    run: Runner, boss: AsyncConnection[Any]
) -> None:
    if boss.info.server_version < LOGIN_TRIGGERS:
        pytest.skip("before 17 no trigger can refuse a login")
    async with run.listen(EVENTS) as events:
        [pid] = await pids(boss)
        await boss.execute(REFUSE_TWO_LOGINS)
        await boss.execute("SELECT pg_terminate_backend(%s, 60000)", (pid,))
        assert isinstance(await anext(aiter(events)), Reconnected)
        cursor = await boss.execute("SELECT last_value FROM logins")
        assert await cursor.fetchone() == (3,)
        await boss.execute("DROP EVENT TRIGGER refuse")


async def test_it_joins_no_transaction(db: Database, conninfo: str) -> None:
    async with db.transaction() as transaction:
        for source in (db, transaction):
            async with Runner(source, shop.PACKAGE).listen(EVENTS) as events:
                async with await AsyncConnection.connect(conninfo) as other:
                    await other.execute("NOTIFY \"Odd events\", 'now'")
                event = await anext(aiter(events))
                assert isinstance(event, Notification)
    async with (
        await AsyncConnection.connect(conninfo) as own,
        Runner(own, shop.PACKAGE).listen(EVENTS) as events,
    ):
        await own.execute("NOTIFY \"Odd events\", 'own'")
        await own.commit()
        event = await anext(aiter(events))
        assert event == Notification("own", own.info.backend_pid)


async def test_nobody_there() -> None:
    nowhere = Listener("host=127.0.0.1 port=1", shop.PACKAGE, EVENTS)
    with pytest.raises(Unavailable):
        async with nowhere:
            pass
    with pytest.raises(Unavailable):
        async for _ in nowhere:
            pass


async def test_a_refusal_is_translated(conninfo: str) -> None:
    wrong = Statement[str]("wrong", "SET session_authorization = 'nobody at all'")
    with pytest.raises(Exception, match=r"^wrong: ") as refused:
        async with Listener(conninfo, shop.PACKAGE, wrong):
            pass
    assert not isinstance(refused.value, (psycopg.Error, PermissionDenied))
