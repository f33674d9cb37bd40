# ruff: noqa: PT012 -- the block as a whole is what raises
"""What each command gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.runtime import shop
from tests.runtime.shop import NewTask, Status, TasksTitleCheckViolation

from reposgen_runtime import CommandResult
from reposgen_runtime.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
    TooManyRows,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.runtime.aio.repositories import Database

    from reposgen_runtime.aio import Runner


async def titles(run: Runner) -> list[str]:
    return [task.title for task in await run.many(shop.LIST)]


async def test_one_and_opt(run: Runner) -> None:
    made = await run.one(shop.CREATE, ("a", None, None, None))
    assert await run.one(shop.GET, (made.id,)) == made
    assert await run.opt(shop.GET, (made.id,)) == made
    assert await run.opt(shop.GET, (0,)) is None
    with pytest.raises(NotFound, match=r"^tasks.get: no row$"):
        await run.one(shop.GET, (0,))
    for command in (run.one, run.opt):
        with pytest.raises(TooManyRows, match=r"^numbers: more than one row$"):
            await command(shop.NUMBERS, (2,))


async def test_first(run: Runner) -> None:
    assert await run.first(shop.NUMBERS, (3,)) == 1
    with pytest.raises(NotFound, match=r"^numbers: no row$"):
        await run.first(shop.NUMBERS, (0,))
    assert await run.batch_first(shop.NUMBERS, [1, 3]) == [1, 1]
    with pytest.raises(NotFound, match=r"\(item 1\)"):
        await run.batch_first(shop.NUMBERS, [2, 0])


async def test_many(run: Runner) -> None:
    assert await run.many(shop.NUMBERS, (3,)) == [1, 2, 3]
    assert await run.many(shop.NUMBERS, (0,)) == []


async def test_exec_variants(run: Runner) -> None:
    ident = await run.execlastid(shop.CREATE_ID, ("a",))
    await run.exec(shop.CLOSE, (ident,))
    assert (await run.one(shop.GET, (ident,))).status is Status.DONE
    assert await run.execrows(shop.CLOSE, (ident,)) == 1
    assert await run.execrows(shop.CLOSE, (0,)) == 0
    result = await run.execresult(shop.CLOSE, (ident,))
    assert result == CommandResult("UPDATE 1", 1)


async def test_arrays_of_enums_as_arguments(run: Runner) -> None:
    await run.batch_one(shop.CREATE_ID, ["a", "b"])
    found = await run.many(shop.BY_STATUS, ([Status.TODO],))
    assert [task.title for task in found] == ["a", "b"]
    assert await run.many(shop.BY_STATUS, ([],)) == []


async def test_batches(run: Runner) -> None:
    idents = await run.batch_one(shop.CREATE_ID, (str(n) for n in range(300)))
    assert len(set(idents)) == 300
    assert await titles(run) == [str(n) for n in range(300)]
    assert await run.batch_many(shop.NUMBERS, [2, 0]) == [[1, 2], []]
    items = [NewTask("x", status=Status.TODO), NewTask("y", status=Status.TODO)]
    assert await run.batch_exec(shop.RENAME, items) == [300, 300]
    assert await run.batch_exec(shop.RENAME, []) == []


async def test_a_batch_that_fails_has_no_effect(run: Runner) -> None:
    with pytest.raises(TasksTitleCheckViolation, match=r"\(item 2\)") as caught:
        await run.batch_one(shop.CREATE_ID, ["a", "b", "", "d"])
    assert caught.value.item == 2
    assert await titles(run) == []
    with pytest.raises(InvalidArgument, match=r"\(item 1\)"):
        await run.batch_one(shop.CREATE_ID, ["a", 5])
    assert await titles(run) == []


async def test_a_batch_in_a_transaction_is_part_of_it(
    db: Database, run: Runner
) -> None:
    with pytest.raises(AlreadyExists):
        async with db.transaction():
            await run.batch_one(shop.CREATE_ID, ["a", "b"])
            assert await titles(run) == ["a", "b"]
            await run.one(shop.CREATE, ("c", None, "same", None))
            await run.one(shop.CREATE, ("d", None, "same", None))
    assert await titles(run) == []


async def test_a_batch_names_the_item_without_a_row(run: Runner) -> None:
    made = await run.one(shop.CREATE, ("a", None, None, None))
    with pytest.raises(NotFound, match=r"\(item 1\)"):
        await run.batch_one(shop.GET, [made.id, 0])
    with pytest.raises(TooManyRows, match=r"\(item 1\)"):
        await run.batch_one(shop.NUMBERS, [1, 2])


async def test_an_argument_that_does_not_fit_is_named(run: Runner) -> None:
    numbers = replace(shop.NUMBERS, arguments=("how_many",))
    for call in (
        lambda: run.one(numbers, ("x",)),
        lambda: run.many(numbers, (2**40,)),
        lambda: run.batch_many(numbers, [1, "x"]),
        lambda: run.exec(numbers, ([],)),
    ):
        with pytest.raises(InvalidArgument, match=r"^numbers: how_many is ") as caught:
            await call()
        assert caught.value.argument == "how_many"
    with pytest.raises(InvalidArgument, match=r"how_many is .*\(item 1\)$"):
        await run.batch_many(numbers, [1, "x"])
    with pytest.raises(InvalidArgument, match=r"^numbers: how_many is "):
        async with run.stream(numbers, ("x",)) as rows:
            [_ async for _ in rows]
    with pytest.raises(InvalidArgument, match=r"^numbers: \$1 is ") as caught:
        await run.many(shop.NUMBERS, ("x",))
    assert caught.value.argument is None


async def test_items_may_come_asynchronously(run: Runner) -> None:
    async def items() -> AsyncGenerator[str, None]:
        for title in ("a", "b"):
            yield title

    assert len(await run.batch_one(shop.CREATE_ID, items())) == 2
