# ruff: noqa: PT012 -- the block as a whole is what raises
"""What saves round trips: pipelines, and transactions that begin with a statement."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime import shop
from tests.runtime.aio.repositories import Database, TaskRepository

from reposgen_runtime import Statement
from reposgen_runtime.aio import Pipeline, Runner
from reposgen_runtime.errors import (
    AlreadyExists,
    InvalidArgument,
    NotFound,
    RepositoryError,
    SchemaChanged,
    StatementTimeout,
    TransactionClosed,
    TransactionFailed,
    TransactionRequired,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from reposgen_runtime.aio import Source

FAST = pytest.mark.parametrize("use_cursors", [False])
FAIL = Statement[int]("fail", "SELECT 1 / 0", results=("int4",), read_only=True)
TITLE = Statement[str](
    "title",
    "UPDATE tasks SET title = $1 WHERE id = $2 RETURNING title",
    parameters=("text", "int8"),
    results=("text",),
)
# The code expects a number, and the server sends a text.
WRONG = Statement[int]("wrong", "SELECT 'a'", results=("int4",), read_only=True)


@pytest.fixture
async def single(conninfo: str, *, use_cursors: bool) -> AsyncIterator[Database]:
    """A database with one connection, whose statements are all prepared."""
    async with Database.open(conninfo, use_cursors=use_cursors, max_size=1) as db:
        made = await db.tasks.create(title="first")
        await db.tasks.get(id=made.id)
        await db.tasks.count()
        await Runner(db, shop.PACKAGE).execrows(shop.CLOSE, (made.id,))
        await Runner(db, shop.PACKAGE).one(TITLE, ("first", made.id))
        yield db


class Trips:
    """Counts the round trips of a database's only connection."""

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self._path = path

    async def start(self) -> None:
        async with self._db.connection() as connection:
            file = self._path.open("wb")
            connection.pgconn.trace(file.fileno())
            self._file = file

    async def stop(self) -> int:
        async with self._db.connection() as connection:
            connection.pgconn.untrace()
        self._file.close()
        sent = [line.split("\t") for line in self._path.read_text().splitlines()]
        return sum(
            words[1] == "F" and words[3] in ("Sync", "Query")
            for words in sent
            if len(words) > 3
        )


@pytest.fixture
async def trips(single: Database, tmp_path: Path) -> Trips:
    return Trips(single, tmp_path / "trace")


async def test_results_after_the_block(db: Database, run: Runner) -> None:
    made = await db.tasks.create(title="a")
    async with db.pipeline() as pipeline:
        created = pipeline.add(db.tasks.create, title="b")
        found = pipeline.add(db.tasks.get, id=made.id)
        closed = pipeline.add(run.execrows, shop.CLOSE, (made.id,))
        count = pipeline.add(db.tasks.count)
        with pytest.raises(RepositoryError, match="before the end") as caught:
            found.result()
        assert caught.value.query == "tasks.get"
    assert created.result().title == "b"
    assert found.result() == made
    assert (closed.result(), count.result()) == (1, 2)
    with pytest.raises(TransactionClosed):
        pipeline.add(db.tasks.count)


@FAST
async def test_one_round_trip(single: Database, trips: Trips) -> None:
    run = Runner(single, shop.PACKAGE)
    await trips.start()
    async with single.pipeline() as pipeline:
        for _ in range(3):
            pipeline.add(run.execrows, shop.CLOSE, (1,))
        pipeline.add(single.tasks.count)
    assert await trips.stop() == 1


@FAST
async def test_a_late_judgement_takes_two(single: Database, trips: Trips) -> None:
    run = Runner(single, shop.PACKAGE)
    await trips.start()
    async with single.pipeline() as pipeline:
        pipeline.add(run.one, TITLE, ("new", 1))
        pipeline.add(single.tasks.count)
    assert await trips.stop() == 2


@FAST
async def test_a_transaction_begins_with_its_first_statement(
    single: Database, trips: Trips
) -> None:
    await trips.start()
    async with single.transaction(isolation="serializable", timeout=5):
        await single.tasks.count()
        async with single.pipeline() as pipeline:
            pipeline.add(single.tasks.count)
            pipeline.add(single.tasks.create, title="b")
    assert await trips.stop() == 3
    await trips.start()
    async with single.transaction(), single.savepoint():
        pass
    assert await trips.stop() == 3
    await trips.start()
    async with single.transaction():
        pass
    async with single.pipeline():
        pass
    with pytest.raises(LookupError):
        async with single.transaction():
            raise LookupError
    assert await trips.stop() == 0


async def test_a_failure_undoes_all(db: Database, run: Runner) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a")
            raise ZeroDivisionError
    for failing in ((FAIL, ()), (TITLE, ("a", 0))):
        with pytest.raises(RepositoryError) as caught:
            async with db.pipeline() as pipeline:
                created = pipeline.add(db.tasks.create, title="a", slug="a")
                pipeline.add(run.one, *failing)
                pipeline.add(db.tasks.count)
        assert caught.value.query == failing[0].name
        with pytest.raises(RepositoryError, match="nor after"):
            created.result()
    with pytest.raises(AlreadyExists) as caught:
        async with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a", slug="a")
            pipeline.add(db.tasks.count)
            pipeline.add(db.tasks.create, title="b", slug="a")
    assert caught.value.query == "tasks.create"
    with pytest.raises(InvalidArgument):
        async with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a")
            pipeline.add(run.one, shop.GET, ("no number",))
    assert await db.tasks.count() == 0


@pytest.mark.parametrize(
    ("failing", "values"), [(FAIL, ()), (TITLE, ("a", 0)), (WRONG, ())]
)
async def test_a_caught_failure_keeps_nothing(
    db: Database, run: Runner, failing: Statement[Any], values: tuple[Any, ...]
) -> None:
    async def fail() -> None:
        with pytest.raises(RepositoryError) as caught:
            async with db.pipeline() as pipeline:
                pipeline.add(db.tasks.create, title="a")
                pipeline.add(run.one, failing, values)
                pipeline.add(db.tasks.create, title="b")
        assert caught.value.query == failing.name

    with pytest.raises(TransactionFailed):
        async with db.transaction():
            await fail()
            with pytest.raises(RepositoryError):
                await db.tasks.count()
    with pytest.raises(RepositoryError):
        async with db.transaction(), db.savepoint():
            await fail()
    assert await db.tasks.count() == 0
    async with db.transaction():
        await db.tasks.create(title="before")
        with pytest.raises(RepositoryError):
            async with db.savepoint():
                await fail()
                await db.tasks.count()
        assert await db.tasks.count() == 1
    assert await db.tasks.count() == 1


async def test_a_query_that_finds_nothing_fails_no_other(
    db: Database, run: Runner
) -> None:
    async with db.pipeline() as pipeline:
        missing = pipeline.add(db.tasks.get, id=0)
        pipeline.add(run.execrows, shop.CLOSE, (0,))
        created = pipeline.add(run.one, shop.CREATE_ID, ("a",))
    with pytest.raises(NotFound):
        missing.result()
    assert created.result()
    assert await db.tasks.count() == 1


async def test_in_a_transaction(db: Database, run: Runner) -> None:
    with pytest.raises(LookupError):
        async with db.transaction():
            async with db.pipeline() as pipeline:
                pipeline.add(db.tasks.create, title="a")
            assert await db.tasks.count() == 1
            raise LookupError
    with pytest.raises(TransactionFailed):
        async with db.transaction():
            with pytest.raises(RepositoryError):
                async with db.pipeline() as pipeline:
                    pipeline.add(db.tasks.create, title="a")
                    pipeline.add(run.one, FAIL)
    async with db.transaction():
        await db.tasks.create(title="b")
        with pytest.raises(NotFound):
            async with db.savepoint(), db.pipeline() as pipeline:
                pipeline.add(db.tasks.create, title="c")
                pipeline.add(run.one, TITLE, ("new", 0))
        async with db.pipeline() as pipeline:
            locked = pipeline.add(run.opt, shop.LOCK, (0,))
    assert locked.result() is None
    assert await db.tasks.count() == 1


async def test_what_a_pipeline_refuses(db: Database, run: Runner) -> None:
    with pytest.raises(TransactionRequired):
        async with db.pipeline() as pipeline:
            pipeline.add(run.opt, shop.LOCK, (1,))
    async with db.pipeline() as pipeline:
        with pytest.raises(RepositoryError, match="one statement"):
            pipeline.add(run.stream, shop.LIST)  # type: ignore[arg-type,unused-ignore] # no coroutine
        with pytest.raises(RepositoryError, match="no batch, COPY, stream"):
            pipeline.add(run.copy_from, shop.COPY_TITLES, ["a"])
        with pytest.raises(RepositoryError, match="no batch, COPY, stream"):
            pipeline.add(run.batch_exec, shop.CLOSE, [1])
    assert await db.tasks.count() == 0


class Own(TaskRepository):
    """A user's repository, with methods beside the generated ones."""

    __slots__ = ("calls",)

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.calls = 0

    async def get(self, *, id: int) -> shop.Task:  # noqa: A002 - the column's name
        self.calls += 1
        return await super().get(id=id)


async def test_what_calls_methods_is_refused_before_it_runs(
    db: Database, conninfo: str
) -> None:
    calls: list[str] = []

    async def wrapper() -> int:
        calls.append("called")
        return await db.tasks.count()

    async def nothing() -> None:
        calls.append("called")

    own = Own(db)
    async with Database.open(conninfo) as other, db.transaction() as transaction:  # noqa: SIM117, RUF100 -- it would be long
        async with db.pipeline() as pipeline:
            for refused in (
                wrapper,
                nothing,
                lambda: wrapper(),  # noqa: PLW0108 -- it is to be one
                partial(wrapper),
                partial(own.get, id=1),
                other.tasks.count,
                TaskRepository(other).count,
                TaskRepository(transaction).count,
            ):
                with pytest.raises(RepositoryError, match="and no other function"):
                    pipeline.add(refused)
            inherited = pipeline.add(own.count)
            counted = pipeline.add(TaskRepository(db).count)
            created = pipeline.add(partial(db.tasks.create, title="a"), slug="b")
    assert (inherited.result(), counted.result(), created.result().title) == (0, 0, "a")
    assert (calls, own.calls) == ([], 0)


async def test_a_pipeline_is_part_of_the_transaction_that_it_began_in(
    db: Database,
) -> None:
    transaction = db.transaction()
    await transaction.__aenter__()
    pipeline_block = db.pipeline()
    pipeline = await pipeline_block.__aenter__()
    pipeline.add(db.tasks.create, title="a")
    await transaction.__aexit__(None, None, None)
    with pytest.raises(TransactionClosed):
        await pipeline_block.__aexit__(None, None, None)
    assert await db.tasks.count() == 0


async def test_limits_of_single_statements(db: Database, run: Runner) -> None:
    short = replace(shop.SLEEP, timeout=0.01)
    with pytest.raises(StatementTimeout) as caught:
        async with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a")
            pipeline.add(run.exec, short, (600.0,))
    assert caught.value.query == "sleep"
    async with db.transaction(), db.pipeline() as pipeline:
        pipeline.add(run.exec, short, (0.0,))
        pipeline.add(run.exec, shop.SLEEP, (0.02,))
    assert await db.tasks.count() == 0


@pytest.mark.usefixtures("own_database")
async def test_what_is_prepared_may_be_outdated(db: Database, run: Runner) -> None:
    names = Statement[str](
        "names",
        "SELECT * FROM owners LIMIT 1",
        results=("int4", "text"),
        read_only=True,
    )
    await run.many(names)
    async with db.connection() as connection:
        await connection.execute("DEALLOCATE ALL")
    async with db.pipeline() as pipeline:
        found = pipeline.add(run.many, names)
    assert found.result() == []
    async with db.connection() as connection:
        await connection.execute("ALTER TABLE owners ADD more text")
    with pytest.raises(SchemaChanged):
        async with db.pipeline() as pipeline:
            pipeline.add(run.many, names)


async def test_what_is_in_the_block_beside_the_calls(db: Database) -> None:
    async with db.pipeline() as pipeline:
        assert isinstance(pipeline, Pipeline)
        count = pipeline.add(db.tasks.count)
        await db.tasks.create(title="a")
        assert await db.tasks.count() == 1
    assert count.result() == 1
