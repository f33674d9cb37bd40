"""Labels that the database has and the code does not know."""

from __future__ import annotations

import psycopg
import pytest
from reposgen_runtime.errors import InvalidArgument
from golden_output.unknown_labels import (
    Change,
    CopyTasksParams,
    Database,
    Status,
    Taken,
    sync,
)


def deploy(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TYPE status ADD VALUE 'archived'")
        connection.execute("ALTER TYPE status ADD VALUE 'UNKNOWN'")
        connection.execute("ALTER TYPE taken ADD VALUE 'new'")
        connection.execute("""
            INSERT INTO tasks VALUES
                (1, 'archived', '{open,archived}', 'archived', '(archived,)', 'new'),
                (2, 'UNKNOWN', '{}', 'open', NULL, 'unknown'),
                (3, 'open', '{}', NULL, NULL, 'UNKNOWN')
        """)


async def run_async(url: str) -> None:
    deploy(url)
    for options in ({}, {"prepare": "never"}, {"use_cursors": True}):
        async with Database.open(url, **options) as db:
            task = await db.tasks.get_task(id=1)
            assert task.status is Status.UNKNOWN
            assert task.others == [Status.OPEN, Status.UNKNOWN]
            assert task.first is Status.UNKNOWN
            assert task.change == Change(Status.UNKNOWN, None)
            assert await db.tasks.get_status(id=2) is Status.UNKNOWN
            assert (await db.tasks.get_document(id=1)).status is Status.UNKNOWN
            assert await db.tasks.get_status(id=3) is Status.OPEN
            assert await db.tasks.taken_names() == [
                Taken.UNKNOWN_,
                Taken.UNKNOWN,
                Taken.VALUE_2,
            ]
            # It is no label, even if the database has one of that name by now.
            for refused in (
                db.tasks.add_task(id=9, status=Status.UNKNOWN, others=[]),
                db.tasks.add_task(id=9, status=Status.OPEN, others=[Status.UNKNOWN]),
                db.tasks.find_tasks(status=Status.UNKNOWN),
                db.tasks.copy_tasks([CopyTasksParams(9, Status.UNKNOWN)]),
            ):
                with pytest.raises(InvalidArgument):
                    await refused
            assert await db.tasks.find_tasks(status=Status.OPEN) == [3]


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        assert db.tasks.get_status(id=1) is Status.UNKNOWN
        with pytest.raises(InvalidArgument):
            db.tasks.find_tasks(status=Status.UNKNOWN)
