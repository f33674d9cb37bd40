"""The folder for what is worth keeping between runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "REPOSGEN_CACHE_DIR"


def cache_directory() -> Path:
    """Where it is; it may not exist yet.

    Root gets the system's: its own home is closed to the user that the embedded
    server runs as.
    """
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).absolute()
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path(platformdirs.site_cache_path("reposgen", appauthor=False))
    return Path(platformdirs.user_cache_path("reposgen", appauthor=False))


def make_folder(folder: Path) -> None:
    """Make a folder of the cache, with its parents."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform != "win32" and os.geteuid() == 0:
        # Whatever root's umask, the server's user is to get through.
        for path in missing:
            path.chmod(0o755)
