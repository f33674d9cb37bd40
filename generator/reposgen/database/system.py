"""PostgreSQL servers that are installed on the machine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.database.installation import Installation
from reposgen.diagnostics import ReposgenError, error
from reposgen.posix import server_user

if TYPE_CHECKING:
    from collections.abc import Iterator

# Below the root: Debian, Fedora and its like, openSUSE, Alpine, Gentoo, what is built
# by hand, Homebrew on both kinds of Mac, Postgres.app.
_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/lib/postgresql*/bin",
    "usr/libexec/postgresql*",
    "usr/lib64/postgresql-*/bin",
    "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
ROOT = Path("/")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?")


def find_system_installation(major: int | None) -> Installation:
    """Return an installed server.

    Args:
        major: its major version; None for the newest.

    Raises:
        ReposgenError: the version is not installed.
    """
    installed = system_installations()
    for found in installed:
        if major in {None, found.major}:
            return found
    if not installed or major is None:
        raise ReposgenError(
            [
                error(
                    "system-missing",
                    "no PostgreSQL server is installed on this machine",
                    hint="install one (Debian: apt-get install postgresql"
                    ' postgresql-contrib), or set [database] url = "embedded"',
                )
            ]
        )
    majors = ", ".join(str(found.major) for found in installed)
    raise ReposgenError(
        [
            error(
                "system-version",
                f"PostgreSQL {major} is not installed on this machine",
                hint=f"installed: {majors}; for others use"
                f' url = "docker:postgres:{major}-alpine"',
            )
        ]
    )


def system_installations() -> tuple[Installation, ...]:
    """Return one installed server of each major version, the newest first."""
    return _installations(ROOT, os.environ.get("PATH", ""))


@cache
def _installations(root: Path, path: str) -> tuple[Installation, ...]:
    found: dict[int, tuple[int, Installation]] = {}
    for folder in dict.fromkeys(f.resolve() for f in _program_folders(root, path)):
        version = _version(folder)
        if version is None:
            continue
        major, minor = version
        if major in found and found[major][0] >= minor:
            continue
        place = zlib.crc32(os.fsencode(folder))
        found[major] = (
            minor,
            Installation(
                major=major,
                programs=folder,
                release=f"{major}.{minor}-system-{place:08x}",
                user=server_user(),
                origin="system",
            ),
        )
    return tuple(found[major][1] for major in sorted(found, reverse=True))


def _program_folders(root: Path, path: str) -> Iterator[Path]:
    for program in ("postgres", "initdb"):
        if place := shutil.which(program, path=path):
            yield Path(place).resolve().parent
    if config := shutil.which("pg_config", path=path):
        yield Path(_output(config, "--bindir"))
    for pattern in _FOLDERS:
        yield from sorted(root.glob(pattern))


def _version(folder: Path) -> tuple[int, int] | None:
    server = folder / "postgres"
    try:
        # A script stands for a server in some other place.
        with server.open("rb") as file:
            is_script = file.read(2) == b"#!"
    except OSError:
        return None
    if is_script or not (folder / "initdb").is_file():
        return None
    found = _VERSION.search(_version_text(server))
    return (int(found[1]), int(found[2] or 0)) if found else None


def _version_text(server: Path) -> str:
    return _output(server, "--version")


def _output(*command: str | Path) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - programs of PostgreSQL
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return ""
    return done.stdout.strip()
