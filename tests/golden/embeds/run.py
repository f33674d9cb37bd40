"""Nested rows, one of them missing."""

from __future__ import annotations

from typing import assert_type

import psycopg
from golden_output.embeds import (
    ChangeNotesRow,
    Database,
    ListNotesRow,
    ListOwnersRow,
    ListTasksWithPeopleRow,
    Measure,
    Note,
    PageNotesRow,
    Task,
    Title,
    User,
)

ANN, BOB = User(1, "Ann", None), User(2, "Bob", "b@x")
FIRST, SECOND = Task(1, "one", 1, None), Task(2, "three", 1, 2)


async def run(url: str) -> None:
    async with await psycopg.AsyncConnection.connect(
        url, autocommit=True
    ) as connection:
        await connection.execute(
            "INSERT INTO users VALUES (1, 'Ann', NULL), (2, 'Bob', 'b@x')"
        )
        await connection.execute(
            "INSERT INTO tasks VALUES (1, 'one', 1, NULL), (2, 'three', 1, 2)"
        )
        await connection.execute("INSERT INTO notes VALUES (NULL, NULL)")
        await connection.execute("INSERT INTO measures VALUES (1, NULL)")
    async with Database.open(url) as db:
        assert await db.tasks.list_tasks_with_people() == [
            ListTasksWithPeopleRow(FIRST, ANN, None, 3),
            ListTasksWithPeopleRow(SECOND, ANN, BOB, 5),
        ]
        assert (await db.tasks.get_only_task(id=1)).task == FIRST
        assert await db.tasks.list_owners() == [
            ListOwnersRow(ANN, [FIRST, SECOND]),
            ListOwnersRow(BOB, []),
        ]
        notes = await db.tasks.list_notes()
        assert_type(notes[0].n, Note | None)
        assert notes == [
            ListNotesRow(None, None, odd=True, measure=Measure(1, None)),
            ListNotesRow(Note(None, None), Title(2, "three"), odd=True, measure=None),
        ]
        page = await db.tasks.page_notes(limit=1, total=True)
        assert (page.items, page.total) == ([PageNotesRow(1, None)], 2)
        page = await db.tasks.page_notes(after=page.next)
        assert page.items == [PageNotesRow(2, Note(None, None))]
        assert (await db.tasks.page_notes(note="no such")).items == []
        changed = sorted(await db.tasks.change_notes(), key=lambda row: row.id)
        assert changed == [ChangeNotesRow(1, None), ChangeNotesRow(2, None)]
