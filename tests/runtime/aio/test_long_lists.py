"""Lists so long that they come in chunks, from the statement's second call on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime import shop

from reposgen_runtime import Statement
from reposgen_runtime.aio import Runner
from reposgen_runtime.errors import (
    DataRejected,
    RepositoryError,
    SchemaChanged,
    Unrepresentable,
)

if TYPE_CHECKING:
    from tests.runtime.aio.repositories import Database

WRITE = Statement[int](
    "write",
    "INSERT INTO owners SELECT n, 'a' FROM generate_series(1, $1) AS n RETURNING id",
    parameters=("int4",),
    results=("int4",),
)


class UnwelcomeError(Exception):
    """Raised by a class of rows."""


def numbers(
    sql: str, *, result: str = "int4", read_only: bool = True
) -> Statement[int]:
    """A statement of as many rows as it is told."""
    return Statement[int](
        "numbers",
        f"SELECT {sql} FROM generate_series(1, $1) AS n",
        parameters=("int4",),
        results=(result,),
        read_only=read_only,
    )


async def test_all_rows_in_order(db: Database, run: Runner) -> None:
    sizes = (1000, 5000, 0, 1, 1000, 1499, 1500, 1501, 999, 999, 2000, 1)
    for count in sizes:
        assert await run.many(shop.NUMBERS, (count,)) == [*range(1, count + 1)]
    async with db.transaction():
        for count in sizes:
            assert await run.many(shop.NUMBERS, (count,)) == [*range(1, count + 1)]


async def test_rows_are_built_as_elsewhere(db: Database, run: Runner) -> None:
    await run.batch_one(shop.CREATE_ID, (str(n) for n in range(1200)))
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        first, *others = [await run.many(shop.LIST) for _ in range(3)]
        assert len(first) == 1200
        assert others == [first, first]


async def test_an_error_half_way(db: Database) -> None:
    late = Statement[int](
        "late",
        "SELECT CASE WHEN n = $2 THEN 1 / (n - $2) ELSE n END"
        " FROM generate_series(1, $1) AS n",
        parameters=("int4", "int4"),
        results=("int4",),
        read_only=True,
    )
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        for _ in range(2):
            assert len(await run.many(late, (5000, 0))) == 5000
            with pytest.raises(DataRejected, match=r"^late: "):
                await run.many(late, (5000, 2500))
            assert await run.many(late, (3, 0)) == [1, 2, 3]
            assert await run.one(shop.COUNT) == 0


async def test_a_row_that_cannot_be_read(db: Database) -> None:
    dates = numbers(
        "CASE WHEN n = $1 - 10000 THEN '4000-01-01 BC' ELSE '2026-01-01'::date END",
        result="date",
    )
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        for _ in range(2):
            assert len(await run.many(dates, (5000,))) == 5000
            with pytest.raises(Unrepresentable, match="row 1750, ") as caught:
                await run.many(dates, (11750,))
            assert caught.value.done is None
            assert await run.one(shop.COUNT) == 0


@pytest.mark.parametrize("kind", [UnwelcomeError, KeyboardInterrupt])
async def test_a_row_that_its_class_refuses(
    db: Database, kind: type[BaseException]
) -> None:
    refused = 0

    def row(number: int) -> int:
        if number == refused:
            raise kind
        return number

    numbers = Statement[int](
        "numbers",
        "SELECT generate_series(1, $1)",
        parameters=("int4",),
        results=("int4",),
        row=row,
        read_only=True,
    )
    expected = Unrepresentable if kind is UnwelcomeError else kind
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        for _ in range(2):
            refused = 0
            assert len(await run.many(numbers, (5000,))) == 5000
            refused = 2345
            with pytest.raises(expected) as caught:
                await run.many(numbers, (5000,))
            assert kind is KeyboardInterrupt or "row 2345: " in str(caught.value)
            assert await run.one(shop.COUNT) == 0
            assert await run.batch_many(shop.NUMBERS, [2, 1]) == [[1, 2], [1]]


async def test_a_write_that_returns_many_rows(db: Database) -> None:
    async with db.connection() as connection:
        run = Runner(connection, shop.PACKAGE)
        empty = Statement[None]("empty", "DELETE FROM owners")
        for _ in range(2):
            assert await run.many(WRITE, (2000,)) == [*range(1, 2001)]
            with pytest.raises(RepositoryError):
                await run.many(WRITE, (2000,))
            await run.exec(empty)
        await run.many(WRITE, (2000,))


async def test_batches_and_pipelines_behind_it(db: Database, run: Runner) -> None:
    """Their results come as a whole, though the connection's last ones did not."""
    async with db.connection() as connection:
        here = Runner(connection, shop.PACKAGE)
        for _ in range(3):
            assert len(await here.many(shop.NUMBERS, (1500,))) == 1500
            assert await here.batch_many(shop.NUMBERS, [2, 1]) == [[1, 2], [1]]
    for _ in range(3):
        assert len(await run.many(shop.NUMBERS, (1500,))) == 1500
        async with db.transaction():
            assert len(await run.many(shop.NUMBERS, (1500,))) == 1500
        async with db.pipeline() as pipeline:
            found = pipeline.add(run.many, shop.NUMBERS, (1500,))
        assert len(found.result()) == 1500


async def test_a_lost_connection(run: Runner) -> None:
    ends = numbers(
        "CASE n WHEN 3000 THEN pg_terminate_backend(pg_backend_pid())::int4 ELSE n END",
        read_only=False,
    )
    for _ in range(2):
        assert len(await run.many(ends, (2000,))) == 2000
        with pytest.raises(RepositoryError):
            await run.many(ends, (100_000,))
        assert await run.one(shop.COUNT) == 0


@pytest.mark.usefixtures("own_database")
async def test_the_table_is_altered_between(conninfo: str, db: Database) -> None:
    owners = Statement[str](
        "owners", "SELECT name FROM owners", results=("text",), read_only=True
    )
    alter = "ALTER TABLE owners ALTER name TYPE {}"
    with psycopg.connect(conninfo, autocommit=True) as admin:
        await Runner(db, shop.PACKAGE).many(WRITE, (1500,))
        async with db.connection() as connection:
            run = Runner(connection, shop.PACKAGE)
            for _ in range(2):
                assert len(await run.many(owners)) == 1500
            admin.execute(alter.format("varchar"))
            for _ in range(2):
                with pytest.raises(SchemaChanged):
                    await run.many(owners)
            admin.execute(alter.format("text"))
            for _ in range(2):
                assert await run.many(owners) == ["a"] * 1500
