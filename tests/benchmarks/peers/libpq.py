"""The limit: what libpq takes, with nothing encoded and nothing made of the results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.pq import Format
from tests.benchmarks import statements
from tests.benchmarks.peers.common import Peer, psycopg_values
from tests.benchmarks.statements import dollars
from tests.benchmarks.tasks import points

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from tests.benchmarks.tasks import Task

BLOCK: Final = 128 * 1024


class Libpq(Peer):
    """Prepared statements by `PQexecPrepared`, COPY from bytes that are ready."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(conninfo)
        self.connection = psycopg.connect(conninfo, autocommit=True)
        self._pgconn = self.connection.pgconn
        for name in ("GET", "LIST", "RENAME", "RETRY"):
            sql = dollars(getattr(statements, name)).encode()
            self._pgconn.prepare(name.encode(), sql)
        self._rows: dict[int, bytes] = {}
        self._points = b""

    def _run(self, name: bytes, *values: object) -> None:
        self._pgconn.exec_prepared(
            name, [str(value).encode() for value in values], None, Format.BINARY
        )

    def get(self, key: UUID) -> None:
        self._run(b"GET", key)

    def list(self, tenant: UUID, limit: int) -> None:
        self._run(b"LIST", tenant, limit)

    def rename(self, key: UUID, version: int) -> None:
        self._run(b"RENAME", f"title {version}", key, version)

    def transaction(self, key: UUID) -> None:
        self._pgconn.exec_(b"BEGIN")
        self._run(b"GET", key)
        self._run(b"RETRY", key)
        self._run(b"RETRY", key)
        self._pgconn.exec_(b"COMMIT")

    def params(self, tasks: Sequence[Task]) -> Sequence[Any]:
        size = len(tasks)
        if size not in self._rows:
            with (
                self.connection.cursor() as cursor,
                cursor.copy(statements.COPY) as copy,
            ):
                for task in tasks:
                    copy.write_row(psycopg_values(task))
            self._rows[size] = self._taken_from("tasks_in")
        return self._rows[size]

    def copy(self, data: bytes) -> None:
        self._copy(statements.COPY, data)

    def copy_points(self) -> None:
        self._copy(statements.COPY_POINTS, self._points)

    def empty(self) -> None:
        if not self._points:
            with (
                self.connection.cursor() as cursor,
                cursor.copy(statements.COPY_POINTS) as copy,
            ):
                for point in points():
                    copy.write_row((point.id, point.x, point.label))
            self._points = self._taken_from("points_in")
        super().empty()

    def _taken_from(self, table: str) -> bytes:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} TO STDOUT (FORMAT binary)") as copy,
        ):
            data = b"".join(map(bytes, copy))
        super().empty()
        return data

    def _copy(self, command: str, data: bytes) -> None:
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"{command} (FORMAT binary)") as copy,
        ):
            for start in range(0, len(data), BLOCK):
                copy.write(data[start : start + BLOCK])

    def close(self) -> None:
        self.connection.close()
