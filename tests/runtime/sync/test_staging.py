# Derived from ../aio/test_staging.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""COPY through a staging table, and the places of what goes wrong in a COPY."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from psycopg.sql import SQL, Identifier
from tests.runtime import rows as everything
from tests.runtime import shop
from tests.runtime.rows import Row, staged
from tests.runtime.shop import NewTask, TasksSlugKeyViolation, TasksTitleCheckViolation

from reposgen_runtime import CopyInto, Statement
from reposgen_runtime.errors import (
    CheckFailed,
    DataRejected,
    ForeignKeyMissing,
    InvalidArgument,
    PermissionDenied,
    RepeatedKey,
    RepositoryError,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.runtime.sync.repositories import Database

    from reposgen_runtime.sync import Runner

UPSERT: Final = staged(
    "INSERT INTO tasks (title, slug) SELECT slug, slug FROM staged"
    " ON CONFLICT (slug) DO UPDATE SET title = excluded.title",
    ('"slug"',),
    ("text",),
)
CAST: Final = staged(
    "INSERT INTO tasks (slug, title) SELECT slug::int4, slug FROM staged"
    " RETURNING slug",
    ('"slug"',),
    ("text",),
    results=("text",),
)
OWNED: Final = staged(
    "INSERT INTO tasks (title, owner_id) SELECT 'x', owner FROM staged",
    ('"owner"',),
    ("int4",),
)


@pytest.mark.usefixtures("own_database")
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=everything.ROWS)
def test_random_rows_of_every_type(db: Database, run: Runner, rows: list[Row]) -> None:
    with db.connection() as connection:
        connection.execute(everything.TABLE.encode())
    run.exec(everything.CLEAR)
    assert run.copy_from(everything.PLAIN, rows) == len(rows)
    assert run.many(everything.SELECT) == rows
    assert run.copy_returning(everything.STAGED, iter(rows)) == rows


def test_the_order_is_kept_and_memory_is_not(run: Runner) -> None:
    count = 50_000

    def numbers() -> Generator[str, None, None]:
        for number in range(count):
            yield f"{number}" * 20

    tracemalloc.start()
    assert run.copy_from(UPSERT, numbers()) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * 2**20  # the rows are 5 MB
    slugs = Statement[str](
        "slugs", "SELECT slug FROM tasks ORDER BY id", results=("text",)
    )
    assert run.many(slugs) == [f"{number}" * 20 for number in range(count)]


def test_the_row_at_fault_is_named(run: Runner) -> None:
    with pytest.raises(RepeatedKey, match="item 2") as repeated:
        run.copy_from(UPSERT, ["a", "b", "a", "c"])
    assert repeated.value.item == 2
    with pytest.raises(TasksTitleCheckViolation) as empty:
        run.copy_from(UPSERT, ["a", ""])
    assert empty.value.item == 1
    with pytest.raises(DataRejected) as rejected:
        run.copy_returning(CAST, ["1", "secret", "3"])
    assert rejected.value.item == 1
    assert "secret" not in str(rejected.value)
    with pytest.raises(InvalidArgument) as invalid:
        run.copy_from(UPSERT, ["a", 5])
    assert (invalid.value.item, invalid.value.column) == (1, "slug")
    with pytest.raises(ForeignKeyMissing) as missing:
        run.copy_from(OWNED, [None, 1, 2])
    assert missing.value.item is None  # checked at the end, for all rows
    assert run.one(shop.COUNT) == 0


def test_in_a_transaction(db: Database, run: Runner) -> None:
    with db.transaction():
        assert run.copy_from(UPSERT, ["a", "b"]) == 2
        assert run.copy_returning(CAST, ["7"]) == ["7"]
        with db.savepoint():
            with pytest.raises(TasksSlugKeyViolation):
                run.copy_returning(CAST, ["8", "7"])
        assert run.copy_returning(CAST, ["8"]) == ["8"]
    assert run.one(shop.COUNT) == 4
    with db.connection() as connection:
        cursor = connection.execute("SELECT to_regclass('pg_temp.reposgen_rows')")
        assert cursor.fetchone() == (None,)


def test_a_failing_source_leaves_nothing(run: Runner) -> None:
    def rows() -> Generator[str, None, None]:
        yield "a"
        raise LookupError

    with pytest.raises(LookupError):
        run.copy_from(UPSERT, rows())
    assert run.one(shop.COUNT) == 0
    assert run.copy_from(UPSERT, ["a"]) == 1


@pytest.mark.usefixtures("own_database")
def test_copy_names_row_and_column(db: Database, run: Runner) -> None:
    with db.connection() as connection:
        connection.execute(
            'CREATE TABLE "Odd, one" ("a b" email, size money CHECK (size > 0::money))'
        )
    binary = Statement[None](
        "binary",
        "",
        parameters=("public.email",),
        copy=CopyInto('"public"."Odd, one"', ('"a b"',)),
    )
    text = Statement[None](
        "text",
        "",
        parameters=("money", "public.email"),
        fields=("size", "title"),
        copy=CopyInto('"public"."Odd, one"', ('"size"', '"a b"')),
    )
    with pytest.raises(CheckFailed) as failed:
        run.copy_from(binary, ["a@", "b@", "c"])
    assert (failed.value.item, failed.value.column) == (2, "a b")
    rows: list[Any] = [NewTask("@", "$1"), NewTask("\n", "$1")]  # type: ignore[arg-type] # money is text
    with pytest.raises(CheckFailed) as failed:
        run.copy_from(text, rows)
    assert (failed.value.item, failed.value.column) == (1, "a b")
    with pytest.raises(CheckFailed) as failed:
        run.copy_from(text, [*rows[:1], NewTask("@", "$0")])  # type: ignore[arg-type] # as above
    assert (failed.value.item, failed.value.column) == (1, None)


@pytest.mark.usefixtures("own_database")
def test_row_level_security(db: Database, run: Runner) -> None:
    with db.connection() as connection:
        connection.execute("ALTER TABLE tasks ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE tasks FORCE ROW LEVEL SECURITY")
        connection.execute(
            "CREATE POLICY short ON tasks WITH CHECK (length(title) < 3)"
        )
        role = Identifier(f"staging_{uuid4().hex}")
        connection.execute(SQL("CREATE ROLE {}").format(role))
    try:
        with db.connection() as connection:
            connection.execute(SQL("GRANT ALL ON tasks TO {}").format(role))
        with db.transaction():
            with db.connection() as connection:
                connection.execute(SQL("SET LOCAL ROLE {}").format(role))
            assert run.copy_from(UPSERT, []) == 0
            plain = staged(
                "INSERT INTO tasks (title) SELECT title FROM staged",
                ('"title"',),
                ("text",),
            )
            assert run.copy_from(plain, ["a", "bb"]) == 2
            with pytest.raises(PermissionDenied) as denied:
                run.copy_from(plain, ["a", "ccc", "d"])
            assert denied.value.item == 1
    finally:
        with db.connection() as connection:
            connection.execute(SQL("DROP OWNED BY {}").format(role))
            connection.execute(SQL("DROP ROLE {}").format(role))


def test_many_batches(db: Database, run: Runner) -> None:
    def titles(bad: int | None) -> Generator[str, None, None]:
        for number in range(2500):
            yield "" if number == bad else f"t{number}"

    with pytest.raises(TasksTitleCheckViolation) as failed:
        run.batch_one(shop.CREATE_ID, titles(bad=2100))
    assert failed.value.item == 2100
    with pytest.raises(RepositoryError) as invalid:
        run.batch_one(shop.CREATE_ID, [*titles(None), 5])
    assert invalid.value.item == 2500
    assert run.one(shop.COUNT) == 0
    assert len(run.batch_one(shop.CREATE_ID, titles(None))) == 2500
    with db.transaction():
        assert len(run.batch_exec(shop.CLOSE, range(2500))) == 2500
    with pytest.raises(RepositoryError, match="locks rows"):
        run.batch_one(shop.LOCK, [1])
    with pytest.raises(RepositoryError, match="locks rows"):
        run.copy_to(shop.LOCK, [1]).write_to(Sink())


class Sink:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


class TextSink:
    encoding = "utf-8"

    def __init__(self) -> None:
        self.data = ""

    def write(self, data: str) -> None:
        self.data += data


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("jsonb", {"a": "\\ \n\t\b'$1"}, b'{"a": "\\\\ \\n\\t\\b\'$1"}\n'),
        ("text", "a\\b\tc\r\v\f\b", b"a\\b\tc\r\v\f\b\n"),
        ("text", "\\N", b"\\N\n"),
        ("text", None, b"\n"),
        ("text", "", b"\n"),
    ],
)
def test_lines(run: Runner, kind: str, value: object, line: bytes) -> None:
    sink = Sink()
    statement = shop.echo(kind)
    done = run.copy_to(statement, [value], copy_format="lines").write_to(sink)
    assert (done, sink.data) == (1, line)
    text = TextSink()
    run.copy_to(statement, [value], copy_format="lines").write_to(text)
    assert text.data == line.decode()


def test_line_breaks_in_json_mean_nothing(run: Runner) -> None:
    statement = Statement[None](
        "json", "SELECT E'{\n \"a\": 1\r\n}'::json", results=("json",)
    )
    blocks = list(run.copy_to(statement, copy_format="lines"))
    assert blocks == [b'{  "a": 1  }\n']
