# ruff: noqa: PT012 -- the block as a whole is what raises
"""Rows that are written later."""

from __future__ import annotations

import psycopg
import pytest
from golden_output.buffered import (
    AddEntriesParams,
    AddEntryParams,
    Database,
    EntriesMessageCheckViolation,
    EntryRepository,
    EntryRepositoryProtocol,
    Level,
    Visit,
    sync,
)
from golden_output.buffered.entries import ADD_ENTRIES, ADD_ENTRY
from golden_output.buffered.visits import COUNT_VISIT
from reposgen_runtime.buffering import BufferStatistics, WriteFailure
from reposgen_runtime.errors import PoolClosed, RepositoryError
from reposgen_runtime.secret import Secret

HOSTILE = "'; DROP TABLE entries; -- \\ $1 \" \n\t%s {}"


def start(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE entries, visits, pings")


async def run_rows(url: str) -> None:
    start(url)
    async with Database.open(url) as db:
        entries: EntryRepositoryProtocol = db.entries
        await entries.add_entry(
            level=Level.INFO, message=HOSTILE, token=Secret("t"), details={"a": [1]}
        )
        await entries.add_entry(
            level=Level.ERROR, message="b", token=Secret(None), details=None
        )
        assert await entries.add_entries([AddEntriesParams(Level.INFO, "c")]) == 1
        await db.flush(ADD_ENTRY)
        found = await entries.list_entries()
        assert {(e.message, e.token and e.token.reveal()) for e in found} == {
            (HOSTILE, "t"),
            ("b", None),
            ("c", None),
        }
        # No transaction decides over them.
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await db.visits.ping(ping="h")
                raise ZeroDivisionError
        async with db.transaction() as transaction:
            with pytest.raises(RepositoryError, match="part of no transaction"):
                await EntryRepository(transaction).add_entry(
                    level=Level.INFO, message="d", token=Secret(None), details=None
                )
    numbers = db.buffers()["entries.add_entry"]
    assert numbers == BufferStatistics(
        pending=0, written=2, dropped=0, failed=0, unknown=0, retries=0
    )
    with pytest.raises(PoolClosed):
        await db.visits.ping(ping="h")
    async with Database.open(url) as db:
        assert await db.plain.count_pings() == 1


async def run_bad_rows(url: str) -> None:
    start(url)
    told: list[WriteFailure] = []
    async with Database.open(url) as db:
        db.on_write_failure(told.append)
        for message in ("a", "", "b", "nul\0"):
            await db.entries.add_entry(
                level=Level.INFO, message=message, token=Secret("s"), details=None
            )
        await db.flush()
        assert [e.message for e in await db.entries.list_entries()] == ["a", "b"]
    assert [unwritten.query for unwritten in told] == ["entries.add_entry"] * 2
    (row,) = next(
        u for u in told if isinstance(u.error, EntriesMessageCheckViolation)
    ).rows
    assert isinstance(row, AddEntryParams)
    assert "'s'" not in repr(row)
    assert db.buffers()["entries.add_entry"].failed == 2


async def run_staging(url: str) -> None:
    start(url)
    async with Database.open(url) as db:
        # The same key twice in one COPY: the second is written by itself.
        for page in ("A", "a"):
            assert await db.visits.count_visit(page=page)
        await db.flush(COUNT_VISIT)
        assert await db.visits.list_visits() == [Visit("a", 2)]
        taken = [await db.visits.count_visit(page=str(page)) for page in range(9)]
        assert taken.count(True) >= 3
    numbers = db.buffers()["visits.count_visit"]
    assert numbers.dropped == taken.count(False)
    assert numbers.written == 2 + taken.count(True)
    with pytest.raises(RepositoryError, match="has no buffer"):
        await db.flush(ADD_ENTRIES)


def run_sync(url: str) -> None:
    start(url)
    with sync.Database.open(url) as db:
        db.entries.add_entry(
            level=Level.INFO, message="a", token=Secret("t"), details=None
        )
        db.flush()
        assert [e.message for e in db.entries.list_entries()] == ["a"]
        assert db.visits.count_visit(page="p")
        db.visits.ping(ping="h")
    with sync.Database.open(url) as db:
        assert db.plain.count_pings() == 1
        assert db.visits.list_visits() == [Visit("p", 1)]
