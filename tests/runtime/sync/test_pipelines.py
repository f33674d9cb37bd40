# Derived from ../aio/test_pipelines.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""What saves round trips: pipelines, and transactions that begin with a statement."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tests.runtime import shop
from tests.runtime.sync.repositories import Database, TaskRepository

from reposgen_runtime import Statement
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
from reposgen_runtime.sync import Pipeline, Runner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reposgen_runtime.sync import Source

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
def single(conninfo: str, *, use_cursors: bool) -> Iterator[Database]:
    """A database with one connection, whose statements are all prepared."""
    with Database.open(conninfo, use_cursors=use_cursors, max_size=1) as db:
        made = db.tasks.create(title="first")
        db.tasks.get(id=made.id)
        db.tasks.count()
        Runner(db, shop.PACKAGE).execrows(shop.CLOSE, (made.id,))
        Runner(db, shop.PACKAGE).one(TITLE, ("first", made.id))
        yield db


class Trips:
    """Counts the round trips of a database's only connection."""

    def __init__(self, db: Database, path: Path) -> None:
        self._db = db
        self._path = path

    def start(self) -> None:
        with self._db.connection() as connection:
            file = self._path.open("wb")
            connection.pgconn.trace(file.fileno())
            self._file = file

    def stop(self) -> int:
        with self._db.connection() as connection:
            connection.pgconn.untrace()
        self._file.close()
        sent = [line.split("\t") for line in self._path.read_text().splitlines()]
        return sum(
            words[1] == "F" and words[3] in ("Sync", "Query")
            for words in sent
            if len(words) > 3
        )


@pytest.fixture
def trips(single: Database, tmp_path: Path) -> Trips:
    return Trips(single, tmp_path / "trace")


def test_results_after_the_block(db: Database, run: Runner) -> None:
    made = db.tasks.create(title="a")
    with db.pipeline() as pipeline:
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
def test_one_round_trip(single: Database, trips: Trips) -> None:
    run = Runner(single, shop.PACKAGE)
    trips.start()
    with single.pipeline() as pipeline:
        for _ in range(3):
            pipeline.add(run.execrows, shop.CLOSE, (1,))
        pipeline.add(single.tasks.count)
    assert trips.stop() == 1


@FAST
def test_a_late_judgement_takes_two(single: Database, trips: Trips) -> None:
    run = Runner(single, shop.PACKAGE)
    trips.start()
    with single.pipeline() as pipeline:
        pipeline.add(run.one, TITLE, ("new", 1))
        pipeline.add(single.tasks.count)
    assert trips.stop() == 2


@FAST
def test_a_transaction_begins_with_its_first_statement(
    single: Database, trips: Trips
) -> None:
    trips.start()
    with single.transaction(isolation="serializable", timeout=5):
        single.tasks.count()
        with single.pipeline() as pipeline:
            pipeline.add(single.tasks.count)
            pipeline.add(single.tasks.create, title="b")
    assert trips.stop() == 3
    trips.start()
    with single.transaction(), single.savepoint():
        pass
    assert trips.stop() == 3
    trips.start()
    with single.transaction():
        pass
    with single.pipeline():
        pass
    with pytest.raises(LookupError):
        with single.transaction():
            raise LookupError
    assert trips.stop() == 0


def test_a_failure_undoes_all(db: Database, run: Runner) -> None:
    with pytest.raises(ZeroDivisionError):
        with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a")
            raise ZeroDivisionError
    for failing in ((FAIL, ()), (TITLE, ("a", 0))):
        with pytest.raises(RepositoryError) as caught:
            with db.pipeline() as pipeline:
                created = pipeline.add(db.tasks.create, title="a", slug="a")
                pipeline.add(run.one, *failing)
                pipeline.add(db.tasks.count)
        assert caught.value.query == failing[0].name
        with pytest.raises(RepositoryError, match="nor after"):
            created.result()
    with pytest.raises(AlreadyExists) as caught:
        with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a", slug="a")
            pipeline.add(db.tasks.count)
            pipeline.add(db.tasks.create, title="b", slug="a")
    assert caught.value.query == "tasks.create"
    with pytest.raises(InvalidArgument):
        with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a")
            pipeline.add(run.one, shop.GET, ("no number",))
    assert db.tasks.count() == 0


@pytest.mark.parametrize(
    ("failing", "values"), [(FAIL, ()), (TITLE, ("a", 0)), (WRONG, ())]
)
def test_a_caught_failure_keeps_nothing(
    db: Database, run: Runner, failing: Statement[Any], values: tuple[Any, ...]
) -> None:
    def fail() -> None:
        with pytest.raises(RepositoryError) as caught:
            with db.pipeline() as pipeline:
                pipeline.add(db.tasks.create, title="a")
                pipeline.add(run.one, failing, values)
                pipeline.add(db.tasks.create, title="b")
        assert caught.value.query == failing.name

    with pytest.raises(TransactionFailed):
        with db.transaction():
            fail()
            with pytest.raises(RepositoryError):
                db.tasks.count()
    with pytest.raises(RepositoryError):
        with db.transaction(), db.savepoint():
            fail()
    assert db.tasks.count() == 0
    with db.transaction():
        db.tasks.create(title="before")
        with pytest.raises(RepositoryError):
            with db.savepoint():
                fail()
                db.tasks.count()
        assert db.tasks.count() == 1
    assert db.tasks.count() == 1


def test_a_query_that_finds_nothing_fails_no_other(db: Database, run: Runner) -> None:
    with db.pipeline() as pipeline:
        missing = pipeline.add(db.tasks.get, id=0)
        pipeline.add(run.execrows, shop.CLOSE, (0,))
        created = pipeline.add(run.one, shop.CREATE_ID, ("a",))
    with pytest.raises(NotFound):
        missing.result()
    assert created.result()
    assert db.tasks.count() == 1


def test_in_a_transaction(db: Database, run: Runner) -> None:
    with pytest.raises(LookupError):
        with db.transaction():
            with db.pipeline() as pipeline:
                pipeline.add(db.tasks.create, title="a")
            assert db.tasks.count() == 1
            raise LookupError
    with pytest.raises(TransactionFailed):
        with db.transaction():
            with pytest.raises(RepositoryError):
                with db.pipeline() as pipeline:
                    pipeline.add(db.tasks.create, title="a")
                    pipeline.add(run.one, FAIL)
    with db.transaction():
        db.tasks.create(title="b")
        with pytest.raises(NotFound):
            with db.savepoint(), db.pipeline() as pipeline:
                pipeline.add(db.tasks.create, title="c")
                pipeline.add(run.one, TITLE, ("new", 0))
        with db.pipeline() as pipeline:
            locked = pipeline.add(run.opt, shop.LOCK, (0,))
    assert locked.result() is None
    assert db.tasks.count() == 1


def test_what_a_pipeline_refuses(db: Database, run: Runner) -> None:
    with pytest.raises(TransactionRequired):
        with db.pipeline() as pipeline:
            pipeline.add(run.opt, shop.LOCK, (1,))
    with db.pipeline() as pipeline:
        with pytest.raises(RepositoryError, match="one statement"):
            pipeline.add(run.stream, shop.LIST)  # type: ignore[arg-type,unused-ignore] # no coroutine
        with pytest.raises(RepositoryError, match="no batch, COPY, stream"):
            pipeline.add(run.copy_from, shop.COPY_TITLES, ["a"])
        with pytest.raises(RepositoryError, match="no batch, COPY, stream"):
            pipeline.add(run.batch_exec, shop.CLOSE, [1])
    assert db.tasks.count() == 0


class Own(TaskRepository):
    """A user's repository, with methods beside the generated ones."""

    __slots__ = ("calls",)

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.calls = 0

    def get(self, *, id: int) -> shop.Task:  # noqa: A002 - the column's name
        self.calls += 1
        return super().get(id=id)


def test_what_calls_methods_is_refused_before_it_runs(
    db: Database, conninfo: str
) -> None:
    calls: list[str] = []

    def wrapper() -> int:
        calls.append("called")
        return db.tasks.count()

    def nothing() -> None:
        calls.append("called")

    own = Own(db)
    with Database.open(conninfo) as other, db.transaction() as transaction:  # noqa: SIM117, RUF100 -- it would be long
        with db.pipeline() as pipeline:
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


def test_a_pipeline_is_part_of_the_transaction_that_it_began_in(
    db: Database,
) -> None:
    transaction = db.transaction()
    transaction.__enter__()
    pipeline_block = db.pipeline()
    pipeline = pipeline_block.__enter__()
    pipeline.add(db.tasks.create, title="a")
    transaction.__exit__(None, None, None)
    with pytest.raises(TransactionClosed):
        pipeline_block.__exit__(None, None, None)
    assert db.tasks.count() == 0


def test_limits_of_single_statements(db: Database, run: Runner) -> None:
    short = replace(shop.SLEEP, timeout=0.01)
    with pytest.raises(StatementTimeout) as caught:
        with db.pipeline() as pipeline:
            pipeline.add(db.tasks.create, title="a")
            pipeline.add(run.exec, short, (600.0,))
    assert caught.value.query == "sleep"
    with db.transaction(), db.pipeline() as pipeline:
        pipeline.add(run.exec, short, (0.0,))
        pipeline.add(run.exec, shop.SLEEP, (0.02,))
    assert db.tasks.count() == 0


@pytest.mark.usefixtures("own_database")
def test_what_is_prepared_may_be_outdated(db: Database, run: Runner) -> None:
    names = Statement[str](
        "names",
        "SELECT * FROM owners LIMIT 1",
        results=("int4", "text"),
        read_only=True,
    )
    run.many(names)
    with db.connection() as connection:
        connection.execute("DEALLOCATE ALL")
    with db.pipeline() as pipeline:
        found = pipeline.add(run.many, names)
    assert found.result() == []
    with db.connection() as connection:
        connection.execute("ALTER TABLE owners ADD more text")
    with pytest.raises(SchemaChanged):
        with db.pipeline() as pipeline:
            pipeline.add(run.many, names)


def test_what_is_in_the_block_beside_the_calls(db: Database) -> None:
    with db.pipeline() as pipeline:
        assert isinstance(pipeline, Pipeline)
        count = pipeline.add(db.tasks.count)
        db.tasks.create(title="a")
        assert db.tasks.count() == 1
    assert count.result() == 1
