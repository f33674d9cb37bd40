"""What people write by hand in place of generated code, synchronous.

Each class opens what it needs; its methods are the operations, and give what the
generated ones give: objects, not driver rows (but for `RawPsycopg`, the base).
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import psycopg
import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy import orm
from sqlalchemy.dialects.postgresql import JSONB
from tests.benchmarks import statements
from tests.benchmarks.statements import percent
from tests.benchmarks.tasks import COLUMNS, Task, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

_JSON_COLUMNS = ("parameters", "result")
_JSON_PLACES = tuple(map(COLUMNS.index, _JSON_COLUMNS))


def psycopg_values(task: Task) -> Sequence[Any]:
    """The row as psycopg wants it: jsonb wrapped."""
    row = list(values_of(task))
    for place in _JSON_PLACES:
        if row[place] is not None:
            row[place] = Jsonb(row[place])
    return row


class RawPsycopg:
    """`connection.execute` and tuples: the base of all ratios."""

    def __init__(self, conninfo: str) -> None:
        self.connection = psycopg.connect(conninfo, autocommit=True)

    def get(self, key: UUID) -> object:
        return self.connection.execute(percent(statements.GET), (key,)).fetchone()

    def list(self, tenant: UUID, limit: int) -> Sequence[object]:
        return self.connection.execute(
            percent(statements.LIST), (tenant, limit)
        ).fetchall()

    def insert(self, task: Task) -> object:
        return self.connection.execute(
            percent(statements.INSERT_RETURNING), psycopg_values(task)
        ).fetchone()

    def rename(self, key: UUID, version: int) -> object:
        return self.connection.execute(
            percent(statements.RENAME), (f"title {version}", key, version)
        ).fetchone()

    def transaction(self, key: UUID) -> None:
        with self.connection.transaction():
            self.get(key)
            self.connection.execute(percent(statements.RETRY), (key,))
            self.connection.execute(percent(statements.RETRY), (key,))

    def batch(self, tasks: Sequence[Task]) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(
                percent(statements.INSERT), [psycopg_values(task) for task in tasks]
            )

    copy = batch

    def stream(self) -> int:
        rows = 0
        with self.connection.cursor() as cursor:
            for _ in cursor.stream(statements.STREAM, size=1000):
                rows += 1
        return rows

    def close(self) -> None:
        self.connection.close()


class HandWrittenPsycopg(RawPsycopg):
    """psycopg as people use it well: objects by hand, COPY for bulk."""

    def get(self, key: UUID) -> object:
        row: Any = super().get(key)
        return Task(*row)

    def list(self, tenant: UUID, limit: int) -> Sequence[object]:
        rows: Sequence[Any] = super().list(tenant, limit)
        return [Task(*row) for row in rows]

    def insert(self, task: Task) -> object:
        row: Any = super().insert(task)
        return Task(*row)

    def rename(self, key: UUID, version: int) -> object:
        row: Any = super().rename(key, version)
        return Task(*row)

    def copy(self, tasks: Sequence[Task]) -> None:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(statements.COPY) as copy,
        ):
            for task in tasks:
                copy.write_row(psycopg_values(task))


_METADATA = sa.MetaData()
_TASKS = sa.Table(
    "tasks",
    _METADATA,
    *(
        sa.Column(
            field.name,
            JSONB(none_as_null=True)
            if field.name in _JSON_COLUMNS
            else sa.types.NULLTYPE,
            primary_key=field.name == "id",
        )
        for field in fields(Task)
    ),
)


class SqlAlchemyCore:
    """SQLAlchemy's expression language."""

    def __init__(self, conninfo: str) -> None:
        self.engine = sa.create_engine(
            "postgresql+psycopg://",
            creator=lambda: psycopg.connect(conninfo),
            isolation_level="AUTOCOMMIT",
        )
        self.connection = self.engine.connect()

    def get(self, key: UUID) -> object:
        query = sa.select(_TASKS).where(_TASKS.c.id == key)
        return Task(*self.connection.execute(query).one())

    def list(self, tenant: UUID, limit: int) -> Sequence[object]:
        query = sa.select(_TASKS).where(_TASKS.c.tenant_id == tenant).limit(limit)
        return [Task(*row) for row in self.connection.execute(query)]

    def insert(self, task: Task) -> object:
        query = sa.insert(_TASKS).values(_as_dict(task)).returning(_TASKS)
        return Task(*self.connection.execute(query).one())

    def rename(self, key: UUID, version: int) -> object:
        query = (
            sa.update(_TASKS)
            .where(_TASKS.c.id == key, _TASKS.c.version == version)
            .values(title=f"title {version}", version=_TASKS.c.version + 1)
            .returning(_TASKS)
        )
        return Task(*self.connection.execute(query).one())

    def batch(self, tasks: Sequence[Task]) -> None:
        self.connection.execute(sa.insert(_TASKS), [_as_dict(task) for task in tasks])

    copy = batch

    def close(self) -> None:
        self.connection.close()
        self.engine.dispose()


class _Mapped:
    id: UUID
    version: int
    title: str
    retry_count: int


_REGISTRY = orm.registry(metadata=_METADATA)
_REGISTRY.map_imperatively(_Mapped, _TASKS, version_id_col=_TASKS.c.version)


class SqlAlchemyOrm:
    """SQLAlchemy's unit of work."""

    def __init__(self, conninfo: str) -> None:
        self.engine = sa.create_engine(
            "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo)
        )

    def get(self, key: UUID) -> object:
        with orm.Session(self.engine) as session:
            return session.get(_Mapped, key)

    def list(self, tenant: UUID, limit: int) -> Sequence[object]:
        query = sa.select(_Mapped).where(_TASKS.c.tenant_id == tenant).limit(limit)
        with orm.Session(self.engine) as session:
            return session.scalars(query).all()

    def insert(self, task: Task) -> object:
        with orm.Session(self.engine) as session:
            mapped = _mapped(task)
            session.add(mapped)
            session.commit()
            return mapped

    def rename(self, key: UUID, version: int) -> object:
        with orm.Session(self.engine) as session:
            task = session.get_one(_Mapped, key)
            task.title = f"title {version}"
            session.commit()
            return task

    def transaction(self, key: UUID) -> None:
        with orm.Session(self.engine) as session:
            task = session.get_one(_Mapped, key)
            task.retry_count += 1
            session.flush()
            task.retry_count += 1
            session.commit()

    def batch(self, tasks: Sequence[Task]) -> None:
        with orm.Session(self.engine) as session:
            session.add_all([_mapped(task) for task in tasks])
            session.commit()

    copy = batch

    def close(self) -> None:
        self.engine.dispose()


def _as_dict(task: Task) -> dict[str, Any]:
    return dict(zip(COLUMNS, values_of(task), strict=True))


def _mapped(task: Task) -> _Mapped:
    mapped = _Mapped()
    for name, value in _as_dict(task).items():
        setattr(mapped, name, value)
    return mapped
