"""psycopg, synchronous."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from tests.benchmarks import statements
from tests.benchmarks.peers.common import Peer, key_of, psycopg_values
from tests.benchmarks.statements import percent
from tests.benchmarks.tasks import LAST_KEY, Point, Task, points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class RawPsycopg(Peer):
    """`connection.execute` and tuples: the base of all ratios."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.connection = psycopg.connect(conninfo, autocommit=True)

    def get(self, key: UUID) -> Any:
        return self.connection.execute(percent(statements.GET), (key,)).fetchone()

    def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        return self.connection.execute(
            percent(statements.LIST), (tenant, limit)
        ).fetchall()

    def insert(self, task: Task) -> Any:
        return self.connection.execute(
            percent(statements.INSERT_RETURNING), psycopg_values(task)
        ).fetchone()

    def rename(self, key: UUID, version: int) -> Any:
        return self.connection.execute(
            percent(statements.RENAME), (f"title {version}", key, version)
        ).fetchone()

    def transaction(self, key: UUID) -> None:
        with self.connection.transaction():
            self.get(key)
            self.connection.execute(percent(statements.RETRY), (key,))
            self.connection.execute(percent(statements.RETRY), (key,))

    def batch(self, tasks: Sequence[Task]) -> None:
        self._many(statements.INSERT, tasks)

    def copy(self, tasks: Sequence[Task]) -> None:
        self._many(statements.INSERT_IN, tasks)

    def _many(self, sql: str, tasks: Sequence[Task]) -> None:
        with self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(percent(sql), [psycopg_values(task) for task in tasks])

    def stream(self) -> None:
        with self.connection.cursor() as cursor:
            for _ in cursor.stream(statements.STREAM, size=1000):
                pass

    def pages(self, tenant: UUID, size: int) -> None:
        after, sql = LAST_KEY, percent(statements.PAGE)
        while rows := self.connection.execute(sql, (tenant, *after, size)).fetchall():
            after = key_of(rows[-1])

    def close(self) -> None:
        self.connection.close()


class HandWrittenPsycopg(RawPsycopg):
    """psycopg as people use it well: objects by hand, COPY for bulk."""

    def get(self, key: UUID) -> Any:
        return Task(*super().get(key))

    def list(self, tenant: UUID, limit: int) -> Sequence[Any]:
        return [Task(*row) for row in super().list(tenant, limit)]

    def insert(self, task: Task) -> Any:
        return Task(*super().insert(task))

    def rename(self, key: UUID, version: int) -> Any:
        return Task(*super().rename(key, version))

    def copy(self, tasks: Sequence[Task]) -> None:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(statements.COPY) as copy,
        ):
            for task in tasks:
                copy.write_row(psycopg_values(task))

    def copy_points(self) -> None:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(statements.COPY_POINTS) as copy,
        ):
            for point in points():
                copy.write_row((point.id, point.x, point.label))

    def stream(self) -> None:
        with self.connection.cursor() as cursor:
            for row in cursor.stream(statements.STREAM, size=1000):
                Point(*row)

    def pages(self, tenant: UUID, size: int) -> None:
        after, sql = LAST_KEY, percent(statements.PAGE)
        while rows := self.connection.execute(sql, (tenant, *after, size)).fetchall():
            tasks = [Task(*row) for row in rows]
            after = (tasks[-1].created_at, tasks[-1].id)
