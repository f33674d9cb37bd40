"""Exclusive use of a connection, during which no other statement may run."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from .errors import ConnectionInUse
from .forking import LEFT_BEHIND, tell_after_fork

if TYPE_CHECKING:
    from collections.abc import Generator

_STREAM: Final = (
    "a stream is open on this connection: read it to its end or close it, or use"
    " another connection"
)
_COPY: Final = (
    "a COPY is under way on this connection, which takes its rows from the code that"
    " makes this call: read what the rows are made of before, or use another connection"
)
_FORKED: Final = f"this connection can't be used: {LEFT_BEHIND}"


class Usage:
    """Exclusive use of one connection.

    Attributes:
        reason: why statements can be refused; None if the connection is free.
        is_foreign: True if the connection belongs to the parent process.
    """

    __slots__ = ("__weakref__", "_copy", "is_foreign", "reason")

    def __init__(self) -> None:
        self.reason: str | None = None
        self.is_foreign = False
        self._copy: object = None
        tell_after_fork(self)

    def require_free(self) -> None:
        """Check that waiting for the connection can end.

        Raises:
            ConnectionInUse: a stream is open, or the caller supplies rows to a COPY.
        """
        if self.reason is None:
            return
        # Other tasks and threads can wait for the end of a COPY.
        if self._copy is None or self._copy in _feeding.get():
            raise ConnectionInUse(self.reason)

    def begin_stream(self) -> None:
        """Record that a stream has begun."""
        self.reason = _STREAM

    def end_stream(self) -> None:
        """Record that the stream has ended."""
        if self.reason is _STREAM:
            self.reason = None

    @contextmanager
    def feeding(self) -> Generator[None, None, None]:
        """Mark a block in which the rows of a COPY are read from the caller."""
        self.reason, self._copy = _COPY, object()
        token = _feeding.set((*_feeding.get(), self._copy))
        try:
            yield
        finally:
            _feeding.reset(token)
            self._copy = None
            if self.reason is _COPY:
                self.reason = None

    def after_fork(self) -> None:
        """Refuse all use of the connection in a child process."""
        self.reason, self._copy, self.is_foreign = _FORKED, None, True


_feeding: Final[ContextVar[tuple[object, ...]]] = ContextVar("feeding", default=())
