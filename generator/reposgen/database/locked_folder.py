"""Folders that persist between runs, each used by one run at a time.

A run takes the first folder that is not locked, so two simultaneous runs work in two
folders. A folder is locked through an open file, which the server inherits. So a folder
whose lock is free has no running server, even if its run was killed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from typing import TYPE_CHECKING

from reposgen.cache.folder import CACHE_VARIABLE, cache_directory, make_folder
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass
from reposgen.posix import locked_at_once

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFolder:
    """A folder that this process has locked.

    Attributes:
        path: the folder, which can be missing.
        lock: descriptor of the locked file, to be inherited by the server.
    """

    path: Path
    lock: int


@contextlib.contextmanager
def writing_to_cache() -> Iterator[None]:
    """Report an OSError in the block as an error of the cache folder.

    Raises:
        ReposgenError: the cache folder cannot be written.
    """
    try:
        yield
    except OSError as problem:
        raise ReposgenError(
            [
                error(
                    "cache-unwritable",
                    f"the cache folder cannot be written: {problem.strerror}",
                    path=str(cache_directory()),
                    hint=f"set {CACHE_VARIABLE} to a folder that you may write",
                )
            ]
        ) from problem


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[LockedFolder]:
    """Lock the first free numbered folder in `folder`, creating it if needed.

    Raises:
        ReposgenError: the folder cannot be written.
    """
    with writing_to_cache():
        make_folder(folder)
        locked = _first_free(folder)
    try:
        yield locked
    finally:
        os.close(locked.lock)


def _first_free(folder: Path) -> LockedFolder:
    for number in itertools.count():
        lock = os.open(folder / f"{number}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        if locked_at_once(lock):
            return LockedFolder(path=folder / str(number), lock=lock)
        os.close(lock)
    raise AssertionError  # pragma: no cover - the counter has no end
