"""Rows in rows: one-to-one and one-to-many, each in one round trip."""

from __future__ import annotations

from typing import assert_type

import psycopg
from golden_output.nesting import (
    AddTaskRow,
    Database,
    Step,
    Task,
    TaskListsRow,
    TitlesRow,
    User,
    WithTasksRow,
    WithWhatTheJoinGivesRow,
    sync,
)

ANN, BOB = User(1, "Ann", None), User(2, "Bob", "b@x")
STEPS = [Step(1, 'odd, "one"'), Step(None, None)]
FIRST, SECOND = Task(1, "one", 1, []), Task(2, "two", 1, STEPS)


async def run_async(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE users, tasks")
        connection.execute(
            "INSERT INTO users VALUES (1, 'Ann', NULL), (2, 'Bob', 'b@x')"
        )
    async with Database.open(url) as db:
        users = db.users
        added = await users.add_task(id=1, title="one", owner_id=1, steps=[])
        assert added == AddTaskRow(FIRST, ANN)
        await users.add_task(id=2, title="two", owner_id=1, steps=STEPS)
        alone = await users.add_task(id=3, title="three", owner_id=None, steps=[])
        assert alone == AddTaskRow(Task(3, "three", None, []), None)
        assert await users.with_tasks() == [
            WithTasksRow(ANN, [FIRST, SECOND]),
            WithTasksRow(BOB, []),
        ]
        joined = await users.with_what_the_join_gives()
        assert_type(joined[0].tasks, list[Task | None])
        assert joined == [
            WithWhatTheJoinGivesRow(1, [FIRST, SECOND]),
            WithWhatTheJoinGivesRow(2, [None]),
        ]
        found = await users.only_tasks(owner_id=1)
        assert_type(found, list[Task] | None)
        assert found == [FIRST, SECOND]
        assert await users.only_tasks(owner_id=2) is None
        lists = await users.task_lists()
        assert_type(lists[0].emails, list[str | None] | None)
        assert lists == [
            TaskListsRow("Ann", [FIRST, SECOND], SECOND, [None, "b@x"]),
            TaskListsRow("Bob", [], None, None),
        ]
        titles = [TitlesRow(1, [Step(1, "one"), Step(2, "two")])]
        assert await users.titles() == titles
    with sync.Database.open(url) as again:
        assert again.users.titles() == titles
        assert again.users.task_lists() == lists
        assert again.users.with_what_the_join_gives() == joined
