# Derived from ../aio/test_hosts.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""Several hosts: which one is the primary, and what becomes of it."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.faults.conftest import listening, loopback, major, over, ready
from tests.runtime import shop
from tests.runtime.sync.repositories import Database
from tests.support.pgbouncer import PROGRAM, configuration, pooled
from tests.support.replica import Replica, replica_of
from tests.support.restarts import Restartable

from reposgen.database.embedded import embedded_server
from reposgen_runtime import Notification, Reconnected, Statement
from reposgen_runtime.errors import (
    OutcomeUnknown,
    ReadOnlyTransaction,
    Unavailable,
)
from reposgen_runtime.statistics import ReplicaState, server_name
from reposgen_runtime.sync import Runner
from reposgen_runtime.sync._compat import sleep

if TYPE_CHECKING:
    from collections.abc import Iterator

WHERE = Statement[bool](
    "where", "SELECT pg_is_in_recovery()", results=("bool",), read_only=True
)
NEWS = Statement[Notification[str]]("news", "LISTEN news")
SOON = 0.02


@pytest.fixture
def pair(transport: str) -> Iterator[tuple[str, Restartable, Replica]]:
    """A server with the shop, which may be ruined, and a replica."""
    settings = {"synchronous_commit": "local", **listening()}
    with embedded_server(major(), progress=lambda _: None, settings=settings) as server:
        primary = over(transport, ready(server))
        restartable = Restartable(primary)
        with replica_of(server, major(), "shop", listening()) as replica:
            replica.conninfo = over(transport, replica.conninfo)
            replica.catch_up(primary)
            yield primary, restartable, replica
        restartable.end()


def follows(db: Database, conninfo: str, state: ReplicaState) -> None:
    """Wait until a host is the primary, and the other one in that state."""
    while True:
        statistics = db.statistics()
        (other,) = statistics.replicas
        is_primary = statistics.primary.server == server_name(conninfo)
        if is_primary and other.state is state:
            return
        sleep(SOON)


def in_one(first: str, second: str) -> str:
    """One connection string with two hosts."""
    one, other = conninfo_to_dict(first), conninfo_to_dict(second)
    host = f"{one['host']},{other['host']}"
    port = f"{one.get('port', 5432)},{other.get('port', 5432)}"
    return make_conninfo(first, host=host, port=port)


@pytest.mark.parametrize("form", ["list", "string"])
def test_who_is_who(
    primary: str, replica: Replica, form: str, *, use_cursors: bool
) -> None:
    hosts = [replica.conninfo, primary]
    conninfo = in_one(*hosts) if form == "string" else hosts
    with Database.open(conninfo, use_cursors=use_cursors, max_size=3) as db:
        follows(db, primary, ReplicaState.UP)
        for _ in range(50):
            assert (db.tasks.create(title="a")).id
        assert db.is_healthy()
        assert (db.health()).server == server_name(primary)
        run = Runner(db, shop.PACKAGE)
        while not run.one(WHERE):
            sleep(SOON)
        with db.primary():
            assert not run.one(WHERE)
        (other,) = db.statistics().replicas
        assert other.server == server_name(replica.conninfo)


def test_reads_stay_on_the_primary(
    primary: str, replica: Replica, *, use_cursors: bool
) -> None:
    conninfo = in_one(replica.conninfo, primary)
    conninfo = make_conninfo(conninfo, target_session_attrs="read-write")
    with Database.open(conninfo, use_cursors=use_cursors) as db:
        follows(db, primary, ReplicaState.UP)
        run = Runner(db, shop.PACKAGE)
        for _ in range(20):
            assert not run.one(WHERE)
        assert db.statistics().replicas[0].connections_made == 0


def test_a_standby_is_not_healthy(replica: Replica, *, use_cursors: bool) -> None:
    with Database.open(replica.conninfo, use_cursors=use_cursors) as db:
        health = db.health()
        assert not health.is_healthy
        assert isinstance(health.error, ReadOnlyTransaction)
        with pytest.raises(ReadOnlyTransaction):
            db.tasks.create(title="a")
    wanted = make_conninfo(replica.conninfo, target_session_attrs="any")
    with Database.open(wanted, use_cursors=use_cursors) as db:
        assert db.is_healthy()


def test_a_replica_is_promoted(
    pair: tuple[str, Restartable, Replica], *, use_cursors: bool
) -> None:
    primary, server, replica = pair
    hosts = [primary, replica.conninfo]
    with Database.open(hosts, use_cursors=use_cursors, max_size=3) as db:
        follows(db, primary, ReplicaState.UP)
        db.tasks.create(title="a", slug="before")
        replica.catch_up(primary)
        server.stop()
        with pytest.raises((Unavailable, OutcomeUnknown)):
            db.tasks.create(title="a")
        assert not db.is_healthy(timeout=0.5)
        replica.tell("SELECT pg_promote()")

        def work() -> None:
            db.tasks.create(title="a", slug="after")

        db.run(work)
        follows(db, replica.conninfo, ReplicaState.DOWN)
        assert db.is_healthy()
        assert db.tasks.count() == 2
        # It does not know that it was replaced.
        server.start()
        follows(db, replica.conninfo, ReplicaState.PROMOTED)
        db.tasks.create(title="a", slug="at the new one")
        with psycopg.connect(replica.conninfo) as admin:
            row = admin.execute("SELECT count(*) FROM tasks").fetchone()
        assert row == (3,)
    # Nor does a Database that has not seen both.
    with Database.open(hosts, use_cursors=use_cursors) as db:
        assert db.tasks.count() == 3


def test_a_listener_follows(
    pair: tuple[str, Restartable, Replica], *, use_cursors: bool
) -> None:
    primary, _, replica = pair
    with Database.open([primary, replica.conninfo], use_cursors=use_cursors) as db:
        follows(db, primary, ReplicaState.UP)
        with Runner(db, shop.PACKAGE).listen(NEWS) as events:
            # The old primary does not end the connection.
            replica.tell("SELECT pg_promote()")
            for event in events:
                if isinstance(event, Notification):
                    assert event.payload == "good"
                    return
                assert isinstance(event, Reconnected)
                replica.tell("SELECT pg_notify('news', 'good')")


def test_primaries_that_have_nothing_in_common(
    primary: str, conninfo: str, *, use_cursors: bool
) -> None:
    with pytest.raises(Unavailable, match=r"no primary: .* both are one"):
        with Database.open([primary, conninfo], use_cursors=use_cursors, timeout=4):
            pass


def test_no_primary(replica: Replica, *, use_cursors: bool) -> None:
    nobody = make_conninfo(replica.conninfo, host="127.0.0.1", port=1)
    with pytest.raises(Unavailable, match=r"is a standby; 127.0.0.1:1/shop is down"):
        with Database.open(
            [replica.conninfo, nobody], use_cursors=use_cursors, timeout=4
        ):
            pass


def test_a_host_that_is_silent(primary: str, *, use_cursors: bool) -> None:
    with socket.create_server((loopback(), 0)) as silent:
        host, port = silent.getsockname()
        nobody = make_conninfo(primary, host=host, port=port)
        # That is less than the host takes to fail twice.
        with Database.open(
            [nobody, primary], use_cursors=use_cursors, timeout=3.5
        ) as db:
            assert (db.tasks.create(title="a")).id
            assert db.statistics().replicas[0].state is ReplicaState.DOWN


@pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed")
def test_a_pooler_leads_to_a_standby(
    replicated: tuple[str, Replica], primary: str, *, use_cursors: bool
) -> None:
    server, replica = replicated
    assert primary
    user = str(conninfo_to_dict(server)["user"])
    behind = replica.conninfo
    settings = {"admin_users": user, "default_pool_size": "20"}
    with pooled(server, **settings) as one, pooled(behind, **settings) as other:
        with Database.open(
            [one, other], use_cursors=use_cursors, prepare="never", replica_interval=600
        ) as db:
            follows(db, one, ReplicaState.UP)
            db.tasks.create(title="a", slug="before")
            replica.catch_up(server)
            for through, to in ((one, behind), (other, server)):
                lead(through, to, settings)

            def work() -> None:
                db.tasks.create(title="a", slug="after")

            db.run(work)
            assert db.statistics().primary.server == server_name(other)


def lead(pooler: str, to: str, settings: dict[str, str]) -> None:
    """Have a PgBouncer lead to another server, its clients included."""
    folder = Path(str(conninfo_to_dict(pooler)["host"]))
    text = configuration(to, folder, settings)
    (folder / "pgbouncer.ini").write_text(text, "utf-8")
    console = make_conninfo(pooler, dbname="pgbouncer")
    with psycopg.connect(
        console, autocommit=True, cursor_factory=psycopg.ClientCursor
    ) as admin:
        admin.execute("RELOAD")
        admin.execute("RECONNECT")
