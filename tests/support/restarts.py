"""A server that is stopped and started while others work on it."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psycopg
from tests.support.crashes import come_back


class Restartable:
    """A server that runs, and is to be stopped and started."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        with psycopg.connect(conninfo) as admin:
            row = admin.execute("SHOW data_directory").fetchone()
        assert row is not None
        self._data = Path(row[0])
        self._process: subprocess.Popen[bytes] | None = None
        self._command = shlex.split((self._data / "postmaster.opts").read_text())

    def stop(self) -> None:
        """Shut it down, as `pg_ctl stop -m fast` does, and wait until it is gone."""
        os.kill(self._pid(), signal.SIGINT)
        while (self._data / "postmaster.pid").exists():
            if self._process is not None:
                self._process.poll()
        if self._process is not None:
            self._process.wait()

    def start(self) -> None:
        """Have it run again."""
        user = self._data.stat().st_uid if os.geteuid() == 0 else None
        self._process = subprocess.Popen(  # noqa: S603 -- as it was started before
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=user,
            group=None if user is None else self._data.stat().st_gid,
            extra_groups=None if user is None else [],
            env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
            start_new_session=True,
        )
        come_back(self._conninfo)

    def freeze(self) -> None:
        """Stop the process that takes connections; those that there are go on."""
        os.kill(self._pid(), signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        os.kill(self._pid(), signal.SIGCONT)

    def end(self) -> None:
        """Stop what was started here."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def _pid(self) -> int:
        return int((self._data / "postmaster.pid").read_text("ascii").splitlines()[0])
