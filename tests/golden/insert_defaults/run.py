"""Columns that a call leaves to their defaults, asynchronous and synchronous."""

from __future__ import annotations

import pytest
from reposgen_runtime import UNSET
from reposgen_runtime.errors import NothingToUpdate
from golden_output.insert_defaults import (
    CreatePairRow,
    CreateTaskRow,
    Database,
    Kind,
    PutTaskRow,
    TaskRepositoryProtocol,
    sync,
)


async def run_async(url: str) -> None:
    async with Database.open(url) as db:
        await defaults(db.tasks)
        await conflicts(db.tasks)
        async with db.pipeline():
            plain = db.tasks.create_in_passing(title="piped")
            owned = db.tasks.create_in_passing(title="piped", owner="eva")
            assert await plain == "nobody"
            assert await owned == "eva"
    async with Database.open(url, prepare="never") as db:
        assert await db.tasks.create_in_passing(title="x", owner=None) is None
        assert await db.tasks.create_in_passing(title="x") == "nobody"


async def defaults(tasks: TaskRepositoryProtocol) -> None:
    task = await tasks.create_task(title="all defaults")
    assert task == CreateTaskRow(
        1, "all defaults", None, "open", "nobody", 11, Kind("chore"), 22
    )
    task = await tasks.create_task(
        title="none", note="n", status="DONE", owner=None, rank=None, kind=Kind("bug")
    )
    assert task == CreateTaskRow(2, "none", "n", "done", None, None, Kind("bug"), None)
    task = await tasks.create_task(title="some", status=UNSET, rank=1)
    assert task == CreateTaskRow(3, "some", None, "open", "nobody", 1, Kind("chore"), 2)

    blank = await tasks.create_blank()
    assert (blank.id, blank.note) == (4, None)
    blank = await tasks.create_blank(id=100, note="n", suffix="!")
    assert (blank.id, blank.note) == (100, "n!")
    assert (await tasks.create_blank(note="n")).note is None

    # A NULL of the domain itself would be refused.
    patched = await tasks.patch_task(id=1, title="t")
    assert (patched.title, patched.kind) == ("t", Kind("chore"))

    two = await tasks.create_pair(first="a", second="b")
    assert two == [
        CreatePairRow("a", "nobody", None),
        CreatePairRow("b", "nobody", "second"),
    ]
    two = await tasks.create_pair(first="a", second="b", owner="eva", note="n")
    assert two == [CreatePairRow("a", "eva", "n"), CreatePairRow("b", "eva", "second")]

    assert await tasks.create_as_others(title="t") == "nobody"
    assert await tasks.create_as_others(title="t", owner="x", rank=1) == "xnobody"
    assert await tasks.create_in_view(title="t") == "somebody"
    assert await tasks.create_in_view(title="t", owner="eva") == "eva"


async def conflicts(tasks: TaskRepositoryProtocol) -> None:
    first = await tasks.put_task(slug="s", title="one")
    assert first == PutTaskRow(first.id, "one", None, "nobody")
    second = await tasks.put_task(slug="s", title="two", note="n", owner=None)
    assert second == PutTaskRow(first.id, "two", "n", None)
    third = await tasks.put_task(slug="s", title="three")
    assert third == PutTaskRow(first.id, "three", "n", None)
    with pytest.raises(NothingToUpdate):
        await tasks.touch_task(slug="s", title="four")
    assert (await tasks.touch_task(slug="s", title="four", note=None)).note is None

    await tasks.merge_task(slug="m", title="merged")
    await tasks.merge_task(slug="n", title="merged", owner="eva")
    await tasks.merge_task(slug="m", title="again", owner="eva")


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        task = db.tasks.create_task(title="sync", note="n")
        assert (task.note, task.status, task.owner) == ("n", "open", "nobody")
        assert db.tasks.put_task(slug="z", title="t", owner="eva").owner == "eva"
        assert db.tasks.put_task(slug="z", title="t").owner == "eva"
