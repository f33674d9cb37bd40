# Derived from ../aio/savepoints.py by derive_sync.py: change that file.
"""Savepoints of a transaction."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import BlocksOverlap, RepositoryError, TransactionClosed
from ..patience import grace_of
from ..transactions import quoted
from ._compat import unhindered

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..transactions import Callbacks
    from .connection import Session


class Savepoint:
    """A savepoint that `savepoint()` opens.

    Attributes:
        name: its name in SQL.
    """

    def __init__(self, savepoints: Savepoints, name: str) -> None:
        self.name = name
        # True if an outer savepoint was left first, and rolled back.
        self.outlived = False
        self._savepoints = savepoints

    def rollback(self) -> None:
        """Undo the work since the start of its block, which continues.

        Savepoints within it are gone; leaving their blocks has no further effect.

        Raises:
            TransactionClosed: the block has ended, or an outer savepoint undid it.
        """
        self._savepoints.roll_back_to(self)


class Savepoints:
    """Open savepoints of a transaction.

    Attributes:
        spoilt: True if rolling back to a savepoint failed, so that nothing may be
            committed.
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

    @property
    def innermost(self) -> Savepoint | None:
        """The innermost open savepoint, or None."""
        return self._set[-1][0] if self._set else None

    @contextmanager
    def block(self, name: str | None) -> Generator[Savepoint, None, None]:
        """Run the block with a savepoint.

        Raises:
            RepositoryError: a savepoint of that name is open.
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
            self._require_nested(savepoint)
            if self._is_set(savepoint):
                self._command(f"RELEASE SAVEPOINT {sql}")
        except BaseException as error:
            for inner in self._inner(savepoint):
                inner.outlived = True
            if self._is_set(savepoint):
                if isinstance(error, Exception):
                    self._leave(savepoint)
                else:
                    # The task can be cancelled again.
                    seconds = grace_of(self._connection)
                    unhindered(self._leave, savepoint, seconds)
            raise
        finally:
            self._set = [pair for pair in self._set if pair[0] is not savepoint]

    def roll_back_to(self, savepoint: Savepoint) -> None:
        """Undo the work since a savepoint.

        Raises:
            TransactionClosed: the savepoint is gone.
        """
        if not self._is_set(savepoint):
            raise TransactionClosed(f"savepoint {savepoint.name!r} is gone")
        sql = quoted(savepoint.name, self._connection)
        self._command(f"ROLLBACK TO SAVEPOINT {sql}")
        self._forget_after(savepoint)

    def _require_nested(self, savepoint: Savepoint) -> None:
        """Check that a savepoint nests with the others before its work is kept."""
        if savepoint.outlived or self._inner(savepoint):
            raise BlocksOverlap(
                f"savepoint {savepoint.name!r} does not nest with another one, whose"
                " block is in another generator or function"
            )

    def _inner(self, savepoint: Savepoint) -> list[Savepoint]:
        """Return the open savepoints that were set after this one."""
        names = [other for other, _ in self._set]
        return names[names.index(savepoint) + 1 :] if savepoint in names else []

    def _leave(self, savepoint: Savepoint) -> None:
        sql = quoted(savepoint.name, self._connection)
        # If the connection is lost, the whole transaction is rolled back.
        before, self.spoilt = self.spoilt, True
        try:
            with suppress(RepositoryError):
                self._command(f"ROLLBACK TO SAVEPOINT {sql}; RELEASE SAVEPOINT {sql}")
                self.spoilt = before
        finally:
            self._forget_after(savepoint)

    def _is_set(self, savepoint: Savepoint) -> bool:
        return any(other is savepoint for other, _ in self._set)

    def _forget_after(self, savepoint: Savepoint) -> None:
        """Forget the savepoints after this one, and update the callbacks."""
        depth = [other for other, _ in self._set].index(savepoint)
        _, mark = self._set[depth]
        self._callbacks.undo(mark)
        del self._set[depth + 1 :]
