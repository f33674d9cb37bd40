"""Background tasks that poll servers at intervals."""

from __future__ import annotations

from abc import ABC, abstractmethod
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from psycopg.rows import tuple_row

from ..forking import cut_off_after_fork
from ..patience import CANCEL_TIMEOUT, be_patient
from ._background import Condition, Worker, wait
from .pool import prove_alive

if TYPE_CHECKING:
    from typing import LiteralString

    from psycopg import AsyncConnection

    from ..settings import Settings

# Minimum seconds between two polls.
_SOON: Final = 0.02
# Seconds for a server to answer, and for the worker to end.
_PATIENCE: Final = 2.0


class ServerMonitor(ABC):
    """Background task that polls one server on a separate connection.

    Attributes:
        settings: settings of the server.
        connection_class: class of connections to it.
    """

    def __init__(
        self, settings: Settings, connection_class: type[AsyncConnection[Any]]
    ) -> None:
        self.settings = settings
        self.connection_class = connection_class
        self._connection: AsyncConnection[Any] | None = None
        self._worker: Worker | None = None
        self._changed = Condition()
        self._is_asked = False
        self._is_over = False

    @abstractmethod
    async def poll(self) -> bool:
        """Query the server; return False if it should be queried again soon."""

    @property
    def interval(self) -> float:
        """Maximum seconds between two polls."""
        return self.settings.replica_interval

    async def start(self) -> None:
        """Start the task."""
        self._changed = Condition()
        self._is_over = False
        self._worker = Worker(self._work)

    async def stop(self) -> None:
        """Stop the task."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        async with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if not await worker.join(_PATIENCE):
            await worker.stop()

    async def poll_soon(self) -> None:
        """Poll the server soon, because a call needs its state."""
        if not self._is_asked:
            async with self._changed:
                self._is_asked = True
                self._changed.notify_all()

    async def ask(self, query: LiteralString) -> tuple[Any, ...]:
        """Return the row of a query.

        Raises:
            psycopg.Error: the server does not answer.
        """
        conninfo = self.settings.hosts.conninfo
        if self._connection is None:
            self._connection = await self.connection_class.connect(
                conninfo,
                autocommit=True,
                prepare_threshold=None,
                **self.settings.connection_options(conninfo),
            )
            cut_off_after_fork(self._connection)
            be_patient(self._connection, _PATIENCE, CANCEL_TIMEOUT)
        try:
            await prove_alive(self._connection, _PATIENCE)
            cursor = self._connection.cursor(row_factory=tuple_row)
            row = await (await cursor.execute(query)).fetchone()
        except BaseException:
            await self._disconnect()
            raise
        return row or ()

    async def _work(self) -> None:
        pause = _SOON
        try:
            while not self._is_over:
                if await self.poll():
                    pause = _SOON
                    await self._rest(pause, self.interval)
                else:
                    pause = min(2 * pause, self.interval)
                    await self._rest(pause, pause)
        finally:
            await self._disconnect()

    async def _rest(self, least: float, most: float) -> None:
        """Wait `least` seconds, and up to `most` until `poll_soon` is called."""
        end = monotonic() + least
        async with self._changed:
            while not self._is_over and (left := end - monotonic()) > 0:
                await wait(self._changed, left)
            if most > least and not (self._is_over or self._is_asked):
                await wait(self._changed, most - least)
            self._is_asked = False

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
