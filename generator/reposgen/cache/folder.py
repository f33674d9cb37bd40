"""The folder for what is worth keeping between runs."""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path

import platformdirs

from reposgen.posix import is_root, user_id

CACHE_VARIABLE = "REPOSGEN_CACHE_DIR"


def cache_directory() -> Path:
    """Where it is; it may not exist yet.

    Root gets the system's: its own home is closed to the user that the embedded
    server runs as.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).absolute()
    if is_root():
        return Path(platformdirs.site_cache_path("reposgen", appauthor=False))
    return Path(platformdirs.user_cache_path("reposgen", appauthor=False))


def writable_cache_directory() -> Path:
    """Return the cache directory or, if it cannot be written, one for temporary files.

    A container may have no home folder, or one that is read-only. A folder that the
    user chose is returned as it is.
    """
    directory = cache_directory()
    if os.environ.get(CACHE_VARIABLE):
        return directory
    try:
        make_folder(directory)
    except OSError:
        return _temporary_directory()
    return (
        directory if os.access(directory, os.W_OK | os.X_OK) else _temporary_directory()
    )


def _temporary_directory() -> Path:
    """Return the user's folder that lasts until temporary files are removed."""
    user = user_id()
    name = "reposgen-cache" if user is None else f"reposgen-{user}"
    import tempfile  # noqa: PLC0415 -- few runs need it

    directory = Path(tempfile.gettempdir()) / name
    make_folder(directory)
    if user is not None:
        found = directory.lstat()
        others_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        # Anybody may have made a folder of that name there.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or others_write:
            return _new_directory()
    return directory


@cache
def _new_directory() -> Path:
    """One folder for all of this run."""
    import tempfile  # noqa: PLC0415 -- few runs need it

    return Path(tempfile.mkdtemp(prefix="reposgen-"))


def make_folder(folder: Path) -> None:
    """Make a folder of the cache, with its parents."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if is_root():
        # Whatever root's umask, the server's user is to get through.
        for path in missing:
            path.chmod(0o755)
