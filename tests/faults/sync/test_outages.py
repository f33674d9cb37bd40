# Derived from ../aio/test_outages.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""A server that can't be reached for a while."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime.sync.repositories import Database
from tests.support.crashes import meanwhile

from reposgen_runtime import Breaker, BreakerChange, BreakerState
from reposgen_runtime.errors import (
    CircuitOpen,
    PoolTimeout,
    RepositoryError,
    Unavailable,
)
from reposgen_runtime.sync._compat import sleep

if TYPE_CHECKING:
    from tests.support.proxy import Proxy

OUTAGE = 5.0
PAUSE = 0.02


def attempts(db: Database) -> RepositoryError | None:
    """What a call says now and then."""
    sleep(PAUSE)
    try:
        db.tasks.create(title="a")
    except RepositoryError as error:
        return error
    return None


def test_refused_for_some_seconds(proxy: Proxy, conninfo: str) -> None:
    states: list[BreakerState] = []

    def changed(change: BreakerChange) -> None:
        states.append(change.after)

    with Database.open(
        proxy.conninfo,
        timeout=1.0,
        min_size=3,
        check_after_idle=0,
        breaker=Breaker(failures=3, wait=0.2, on_state_change=changed),
    ) as db:
        db.tasks.create(title="before")
        proxy.go_down()
        back = monotonic() + OUTAGE
        seen: list[type[RepositoryError] | None] = []
        while monotonic() < back:
            error = attempts(db)
            assert isinstance(error, Unavailable), seen
            seen.append(type(error))
        assert CircuitOpen in seen
        assert db.statistics().primary.breaker is not BreakerState.CLOSED
        proxy.come_up()
        written = 0
        while written < 5:
            error = attempts(db)
            assert error is None or isinstance(error, Unavailable)
            # Once it is back it stays.
            assert error is None or not written
            written += error is None
        assert db.tasks.count() == 6
        now = db.statistics().primary
        assert (now.breaker, now.failures) == (BreakerState.CLOSED, 0)
        assert now.connections_failed > 3
    assert states[0] is BreakerState.OPEN
    assert states[-1] is BreakerState.CLOSED
    assert BreakerState.HALF_OPEN in states
    with psycopg.connect(conninfo) as admin:
        count = admin.execute("SELECT count(*) FROM tasks").fetchone()
        assert count == (6,)


def test_waiting_till_the_server_is_back(proxy: Proxy, *, use_cursors: bool) -> None:
    def come_up() -> None:
        while db.statistics().primary.waiting == 0:
            pass
        proxy.come_up()

    with Database.open(
        proxy.conninfo, use_cursors=use_cursors, check_after_idle=0, breaker=None
    ) as db:
        proxy.go_down()
        with meanwhile(come_up):
            assert db.tasks.count() == 0


def test_why_no_connection_became_free(proxy: Proxy) -> None:
    with Database.open(
        proxy.conninfo, check_after_idle=0, breaker=None, timeout=0.5
    ) as db:
        proxy.go_down()
        with pytest.raises(Unavailable, match=r"connection to server (on|at)") as why:
            db.tasks.count()
        assert not isinstance(why.value, PoolTimeout)


def test_connections_that_were_cut_at_rest(proxy: Proxy, *, use_cursors: bool) -> None:
    with Database.open(
        proxy.conninfo, use_cursors=use_cursors, min_size=4, check_after_idle=0
    ) as db:
        proxy.go_down()
        proxy.come_up()
        for _ in range(8):
            db.tasks.create(title="a")
        assert db.tasks.count() == 8
        assert db.statistics().primary.connections_lost >= 1


def test_one_cut_connection_casts_doubt_on_the_others(proxy: Proxy) -> None:
    with Database.open(proxy.conninfo, min_size=4) as db:
        proxy.go_down()
        proxy.come_up()
        failures = 0
        for _ in range(8):
            try:
                db.tasks.count()
            except Unavailable:
                failures += 1
        assert failures <= 1


def test_the_health_of_a_server_that_is_silent(
    proxy: Proxy, *, use_cursors: bool
) -> None:
    with Database.open(proxy.conninfo, use_cursors=use_cursors) as db:
        assert db.is_healthy()
        proxy.fall_silent()
        health = db.health(timeout=0.3)
        assert isinstance(health.error, Unavailable)
        proxy.speak()
        assert db.is_healthy()
        proxy.go_down()
        assert not db.is_healthy(timeout=0.3)
        proxy.come_up()
        while not db.is_healthy():
            pass
        assert db.tasks.count() == 0


def test_errors_of_statements_leave_the_breaker_alone(proxy: Proxy) -> None:
    with Database.open(proxy.conninfo, breaker=Breaker(failures=1)) as db:
        db.tasks.create(title="a", slug="a")
        for _ in range(3):
            with pytest.raises(RepositoryError):
                db.tasks.create(title="b", slug="a")
        with db.connection() as connection:
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert db.tasks.count() == 1
        now = db.statistics().primary
        assert (now.breaker, now.failures) == (BreakerState.CLOSED, 0)
