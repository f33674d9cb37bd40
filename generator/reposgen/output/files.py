"""The files of an output directory and their owners."""

from __future__ import annotations

import hashlib
import os
import stat
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.output.manifest import MARK, NAME, listed_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What Python compiles and removes by itself.
_COMPILED = ("__pycache__", "*.pyc")
# What editors, file managers, git and caches of tools leave. Nobody would miss it, and
# it is nobody's mistake.
_IGNORED = (".*", "*~", "*.swp", "*.orig", "*.rej", "Thumbs.db", "desktop.ini")
# In a file with conflict markers the first line is not the first any more.
_HEAD_LINES = 10


def normalised(content: bytes) -> bytes:
    """Return a file's content with LF line ends.

    git can change line ends on checkout (`core.autocrlf`).
    """
    return content.replace(b"\r\n", b"\n")


def digest(content: bytes) -> str:
    """Return the hexadecimal SHA-256 of a file's content, independent of line ends."""
    return hashlib.sha256(normalised(content)).hexdigest()


def present_files(directory: Path) -> Mapping[str, bytes | None]:
    """Return the contents of the files below a directory by path, in order.

    A value is None for anything that is not a regular file. Ignored files are left out.
    """
    return {
        path.relative_to(directory).as_posix(): _content(path)
        for path, ignored in _walk(directory)
        if not ignored
    }


def ignored_files(directory: Path) -> tuple[Path, ...]:
    """Return the files and folders that are neither generated nor foreign."""
    return tuple(path for path, ignored in _walk(directory) if ignored)


def owned_files(directory: Path, present: Mapping[str, bytes | None]) -> frozenset[str]:
    """Return the paths of the files that reposgen generated."""
    listed = listed_files(directory)
    return frozenset(
        path
        for path, content in present.items()
        if path == NAME or path in listed or (content is not None and _marked(content))
    )


def _marked(content: bytes) -> bool:
    head = content.removeprefix(b"\xef\xbb\xbf").split(b"\n", _HEAD_LINES)[:_HEAD_LINES]
    return any(line.startswith(MARK.encode()) for line in head)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else None


def _walk(directory: Path) -> Iterator[tuple[Path, bool]]:
    """Yield each file and ignored folder, and whether it is ignored."""
    for folder, folders, names in os.walk(directory):
        below = Path(folder)
        folders[:] = sorted(name for name in folders if not _matches(name, _COMPILED))
        ignored = [name for name in folders if _matches(name, _IGNORED)]
        # A link to a folder is not walked into: what is there is not here.
        links = [name for name in folders if (below / name).is_symlink()]
        folders[:] = [name for name in folders if name not in {*ignored, *links}]
        files = [name for name in names if not _matches(name, _COMPILED)]
        for name in sorted({*ignored, *links, *files}):
            yield below / name, name in ignored or _matches(name, _IGNORED)


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(name, pattern) for pattern in patterns)
