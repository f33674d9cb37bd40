# Derived from ../aio/test_buffers.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""Rows that wait to be written while the server is in trouble."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.runtime import shop
from tests.runtime.buffers import locked, titles
from tests.runtime.sync.test_buffers import Database
from tests.support.crashes import come_back, kill_backend, meanwhile

from reposgen_runtime.errors import NotFlushed, OutcomeUnknown
from reposgen_runtime.sync import Runner
from reposgen_runtime.sync.buffered import BufferedRunner

if TYPE_CHECKING:
    from tests.support.proxy import Proxy

    from reposgen_runtime.buffering import WriteFailure

WORD = "cut here"


def kill_and_come_back(conninfo: str, marker: str) -> None:
    kill_backend(conninfo, marker)
    come_back(conninfo)


def written(conninfo: str) -> list[str]:
    with Database.open(conninfo) as db:
        return [task.title for task in Runner(db, shop.PACKAGE).many(shop.LIST)]


def test_killed_while_rows_are_pending(conninfo: str, *, use_cursors: bool) -> None:
    statement = titles(size=20, limit=400)
    told: list[WriteFailure] = []
    # Test servers do not keep what they confirm.
    durable = make_conninfo(conninfo, options="-c synchronous_commit=on")
    with Database.open(durable, use_cursors=use_cursors, timeout=20) as db:
        db.on_write_failure(told.append)
        run = BufferedRunner(db, shop.PACKAGE)
        for number in range(100):
            run.buffer(statement, str(number))
        db.flush()
        # The lock's own connection does not survive it either.
        with suppress(psycopg.OperationalError), locked(conninfo):
            for number in range(100, 300):
                run.buffer(statement, str(number))
            with meanwhile(kill_and_come_back, conninfo, "INSERT INTO"):
                for number in range(300, 400):
                    run.buffer(statement, str(number))
                db.flush()
        for number in range(400, 500):
            run.buffer(statement, str(number))
    assert told == []
    found = db.buffers()["tasks.add_title"]
    assert (found.written, found.pending) == (500, 0)
    assert found.retries > 0
    assert written(conninfo) == [str(number) for number in range(500)]


@pytest.mark.parametrize("heard", [False, True])
def test_cut_at_the_end_of_a_batch(
    conninfo: str, proxy: Proxy, *, use_cursors: bool, heard: bool
) -> None:
    """Whether it was written nobody knows: it is told, and not written again."""
    statement = titles(size=2)
    told: list[WriteFailure] = []
    with Database.open(proxy.conninfo, use_cursors=use_cursors) as db:
        db.on_write_failure(told.append)
        run = BufferedRunner(db, shop.PACKAGE)
        for title in ("a", "b"):
            run.buffer(statement, title)
        db.flush()
        proxy.cut_at(WORD, heard=heard)
        for title in ("c", WORD, "d", "e"):
            run.buffer(statement, title)
    assert proxy.cuts == 1
    if use_cursors:
        # A COPY has a transaction of its own there, whose COMMIT was not sent.
        assert told == []
        assert written(conninfo) == ["a", "b", "c", WORD, "d", "e"]
        return
    (unwritten,) = told
    assert isinstance(unwritten.error, OutcomeUnknown)
    assert unwritten.rows == ["c", WORD]
    found = db.buffers()["tasks.add_title"]
    assert (found.written, found.unknown, found.failed) == (4, 2, 0)
    there = ["c", WORD] if heard else []
    assert written(conninfo) == ["a", "b", *there, "d", "e"]


def test_closed_without_a_server(
    conninfo: str, proxy: Proxy, *, use_cursors: bool
) -> None:
    statement = titles(size=2)
    told: list[WriteFailure] = []
    with Database.open(proxy.conninfo, use_cursors=use_cursors, timeout=0.2) as db:
        db.drain_timeout = 0.5
        db.on_write_failure(told.append)
        run = BufferedRunner(db, shop.PACKAGE)
        proxy.close()
        for title in ("a", "b", "c"):
            run.buffer(statement, title)
    assert sorted(row for unwritten in told for row in unwritten.rows) == [
        "a",
        "b",
        "c",
    ]
    assert {type(unwritten.error) for unwritten in told} <= {NotFlushed, OutcomeUnknown}
    found = db.buffers()["tasks.add_title"]
    assert (found.written, found.pending) == (0, 0)
    assert found.failed + found.unknown == 3
    assert written(conninfo) == []
