# Derived from ../aio/test_commands.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
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
    from collections.abc import Generator

    from tests.runtime.sync.repositories import Database

    from reposgen_runtime.sync import Runner


def titles(run: Runner) -> list[str]:
    return [task.title for task in run.many(shop.LIST)]


def test_one_and_opt(run: Runner) -> None:
    made = run.one(shop.CREATE, ("a", None, None, None))
    assert run.one(shop.GET, (made.id,)) == made
    assert run.opt(shop.GET, (made.id,)) == made
    assert run.opt(shop.GET, (0,)) is None
    with pytest.raises(NotFound, match=r"^tasks.get: no row$"):
        run.one(shop.GET, (0,))
    for command in (run.one, run.opt):
        with pytest.raises(TooManyRows, match=r"^numbers: more than one row$"):
            command(shop.NUMBERS, (2,))


def test_first(run: Runner) -> None:
    assert run.first(shop.NUMBERS, (3,)) == 1
    with pytest.raises(NotFound, match=r"^numbers: no row$"):
        run.first(shop.NUMBERS, (0,))
    assert run.batch_first(shop.NUMBERS, [1, 3]) == [1, 1]
    with pytest.raises(NotFound, match=r"\(item 1\)"):
        run.batch_first(shop.NUMBERS, [2, 0])


def test_many(run: Runner) -> None:
    assert run.many(shop.NUMBERS, (3,)) == [1, 2, 3]
    assert run.many(shop.NUMBERS, (0,)) == []


def test_exec_variants(run: Runner) -> None:
    ident = run.execlastid(shop.CREATE_ID, ("a",))
    run.exec(shop.CLOSE, (ident,))
    assert (run.one(shop.GET, (ident,))).status is Status.DONE
    assert run.execrows(shop.CLOSE, (ident,)) == 1
    assert run.execrows(shop.CLOSE, (0,)) == 0
    result = run.execresult(shop.CLOSE, (ident,))
    assert result == CommandResult("UPDATE 1", 1)


def test_arrays_of_enums_as_arguments(run: Runner) -> None:
    run.batch_one(shop.CREATE_ID, ["a", "b"])
    found = run.many(shop.BY_STATUS, ([Status.TODO],))
    assert [task.title for task in found] == ["a", "b"]
    assert run.many(shop.BY_STATUS, ([],)) == []


def test_batches(run: Runner) -> None:
    idents = run.batch_one(shop.CREATE_ID, (str(n) for n in range(300)))
    assert len(set(idents)) == 300
    assert titles(run) == [str(n) for n in range(300)]
    assert run.batch_many(shop.NUMBERS, [2, 0]) == [[1, 2], []]
    items = [NewTask("x", status=Status.TODO), NewTask("y", status=Status.TODO)]
    assert run.batch_exec(shop.RENAME, items) == [300, 300]
    assert run.batch_exec(shop.RENAME, []) == []


def test_a_batch_that_fails_has_no_effect(run: Runner) -> None:
    with pytest.raises(TasksTitleCheckViolation, match=r"\(item 2\)") as caught:
        run.batch_one(shop.CREATE_ID, ["a", "b", "", "d"])
    assert caught.value.item == 2
    assert titles(run) == []
    with pytest.raises(InvalidArgument, match=r"\(item 1\)"):
        run.batch_one(shop.CREATE_ID, ["a", 5])
    assert titles(run) == []


def test_a_batch_in_a_transaction_is_part_of_it(db: Database, run: Runner) -> None:
    with pytest.raises(AlreadyExists):
        with db.transaction():
            run.batch_one(shop.CREATE_ID, ["a", "b"])
            assert titles(run) == ["a", "b"]
            run.one(shop.CREATE, ("c", None, "same", None))
            run.one(shop.CREATE, ("d", None, "same", None))
    assert titles(run) == []


def test_a_batch_names_the_item_without_a_row(run: Runner) -> None:
    made = run.one(shop.CREATE, ("a", None, None, None))
    with pytest.raises(NotFound, match=r"\(item 1\)"):
        run.batch_one(shop.GET, [made.id, 0])
    with pytest.raises(TooManyRows, match=r"\(item 1\)"):
        run.batch_one(shop.NUMBERS, [1, 2])


def test_an_argument_that_does_not_fit_is_named(run: Runner) -> None:
    numbers = replace(shop.NUMBERS, arguments=("how_many",))
    for call in (
        lambda: run.one(numbers, ("x",)),
        lambda: run.many(numbers, (2**40,)),
        lambda: run.batch_many(numbers, [1, "x"]),
        lambda: run.exec(numbers, ([],)),
    ):
        with pytest.raises(InvalidArgument, match=r"^numbers: how_many is ") as caught:
            call()
        assert caught.value.argument == "how_many"
    with pytest.raises(InvalidArgument, match=r"how_many is .*\(item 1\)$"):
        run.batch_many(numbers, [1, "x"])
    with pytest.raises(InvalidArgument, match=r"^numbers: how_many is "):
        with run.stream(numbers, ("x",)) as rows:
            list(rows)
    with pytest.raises(InvalidArgument, match=r"^numbers: \$1 is ") as caught:
        run.many(shop.NUMBERS, ("x",))
    assert caught.value.argument is None


def test_items_may_come_asynchronously(run: Runner) -> None:
    def items() -> Generator[str, None, None]:
        yield from ("a", "b")

    assert len(run.batch_one(shop.CREATE_ID, items())) == 2
