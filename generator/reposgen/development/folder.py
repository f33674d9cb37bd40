"""The folder `.reposgen/` of a project, with the files of its development servers."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from typing import TYPE_CHECKING, Final

from reposgen.cache.folder import make_folder, writable_cache_directory
from reposgen.database.installation import open_to_others
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

NAME: Final = ".reposgen"


class ProjectFolder:
    """The folder, which git ignores.

    Attributes:
        path: path of the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.path = root / NAME

    def make(self) -> None:
        """Create the folder if it is missing.

        Raises:
            ReposgenError: the project's folder cannot be written.
        """
        with self._writing():
            make_folder(self.path)
            ignored = self.path / ".gitignore"
            if not ignored.exists():
                ignored.write_text("*\n", encoding="ascii")

    def data_folder(self, name: str, *, as_other_user: bool) -> Path:
        """Return the folder for a server's data.

        Args:
            name: name of the server.
            as_other_user: True if the server runs as another user. If that user cannot
                reach the project's folder, the data folder is in the cache.
        """
        if not as_other_user or open_to_others(self._root):
            return self.path / name
        key = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:16]
        parent = writable_cache_directory() / "projects" / key
        make_folder(parent)
        return parent / name

    @contextlib.contextmanager
    def alone(self, progress: Callable[[str], None]) -> Iterator[None]:
        """Prevent other processes from starting and stopping servers meanwhile."""
        self.make()
        lock = self.open_lock(self.path / "start.lock")
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                progress("waiting for another process that starts or stops a server")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def open_lock(self, path: Path) -> int:
        """Open an empty file that is used as a lock.

        Raises:
            ReposgenError: the folder belongs to another user.
        """
        with self._writing():
            return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise ReposgenError(
                [
                    error(
                        "development-folder",
                        "the folder of the development server cannot be written:"
                        f" {problem.strerror}",
                        path=str(self.path),
                        hint="run reposgen db as the user who owns the project",
                    )
                ]
            ) from None

    def read(self, name: str) -> dict[str, str]:
        """Return the notes about a server; empty if there are none."""
        try:
            noted = json.loads(self._notes(name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(k): str(v) for k, v in noted.items()}

    def write(self, name: str, notes: Mapping[str, str]) -> None:
        """Write notes about a server to a file that only the user can read."""
        path = self._notes(name)
        fresh = path.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - opened
            json.dump(dict(notes), file)
        fresh.replace(path)

    def lock_file(self, name: str) -> Path:
        """Return the file whose lock a running server holds."""
        return self.path / f"{name}.lock"

    def servers(self) -> tuple[str, ...]:
        """Return the names of all servers with notes."""
        return tuple(sorted(path.stem for path in self.path.glob("*.json")))

    def _notes(self, name: str) -> Path:
        return self.path / f"{name}.json"
