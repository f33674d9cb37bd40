"""A private PostgreSQL: made on first use, started for a run, stopped after it.

The server never outlives the run: a watcher holds the reading end of a pipe whose
other end is ours, and stops the server when that closes, however we end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from reposgen.cache.folder import CACHE_VARIABLE, writable_cache_directory
from reposgen.database.extensions import (
    stand_ins,
    stand_ins_digest,
    stand_ins_folder,
)
from reposgen.database.installation import find_installation, open_to_others
from reposgen.database.interrupts import interrupts_held
from reposgen.database.kept import tidy
from reposgen.database.settings import SETTINGS
from reposgen.database.slots import held_slot
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.database.installation import Installation
    from reposgen.database.model import Progress
    from reposgen.database.slots import Slot

SUPERUSER = "postgres"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
# macOS allows 104 bytes with the closing NUL, Linux 108.
SOCKET_PATH_BYTES = 103
SOCKET_NAME = ".s.PGSQL.5432"

# `read` ends when our end of the pipe closes; INT is PostgreSQL's fast shutdown.
_WATCH = 'read -r _; kill -INT "$1"'


@contextlib.contextmanager
def embedded_server(
    major: int, *, progress: Progress, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run an embedded server for the time of the block.

    Args:
        major: 18 or 16.
        progress: told of each step that takes time.
        settings: server settings beside the usual ones.

    Yields:
        The connection string of its superuser.

    Raises:
        ReposgenError: it is not installed, or cannot be started.
    """
    installation = find_installation(major)
    with private_server(installation, progress=progress, settings=settings) as conninfo:
        yield conninfo


@contextlib.contextmanager
def private_server(
    installation: Installation,
    *,
    progress: Progress,
    settings: Mapping[str, str] | None = None,
) -> Iterator[str]:
    """Run a server of an installation for the time of the block.

    Args:
        installation: its programs.
        progress: told of each step that takes time.
        settings: server settings beside the usual ones.

    Yields:
        The connection string of its superuser.

    Raises:
        ReposgenError: it cannot be started.
    """
    settings = {**SETTINGS, **(settings or {})}
    if stand_ins(installation):
        path = f"$system:{stand_ins_folder(installation)}"
        settings["extension_control_path"] = path
    folder = data_folder(installation)
    with held_slot(folder) as slot, contextlib.ExitStack() as stack:
        if installation.user and not open_to_others(folder):
            raise _closed_cache(folder)
        launch = _Launch(
            installation=installation,
            slot=slot,
            settings=settings,
        )
        try:
            conninfo = _started(launch, stack, progress)
        except (_UnfitError, OSError) as problem:
            raise _unstartable(installation, folder, str(problem)) from problem
        yield conninfo


def data_folder(installation: Installation) -> Path:
    """Return the folder of an installation's data, in the cache."""
    name = f"postgresql-{installation.major}-{installation.release}"
    if stand_ins(installation):
        # Databases that are kept have functions from them.
        name = f"{name}-{stand_ins_digest()}"
    return writable_cache_directory() / name


def _started(launch: _Launch, stack: contextlib.ExitStack, progress: Progress) -> str:
    major = launch.installation.major
    # A server that died left its files as they happened to be, and none was forced
    # to the disk; one that ended well removed this file.
    if not (launch.data / "PG_VERSION").exists() or launch.pid_file.exists():
        progress(f"making a PostgreSQL {major}")
        launch.make()
    progress(f"starting PostgreSQL {major}")
    try:
        return stack.enter_context(_running(launch))
    except _UnfitError:
        progress(f"making PostgreSQL {major} anew")
        launch.make()
        return stack.enter_context(_running(launch))


class _UnfitError(Exception):
    """A server that does not start, or starts on damaged data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Launch:
    """What is to be started, and where."""

    installation: Installation
    slot: Slot
    settings: Mapping[str, str]

    @property
    def data(self) -> Path:
        return self.slot.path / "data"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        return self.slot.path / "log"

    def give(self, path: Path) -> None:
        """Make a path the server's user's own."""
        if self.installation.user:
            os.chown(path, self.installation.user.pw_uid, self.installation.user.pw_gid)

    def spawn(
        self, *command: str | Path, stdin: int, stdout: int, stderr: int
    ) -> subprocess.Popen[bytes]:
        """Start a program as the server's user.

        It holds the slot for as long as it lives. A session of its own keeps the
        terminal's Ctrl-C for us, who stop the server in our own order.
        """
        user = self.installation.user
        return subprocess.Popen(  # noqa: S603 - our own programs
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            cwd=self.slot.path,
            # PGPORT, PGOPTIONS and the like are meant for other servers.
            env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
            start_new_session=True,
            pass_fds=[self.slot.lock],
        )

    def make(self) -> None:
        """Make the data directory, in place of what may stand there."""
        path = self.slot.path
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(mode=0o700)
        self.give(path)
        # One that is interrupted is never taken for a whole one.
        unfinished = path / "unfinished"
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if self.installation.major >= 17  # noqa: PLR2004 - the first to have it
            else ["--locale=C"]
        )
        with self.spawn(
            self.installation.programs / "initdb",
            *("--pgdata", unfinished),
            *("--username", SUPERUSER),
            *("--auth=trust", "--encoding=UTF8", "--no-sync", "--wal-segsize=4"),
            *locale,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as initdb:
            try:
                _, said = initdb.communicate()
            except BaseException:
                initdb.kill()
                raise
        if initdb.returncode:
            raise _UnfitError(said.decode(errors="replace"))
        unfinished.rename(self.data)


@contextlib.contextmanager
def _running(launch: _Launch) -> Iterator[str]:
    server: subprocess.Popen[bytes] | None = None
    watcher: subprocess.Popen[bytes] | None = None
    with _socket_folder(launch) as socket, launch.log.open("wb") as log:
        options = {**launch.settings, "unix_socket_directories": str(socket)}
        try:
            # An interrupt between the two would leave a server that nobody watches.
            with interrupts_held():
                server = launch.spawn(
                    launch.installation.programs / "postgres",
                    *("-D", launch.data),
                    *(f"--{key}={value}" for key, value in options.items()),
                    stdin=subprocess.DEVNULL,
                    stdout=log.fileno(),
                    stderr=log.fileno(),
                )
                watcher = launch.spawn(
                    *("/bin/sh", "-c", _WATCH, "sh", str(server.pid)),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            _await_ready(launch, server)
            conninfo = make_conninfo(
                host=str(socket), port=5432, user=SUPERUSER, dbname="postgres"
            )
            try:
                tidy(conninfo)
            except psycopg.Error as problem:
                raise _UnfitError(str(problem)) from problem
            yield conninfo
        finally:
            with interrupts_held():
                if watcher is not None and watcher.stdin:
                    watcher.stdin.close()
                    watcher.wait()
                if server is not None:
                    _await_end(server)


def _await_ready(launch: _Launch, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            lines = launch.pid_file.read_text(encoding="ascii").splitlines()
            if lines[7:] and lines[7].strip() == "ready":
                return
        time.sleep(0.002)
    raise _UnfitError(launch.log.read_text(encoding="utf-8", errors="replace"))


def _await_end(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@contextlib.contextmanager
def _socket_folder(launch: _Launch) -> Iterator[Path]:
    """A folder that nobody else enters, with a path short enough for a socket."""
    if len(os.fsencode(launch.slot.path / SOCKET_NAME)) <= SOCKET_PATH_BYTES:
        yield launch.slot.path
        return
    # Temporary folders may have long paths of their own; this one never has.
    with tempfile.TemporaryDirectory(
        prefix="reposgen-",
        dir="/tmp",
        ignore_cleanup_errors=True,
    ) as name:
        launch.give(Path(name))
        yield Path(name)


def _unstartable(
    installation: Installation, folder: Path, output: str
) -> ReposgenError:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith(("FATAL", "PANIC", "initdb"))]
    cause = (causes or lines[-1:] or ["it said nothing"])[0]
    if installation.origin == "system":
        code = "system-failed"
        message = f"PostgreSQL in {installation.programs} does not start: {cause}"
    else:
        code = "embedded-failed"
        message = f"the embedded PostgreSQL does not start: {cause}"
    hint = "set [database] url to a server of yours or to a docker image"
    return ReposgenError([error(code, message, path=str(folder), hint=hint)])


def _closed_cache(folder: Path) -> ReposgenError:
    return ReposgenError(
        [
            error(
                "cache-closed",
                "run as root, PostgreSQL works as another user, who cannot get to"
                " the cache folder",
                path=str(folder),
                hint=f"set {CACHE_VARIABLE} to a folder that all users may enter",
            )
        ]
    )
