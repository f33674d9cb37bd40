"""Who has a connection to itself, so that no statement may run there meanwhile."""

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
    """Of one connection.

    Attributes:
        reason: why statements may be refused; None: there is none.
        is_foreign: the connection belongs to the process that this one came from.
    """

    __slots__ = ("__weakref__", "_copy", "is_foreign", "reason")

    def __init__(self) -> None:
        self.reason: str | None = None
        self.is_foreign = False
        self._copy: object = None
        tell_after_fork(self)

    def require_free(self) -> None:
        """Refuse to wait for what would never end.

        Raises:
            ConnectionInUse: a stream is open, or rows for COPY are asked for.
        """
        if self.reason is None:
            return
        # Other tasks and threads can wait for the end of a COPY.
        if self._copy is None or self._copy in _feeding.get():
            raise ConnectionInUse(self.reason)

    def begin_stream(self) -> None:
        """A stream has begun."""
        self.reason = _STREAM

    def end_stream(self) -> None:
        """It has ended."""
        if self.reason is _STREAM:
            self.reason = None

    @contextmanager
    def feeding(self) -> Generator[None, None, None]:
        """A block in which the rows for a COPY are asked for."""
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
        """In a child process, nothing may be done with it."""
        self.reason, self._copy, self.is_foreign = _FORKED, None, True


_feeding: Final[ContextVar[tuple[object, ...]]] = ContextVar("feeding", default=())
