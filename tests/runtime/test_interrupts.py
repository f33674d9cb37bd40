"""Ctrl-C while a thread waits for the server."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime import shop
from tests.runtime.sync.repositories import Database

from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_WORK = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()"
    " AND datname = current_database()"
)
# Until then the thread that is to wait for it may still be on its way there.
WAITED_FOR = f"{AT_WORK} AND clock_timestamp() - query_start > interval '200 ms'"


@pytest.fixture
def other(conninfo: str) -> Iterator[psycopg.Connection[tuple[int]]]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("in_transaction", [False, True])
def test_the_statement_is_cancelled_and_the_connection_lives_on(
    conninfo: str,
    other: psycopg.Connection[tuple[int]],
    *,
    use_cursors: bool,
    in_transaction: bool,
) -> None:
    main = threading.get_ident()

    def interrupt() -> None:
        while other.execute(WAITED_FOR).fetchone() != (1,):
            pass
        signal.pthread_kill(main, signal.SIGINT)

    def sleep() -> None:
        run = Runner(db, shop.PACKAGE)
        if not in_transaction:
            run.exec(shop.SLEEP, (600.0,))
            return
        with db.transaction():
            db.tasks.create(title="a")
            run.exec(shop.SLEEP, (600.0,))

    with Database.open(conninfo, use_cursors=use_cursors, max_size=1) as db:
        assert db.tasks.count() == 0
        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        with pytest.raises(KeyboardInterrupt):
            sleep()
        interrupting.join()
        assert other.execute(AT_WORK).fetchone() == (0,)
        assert db.tasks.count() == 0
        now = db.statistics().primary
        assert (now.connections_made, now.connections_lost) == (1, 0)


def test_notifications_between_statements_reach_their_handler(
    conninfo: str, other: psycopg.Connection[tuple[int]]
) -> None:
    heard: list[str] = []
    with Database.open(conninfo, max_size=1) as db:
        with db.connection() as connection:
            connection.add_notify_handler(lambda notify: heard.append(notify.payload))
            connection.execute("LISTEN news")
        other.execute("NOTIFY news, 'first'")
        db.tasks.count()
        other.execute("NOTIFY news, 'second'")
        db.tasks.count()
    assert heard == ["first", "second"]
