"""Creation of private PostgreSQL clusters, and start of their servers."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

from reposgen.cache.folder import CACHE_VARIABLE
from reposgen.database.extensions import stand_ins, stand_ins_folder
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reposgen.database.installation import Installation

SUPERUSER = "postgres"
PORT = 5432
START_SECONDS = 60.0
STOP_SECONDS = 30.0
# macOS allows 104 bytes with the closing NUL, Linux 108.
SOCKET_PATH_BYTES = 103
SOCKET_NAME = f".s.PGSQL.{PORT}"


class UnfitError(Exception):
    """The server does not start, or its data is damaged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """A server to start, and its folder.

    Attributes:
        folder: folder of the data, the log and, if its path is short enough, the
            socket.
        lock: descriptor of a locked file that the server inherits; the lock is held
            while a process of the server lives.
        settings: settings of the server.
    """

    installation: Installation
    folder: Path
    lock: int
    settings: Mapping[str, str]

    @property
    def data(self) -> Path:
        """Data directory."""
        return self.folder / "data"

    @property
    def pid_file(self) -> Path:
        """File with the server's process id, socket and state."""
        return self.data / "postmaster.pid"

    @property
    def log(self) -> Path:
        """Log file of the server."""
        return self.folder / "log"

    @property
    def has_short_path(self) -> bool:
        """True if the folder's path is short enough for a socket in it."""
        return len(os.fsencode(self.folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES

    def give(self, path: Path) -> None:
        """Make the server's user the owner of a path."""
        if self.installation.user:
            os.chown(path, self.installation.user.pw_uid, self.installation.user.pw_gid)

    def make_folder(self) -> None:
        """Create the folder, accessible only to the server's user."""
        self.folder.mkdir(mode=0o700)
        self.give(self.folder)

    def spawn(
        self, *command: str | Path, stdin: int, stdout: int, stderr: int
    ) -> subprocess.Popen[bytes]:
        """Start a program as the server's user.

        The program holds the lock while it lives. It runs in its own session, so that
        Ctrl-C reaches only this process, which then stops the server in order.
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
            cwd=self.folder,
            # PGPORT, PGOPTIONS and the like are meant for other servers.
            env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
            start_new_session=True,
            pass_fds=[self.lock],
        )

    def initialise(self, *options: str) -> None:
        """Create the data directory, which must not exist.

        Args:
            options: options of initdb in addition to the usual ones.

        Raises:
            UnfitError: initdb failed; contains its output.
        """
        # One that is interrupted is never taken for a whole one.
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
            if self.installation.major >= 17  # noqa: PLR2004 - the first to have it
            else ["--locale=C"]
        )
        with self.spawn(
            self.installation.programs / "initdb",
            *("--pgdata", unfinished),
            *("--username", SUPERUSER),
            *("--auth=trust", "--encoding=UTF8"),
            *options,
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
            raise UnfitError(said.decode(errors="replace"))
        unfinished.rename(self.data)

    def command(self, socket: Path) -> tuple[str | Path, ...]:
        """Return the command that starts the server with its socket in a folder."""
        options = {**self.settings, "unix_socket_directories": str(socket)}
        return (
            self.installation.programs / "postgres",
            *("-D", self.data),
            *(f"--{key}={value}" for key, value in options.items()),
        )

    def await_ready(self, is_alive: Callable[[], bool]) -> None:
        """Wait until the server accepts connections.

        Args:
            is_alive: returns True while the server's process exists.

        Raises:
            UnfitError: the server ended, or took too long; contains its output.
        """
        deadline = time.monotonic() + START_SECONDS
        while is_alive() and time.monotonic() < deadline:
            if self.is_ready():
                return
            time.sleep(0.002)
        raise UnfitError(self.log.read_text(encoding="utf-8", errors="replace"))

    def is_ready(self) -> bool:
        """Return True if the server reports that it accepts connections."""
        with contextlib.suppress(OSError):
            lines = self.pid_file.read_text(encoding="ascii").splitlines()
            return bool(lines[7:]) and lines[7].strip() == "ready"
        return False

    def unstartable(self, output: str, folder: Path) -> ReposgenError:
        """Return the error for a server that does not start.

        Args:
            output: output of the server or of initdb.
            folder: folder to name in the message.
        """
        installation = self.installation
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        causes = [li for li in lines if li.startswith(("FATAL", "PANIC", "initdb"))]
        cause = (causes or lines[-1:] or ["it said nothing"])[0]
        if installation.origin == "system":
            code = "system-failed"
            message = f"PostgreSQL in {installation.programs} does not start: {cause}"
        else:
            code = "embedded-failed"
            message = f"the embedded PostgreSQL does not start: {cause}"
        hint = "set [database] url to a server of yours or to a docker image"
        return ReposgenError([error(code, message, path=str(folder), hint=hint)])


def server_settings(
    installation: Installation, settings: Mapping[str, str]
) -> Mapping[str, str]:
    """Return settings, including the path of the stand-in extensions."""
    if not stand_ins(installation):
        return settings
    path = f"$system:{stand_ins_folder(installation)}"
    return {**settings, "extension_control_path": path}


def socket_conninfo(socket: Path) -> str:
    """Return the superuser's connection string for a socket folder."""
    return make_conninfo(host=str(socket), port=PORT, user=SUPERUSER, dbname="postgres")


@contextlib.contextmanager
def socket_folder(launch: Launch) -> Iterator[Path]:
    """Provide a private folder with a path short enough for a socket."""
    if launch.has_short_path:
        yield launch.folder
        return
    # Temporary folders may have long paths of their own; this one never has.
    with tempfile.TemporaryDirectory(
        prefix="reposgen-",
        dir="/tmp",
        ignore_cleanup_errors=True,
    ) as name:
        launch.give(Path(name))
        yield Path(name)


def closed_folder(folder: Path) -> ReposgenError:
    """Return the error for a folder that the server's user cannot reach."""
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
