# Derived from ../aio/test_migration.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""Two implementations of one Protocol, over the same tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import args_row
from tests.runtime import shop
from tests.runtime.shop import COPY_TITLES, COUNT, CREATE_ID, GET, LOCK, Status, Task

from reposgen_runtime import Key, OrderBy, Ordering, Page, Statement, Variants
from reposgen_runtime.errors import InvalidCursor, NotFound, RepositoryError
from reposgen_runtime.migrating import (
    Call,
    Difference,
    FallbackUsed,
    MigrationStatistics,
    SecondWriteFailed,
    reads_of,
)
from reposgen_runtime.sync import Runner, Stream
from reposgen_runtime.sync.migration import RepositoryMigration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.runtime.sync.repositories import Database

    from reposgen_runtime.migrating import Report
    from reposgen_runtime.sync import Source

# As a generated module has them: beside the class, named like its methods.
TITLES = Statement[str](
    "tasks.titles",
    "SELECT title FROM tasks ORDER BY id",
    results=("text",),
    read_only=True,
)
PAGE = Variants(
    "tasks.page",
    ("SELECT id, owner_id, title, status, created_at FROM tasks", OrderBy("")),
    results=GET.results,
    row=Task,
    read_only=True,
    ordering=Ordering((Key("id", 0),)),
)


class Tasks(Protocol):
    def get(self, *, id: int) -> Task: ...  # noqa: A002 -- the column's name
    def lock(self, *, id: int) -> Task: ...  # noqa: A002 -- as above
    def count(self) -> int: ...
    def create_id(self, *, title: str) -> int: ...
    def copy_titles(self, rows: Iterable[str]) -> int: ...
    def page(self, *, limit: int, after: str | None = None) -> Page[Task]: ...
    def titles(self) -> Stream[str]: ...


class New:
    __slots__ = ("_run",)

    def __init__(self, source: Source) -> None:
        self._run = Runner(source, shop.PACKAGE)

    def get(self, *, id: int) -> Task:  # noqa: A002 -- the column's name
        return self._run.one(GET, (id,))

    def lock(self, *, id: int) -> Task:  # noqa: A002 -- as above
        return self._run.one(LOCK, (id,))

    def count(self) -> int:
        return self._run.one(COUNT)

    def create_id(self, *, title: str) -> int:
        return self._run.one(CREATE_ID, (title,))

    def copy_titles(self, rows: Iterable[str]) -> int:
        return self._run.copy_from(COPY_TITLES, rows)

    def page(self, *, limit: int, after: str | None = None) -> Page[Task]:
        return self._run.page(PAGE, limit=limit, after=after)

    def titles(self) -> Stream[str]:
        return self._run.stream(TITLES)


class Old:
    """Written by hand, years ago."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        self._tasks = connection.cursor(row_factory=args_row(task))

    def get(self, *, id: int) -> Task:  # noqa: A002 -- the column's name
        self._tasks.execute(f"{SELECT} WHERE id = %s", (id,))
        found = self._tasks.fetchone()
        if found is None:
            raise LookupError(id)
        return found

    def lock(self, *, id: int) -> Task:  # noqa: A002 -- as above
        return self.get(id=id)

    def count(self) -> int:
        cursor = self._connection.execute("SELECT count(*) FROM tasks")
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])

    def create_id(self, *, title: str) -> int:
        cursor = self._connection.execute(
            "INSERT INTO tasks (title) VALUES (%s) RETURNING id", (f"old {title}",)
        )
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])

    def copy_titles(self, rows: Iterable[str]) -> int:
        assert isinstance(rows, list)
        for title in rows:
            self.create_id(title=title)
        return len(rows)

    def page(self, *, limit: int, after: str | None = None) -> Page[Task]:
        start = int(after or 0)
        found = self._tasks.execute(
            f"{SELECT} WHERE id > %s ORDER BY id LIMIT %s", (start, limit + 1)
        )
        tasks = found.fetchall()
        more = str(tasks[limit - 1].id) if len(tasks) > limit else None
        return Page(tasks[:limit], more, None)

    def titles(self) -> Stream[str]:
        return Runner(self._connection, shop.PACKAGE).stream(TITLES)


SELECT = "SELECT id, owner_id, title, status::text, created_at FROM tasks"


def task(*values: Any) -> Task:  # noqa: ANN401 -- the columns'
    number, owner, title, status, created = values
    return Task(number, owner, title, Status(status), created)


@pytest.fixture
def old(conninfo: str) -> Iterator[Old]:
    with Connection.connect(conninfo, autocommit=True) as connection:
        yield Old(connection)


@pytest.fixture
def new(db: Database) -> New:
    return New(db)


@pytest.fixture
def reports() -> list[Report]:
    return []


def numbers(
    *,
    old: int = 0,
    new: int = 0,
    fallbacks: int = 0,
    compared: int = 0,
    differences: int = 0,
    not_written: int = 0,
) -> MigrationStatistics:
    return MigrationStatistics(
        old=old,
        new=new,
        fallbacks=fallbacks,
        compared=compared,
        differences=differences,
        not_written=not_written,
    )


def test_what_reads(new: New, old: Old) -> None:
    assert reads_of(new) == {"get", "count", "page", "titles"}
    with pytest.raises(ValueError, match="no method nothing"):
        RepositoryMigration[Tasks](old, new, reads=["nothing"])
    for wrong in (-0.1, 1.1):
        with pytest.raises(ValueError, match="share must be between 0 and 1"):
            RepositoryMigration[Tasks](old, new, share=wrong)
        migration = RepositoryMigration[Tasks](old, new)
        with pytest.raises(ValueError, match="share must be between 0 and 1"):
            migration.share = wrong
        with pytest.raises(ValueError, match="share must be between 0 and 1"):
            migration.compare = wrong
    with pytest.raises(ValueError, match="writes"):
        RepositoryMigration[Tasks](old, new, writes="neither")  # type: ignore[arg-type] # just that


def test_what_reads_of_others() -> None:
    with pytest.raises(ValueError, match="name the methods that read"):
        reads_of(Foreign())


class Foreign:
    __module__ = "psycopg"


def test_a_share_of_the_reads(old: Old, new: New) -> None:
    first = RepositoryMigration[Tasks](old, new, share=0.3, seed=7)
    second = RepositoryMigration[Tasks](old, new, share=0.3, seed=7)
    for migration in (first, second):
        for _ in range(100):
            assert migration.repository.count() == 0
    assert first.statistics() == second.statistics()
    assert 10 < first.statistics().new < 50
    before = first.statistics().new
    first.share = 1
    for _ in range(10):
        first.repository.count()
    assert first.statistics().new == before + 10
    first.share = 0
    for _ in range(10):
        first.repository.count()
    assert first.statistics().new == before + 10
    with pytest.raises(AttributeError):
        first.repository.nothing  # type: ignore[attr-defined] # noqa: B018 -- just that


def test_a_key_stays_where_it_is(old: Old, new: New, reports: list[Report]) -> None:
    migration = RepositoryMigration[Tasks](
        old,
        new,
        share=0.5,
        key=lambda call: call.arguments["id"],
        fallback=False,
        report=reports.append,
    )
    old.copy_titles([str(number) for number in range(20)])
    asked: list[set[int]] = []
    for share in (0.5, 0.5, 0.9):
        migration.share = share
        asked.append(set())
        for number in range(1, 21):
            before = migration.statistics().new
            migration.repository.get(id=number)
            if migration.statistics().new > before:
                asked[-1].add(number)
    assert asked[0] == asked[1]
    assert asked[0] < asked[2]


def test_falling_back(conninfo: str, old: Old, new: New, reports: list[Report]) -> None:
    migration = RepositoryMigration[Tasks](old, new, share=1, report=reports.append)
    number = old.create_id(title="secret")
    with psycopg.connect(conninfo, autocommit=True) as admin:
        admin.execute("ALTER TABLE tasks RENAME COLUMN owner_id TO owner")
        try:
            # The old one is as bad here, and its error is the caller's.
            with pytest.raises(psycopg.errors.UndefinedColumn):
                migration.repository.get(id=number)
        finally:
            admin.execute("ALTER TABLE tasks RENAME COLUMN owner TO owner_id")
    with pytest.raises(LookupError):
        migration.repository.get(id=0)
    assert [type(report) for report in reports] == [FallbackUsed, FallbackUsed]
    assert str(reports[1]) == ("get: answered by the old one: tasks.get: no row")
    assert migration.statistics() == numbers(old=2, fallbacks=2)
    strict = RepositoryMigration[Tasks](old, new, share=1, fallback=False)
    with pytest.raises(NotFound):
        strict.repository.get(id=0)
    assert (strict.repository.get(id=number)).title == "old secret"


def test_comparing(old: Old, new: New, reports: list[Report]) -> None:
    def report(report: Report) -> None:
        reports.append(report)

    migration = RepositoryMigration[Tasks](old, new, compare=1, report=report)
    number = old.create_id(title="secret")
    for share in (0, 1):
        migration.share = share
        assert (migration.repository.get(id=number)).title == "old secret"
        assert migration.repository.count() == 1
    # One raises LookupError and the other NotFound: they agree that there is no row.
    migration.share = 0
    with pytest.raises(LookupError):
        migration.repository.get(id=0)
    assert reports == []
    assert migration.statistics() == numbers(old=3, new=2, compared=5)
    strict = RepositoryMigration[Tasks](
        old, new, share=1, compare=1, report=report, equal=lambda *_: False
    )
    strict.repository.get(id=number)
    (difference,) = reports
    assert isinstance(difference, Difference)
    assert difference.call == Call(method="get", arguments={"id": number})
    assert difference.old == difference.new == old.get(id=number)
    assert "secret" not in f"{difference} {difference!r}"
    assert strict.statistics() == numbers(new=1, compared=1, differences=1)


def test_callbacks_that_fail(
    old: Old, new: New, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*values: object) -> bool:
        raise RuntimeError(values)

    migration = RepositoryMigration[Tasks](old, new, compare=1, equal=fail, report=fail)
    old.create_id(title="secret")
    assert (migration.repository.get(id=1)).title == "old secret"
    quiet = RepositoryMigration[Tasks](old, new, compare=1, equal=lambda *_: False)
    assert (quiet.repository.get(id=1)).title == "old secret"
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        *["get: the answers differ, and a callback failed: RuntimeError"] * 2,
        "get: the answers differ",
    ]


def test_writing(old: Old, new: New, reports: list[Report]) -> None:
    by_old = RepositoryMigration[Tasks](old, new, share=1)
    by_old.repository.create_id(title="a")
    by_new = RepositoryMigration[Tasks](old, new, share=0, writes="new")
    by_new.repository.create_id(title="b")
    with pytest.raises(RepositoryError):
        by_new.repository.lock(id=1)
    both = RepositoryMigration[Tasks](old, new, writes="both", report=reports.append)
    assert both.repository.copy_titles(iter(["c", "d"])) == 2
    with old.titles() as stream:
        titles = list(stream)
    assert titles == ["old a", "b", "old c", "old d", "c", "d"]
    assert reports == []
    both.repository.create_id(title="")
    (report,) = reports
    assert isinstance(report, SecondWriteFailed)
    assert isinstance(report.error, shop.TasksTitleCheckViolation)
    with pytest.raises(psycopg.DataError):
        both.repository.create_id(title="\0")
    assert both.statistics() == numbers(old=3, not_written=1)


def test_streams(old: Old, new: New) -> None:
    migration = RepositoryMigration[Tasks](old, new, share=1, compare=1)
    old.copy_titles(["a", "b"])
    for share in (0, 1):
        migration.share = share
        with migration.repository.titles() as stream:
            assert list(stream) == ["old a", "old b"]
    assert migration.statistics() == numbers(old=1, new=1)


def test_pages(old: Old, new: New, reports: list[Report]) -> None:
    old.copy_titles([str(number) for number in range(9)])
    migration = RepositoryMigration[Tasks](old, new, compare=1, report=reports.append)
    for share in (0, 1):
        migration.share = share
        page = migration.repository.page(limit=4)
        seen = [*page.items]
        # Whoever began goes on, whatever the share is by now.
        migration.share = 1 - share
        while page.next is not None:
            page = migration.repository.page(limit=4, after=page.next)
            seen += page.items
        assert [task.id for task in seen] == [*range(1, 10)]
    assert reports == []
    assert migration.statistics() == numbers(old=3, new=3, compared=2)
    # From before the migration, and from one that is over.
    first = old.page(limit=8)
    assert len((migration.repository.page(limit=4, after=first.next)).items) == 1
    with pytest.raises(InvalidCursor):
        migration.repository.page(limit=4, after="new~nonsense")


def test_transaction_blocks(
    db: Database, old: Old, new: New, reports: list[Report]
) -> None:
    migration = RepositoryMigration[Tasks](
        old, new, share=0, writes="new", compare=1, report=reports.append
    )
    with pytest.raises(NotFound):
        with db.transaction() as transaction:
            number = migration.repository.create_id(title="a")
            # The old one does not see it yet.
            assert (migration.repository.get(id=number)).title == "a"
            assert (migration.repository.lock(id=number)).title == "a"
            with migration.repository.titles() as stream:
                assert list(stream) == ["a"]
            shared = RepositoryMigration[Tasks](old, New(transaction), writes="new")
            assert shared.repository.count() == 1
            migration.repository.get(id=0)
    assert reports == []
    assert migration.repository.count() == 0
    assert migration.statistics() == numbers(old=1, new=5, compared=1)


def test_calls_show_no_values() -> None:
    call = Call(method="get", args=("secret",), arguments={"title": "secret"})
    assert "secret" not in repr(call)
