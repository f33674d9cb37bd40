"""A round trip with nothing in it, which says that the server is there."""

from __future__ import annotations

import select
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

import psycopg
from psycopg.waiting import Ready

from . import wire

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn

R = TypeVar("R")

# Seconds between two looks at the clock.
INTERVAL: Final = 0.05


def ping(pgconn: PGconn, seconds: float) -> PQGen[None]:
    """Ask the server for a row of nothing.

    Wait for it with an interval, or it will not end in time.

    Raises:
        psycopg.Error: there was no answer.
    """
    wire.check((yield from _within(wire.command(pgconn, b"SELECT"), seconds)))


def _within(work: PQGen[R], seconds: float) -> PQGen[R]:
    deadline = monotonic() + seconds
    try:
        wanted = next(work)
        while True:
            ready = yield wanted
            if ready == Ready.NONE and monotonic() >= deadline:
                raise psycopg.OperationalError(f"no answer within {seconds:g} s")
            wanted = work.send(ready)
    except StopIteration as end:
        result: R = end.value
        return result


def is_quiet(pgconn: PGconn) -> bool:
    """Whether nothing has arrived; the server's farewell would be something."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN)
        return not poll.poll(0)
    return not select.select([pgconn.socket], [], [], 0)[0]
