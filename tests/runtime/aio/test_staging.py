"""COPY through a staging table, and the places of what goes wrong in a COPY."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from psycopg.sql import SQL, Identifier
from tests.runtime import rows as everything
from tests.runtime import shop
from tests.runtime.rows import Row, staged
from tests.runtime.shop import NewTask, TasksSlugKeyViolation, TasksTitleCheckViolation

from reposgen_runtime import CopyInto, Statement
from reposgen_runtime.errors import (
    CheckFailed,
    DataRejected,
    ForeignKeyMissing,
    InvalidArgument,
    PermissionDenied,
    RepeatedKey,
    RepositoryError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.runtime.aio.repositories import Database

    from reposgen_runtime.aio import Runner

UPSERT: Final = staged(
    "INSERT INTO tasks (title, slug) SELECT slug, slug FROM staged"
    " ON CONFLICT (slug) DO UPDATE SET title = excluded.title",
    ('"slug"',),
    ("text",),
)
CAST: Final = staged(
    "INSERT INTO tasks (slug, title) SELECT slug::int4, slug FROM staged"
    " RETURNING slug",
    ('"slug"',),
    ("text",),
    results=("text",),
)
OWNED: Final = staged(
    "INSERT INTO tasks (title, owner_id) SELECT 'x', owner FROM staged",
    ('"owner"',),
    ("int4",),
)


@pytest.mark.usefixtures("own_database")
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=everything.ROWS)
async def test_random_rows_of_every_type(
    db: Database, run: Runner, rows: list[Row]
) -> None:
    async with db.connection() as connection:
        await connection.execute(everything.TABLE.encode())
    await run.exec(everything.CLEAR)
    assert await run.copy_from(everything.PLAIN, rows) == len(rows)
    assert await run.many(everything.SELECT) == rows
    assert await run.copy_returning(everything.STAGED, iter(rows)) == rows


async def test_the_order_is_kept_and_memory_is_not(run: Runner) -> None:
    count = 50_000

    async def numbers() -> AsyncGenerator[str, None]:
        for number in range(count):
            yield f"{number}" * 20

    tracemalloc.start()
    assert await run.copy_from(UPSERT, numbers()) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20  # the rows are 5 MB
    slugs = Statement[str](
        "slugs", "SELECT slug FROM tasks ORDER BY id", results=("text",)
    )
    assert await run.many(slugs) == [f"{number}" * 20 for number in range(count)]


async def test_the_row_at_fault_is_named(run: Runner) -> None:
    with pytest.raises(RepeatedKey, match="item 2") as repeated:
        await run.copy_from(UPSERT, ["a", "b", "a", "c"])
    assert repeated.value.item == 2
    with pytest.raises(TasksTitleCheckViolation) as empty:
        await run.copy_from(UPSERT, ["a", ""])
    assert empty.value.item == 1
    with pytest.raises(DataRejected) as rejected:
        await run.copy_returning(CAST, ["1", "secret", "3"])
    assert rejected.value.item == 1
    assert "secret" not in str(rejected.value)
    with pytest.raises(InvalidArgument) as invalid:
        await run.copy_from(UPSERT, ["a", 5])
    assert (invalid.value.item, invalid.value.column) == (1, "slug")
    with pytest.raises(ForeignKeyMissing) as missing:
        await run.copy_from(OWNED, [None, 1, 2])
    assert missing.value.item is None  # checked at the end, for all rows
    assert await run.one(shop.COUNT) == 0


async def test_in_a_transaction(db: Database, run: Runner) -> None:
    async with db.transaction():
        assert await run.copy_from(UPSERT, ["a", "b"]) == 2
        assert await run.copy_returning(CAST, ["7"]) == ["7"]
        async with db.savepoint():
            with pytest.raises(TasksSlugKeyViolation):
                await run.copy_returning(CAST, ["8", "7"])
        assert await run.copy_returning(CAST, ["8"]) == ["8"]
    assert await run.one(shop.COUNT) == 4
    async with db.connection() as connection:
        cursor = await connection.execute("SELECT to_regclass('pg_temp.reposgen_rows')")
        assert await cursor.fetchone() == (None,)


async def test_a_failing_source_leaves_nothing(run: Runner) -> None:
    def rows() -> Generator[str, None, None]:
        yield "a"
        raise LookupError

    with pytest.raises(LookupError):
        await run.copy_from(UPSERT, rows())
    assert await run.one(shop.COUNT) == 0
    assert await run.copy_from(UPSERT, ["a"]) == 1


@pytest.mark.usefixtures("own_database")
async def test_copy_names_row_and_column(db: Database, run: Runner) -> None:
    async with db.connection() as connection:
        await connection.execute(
            'CREATE TABLE "Odd, one" ("a b" email, size money CHECK (size > 0::money))'
        )
    binary = Statement[None](
        "binary",
        "",
        parameters=("public.email",),
        copy=CopyInto('"public"."Odd, one"', ('"a b"',)),
    )
    text = Statement[None](
        "text",
        "",
        parameters=("money", "public.email"),
        fields=("size", "title"),
        copy=CopyInto('"public"."Odd, one"', ('"size"', '"a b"')),
    )
    with pytest.raises(CheckFailed) as failed:
        await run.copy_from(binary, ["a@", "b@", "c"])
    assert (failed.value.item, failed.value.column) == (2, "a b")
    rows: list[Any] = [NewTask("@", "$1"), NewTask("\n", "$1")]  # type: ignore[arg-type] # money is text
    with pytest.raises(CheckFailed) as failed:
        await run.copy_from(text, rows)
    assert (failed.value.item, failed.value.column) == (1, "a b")
    with pytest.raises(CheckFailed) as failed:
        await run.copy_from(text, [*rows[:1], NewTask("@", "$0")])  # type: ignore[arg-type] # as above
    assert (failed.value.item, failed.value.column) == (1, None)


@pytest.mark.usefixtures("own_database")
async def test_row_level_security(db: Database, run: Runner) -> None:
    async with db.connection() as connection:
        await connection.execute("ALTER TABLE tasks ENABLE ROW LEVEL SECURITY")
        await connection.execute("ALTER TABLE tasks FORCE ROW LEVEL SECURITY")
        await connection.execute(
            "CREATE POLICY short ON tasks WITH CHECK (length(title) < 3)"
        )
        role = Identifier(f"staging_{uuid4().hex}")
        await connection.execute(SQL("CREATE ROLE {}").format(role))
    try:
        async with db.connection() as connection:
            await connection.execute(SQL("GRANT ALL ON tasks TO {}").format(role))
        async with db.transaction():
            async with db.connection() as connection:
                await connection.execute(SQL("SET LOCAL ROLE {}").format(role))
            assert await run.copy_from(UPSERT, []) == 0
            plain = staged(
                "INSERT INTO tasks (title) SELECT title FROM staged",
                ('"title"',),
                ("text",),
            )
            assert await run.copy_from(plain, ["a", "bb"]) == 2
            with pytest.raises(PermissionDenied) as denied:
                await run.copy_from(plain, ["a", "ccc", "d"])
            assert denied.value.item == 1
    finally:
        async with db.connection() as connection:
            await connection.execute(SQL("DROP OWNED BY {}").format(role))
            await connection.execute(SQL("DROP ROLE {}").format(role))


async def test_many_batches(db: Database, run: Runner) -> None:
    def titles(bad: int | None) -> Generator[str, None, None]:
        for number in range(2500):
            yield "" if number == bad else f"t{number}"

    with pytest.raises(TasksTitleCheckViolation) as failed:
        await run.batch_one(shop.CREATE_ID, titles(bad=2100))
    assert failed.value.item == 2100
    with pytest.raises(RepositoryError) as invalid:
        await run.batch_one(shop.CREATE_ID, [*titles(None), 5])
    assert invalid.value.item == 2500
    assert await run.one(shop.COUNT) == 0
    assert len(await run.batch_one(shop.CREATE_ID, titles(None))) == 2500
    async with db.transaction():
        assert len(await run.batch_exec(shop.CLOSE, range(2500))) == 2500
    with pytest.raises(RepositoryError, match="locks rows"):
        await run.batch_one(shop.LOCK, [1])
    with pytest.raises(RepositoryError, match="locks rows"):
        await run.copy_to(shop.LOCK, [1]).write_to(Sink())


class Sink:
    def __init__(self) -> None:
        self.data = b""

    async def write(self, data: bytes) -> None:
        self.data += data


class TextSink:
    encoding = "utf-8"

    def __init__(self) -> None:
        self.data = ""

    async def write(self, data: str) -> None:
        self.data += data


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("jsonb", {"a": "\\ \n\t\b'$1"}, b'{"a": "\\\\ \\n\\t\\b\'$1"}\n'),
        ("text", "a\\b\tc\r\v\f\b", b"a\\b\tc\r\v\f\b\n"),
        ("text", "\\N", b"\\N\n"),
        ("text", None, b"\n"),
        ("text", "", b"\n"),
    ],
)
async def test_lines(run: Runner, kind: str, value: object, line: bytes) -> None:
    sink = Sink()
    statement = shop.echo(kind)
    done = await run.copy_to(statement, [value], copy_format="lines").write_to(sink)
    assert (done, sink.data) == (1, line)
    text = TextSink()
    await run.copy_to(statement, [value], copy_format="lines").write_to(text)
    assert text.data == line.decode()


async def test_line_breaks_in_json_mean_nothing(run: Runner) -> None:
    statement = Statement[None](
        "json", "SELECT E'{\n \"a\": 1\r\n}'::json", results=("json",)
    )
    blocks = [block async for block in run.copy_to(statement, copy_format="lines")]
    assert blocks == [b'{  "a": 1  }\n']
