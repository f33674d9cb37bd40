"""What POSIX systems have, and what stands in for it on Windows."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if sys.platform != "win32":
    import fcntl
    import pwd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def user_id() -> int | None:
    """Return the number of the user that we are; None where users have none."""
    return None if sys.platform == "win32" else os.geteuid()


def is_root() -> bool:
    """Return whether we may do everything."""
    return user_id() == 0


def server_user() -> pwd.struct_passwd | None:
    """Return whom a server runs as, or None for the user that we are."""
    if sys.platform == "win32" or not is_root():
        return None
    # PostgreSQL refuses to run as root. Every system has this user, so none has to be
    # added to it.
    return pwd.getpwnam("nobody")


def locked_at_once(descriptor: int) -> bool:
    """Lock an open file unless somebody else has locked it.

    Processes that inherit the file hold the lock too.
    """
    if sys.platform == "win32":
        raise NotImplementedError("files are inherited by processes on POSIX alone")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in such a block for the folder."""
    if sys.platform == "win32":
        # A folder cannot be locked itself, and a file in it would be in the way.
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        import tempfile  # noqa: PLC0415 -- few runs need it

        from filelock import FileLock  # noqa: PLC0415 -- needed here alone

        with FileLock(Path(tempfile.gettempdir()) / f"reposgen-{name}.lock"):
            yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def synced(folder: Path) -> None:
    """Have the names in a folder written to the disk, where that can be asked for."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def held(signals: Iterable[signal.Signals]) -> Iterator[None]:
    """Let signals wait until the block is done, where signals can wait."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
