"""A private server that outlives the process that starts it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from reposgen.database import installation as installations
from reposgen.database.extensions import stand_ins
from reposgen.database.launch import (
    SOCKET_NAME,
    START_SECONDS,
    STOP_SECONDS,
    Launch,
    UnfitError,
    closed_folder,
    server_settings,
    socket_conninfo,
)
from reposgen.database.server import EMBEDDED_MAJOR
from reposgen.database.settings import PRIVATE
from reposgen.database.signals import signals_blocked
from reposgen.database.system import find_system_installation
from reposgen.development.status import ServerStatus
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reposgen.database.installation import Installation
    from reposgen.development.folder import ProjectFolder

_POLL_SECONDS: Final = 0.02
# Of temporary folders for sockets.
_PREFIX: Final = "reposgen-"
# The lines of postmaster.pid.
_SOCKET_LINE: Final = 4


def private_cluster(
    folder: ProjectFolder, origin: str, major: int | None
) -> PrivateCluster:
    """Return a project's own server.

    Args:
        folder: folder of the project.
        origin: `embedded` or `system`.
        major: major version; None for the newest.

    Raises:
        ReposgenError: the version is not installed.
    """
    found = (
        installations.find_installation(major or EMBEDDED_MAJOR)
        if origin == "embedded"
        else find_system_installation(major)
    )
    return PrivateCluster(folder=folder, installation=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateCluster:
    """A server of an installation, with its data in the project.

    Its processes hold the lock of a file. While the lock is held, one of them lives,
    even if the process that started the server is gone, or the machine was restarted.
    """

    folder: ProjectFolder
    installation: Installation

    @property
    def is_private(self) -> bool:
        """Always True: its socket is closed to all other users."""
        return True

    @property
    def name(self) -> str:
        """Name of the server's files: `embedded-18`."""
        return f"{self.installation.origin}-{self.installation.major}"

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Extensions of which the installation has only declarations."""
        return stand_ins(self.installation)

    @property
    def data_folder(self) -> Path:
        """Folder of the data and the log."""
        return self.folder.data_folder(
            self.name, as_other_user=self.installation.user is not None
        )

    def ensure(self, progress: Callable[[str], None]) -> str:
        """Start the server if it does not run, and return its connection string."""
        with self.folder.alone(progress):
            while True:
                started = None
                with self._free_lock() as lock:
                    if lock is not None:
                        started = self._start(lock, progress)
                if conninfo := self._running(progress):
                    return conninfo
                if started is not None:
                    said = started.read_text(encoding="utf-8", errors="replace")
                    raise self._launch().unstartable(said, self.data_folder)

    def stop(self, progress: Callable[[str], None]) -> bool:
        """Shut the server down, as `pg_ctl stop -m fast`; return True if it ran."""
        if not self.folder.path.exists():
            return False
        with self.folder.alone(progress):
            if self._is_free():
                return False
            progress(f"stopping PostgreSQL {self.installation.major}")
            self._stop()
        return True

    def status(self) -> ServerStatus:
        """Return the status of the server, with the places of it and its data."""
        running = self.folder.path.exists() and not self._is_free()
        pid, socket = self._pid(), self._socket()
        what = f"PostgreSQL {self.installation.major} ({self.installation.origin})"
        state = f"running, pid {pid}" if running and pid else "not running"
        facts = [
            ("server", f"{what}, {state}"),
            ("data", str(self.data_folder / "data")),
        ]
        if not self.data_folder.is_relative_to(self.folder.path):
            user = self.installation.user.pw_name if self.installation.user else ""
            reason = f"in the cache: the server's user {user} cannot get to the project"
            facts.append(("", reason))
        facts.append(("log", str(self.data_folder / "log")))
        if running and socket:
            facts.append(("socket", str(socket / SOCKET_NAME)))
        return ServerStatus(is_running=running and pid is not None, facts=tuple(facts))

    def program(self, name: str) -> Path | None:
        """Return the path of a PostgreSQL program of the installation, or None."""
        path = self.installation.programs / name
        return path if path.is_file() else None

    def _launch(self, lock: int = -1) -> Launch:
        return Launch(
            installation=self.installation,
            folder=self.data_folder,
            lock=lock,
            settings=server_settings(self.installation, PRIVATE),
        )

    @contextlib.contextmanager
    def _free_lock(self) -> Iterator[int | None]:
        """Acquire the server's lock, or yield None if a server holds it."""
        lock = self.folder.open_lock(self.folder.lock_file(self.name))
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
            else:
                yield lock
        finally:
            # Processes that inherited the file go on holding its lock.
            os.close(lock)

    def _is_free(self) -> bool:
        path = self.folder.lock_file(self.name)
        if not path.exists():
            return True
        with self._free_lock() as lock:
            return lock is not None

    def _start(self, lock: int, progress: Callable[[str], None]) -> Path:
        """Start a server without waiting for it, and return its log."""
        launch = self._launch(lock)
        folder = self.data_folder
        if self.installation.user and not installations.open_to_others(folder.parent):
            raise closed_folder(folder.parent)
        if pid := self._pid():
            said = f"process {pid} uses its data, and reposgen did not start that"
            raise launch.unstartable(said, folder)
        major = self.installation.major
        try:
            if not folder.exists():
                launch.make_folder()
            if not launch.data.exists():
                progress(f"making a PostgreSQL {major} in {folder}")
                launch.initialise()
            progress(f"starting PostgreSQL {major}")
            socket = self._socket_folder(launch)
            # PostgreSQL would refuse to start if any process has the number of the one
            # that died, which after a restart of the machine is likely.
            for stale in (launch.pid_file, socket / f"{SOCKET_NAME}.lock"):
                stale.unlink(missing_ok=True)
            with signals_blocked(), launch.log.open("wb") as log:
                launch.give(launch.log)
                self._spawn(launch, socket, log.fileno())
        except (UnfitError, OSError) as problem:
            raise launch.unstartable(str(problem), folder) from None
        return launch.log

    def _spawn(self, launch: Launch, socket: Path, log: int) -> None:
        # The shell ends at once, so that the server is not a child of ours, which we
        # would have to wait for.
        with launch.spawn(
            *("/bin/sh", "-c", '"$@" &', "sh"),
            *launch.command(socket),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as shell:
            shell.wait()

    def _running(self, progress: Callable[[str], None]) -> str | None:
        """Return the server's connection string once it is ready; None if it ended."""
        deadline = time.monotonic() + START_SECONDS
        launch = self._launch()
        while not self._is_free():
            socket = self._socket()
            if socket and self._pid() and launch.is_ready():
                if not (socket / SOCKET_NAME).exists():
                    # The project was moved, or the temporary folder removed.
                    progress("the server's socket is gone: starting the server again")
                    self._stop()
                    return None
                conninfo = socket_conninfo(socket)
                with contextlib.suppress(psycopg.OperationalError):
                    psycopg.connect(conninfo, connect_timeout=5).close()
                    return conninfo
            if time.monotonic() > deadline:
                raise self._stuck("does not answer")
            time.sleep(_POLL_SECONDS)
        return None

    def _stop(self) -> None:
        for number in (signal.SIGINT, signal.SIGQUIT):
            # A postmaster that was killed leaves processes that end by themselves.
            if pid := self._pid():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                if self._is_free():
                    return
                time.sleep(_POLL_SECONDS)
        raise self._stuck("does not stop")

    def _stuck(self, what: str) -> ReposgenError:
        return ReposgenError(
            [
                error(
                    "development-server-stuck",
                    f"the development server {what}",
                    path=str(self.data_folder),
                    hint=f"read {self.data_folder / 'log'}; processes of it hold"
                    f" {self.folder.lock_file(self.name)}",
                )
            ]
        )

    def _socket_folder(self, launch: Launch) -> Path:
        """Return a folder for the socket, temporary if the data path is long."""
        noted = self.folder.read(self.name).get("socket")
        if launch.has_short_path:
            socket = launch.folder
        elif noted and _is_usable(Path(noted), launch):
            return Path(noted)
        else:
            socket = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
            launch.give(socket)
        if noted and Path(noted) != socket and Path(noted).name.startswith(_PREFIX):
            shutil.rmtree(noted, ignore_errors=True)
        self.folder.write(self.name, {"socket": str(socket), "data": str(launch.data)})
        return socket

    def _socket(self) -> Path | None:
        lines = self._pid_lines()
        return Path(lines[_SOCKET_LINE]) if lines[_SOCKET_LINE:] else None

    def _pid_lines(self) -> list[str]:
        path = self.data_folder / "data" / "postmaster.pid"
        with contextlib.suppress(OSError):
            return path.read_text(encoding="utf-8").splitlines()
        return []

    def _pid(self) -> int | None:
        """Return the server's process id; None if another process has that id."""
        first = (self._pid_lines() or [""])[0].strip()
        data = self.data_folder / "data"
        return int(first) if first.isdecimal() and _serves(int(first), data) else None


def _is_usable(socket: Path, launch: Launch) -> bool:
    """Return True if only the server's user can access the temporary folder."""
    user = launch.installation.user
    owner = user.pw_uid if user else os.geteuid()
    try:
        found = socket.lstat()
    except OSError:
        return False
    return socket.is_dir() and found.st_uid == owner and not found.st_mode & 0o077


def _serves(pid: int, data: Path) -> bool:
    """Return True if a process is the server that works in a data directory."""
    if Path("/proc/self/cwd").exists():
        with contextlib.suppress(OSError):
            return Path(f"/proc/{pid}/cwd").samefile(data)
        return False
    command = subprocess.run(  # noqa: S603 - a number, and a tool of every Unix
        ["/bin/ps", "-o", "comm=", "-p", str(pid)],
        check=False,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    return "postgres" in command
