# ruff: noqa: PT012 -- the block as a whole is what raises
"""No row data in messages, spans, metrics and log records, whatever fails."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from tests.observe.seen import PACKAGE

from reposgen_runtime import Statement
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.errors import RepositoryError
from reposgen_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.observe.seen import Seen

SCHEMA: Final = """
CREATE TYPE mood AS ENUM ('good');
CREATE DOMAIN short AS text CHECK (length(VALUE) < 5);
CREATE TABLE parents (name text PRIMARY KEY);
CREATE TABLE rows (
    name text UNIQUE,
    other text CHECK (other NOT LIKE 'bad%'),
    parent text REFERENCES parents,
    needed text NOT NULL DEFAULT '',
    short varchar(3),
    EXCLUDE (md5(name) WITH =)
);
CREATE TABLE parts (name text) PARTITION BY LIST (name);
"""
# What fails for the value `$1`, which is text.
FAILING: Final = {
    "unique": "INSERT INTO rows (name) VALUES ($1), ($1)",
    "check": "INSERT INTO rows (other) VALUES ('bad' || $1)",
    "foreign key": "INSERT INTO rows (parent) VALUES ($1)",
    "not null": "INSERT INTO rows (name, needed) VALUES ($1, NULL)",
    "length": "INSERT INTO rows (short) VALUES ($1)",
    "partition": "INSERT INTO parts VALUES ($1)",
    "domain": "SELECT $1::short::text",
    "enum": "SELECT $1::mood::text",
    "number": "SELECT $1::int::text",
    "date": "SELECT $1::date::text",
    "uuid": "SELECT ('x' || $1)::uuid::text",
    "json": "SELECT $1::json::text",
    "array": "SELECT $1::int[]::text",
    "regular expression": "SELECT ('a' ~ ('(' || $1))::text",
    "time zone": "SELECT (now() AT TIME ZONE $1)::text",
    "setting": "SELECT set_config('work_mem', $1, true)",
    "cast of a row": "SELECT to_number($1, '999')::text",
}


@pytest.mark.parametrize("batch", [False, True], ids=["one", "batch"])
async def test_no_row_data(
    make_database: Callable[[str], str], seen: Seen, *, batch: bool, use_cursors: bool
) -> None:
    settings = Settings(
        conninfo=make_database(SCHEMA),
        use_cursors=use_cursors,
        observers=seen.observers,
    )
    word = f"secret{uuid4().hex}"
    async with Database(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)
        for name, sql in FAILING.items():
            statement = Statement[Any](
                f"rows.{name.replace(' ', '_')}",
                sql,
                parameters=("text",),
                results=() if sql.startswith("INSERT") else ("text",),
                arguments=("value",),
            )
            with pytest.raises(RepositoryError) as caught:
                if batch:
                    await run.batch_exec(statement, [word])
                else:
                    await run.exec(statement, (word,))
            error = caught.value
            told = traceback.format_exception_only(error)
            assert word not in "".join(told), name
            assert word not in str(error.args), name
        await run.exec(
            Statement[None]("rows.fine", "SELECT $1", parameters=("text",)), (word,)
        )
    spans = [span.to_json() for span in seen.spans()]
    assert len(spans) == len(FAILING) + 1
    assert not any(word in span for span in spans)
    assert not any(word in str(vars(record)) for record in seen.records)
    assert not any(word in str(key) for key in seen.scrape())
