"""Values of a table's row type that are no rows of the table."""

from __future__ import annotations

from typing import Literal, assert_type

import psycopg
import pytest
from golden_output.made_up_rows import (
    Archive,
    Blog,
    Database,
    FindColumnsRow,
    FindFieldsRow,
    sync,
)
from reposgen_runtime.errors import Unrepresentable

BLOG = Blog(1, "a", None)


async def run_async(url: str) -> None:
    ways: tuple[Literal["auto", "never"], ...] = ("auto", "never")
    for prepare in ways:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("TRUNCATE blogs, archive")
        async with Database.open(url, prepare=prepare) as db:
            await use(db)
    async with Database.open(url) as db:
        assert await db.blogs.spelled() == [BLOG]
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER TABLE blogs ADD COLUMN extra integer")
        assert await db.blogs.spelled() == [BLOG]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE blogs DROP COLUMN extra")
    with sync.Database.open(url) as again:
        assert again.blogs.find_blog(id=9) is None
        assert again.blogs.find_blog(id=1) == BLOG
        with pytest.raises(Unrepresentable, match="its name is NULL"):
            again.blogs.half(id=1)


async def use(db: Database) -> None:
    blogs = db.blogs
    await blogs.add_blog(id=1, name="a")
    found = await blogs.find_blog(id=1)
    assert_type(found, Blog | None)
    assert found == BLOG
    assert await blogs.find_blog(id=9) is None
    assert await blogs.find_columns(id=9) == FindColumnsRow(None, None, None)
    assert await blogs.find_fields(id=9) == FindFieldsRow(None, None, None)
    assert await blogs.find_in_from(id=9) is None
    first = await blogs.find_or_first(id=9)
    assert_type(first, Blog | None)
    assert first is None
    several = await blogs.find_several(ids=[1, 9])
    assert_type(several, list[Blog | None] | None)
    assert several == [BLOG, None]
    assert await blogs.from_json(document={}) is None
    with pytest.raises(Unrepresentable, match="its name is NULL"):
        await blogs.half(id=1)
    await blogs.add_archive(id=1, blog_id=9)
    archive = await blogs.get_archive(id=1)
    assert_type(archive.blog, Blog | None)
    assert_type(archive.more, list[Blog | None])
    assert archive == Archive(1, None, [None])
    [real] = await blogs.real_rows()
    assert_type(real.blog, Blog)
    assert_type(real.all_blogs, list[Blog])
    assert (real.blog, real.all_blogs) == (BLOG, [BLOG])
