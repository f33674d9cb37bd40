"""Nested rows, one of them missing."""

from __future__ import annotations

import psycopg
from golden_output.embeds import (
    Database,
    ListOwnersRow,
    ListTasksWithPeopleRow,
    Task,
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
