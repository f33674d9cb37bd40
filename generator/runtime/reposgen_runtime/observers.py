"""Who observes calls: the observers of a Database, and those of the whole process."""

from __future__ import annotations

import logging
from contextlib import contextmanager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


# The classes are in `observe`, which imports this module.
Observer: TypeAlias = Any
Event: TypeAlias = Any
Call: TypeAlias = Any
Place: TypeAlias = Any

_Started: TypeAlias = "Callable[[Call], object]"
_Ended: TypeAlias = "Callable[[Call, Any], None]"
_Hooks: TypeAlias = "tuple[_Started | None, _Ended | None]"

_logger: Final = logging.getLogger(__name__)
FAILED: Final = "an observer failed at %s"
# Marks the methods that do nothing: nobody calls them.
UNUSED: Final = "__is_unused__"

# Observe every Database, and repositories on the caller's own connections.
_process: list[Observer] = []
_all: WeakSet[Observers] = WeakSet()
_lock: Final = Lock()


class _Several:
    """Several observers of calls as one, each of which may fail by itself."""

    def __init__(self, pairs: Sequence[_Hooks]) -> None:
        self._pairs = pairs

    def started(self, call: Call) -> list[object]:
        states: list[object] = []
        for started, _ in self._pairs:
            state = None
            if started is not None:
                try:
                    state = started(call)
                except Exception:  # the call must not fail with it
                    _logger.exception(FAILED, call.operation.name)
            states.append(state)
        return states

    def ended(self, call: Call, states: list[object]) -> None:
        # Ends are reported in the reverse order, so that observers nest.
        for (_, ended), state in zip(self._pairs[::-1], states[::-1], strict=True):
            if ended is not None:
                try:
                    ended(call, state)
                except Exception:  # as above
                    _logger.exception(FAILED, call.operation.name)


def _hooks(observers: Sequence[Observer]) -> _Hooks:
    """Return what tells the observers of calls, without a loop where there is one."""
    pairs: list[_Hooks] = [
        (
            observer.started if _defines(observer, "started") else None,
            observer.ended if _defines(observer, "ended") else None,
        )
        for observer in observers
    ]
    used = [pair for pair in pairs if pair != (None, None)]
    if len(used) > 1:
        several = _Several(used)
        return several.started, several.ended
    # Whoever calls one directly has to expect that it fails.
    return used[0] if used else (None, None)


def _defines(observer: Observer, name: str) -> bool:
    """Return whether an observer has a method of its own."""
    # One that is no subclass may lack some of them.
    function = getattr(type(observer), name, None)
    return function is not None and not getattr(function, UNUSED, False)


class Observers:
    """The observers of one Database.

    Attributes:
        active: its own and the process's; a call without observers tests no more than
            this attribute.
        hooks: what tells all of them that a call begins, and what tells them that it
            has ended; None where none of them wants to know.
        releasing: `released` of those that want to know when a connection is returned.
    """

    __slots__ = ("__weakref__", "_own", "active", "hooks", "releasing")

    def __init__(self, own: Iterable[Observer] = ()) -> None:
        self._own = tuple(own)
        self.active: tuple[Observer, ...] = ()
        self.hooks: _Hooks = (None, None)
        self.releasing: tuple[Callable[[Place, float], None], ...] = ()
        with _lock:
            _all.add(self)
            self.update()

    def update(self) -> None:
        """Take in what has been added to, or removed from, the process's observers."""
        active = (*self._own, *_process)
        self.hooks = _hooks(active)
        self.releasing = tuple(
            one.released for one in active if _defines(one, "released")
        )
        self.active = active

    def notify(self, event: Event) -> None:
        """Report an event; what an observer raises is logged."""
        for observer in self.active:
            try:
                observer.notified(event)
            except Exception:  # a caller's call must not fail with it
                _logger.exception("an observer failed at %s", type(event).__name__)

    def tell_released(self, place: Place, seconds: float) -> None:
        """Report that a call has returned a connection, and how long it had it."""
        for released in self.releasing:
            try:
                released(place, seconds)
            except Exception:
                _logger.exception("an observer failed")

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


def _update() -> None:
    for observers in [*_all]:
        observers.update()
