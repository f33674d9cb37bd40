"""Ways for a server to come to a bad end, and to come back."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.pq import PGconn, Ping

if TYPE_CHECKING:
    from collections.abc import Iterator


def kill_backend(conninfo: str, marker: str) -> None:
    """SIGKILL the process that works on a statement; all others go down with it."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        while (pid := _pid_of(admin, marker)) is None:
            pass
        os.kill(pid, signal.SIGKILL)
        # It has come to all once it has come to this one.
        with suppress(psycopg.OperationalError):
            while True:
                admin.execute("SELECT 1")


def _pid_of(admin: psycopg.Connection, marker: str) -> int | None:
    row = admin.execute(
        "SELECT pid FROM pg_stat_activity WHERE position(%s IN query) > 0"
        " AND state <> 'idle' AND pid <> pg_backend_pid()",
        (marker,),
    ).fetchone()
    return None if row is None else int(row[0])


def kill_server(conninfo: str, marker: str) -> None:
    """SIGKILL the whole server, as soon as it works on a statement."""
    with psycopg.connect(conninfo, autocommit=True) as admin:
        row = admin.execute("SHOW data_directory").fetchone()
        assert row is not None
        postmaster = Path(row[0], "postmaster.pid").read_text("ascii").splitlines()[0]
        while _pid_of(admin, marker) is None:
            pass
        kill_processes(int(postmaster))


def kill_processes(postmaster: int) -> None:
    """SIGKILL a server and all its processes."""
    os.kill(postmaster, signal.SIGSTOP)
    children = subprocess.run(  # noqa: S603 -- a number, and a tool of every Unix
        ["/bin/ps", "-o", "pid=", "--ppid", str(postmaster)],
        capture_output=True,
        encoding="ascii",
        check=False,
    ).stdout.split()
    for pid in (postmaster, *map(int, children)):
        os.kill(pid, signal.SIGKILL)


@contextmanager
def meanwhile(work: object, *arguments: str) -> Iterator[None]:
    """Something that happens in a thread while the block runs."""
    assert callable(work)
    failures: list[BaseException] = []

    def attempt() -> None:
        try:
            work(*arguments)
        except BaseException as failure:  # noqa: BLE001 -- raised below, in the test
            failures.append(failure)

    thread = threading.Thread(target=attempt)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failures:
        raise failures[0]


def come_back(conninfo: str) -> None:
    """Wait until a server that went down has recovered."""
    # psycopg leaves a connection open that the server ends while it is being made.
    while PGconn.ping(conninfo.encode()) != Ping.OK:
        pass
    while True:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            continue
        return
