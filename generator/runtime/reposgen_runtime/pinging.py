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
    from psycopg.pq.abc import PGconn, PGresult

R = TypeVar("R")

# Seconds between two looks at the clock.
INTERVAL: Final = 0.05


def ping(
    pgconn: PGconn, seconds: float, question: bytes = b"SELECT"
) -> PQGen[PGresult]:
    """Ask the server for a row, of nothing if there is no question.

    Wait for it with an interval, or it will not end in time.

    Raises:
        psycopg.Error: there was no answer.
    """
    work = wire.command(pgconn, question)
    return wire.check((yield from within(work, seconds)))


def within(work: PQGen[R], seconds: float) -> PQGen[R]:
    """Do some work, in so many seconds at most; wait for it with an interval.

    Raises:
        psycopg.OperationalError: it took longer.
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
    """Whether nothing has arrived; the server's farewell would be something."""
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(pgconn.socket, select.POLLIN)
        return not poll.poll(0)
    return not select.select([pgconn.socket], [], [], 0)[0]
