"""A server that follows another one, as pg_basebackup makes it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import PGconn, Ping
from tests.support.crashes import come_back, kill_processes

from reposgen.database.installation import find_installation
from reposgen.database.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import LiteralString

    from reposgen.database.installation import Installation

_SETTINGS: Final = {
    **SETTINGS,
    # What conflicts with what it has to do is cancelled at once.
    "max_standby_streaming_delay": "0",
    "wal_retrieve_retry_interval": "50ms",
}


class Replica:
    """A streaming replica.

    Attributes:
        conninfo: leads to the same database as the primary's.
    """

    def __init__(
        self,
        installation: Installation,
        folder: Path,
        primary: str,
        name: str,
        settings: Mapping[str, str],
    ) -> None:
        self._installation = installation
        self._folder = folder
        self._settings = {
            **_SETTINGS,
            **settings,
            "unix_socket_directories": str(folder),
        }
        self._server: subprocess.Popen[bytes] | None = None
        parts = conninfo_to_dict(primary)
        self._call(
            "pg_basebackup",
            *("-D", folder / "data", "-h", str(parts["host"]), "-p", "5432"),
            *("-U", str(parts["user"]), "--write-recovery-conf", "--wal-method=stream"),
            *("--checkpoint=fast", "--no-sync", "--no-manifest"),
        ).wait()
        self.conninfo = make_conninfo(primary, host=str(folder), port=5432, dbname=name)

    def start(self) -> None:
        """Have it run; does nothing if it does."""
        if self._server is not None and self._server.poll() is None:
            return
        conninfo = self.conninfo.encode()
        while self._server is None or self._server.poll() is not None:
            # Processes that were killed may hold the old one's memory for a moment:
            # until they are gone, a new one ends at once.
            self._server = self._call(
                "postgres",
                *("-D", self._folder / "data"),
                *(f"--{key}={value}" for key, value in self._settings.items()),
            )
            while self._server.poll() is None and PGconn.ping(conninfo) != Ping.OK:
                pass
        come_back(self.conninfo)

    def kill(self) -> None:
        """SIGKILL all of it."""
        if self._server is not None:
            kill_processes(self._server.pid)
            self._server.wait()

    def tell(self, command: LiteralString) -> object:
        """Run a command or query; its first value."""
        with psycopg.connect(self.conninfo, autocommit=True) as admin:
            row = admin.execute(command).fetchone()
        return None if row is None else row[0]

    def catch_up(self, primary: str) -> None:
        """Wait until it has all that the primary has."""
        with psycopg.connect(primary, autocommit=True) as admin:
            row = admin.execute("SELECT pg_current_wal_insert_lsn()").fetchone()
            # What a test server does not flush at once would be sent seconds later.
            admin.execute("CHECKPOINT")
        assert row is not None
        with psycopg.connect(self.conninfo, autocommit=True) as admin:
            query: LiteralString = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            while admin.execute(query, row).fetchone() != (True,):
                pass

    def _call(self, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        user = self._installation.user
        return subprocess.Popen(  # noqa: S603 -- our own programs
            [self._installation.programs / program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
            start_new_session=True,
        )


@contextmanager
def replica_of(
    primary: str, major: int, database: str, settings: Mapping[str, str] | None = None
) -> Iterator[Replica]:
    """A replica of a server that has a Unix socket and trusts everyone.

    Args:
        primary: the server's conninfo.
        major: its version.
        database: where `conninfo` is to lead.
        settings: of the replica, beside the usual ones.
    """
    installation = find_installation(major)
    with tempfile.TemporaryDirectory(prefix="replica-", dir="/tmp") as name:
        if installation.user:
            os.chown(name, installation.user.pw_uid, installation.user.pw_gid)
        replica = Replica(installation, Path(name), primary, database, settings or {})
        try:
            replica.start()
            yield replica
        finally:
            replica.kill()
