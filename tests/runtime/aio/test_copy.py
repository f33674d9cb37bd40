# ruff: noqa: PT012 -- the block as a whole is what raises
"""COPY in both directions."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop
from tests.runtime.shop import NewTask, Status, TasksTitleCheckViolation
from tests.runtime.values import VALUES, spelled

from reposgen_runtime import CopyInto, Statement
from reposgen_runtime.errors import (
    ConnectionInUse,
    InvalidArgument,
    InvalidText,
    RepositoryError,
    TransactionFailed,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from tests.runtime.aio.repositories import Database

    from reposgen_runtime.aio import Runner


@dataclass
class Owner:
    id: int
    name: str


class LeaveError(Exception):
    """Raised by a test in the middle of a COPY."""


async def test_rows_and_scalars(run: Runner) -> None:
    rows = (NewTask(f"t{n}", n, Status.DONE) for n in range(1000))
    assert await run.copy_from(shop.COPY, rows) == 1000
    assert await run.copy_from(shop.COPY_TITLES, ["x", "y"]) == 2
    assert await run.copy_from(shop.COPY_TITLES, []) == 0
    found = await run.many(shop.LIST)
    assert [task.title for task in found[999:]] == ["t999", "x", "y"]
    assert found[0].status is Status.DONE


@pytest.mark.usefixtures("own_database")
async def test_every_type_by_copy(db: Database, run: Runner) -> None:
    for number, (name, values) in enumerate(VALUES):
        kind = f'pg_catalog."{name}"' if "." not in name else name
        kind = {"bit": "bit(1)", "char": '"char"'}.get(name, kind)
        async with db.connection() as connection:
            await connection.execute(
                f"CREATE TABLE copied_{number} (v {kind}, a {kind}[])".encode()
            )
        columns = (name, f"{name}[]")
        copy = Statement[int](
            "copy",
            "",
            parameters=columns,
            fields=("real", "imag"),
            copy=CopyInto(f"copied_{number}", ("v", "a")),
        )
        rows = [Pair(value, [value, None]) for value in (*values, None)]
        assert await run.copy_from(copy, rows) == len(rows)
        back = Statement(
            "back",
            f"SELECT v, a FROM copied_{number}",
            results=columns,
            row=Pair,
            read_only=True,
        )
        assert spelled(await run.many(back)) == spelled(rows), name


class Pair:
    def __init__(self, real: object, imag: object) -> None:
        self.real = real
        self.imag = imag

    def __repr__(self) -> str:
        return f"{self.real!r} {self.imag!r}"


async def test_rows_may_come_asynchronously(run: Runner) -> None:
    async def rows() -> AsyncGenerator[NewTask, None]:
        for number in range(250):
            yield NewTask(str(number))

    assert await run.copy_from(shop.COPY, rows()) == 250


async def test_a_failure_of_the_source_leaves_nothing(run: Runner) -> None:
    def rows() -> Generator[str, None, None]:
        yield from map(str, range(5000))
        raise LeaveError

    with pytest.raises(LeaveError):
        await run.copy_from(shop.COPY_TITLES, rows())
    assert await run.one(shop.COUNT) == 0


async def test_a_row_that_does_not_fit_leaves_nothing(run: Runner) -> None:
    rows = [NewTask(str(n), 2**15 - 3 + n) for n in range(10)]
    with pytest.raises(InvalidArgument, match=r"size is out of int2's range") as caught:
        await run.copy_from(shop.COPY, rows)
    assert (caught.value.item, caught.value.argument) == (3, "size")
    with pytest.raises(TasksTitleCheckViolation):
        await run.copy_from(shop.COPY_TITLES, ["a", ""])
    with pytest.raises(InvalidText):
        await run.copy_from(shop.COPY_TITLES, ["a", "b\0"])
    with pytest.raises(RepositoryError, match="no table"):
        await run.copy_from(shop.CREATE_ID, ["a"])
    assert await run.one(shop.COUNT) == 0


async def test_in_a_transaction_it_is_part_of_it(db: Database, run: Runner) -> None:
    with pytest.raises(TransactionFailed):
        async with db.transaction():
            await run.copy_from(shop.COPY_TITLES, ["a"])
            with pytest.raises(TasksTitleCheckViolation):
                await run.copy_from(shop.COPY_TITLES, [""])
    assert await run.one(shop.COUNT) == 0


async def test_rows_that_its_own_connection_makes(db: Database, run: Runner) -> None:
    async def queried() -> AsyncGenerator[str, None]:
        yield str(await db.tasks.count())

    async def copied() -> AsyncGenerator[str, None]:
        yield str(await run.copy_from(shop.COPY_TITLES, ["a"]))

    async def caught() -> AsyncGenerator[str, None]:
        with pytest.raises(ConnectionInUse, match="COPY is under way"):
            async with db.savepoint():
                pass
        yield "b"

    for rows in (queried, copied):
        with pytest.raises(ConnectionInUse, match="COPY is under way"):
            async with db.transaction():
                await run.copy_from(shop.COPY_TITLES, rows())
    # On connections of their own there is nothing to wait for.
    assert await run.copy_from(shop.COPY_TITLES, queried()) == 1
    async with db.transaction():
        assert await run.copy_from(shop.COPY_TITLES, caught()) == 1
        assert await db.tasks.count() == 2


REPORT = Statement[None](
    "report",
    """SELECT n AS "a $1", '$1 "' || $2 AS b, $3 /* $1 /* $2 */ */ AS at -- $1
    FROM generate_series(1, $1) n WHERE $tag$ $1 $$ $tag$ <> E'\\' $1' AND n <> -$4""",
    parameters=("int4", "text", "timestamptz", "int8"),
    read_only=True,
)
ARGUMENTS = (2, "it's \\ ü,", datetime(2026, 1, 2, tzinfo=UTC), -5)


@pytest.mark.usefixtures("own_database")
async def test_copy_follows_the_search_path(db: Database, run: Runner) -> None:
    copy = Statement[int](
        "owners.copy",
        "INSERT INTO owners (id, name) VALUES ($1, $2)",
        parameters=("int4", "text"),
        fields=("id", "name"),
        copy=CopyInto('"owners"', ('"id"', '"name"')),
    )
    where = Statement[str](
        "owners.where",
        "SELECT tableoid::regclass::text FROM owners",
        results=("text",),
        read_only=True,
    )
    async with db.connection() as connection:
        await connection.execute(
            "CREATE SCHEMA north; CREATE TABLE north.owners (LIKE owners)"
        )
    async with db.transaction():
        async with db.connection() as connection:
            await connection.execute("SET LOCAL search_path = north")
        assert await run.copy_from(copy, [Owner(1, "a")]) == 1
        assert await run.many(where) == ["owners"]
    assert await run.many(where) == []


async def test_csv(run: Runner) -> None:
    blocks = [block async for block in run.copy_to(REPORT, ARGUMENTS)]
    at = "2026-01-02 00:00:00+00"
    row = f'"$1 ""it\'s \\ ü,",{at}\n'
    assert b"".join(blocks).decode() == f"a $1,b,at\n1,{row}2,{row}"


async def test_files(run: Runner) -> None:
    binary, text = io.BytesIO(), io.StringIO()
    export = run.copy_to(REPORT, ARGUMENTS, header=False)
    assert await export.write_to(binary) == 2
    export = run.copy_to(REPORT, ARGUMENTS, header=False)
    assert await export.write_to(text) == 2
    assert binary.getvalue().decode() == text.getvalue()
    export = run.copy_to(REPORT, (*ARGUMENTS[:2], None, 1), copy_format="text")
    binary = io.BytesIO()
    assert await export.write_to(binary) == 2
    assert b"\t\\N\n" in binary.getvalue()
    export = run.copy_to(REPORT, ARGUMENTS, copy_format="binary")
    with pytest.raises(InvalidArgument):
        await export.write_to(io.StringIO())
    assert await export.write_to(binary := io.BytesIO()) == 2
    assert binary.getvalue().startswith(b"PGCOPY\n")


async def test_an_export_may_be_left_early(db: Database, run: Runner) -> None:
    for _ in range(8):  # twice what the pool holds
        async with run.copy_to(shop.NUMBERS, (10**7,)) as export:
            async for _ in export:
                break
    assert await db.tasks.count() == 0


async def test_arguments_of_an_export_are_checked(run: Runner) -> None:
    with pytest.raises(InvalidArgument):
        [_ async for _ in run.copy_to(shop.NUMBERS, ("1); DROP TABLE tasks --",))]


async def test_literals_of_every_type(run: Runner) -> None:
    for name, values in VALUES:
        for value in (*values, None):
            blocks = [b async for b in run.copy_to(shop.echo(name), (value,))]
            assert len(blocks) == 2, name
