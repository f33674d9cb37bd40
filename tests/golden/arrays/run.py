"""NULL in arrays, in what goes into columns, and in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_type

import psycopg
import pytest
from golden_output.arrays import (
    CollectedRow,
    CopyPostsParams,
    Database,
    Labels,
    SetRawParams,
    sync,
)
from reposgen_runtime.errors import CheckFailed


async def run_async(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE posts")
    async with Database.open(url) as db:
        posts = db.posts
        await posts.add_post(
            id=1,
            title="One Two",
            tags=["a", "b"],
            roles=["reader"],
            raw=["x", None],
            words=None,
            scores=[1, None],
            labels=Labels(["l", None]),
            documents=[{"a": None}, None],
        )
        post = await posts.get_post(id=1)
        assert_type(post.tags, list[str])
        assert_type(post.roles, list[str] | None)
        assert_type(post.raw, list[str | None])
        assert_type(post.words, list[str] | None)
        assert_type(post.scores, list[int | None] | None)
        assert (post.raw, post.scores, post.labels) == (
            ["x", None],
            [1, None],
            ["l", None],
        )
        assert post.documents == [{"a": None}, None]
        names: Sequence[str | None] = ["note", None]
        assert await posts.add_posts(ids=[2, 3], titles=["T", "U"], notes=names) == 2
        await posts.copy_posts(
            rows=[CopyPostsParams(4, "V", ["c"], [None], {"d": 1}, None)]
        )
        await posts.set_raw(rows=[SetRawParams(["y", None], 4)])
        assert (await posts.get_post(id=4)).raw == ["y", None]
        await posts.patch(set_note=True, note=None, title="Q", draft=None, id=2)
        assert (await posts.get_post(id=2)).note is None
        await posts.patch(set_note=False, note="z", title="Q", draft=[None], id=2)
        patched = await posts.get_post(id=2)
        assert (patched.note, patched.title, patched.draft) == (None, "q", [None])
        await posts.set_note(note=" w ", id=3)
        await posts.set_note(note=None, id=2)
        collected = await posts.collected()
        assert_type(collected, CollectedRow)
        assert_type(collected.notes, list[str] | None)
        assert_type(collected.drafts, list[str | None] | None)
        assert_type(collected.titles, list[str] | None)
        derived = await posts.derived(id=1)
        assert_type(derived.more, list[str])
        assert_type(derived.most, list[str | None])
        assert_type(derived.parts, list[str])
        assert_type(derived.cleaned, list[str])
        assert_type(derived.notes, list[str | None])
        assert derived.most == ["a", "b", "x", None]
        assert_type(await posts.unnested(ids=[1, 4]), list[str])
        assert_type(await posts.unnested_raw(id=1), list[str | None])
        assert await posts.unnested_raw(id=1) == ["x", None]
        echoed = await posts.echo(words=["a", None])
        assert_type(echoed, list[str | None])
        assert echoed == ["a", None]
        with pytest.raises(CheckFailed):
            await posts.copy_posts(
                rows=[CopyPostsParams(5, "V", [None], [], {}, None)]  # type: ignore[list-item] # the tags have no NULL
            )
    with sync.Database.open(url) as again:
        assert again.posts.get_post(id=1) == post
        assert again.posts.echo(words=["a", None]) == echoed
