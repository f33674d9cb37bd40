# Derived from ../aio/monitor.py by derive_sync.py: change that file.
"""Background threads that poll servers at intervals."""

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

    from psycopg import Connection

    from ..settings import Settings

# Minimum seconds between two polls.
_SOON: Final = 0.02
# Seconds for a server to answer, and for the worker to end.
_PATIENCE: Final = 2.0


class ServerMonitor(ABC):
    """Background thread that polls one server on a separate connection.

    Attributes:
        settings: settings of the server.
        connection_class: class of connections to it.
    """

    def __init__(
        self, settings: Settings, connection_class: type[Connection[Any]]
    ) -> None:
        self.settings = settings
        self.connection_class = connection_class
        self._connection: Connection[Any] | None = None
        self._worker: Worker | None = None
        self._changed = Condition()
        self._is_asked = False
        self._is_over = False

    @abstractmethod
    def poll(self) -> bool:
        """Query the server; return False if it should be queried again soon."""

    @property
    def interval(self) -> float:
        """Maximum seconds between two polls."""
        return self.settings.replica_interval

    def start(self) -> None:
        """Start the task."""
        self._changed = Condition()
        self._is_over = False
        self._worker = Worker(self._work)

    def stop(self) -> None:
        """Stop the task."""
        worker, self._worker = self._worker, None
        if worker is None:
            return
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        if not worker.join(_PATIENCE):
            worker.stop()

    def poll_soon(self) -> None:
        """Poll the server soon, because a call needs its state."""
        if not self._is_asked:
            with self._changed:
                self._is_asked = True
                self._changed.notify_all()

    def ask(self, query: LiteralString) -> tuple[Any, ...]:
        """Return the row of a query.

        Raises:
            psycopg.Error: the server does not answer.
        """
        conninfo = self.settings.hosts.conninfo
        if self._connection is None:
            self._connection = self.connection_class.connect(
                conninfo,
                autocommit=True,
                prepare_threshold=None,
                **self.settings.connection_options(conninfo),
            )
            cut_off_after_fork(self._connection)
            be_patient(self._connection, _PATIENCE, CANCEL_TIMEOUT)
        try:
            prove_alive(self._connection, _PATIENCE)
            cursor = self._connection.cursor(row_factory=tuple_row)
            row = (cursor.execute(query)).fetchone()
        except BaseException:
            self._disconnect()
            raise
        return row or ()

    def _work(self) -> None:
        pause = _SOON
        try:
            while not self._is_over:
                if self.poll():
                    pause = _SOON
                    self._rest(pause, self.interval)
                else:
                    pause = min(2 * pause, self.interval)
                    self._rest(pause, pause)
        finally:
            self._disconnect()

    def _rest(self, least: float, most: float) -> None:
        """Wait `least` seconds, and up to `most` until `poll_soon` is called."""
        end = monotonic() + least
        with self._changed:
            while not self._is_over and (left := end - monotonic()) > 0:
                wait(self._changed, left)
            if most > least and not (self._is_over or self._is_asked):
                wait(self._changed, most - least)
            self._is_asked = False

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
