"""Rows in bulk: through a staging table, out as lines, in batches."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from golden_output.copies import (
    CastPrioritiesParams,
    CopyOrdersParams,
    CopyOwnersParams,
    CopySecretsParams,
    CopyThroughViewParams,
    Database,
    ImportTasksParams,
    InsertMissingParams,
    RenameEachParams,
    Status,
    TasksPriorityCheckViolation,
    TasksSlugKeyViolation,
    UpsertTasksParams,
    sync,
)
from reposgen_runtime.errors import (
    DataRejected,
    InvalidArgument,
    NotFound,
    RepeatedKey,
    TransactionRequired,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOSTILE = "'; DROP TABLE tasks; -- \\ $1 \" \n\t%s {}"


def start(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("TRUNCATE tasks, owners, secrets RESTART IDENTITY")


async def run_staging(url: str) -> None:
    start(url)
    async with Database.open(url) as db:
        tasks = db.tasks
        owners = [CopyOwnersParams(7, "a@x"), CopyOwnersParams(8, "b@x")]
        assert await tasks.copy_owners(owners) == 2

        async def rows() -> AsyncIterator[ImportTasksParams]:
            for number in range(3000):
                yield ImportTasksParams("b@x", f"TASK-{number:04}", None)

        imported = await tasks.import_tasks(rows())
        assert [task.slug for task in imported] == [f"task-{n:04}" for n in range(3000)]
        assert [task.id for task in imported] == [*range(1, 3001)]
        assert {(t.owner_id, t.status, t.priority) for t in imported} == {
            (8, Status.DONE, 3)
        }
        assert await tasks.import_tasks([]) == []
        upserts = [UpsertTasksParams("task-0000", "x"), UpsertTasksParams("new", "y")]
        assert await tasks.upsert_tasks(upserts) == 2
        assert await tasks.upsert_tasks(upserts) == 0
        missing = [InsertMissingParams("new", 1), InsertMissingParams("newer", 1)]
        assert len(await tasks.insert_missing(missing)) == 1
        view = [CopyThroughViewParams("v", None)]
        assert await tasks.copy_through_view(view) == 1
        assert await tasks.copy_slugs(["up"]) == 1
        orders = [CopyOrdersParams(1, HOSTILE), CopyOrdersParams(2, None)]
        assert await tasks.copy_orders(orders) == [HOSTILE, None]


async def run_errors(url: str) -> None:
    start(url)
    async with Database.open(url) as db:
        tasks = db.tasks
        with pytest.raises(RepeatedKey) as repeated:
            await tasks.upsert_tasks([UpsertTasksParams(s, "n") for s in "abca"])
        assert repeated.value.item == 3
        with pytest.raises(TasksSlugKeyViolation) as violation:
            await tasks.cast_priorities([CastPrioritiesParams(s, "1") for s in "aab"])
        assert violation.value.item == 1
        priorities = [
            CastPrioritiesParams("a", "1"),
            CastPrioritiesParams("b", "0"),
            CastPrioritiesParams("c", "secret"),
        ]
        with pytest.raises(TasksPriorityCheckViolation) as check:
            await tasks.cast_priorities(priorities)
        assert check.value.item == 1
        with pytest.raises(DataRejected) as rejected:
            await tasks.cast_priorities(priorities[::2])
        assert rejected.value.item == 1
        assert "secret" not in str(rejected.value)
        with pytest.raises(InvalidArgument) as invalid:
            await tasks.insert_missing(
                [InsertMissingParams("a", 1), InsertMissingParams("b", 2**40)]
            )
        assert (invalid.value.item, invalid.value.column) == (1, "priority")
        async with db.transaction():
            assert await tasks.insert_missing([InsertMissingParams("k", 1)])
            assert await tasks.insert_missing([InsertMissingParams("l", 1)])
            with pytest.raises(TasksPriorityCheckViolation):
                await tasks.insert_missing([InsertMissingParams("m", 0)])
            assert await tasks.insert_missing([InsertMissingParams("n", 1)])
        exported = [block async for block in tasks.export_lines()]
        assert len(exported) == 4  # the header and k, l, n


async def run_row_security(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE ROLE copies_tenant")
        try:
            admin.execute("GRANT INSERT, SELECT ON secrets TO copies_tenant")
            options = "-c role=copies_tenant -c app.tenant=me"
            secured = psycopg.conninfo.make_conninfo(url, options=options)
            async with Database.open(secured) as db:
                rows = [CopySecretsParams(1, {"a": 1}), CopySecretsParams(2, None)]
                assert await db.tasks.copy_secrets(rows) == 2
            found = admin.execute("SELECT tenant FROM secrets").fetchall()
            assert found == [("me",), ("me",)]
        finally:
            admin.execute("DROP OWNED BY copies_tenant")
            admin.execute("DROP ROLE copies_tenant")


async def run_export(url: str) -> None:
    start(url)
    async with Database.open(url) as db:
        tasks = db.tasks
        rows = [ImportTasksParams("", "a", HOSTILE), ImportTasksParams("", "b", None)]
        await tasks.import_tasks(rows)
        text = io.StringIO()
        assert await tasks.export_tasks(note=HOSTILE, slugs=[]).write_to(text) == 1
        file = io.BytesIO()
        slugs = [HOSTILE, "b"]
        assert await tasks.export_tasks(note="", slugs=slugs).write_to(file) == 1
        assert file.getvalue() == b"slug,note\nb,\n"
        lines = io.BytesIO()
        await tasks.export_lines(copy_format="lines").write_to(lines)
        assert [json.loads(line) for line in lines.getvalue().splitlines()] == [
            {"slug": "a", "note": HOSTILE},
            {"slug": "b", "note": None},
        ]


async def run_locks_and_batches(url: str) -> None:
    start(url)
    async with Database.open(url) as db:
        tasks = db.tasks
        await tasks.insert_missing([InsertMissingParams("a", 1)])
        with pytest.raises(TransactionRequired):
            await tasks.lock_task(id=1)
        with pytest.raises(TransactionRequired):
            await tasks.lock_each([1])
        async with db.transaction():
            assert await tasks.lock_task(id=1) == "a"
            assert await tasks.lock_each([1]) == ["a"]
        assert await tasks.take_task() == "a"
        assert await tasks.take_task() is None
        with pytest.raises(NotFound) as missing:
            await tasks.close_each(["a", "z"])
        assert missing.value.item == 1
        names = [RenameEachParams(f"b{n}", f"b{n - 1}") for n in range(1, 2500)]
        names[0].old = "a"
        assert await tasks.rename_each(iter(names)) == [1] * 2499
        assert await tasks.close_each(["b2499"]) == [1]


def run_sync(url: str) -> None:
    start(url)
    with sync.Database.open(url) as db:
        tasks = db.tasks
        assert tasks.copy_owners([CopyOwnersParams(7, "a@x")]) == 1
        imported = tasks.import_tasks(ImportTasksParams("a@x", s, None) for s in "ZY")
        assert [(t.id, t.slug, t.owner_id) for t in imported] == [
            (1, "z", 7),
            (2, "y", 7),
        ]
        assert tasks.upsert_tasks([UpsertTasksParams("z", HOSTILE)]) == 1
        with pytest.raises(RepeatedKey) as repeated:
            tasks.upsert_tasks([UpsertTasksParams("k", "1")] * 2)
        assert repeated.value.item == 1
        blocks = b"".join(tasks.export_lines(copy_format="lines"))
        assert json.loads(blocks.splitlines()[0])["note"] == f"{HOSTILE}!"
        with pytest.raises(TransactionRequired):
            tasks.lock_each([1])
        assert tasks.close_each(["z", "y"]) == [1, 2]
        assert tasks.rename_each([RenameEachParams("x", "z")]) == [1]
