"""Files that may be gone, cut short or not ours at any time: then they count for none.

What is kept ends up in generated code. So the folder is the user's alone: one that
others may write to is not used at all.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from reposgen.cache.folder import make_folder
from reposgen.cache.pickles import dumped, loaded
from reposgen.models import dataclass
from reposgen.posix import user_id

# Bytes. A project of 1,000 queries takes about six million.
LIMIT = 256 * 2**20
MOST_FILES = 500

# Values by name, each with the version of its file.
Held: TypeAlias = "dict[str, tuple[tuple[int, ...], object]]"

_DIGEST_BYTES = 32
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Store:
    """Values by name.

    Attributes:
        folder: None: nothing is kept.
        held: values that were read or written, with what tells whether their files are
            still the same; None: each is read again.
    """

    folder: Path | None
    held: Held | None = None

    def read(self, name: str) -> object:
        """Return the value that was written under that name, or None."""
        if self.folder is None:
            return None
        path = self.folder / name
        try:
            version = _version(path)
            if self.held is not None and name in self.held:
                held, value = self.held[name]
                if held == version:
                    return value
            data = path.read_bytes()
        except OSError:
            return None
        digest, content = data[:_DIGEST_BYTES], data[_DIGEST_BYTES:]
        value = loaded(content) if digest == _digest(name, content) else None
        if self.held is not None:
            self.held[name] = version, value
        return value

    def write(self, name: str, value: object) -> None:
        """Keep a value of models and builtins, if that can be done.

        The oldest make room for it.
        """
        if self.folder is None:
            return
        content = dumped(value)
        with suppress(OSError):
            path = self.folder / name
            version = _replace(path, _digest(name, content) + content)
            if self.held is not None:
                self.held[name] = version, value
            _make_room(self.folder)


def open_store(directory: Path, held: Held | None = None) -> Store:
    """Return the store below a cache directory; if that is unusable, an empty one.

    Args:
        directory: the cache directory.
        held: values that this process has read or written; None to hold none.
    """
    folder = directory / "generator"
    try:
        make_folder(directory)
        folder.mkdir(mode=0o700, exist_ok=True)
        ours = _is_ours(folder.lstat())
    except OSError:
        ours = False
    return Store(folder if ours else None, held)


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


def _version(path: Path) -> tuple[int, ...]:
    """Return what is another for each file that was at a path."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def _digest(name: str, content: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\0" + content).digest()


def _replace(path: Path, data: bytes) -> tuple[int, ...]:
    """Write a file that others see whole or not at all; return its version."""
    import tempfile  # noqa: PLC0415 -- few runs need it

    descriptor, name = tempfile.mkstemp(dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        version = _version(unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return version


def _make_room(folder: Path) -> None:
    files = [(path, path.stat()) for path in folder.iterdir()]
    files.sort(key=lambda found: found[1].st_mtime_ns)
    total = sum(found.st_size for _, found in files)
    for index, (path, found) in enumerate(files):
        if total <= LIMIT and len(files) - index <= MOST_FILES:
            return
        path.unlink(missing_ok=True)
        total -= found.st_size
