"""History of a project's files in git."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WORDS = {"A": "is new", "D": "was removed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The commits of a project's repository.

    Attributes:
        root: the project's folder.
        is_shallow: True if the clone lacks older commits.
    """

    root: Path
    is_shallow: bool

    def base(self, path: str) -> str | None:
        """Return the commit that last changed a file.

        It is None if the file differs from its last commit or was never committed, or
        if the
        clone is too shallow to tell.

        Args:
            path: path relative to the project's folder.
        """
        if self._lines("status", "--porcelain", "--", path):
            return None
        found = self._lines("log", "-1", "--format=%H %P", "--", path)
        if not found:
            return None
        commit, _, parents = found[0].partition(" ")
        # Where a shallow clone ends, every file looks as if it were new.
        return commit if parents or not self.is_shallow else None

    def changes(self, commit: str, paths: Sequence[str]) -> Sequence[str]:
        """Return how files and folders changed since a commit, one sentence each.

        Args:
            commit: hash of the commit.
            paths: paths relative to the project's folder.
        """
        if not paths:
            return ()
        changed = self._lines(
            *("diff", "--relative", "--name-status", "--no-renames", commit, "--"),
            *paths,
        )
        new = self._lines("ls-files", "--others", "--exclude-standard", "--", *paths)
        found = dict.fromkeys(new, "is new")
        for line in changed:
            status, _, path = line.partition("\t")
            found[path] = _WORDS.get(status, "changed")
        return tuple(f"{path} {word}" for path, word in sorted(found.items()))

    def text(self, commit: str, path: str) -> str | None:
        """Return a file's text in a commit, or None if it was not there."""
        return _git(self.root, "show", f"{commit}:./{path}")

    def _lines(self, *arguments: str) -> list[str]:
        return (_git(self.root, *arguments) or "").splitlines()


def read_history(root: Path) -> History | None:
    """Return the history of a project's folder, or None if git does not know it."""
    if shutil.which("git") is None:
        return None
    shallow = _git(root, "rev-parse", "--is-shallow-repository")
    if shallow is None:
        return None
    return History(root=root, is_shallow=shallow.strip() == "true")


def archive(root: Path, revision: str) -> bytes | None:
    """Return the files of a folder at a revision as a tar file, or None.

    Python files are excluded, because generated files are not part of a state.

    Args:
        root: a folder of the repository.
        revision: a commit, branch or tag.
    """
    if shutil.which("git") is None or revision.startswith("-"):
        return None
    return _run(
        root, "archive", "--format=tar", f"{revision}^{{commit}}", ".", ":(exclude)*.py"
    )


def _git(root: Path, *arguments: str) -> str | None:
    found = _run(root, *arguments)
    return None if found is None else found.decode("utf-8", "replace")


def _run(root: Path, *arguments: str) -> bytes | None:
    # Paths that are not ASCII are written as they are.
    command = ["git", "-c", "core.quotePath=false", *arguments]
    # A hook's git runs us with its own index and folder in the environment; of these
    # only the folder must not lead us elsewhere.
    environment = {k: v for k, v in os.environ.items() if k != "GIT_DIR"}
    done = subprocess.run(  # noqa: S603 - git, and paths of the project
        command,
        cwd=root,
        env={**environment, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return done.stdout if done.returncode == 0 else None
