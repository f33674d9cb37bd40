"""Who observes calls: the observers of a Database, and those of the whole process."""

from __future__ import annotations

import logging
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


# The classes are in `observe`, which imports this module.
Observer: TypeAlias = Any
Event: TypeAlias = Any
Call: TypeAlias = Any

_logger: Final = logging.getLogger(__name__)
# Marks the methods that do nothing: nobody calls them.
UNUSED: Final = "__is_unused__"

# Observe every Database, and repositories on the caller's own connections.
_process: list[Observer] = []
_all: WeakSet[Observers] = WeakSet()
_lock: Final = Lock()


class Observers:
    """The observers of one Database.

    Attributes:
        active: its own and the process's; a call without observers tests no more than
            this attribute.
        starting: of those that want to know when a call begins, `started`.
        ending: of those that want to know when a call has ended, `ended`, and the
            place of `started` among the former; -1 if it is not there.
    """

    __slots__ = ("__weakref__", "_own", "active", "ending", "starting")

    def __init__(self, own: Iterable[Observer] = ()) -> None:
        self._own = tuple(own)
        self.active: tuple[Observer, ...] = ()
        self.starting: tuple[Callable[[Call], object], ...] = ()
        self.ending: tuple[tuple[Callable[[Call, Any], None], int], ...] = ()
        with _lock:
            _all.add(self)
            self.update()

    def update(self) -> None:
        """Take in what has been added to, or removed from, the process's observers."""
        active = (*self._own, *_process)
        starting = [one for one in active if _defines(one, "started")]
        places = {id(one): place for place, one in enumerate(starting)}
        self.starting = tuple(one.started for one in starting)
        # Whoever is told first of the beginning is told last of the end.
        self.ending = tuple(
            (one.ended, places.get(id(one), -1))
            for one in active[::-1]
            if _defines(one, "ended")
        )
        self.active = active

    def notify(self, event: Event) -> None:
        """Report an event; what an observer raises is logged."""
        for observer in self.active:
            try:
                observer.notified(event)
            except Exception:  # a caller's call must not fail with it
                _logger.exception("an observer failed at %s", type(event).__name__)

    def tell_opened(self, database: object) -> None:
        """Report that a Database is open."""
        for observer in self.active:
            try:
                observer.opened(database)
            except Exception:
                _logger.exception("an observer failed")

    def tell_closed(self, database: object) -> None:
        """Report that a Database is closed."""
        for observer in self.active:
            try:
                observer.closed(database)
            except Exception:
                _logger.exception("an observer failed")


# Of repositories on connections of the caller's own.
CONNECTIONS: Final = Observers()
# Of what is part of a call that is observed already.
NOBODY: Final = Observers()
_all.discard(NOBODY)
# A block that nobody observes.
UNOBSERVED: Final = nullcontext()


def observe_process(observer: Observer) -> None:
    """Have every Database of the process observed, those included that are open.

    Repositories on the caller's own connections are observed as well.
    """
    with _lock:
        _process.append(observer)
        _update()


def stop_observing(observer: Observer) -> None:
    """Undo `observe_process`; does nothing if that is not in force."""
    with _lock:
        _process[:] = [other for other in _process if other is not observer]
        _update()


@contextmanager
def observing(observer: Observer) -> Iterator[None]:
    """Let an observer see all calls of the process in the block."""
    observe_process(observer)
    try:
        yield
    finally:
        stop_observing(observer)


def _defines(observer: Observer, name: str) -> bool:
    """Return whether an observer has a method of its own."""
    function = getattr(type(observer), name)
    return not getattr(function, UNUSED, False)


def _update() -> None:
    for observers in [*_all]:
        observers.update()
