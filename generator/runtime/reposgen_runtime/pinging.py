"""Round trips without effect, to check that the server answers."""

from __future__ import annotations

import select
from time import monotonic
from typing import TYPE_CHECKING, Final, TypeVar

import psycopg
from psycopg.waiting import Ready

from . import wire

if TYPE_CHECKING:
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

R = TypeVar("R")

# Seconds between two checks of the deadline.
INTERVAL: Final = 0.05


def ping(
    pgconn: PGconn, seconds: float, question: bytes = b"SELECT"
) -> PQGen[PGresult]:
    """Send a query to the server and return its result; by default an empty SELECT.

    The caller must wait with an interval, or the time limit has no effect.

    Raises:
        psycopg.Error: the server did not answer within `seconds`, or refused the query.
    """
    work = wire.command(pgconn, question)
    return wire.check((yield from within(work, seconds)))


def within(work: PQGen[R], seconds: float) -> PQGen[R]:
    """Drive a generator for at most `seconds`.

    The caller must wait with an interval, or the time limit has no effect.

    Raises:
        psycopg.OperationalError: the time is over.
    """
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
    """Return True if no input is available; a termination message would be input."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN)
        return not poll.poll(0)
    return not select.select([pgconn.socket], [], [], 0)[0]
