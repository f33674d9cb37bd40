"""SQLAlchemy 2 over psycopg, synchronous; tables and queries serve both kinds."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import JSONB
from tests.benchmarks.peers.common import JSON_COLUMNS, Peer, as_dict
from tests.benchmarks.tasks import Point, Task

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_METADATA: Final = sa.MetaData()


def _tasks(name: str) -> sa.Table:
    return sa.Table(
        name,
        _METADATA,
        *(
            sa.Column(
                field.name,
                JSONB(none_as_null=True)
                if field.name in JSON_COLUMNS
                else sa.types.NULLTYPE,
                primary_key=field.name == "id",
            )
            for field in fields(Task)
        ),
    )


TASKS: Final = _tasks("tasks")
TASKS_IN: Final = _tasks("tasks_in")
POINTS: Final = sa.Table(
    "points",
    _METADATA,
    sa.Column("id", sa.BigInteger, primary_key=True),
    sa.Column("x", sa.Double),
    sa.Column("label", sa.Text),
)


class MappedTask:
    """A row of `tasks`."""

    id: UUID
    version: int
    title: str
    retry_count: int


class MappedPoint:
    """A row of `points`."""


_REGISTRY: Final = orm.registry(metadata=_METADATA)
_REGISTRY.map_imperatively(MappedTask, TASKS, version_id_col=TASKS.c.version)
_REGISTRY.map_imperatively(MappedPoint, POINTS)


def get_query(key: UUID) -> Any:
    return sa.select(TASKS).where(TASKS.c.id == key)


def list_query(selected: Any, tenant: UUID, limit: int) -> Any:
    return sa.select(selected).where(TASKS.c.tenant_id == tenant).limit(limit)


def insert_query(task: Task) -> Any:
    return sa.insert(TASKS).values(as_dict(task)).returning(TASKS)


def rename_query(key: UUID, version: int) -> Any:
    return (
        sa.update(TASKS)
        .where(TASKS.c.id == key, TASKS.c.version == version)
        .values(title=f"title {version}", version=TASKS.c.version + 1)
        .returning(TASKS)
    )


def retry_query(key: UUID) -> Any:
    return (
        sa.update(TASKS)
        .where(TASKS.c.id == key)
        .values(retry_count=TASKS.c.retry_count + 1)
    )


def page_query(selected: Any, tenant: UUID, after: Any, size: int) -> Any:
    key = sa.tuple_(TASKS.c.created_at, TASKS.c.id)
    query = sa.select(selected).where(TASKS.c.tenant_id == tenant)
    if after is not None:
        query = query.where(key < after)
    return query.order_by(TASKS.c.created_at.desc(), TASKS.c.id.desc()).limit(size)


def mapped(task: Task) -> MappedTask:
    """The task as an object that can be stored."""
    row = MappedTask()
    for name, value in as_dict(task).items():
        setattr(row, name, value)
    return row


class SqlAlchemyCore(Peer):
    """SQLAlchemy's expression language."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.engine = sa.create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo)
        )
        self.connection = self.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        )

    def get(self, key: UUID) -> Any:
        return Task(*self.connection.execute(get_query(key)).one())

    def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        rows = self.connection.execute(list_query(TASKS, tenant, limit))
        return [Task(*row) for row in rows]

    def insert(self, task: Task) -> Any:
        return Task(*self.connection.execute(insert_query(task)).one())

    def rename(self, key: UUID, version: int) -> Any:
        return Task(*self.connection.execute(rename_query(key, version)).one())

    def transaction(self, key: UUID) -> None:
        with self.engine.begin() as connection:
            Task(*connection.execute(get_query(key)).one())
            connection.execute(retry_query(key))
            connection.execute(retry_query(key))

    def batch(self, tasks: Sequence[Task]) -> None:
        self._many(TASKS, tasks)

    def copy(self, tasks: Sequence[Task]) -> None:
        self._many(TASKS_IN, tasks)

    def _many(self, table: sa.Table, tasks: Sequence[Task]) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.insert(table), [as_dict(task) for task in tasks])

    def stream(self) -> None:
        with self.engine.connect() as connection:
            options = connection.execution_options(yield_per=1000)
            for row in options.execute(sa.select(POINTS)):
                Point(*row)

    def pages(self, tenant: UUID, size: int) -> None:
        after = None
        while rows := self.connection.execute(
            page_query(TASKS, tenant, after, size)
        ).all():
            tasks = [Task(*row) for row in rows]
            after = (tasks[-1].created_at, tasks[-1].id)

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


class SqlAlchemyOrm(Peer):
    """SQLAlchemy's unit of work."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.engine = sa.create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo)
        )

    def get(self, key: UUID) -> Any:
        with orm.Session(self.engine) as session:
            return session.get(MappedTask, key)

    def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        with orm.Session(self.engine) as session:
            return session.scalars(list_query(MappedTask, tenant, limit)).all()

    def insert(self, task: Task) -> Any:
        with orm.Session(self.engine) as session:
            row = mapped(task)
            session.add(row)
            session.commit()
            return row

    def rename(self, key: UUID, version: int) -> Any:
        with orm.Session(self.engine) as session:
            task = session.get_one(MappedTask, key)
            task.title = f"title {version}"
            session.commit()
            return task

    def transaction(self, key: UUID) -> None:
        with orm.Session(self.engine) as session:
            task = session.get_one(MappedTask, key)
            task.retry_count += 1
            session.flush()
            task.retry_count += 1
            session.commit()

    def batch(self, tasks: Sequence[Task]) -> None:
        with orm.Session(self.engine) as session:
            session.add_all([mapped(task) for task in tasks])
            session.commit()

    def stream(self) -> None:
        query = sa.select(MappedPoint).execution_options(yield_per=1000)
        with orm.Session(self.engine) as session:
            for _ in session.scalars(query):
                pass

    def pages(self, tenant: UUID, size: int) -> None:
        after = None
        while True:
            query = page_query(MappedTask, tenant, after, size)
            with orm.Session(self.engine) as session:
                tasks: Sequence[Any] = session.scalars(query).all()
            if not tasks:
                return
            after = (tasks[-1].created_at, tasks[-1].id)

    def close(self) -> None:
        self.engine.dispose()
