"""Files that may be gone, cut short or not ours at any time: then they count for none.

What is kept ends up in generated code. So the folder is the user's alone: one that
others may write to is not used at all.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from reposgen.cache.folder import make_folder
from reposgen.cache.pickles import dumped, loaded
from reposgen.models import dataclass
from reposgen.posix import user_id

# Bytes. A project of 1,000 queries takes about six million.
LIMIT = 256 * 2**20
MOST_FILES = 500

_DIGEST_BYTES = 32
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Store:
    """Values by name.

    Attributes:
        folder: None: nothing is kept.
    """

    folder: Path | None

    def read(self, name: str) -> object:
        """Return the value that was written under that name, or None."""
        if self.folder is None:
            return None
        try:
            data = (self.folder / name).read_bytes()
        except OSError:
            return None
        digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        return loaded(content) if digest == _digest(name, content) else None

    def write(self, name: str, value: object) -> None:
        """Keep a value of models and builtins, if that can be done.

        The oldest make room for it.
        """
        if self.folder is None:
            return
        content = dumped(value)
        with suppress(OSError):
            _replace(self.folder / name, _digest(name, content) + content)
            _make_room(self.folder)


def open_store(directory: Path) -> Store:
    """Return the store below a cache directory; if that is unusable, an empty one."""
    folder = directory / "generator"
    try:
        make_folder(directory)
        folder.mkdir(mode=0o700, exist_ok=True)
        ours = _is_ours(folder.lstat())
    except OSError:
        ours = False
    return Store(folder if ours else None)


def _is_ours(folder: os.stat_result) -> bool:
    user = user_id()
    if user is None:
        # The user's folders are closed to others there, and modes say nothing.
        return stat.S_ISDIR(folder.st_mode)
    return (
        stat.S_ISDIR(folder.st_mode)
        and folder.st_uid == user
        and not folder.st_mode & _OTHERS_WRITE
    )


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def _replace(path: Path, data: bytes) -> None:
    """Write a file that others see whole or not at all."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def _make_room(folder: Path) -> None:
    files = [(path, path.stat()) for path in folder.iterdir()]
    files.sort(key=lambda found: found[1].st_mtime_ns)
    total = sum(found.st_size for _, found in files)
    for index, (path, found) in enumerate(files):
        if total <= LIMIT and len(files) - index <= MOST_FILES:
            return
        path.unlink(missing_ok=True)
        total -= found.st_size
