"""No row data in messages, spans, metrics and log records, whatever fails."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from tests.observe.seen import PACKAGE

from reposgen_runtime import CopyInto, Statement
from reposgen_runtime.aio import Database, Runner
from reposgen_runtime.errors import RepositoryError
from reposgen_runtime.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.observe.seen import Seen

    Work = Callable[[Database, Runner, Statement[Any], str], Awaitable[None]]

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


async def one(_: Database, run: Runner, statement: Statement[Any], word: str) -> None:
    await run.one(statement, (word,))


async def exec_(_: Database, run: Runner, statement: Statement[Any], word: str) -> None:
    await run.exec(statement, (word,))


async def stream(
    _: Database, run: Runner, statement: Statement[Any], word: str
) -> None:
    async for _row in run.stream(statement, (word,)):
        pass


async def copyto(
    _: Database, run: Runner, statement: Statement[Any], word: str
) -> None:
    if statement.sql.startswith("SELECT"):
        async for _block in run.copy_to(statement, (word,)):
            pass
    await run.exec(statement, (word,))


async def batchexec(
    _: Database, run: Runner, statement: Statement[Any], word: str
) -> None:
    await run.batch_exec(statement, [word])


async def batchmany(
    _: Database, run: Runner, statement: Statement[Any], word: str
) -> None:
    await run.batch_many(statement, [word, word])


async def in_transaction(
    db: Database, run: Runner, statement: Statement[Any], word: str
) -> None:
    async with db.transaction():
        await run.exec(statement, (word,))


@pytest.mark.parametrize(
    "work", [one, exec_, stream, copyto, batchexec, batchmany, in_transaction]
)
async def test_no_row_data(
    make_database: Callable[[str], str], seen: Seen, work: Work, *, use_cursors: bool
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
                await work(db, run, statement, word)
            error = caught.value
            # With all errors that it comes from.
            told = traceback.format_exception(error)
            assert word not in "".join(told), name
            assert word not in str(error.args), name
        await run.exec(
            Statement[None]("rows.fine", "SELECT $1", parameters=("text",)), (word,)
        )
    spans = [span.to_json() for span in seen.spans()]
    assert len(spans) > len(FAILING)
    assert not any(word in span for span in spans)
    assert not any(word in str(vars(record)) for record in seen.records)
    assert not any(word in str(key) for key in seen.scrape())
    assert word not in str(seen.reader.get_metrics_data())


@pytest.mark.parametrize(
    ("table", "column", "prefix"),
    [
        ("parents", "name", ""),
        ("rows", "short", ""),
        ("rows", "other", "bad"),
        ("parts", "name", ""),
    ],
)
async def test_copied_rows(
    make_database: Callable[[str], str],
    seen: Seen,
    table: str,
    column: str,
    prefix: str,
    *,
    use_cursors: bool,
) -> None:
    settings = Settings(
        conninfo=make_database(SCHEMA),
        use_cursors=use_cursors,
        observers=seen.observers,
    )
    word = f"{prefix}secret{uuid4().hex}"
    statement = Statement[Any](
        "rows.copy",
        f"INSERT INTO {table} ({column}) VALUES ($1)",
        parameters=("text",),
        copy=CopyInto(f'"public"."{table}"', (f'"{column}"',)),
    )
    async with Database(settings, package=PACKAGE) as db:
        with pytest.raises(RepositoryError) as caught:
            await Runner(db, PACKAGE).copy_from(statement, [word, word])
    assert word not in "".join(traceback.format_exception(caught.value))
    [span] = seen.spans()
    assert word not in span.to_json()
    assert not any(word in str(vars(record)) for record in seen.records)
    assert not any(word in str(key) for key in seen.scrape())
