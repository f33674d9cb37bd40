"""Ctrl-C and SIGTERM: every run cleans up, and the cleanup is not interrupted."""

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
    """Turn termination signals into SystemExit, so that blocks are left.

    Existing handlers are kept. Nothing is done outside the main thread, where handlers
    cannot be set.
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
