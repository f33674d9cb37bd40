"""Observers that come and go while calls run, and several Databases on a server."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tests.observe.seen import PACKAGE, act

from reposgen_runtime import Settings
from reposgen_runtime.observe import Call, Observer, observing
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from tests.observe.seen import Seen


class Pairs(Observer):
    """Counts calls that have begun and ended, each of which it must see both of."""

    def __init__(self) -> None:
        self.begun: list[Call] = []
        self.ended_calls: list[Call] = []

    def started(self, call: Call) -> object:
        self.begun.append(call)
        return call

    def ended(self, call: Call, state: Any) -> None:  # noqa: ANN401 -- the call
        assert state is call
        self.ended_calls.append(call)


def test_observers_come_and_go(conninfo: str) -> None:
    one, other = Pairs(), Pairs()
    stop = threading.Event()
    failures: list[BaseException] = []
    settings = Settings(conninfo=conninfo, max_size=3)
    with Database(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)

        def work() -> None:
            try:
                while not stop.is_set():
                    run.one(act(), ("ok",))
                    with db.transaction():
                        run.one(act(), ("ok",))
            except BaseException as error:  # noqa: BLE001 -- the test reports it
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            with observing(one):
                before = len(one.ended_calls)
                with observing(other):
                    while len(one.ended_calls) == before and not failures:
                        pass
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    for observer in (one, other):
        assert observer.begun
        assert set(map(id, observer.begun)) == set(map(id, observer.ended_calls))
        assert len(observer.begun) == len(observer.ended_calls)


def test_databases_on_one_server(conninfo: str, seen: Seen) -> None:
    settings = Settings(conninfo=conninfo, observers=seen.observers, max_size=3)
    uses = "reposgen_connection_use_seconds_count"
    with Database(settings, package=PACKAGE) as db:
        Runner(db, PACKAGE).one(act(), ("ok",))
        with Database(settings, package=PACKAGE) as other:
            Runner(other, PACKAGE).one(act(), ("ok",))
            # One series, or Prometheus would take no more than one of them.
            scraped = seen.scrape()
            [limit] = [
                value
                for key, value in scraped.items()
                if key[0] == "reposgen_pool_max_connections"
            ]
            assert limit == 6
            [[(_, largest)]] = seen.measured("db.client.connection.max")
            assert largest.value == 6
            assert list(seen.counted()(uses).values()) == [2]
        # A counter never decreases.
        assert list(seen.counted()(uses).values()) == [2]
        Runner(db, PACKAGE).one(act(), ("ok",))
    assert list(seen.counted()(uses).values()) == [3]
