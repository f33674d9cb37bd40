# Derived from ../aio/savepoints.py by derive_sync.py: change that file.
"""The savepoints of a transaction."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import RepositoryError, TransactionClosed
from ..transactions import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..transactions import Callbacks
    from .session import Session


class Savepoint:
    """What `savepoint()` opens.

    Attributes:
        name: as SQL knows it.
    """

    def __init__(self, savepoints: Savepoints, name: str) -> None:
        self.name = name
        self._savepoints = savepoints

    def rollback(self) -> None:
        """Undo what was done since its block was entered; the block goes on.

        Savepoints within it are gone: to leave their blocks has no further effect.

        Raises:
            TransactionClosed: the block has ended, or an outer savepoint undid it.
        """
        self._savepoints.roll_back_to(self)


class Savepoints:
    """Those that are set, the outermost first.

    Attributes:
        spoilt: one could not be rolled back to, so nothing may be committed.
    """

    def __init__(
        self,
        session: Session,
        command: Callable[[str], None],
        callbacks: Callbacks,
    ) -> None:
        self.spoilt = False
        self._connection = session.connection
        self._command = command
        self._callbacks = callbacks
        self._set: list[tuple[Savepoint, tuple[int, int]]] = []

    @contextmanager
    def block(self, name: str | None) -> Generator[Savepoint, None, None]:
        """A block with a savepoint.

        Raises:
            RepositoryError: there is one of that name.
        """
        depth = len(self._set)
        savepoint = Savepoint(self, name or f"savepoint_{depth + 1}")
        if any(other.name == savepoint.name for other, _ in self._set):
            raise RepositoryError(f"there is already a savepoint {savepoint.name!r}")
        sql = quoted(savepoint.name, self._connection)
        self._command(f"SAVEPOINT {sql}")
        self._set.append((savepoint, self._callbacks.mark()))
        try:
            yield savepoint
            if self._is_set(savepoint):
                self._command(f"RELEASE SAVEPOINT {sql}")
        except BaseException:
            if self._is_set(savepoint):
                self._leave(savepoint, sql)
            raise
        finally:
            del self._set[depth:]

    def roll_back_to(self, savepoint: Savepoint) -> None:
        """Undo what was done since then.

        Raises:
            TransactionClosed: it is not set.
        """
        if not self._is_set(savepoint):
            raise TransactionClosed(f"savepoint {savepoint.name!r} is gone")
        sql = quoted(savepoint.name, self._connection)
        self._command(f"ROLLBACK TO SAVEPOINT {sql}")
        self._forget_after(savepoint)

    def _leave(self, savepoint: Savepoint, sql: str) -> None:
        try:
            self._command(f"ROLLBACK TO SAVEPOINT {sql}; RELEASE SAVEPOINT {sql}")
        except RepositoryError:
            # With the connection gone, so is the whole transaction.
            self.spoilt = True
        self._forget_after(savepoint)

    def _is_set(self, savepoint: Savepoint) -> bool:
        return any(other is savepoint for other, _ in self._set)

    def _forget_after(self, savepoint: Savepoint) -> None:
        """What a rollback to a savepoint leaves: that one, and those around it."""
        depth = [other for other, _ in self._set].index(savepoint)
        _, mark = self._set[depth]
        self._callbacks.undo(mark)
        del self._set[depth + 1 :]
