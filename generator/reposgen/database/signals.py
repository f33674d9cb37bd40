"""Ctrl-C and SIGTERM: every run cleans up, and nothing interrupts the cleaning."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING

from reposgen.posix import held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_TERMINATION_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows has no SIGHUP
)


@contextlib.contextmanager
def termination_raised() -> Iterator[None]:
    """Turn the signals that end a process into SystemExit, so that blocks are left.

    A handler that somebody has set stays. Outside the main thread, where none can
    be set, nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    replaced = [
        s for s in _TERMINATION_SIGNALS if signal.getsignal(s) is signal.SIG_DFL
    ]
    for number in replaced:
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number in replaced:
            signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def signals_blocked() -> Iterator[None]:
    """Block signals until the end of the block."""
    with held({signal.SIGINT, *_TERMINATION_SIGNALS}):
        yield


def _leave(number: int, _: FrameType | None) -> None:
    # What a shell reports for a process that a signal ended.
    raise SystemExit(128 + number)
