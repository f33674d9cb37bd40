"""A PgBouncer of the test's own, in front of a server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

if TYPE_CHECKING:
    from collections.abc import Iterator

# Debian puts it where only the administrator's PATH leads.
PROGRAM: Final = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
_PORT: Final = 6432


def version() -> tuple[int, int]:
    """Of the PgBouncer that is installed."""
    assert PROGRAM is not None
    text = subprocess.run(  # noqa: S603 -- a program that was looked up
        [PROGRAM, "--version"], capture_output=True, encoding="utf-8", check=True
    ).stdout
    major, minor = text.split()[1].split(".")[:2]
    return int(major), int(minor)


def configuration(conninfo: str, folder: Path, settings: dict[str, str]) -> str:
    """Of a PgBouncer in transaction mode that listens in a folder."""
    parts = conninfo_to_dict(conninfo)
    server = {
        "host": parts["host"],
        "port": parts.get("port") or 5432,
        **({"password": parts["password"]} if parts.get("password") else {}),
    }
    options = {
        "listen_addr": "",
        "listen_port": _PORT,
        "unix_socket_dir": folder,
        "auth_type": "trust",
        "auth_file": folder / "users.txt",
        "pool_mode": "transaction",
        # What one client does meets all of the connections.
        "server_round_robin": 1,
        "default_pool_size": 2,
        "max_client_conn": 100,
        **settings,
    }
    return "\n".join(
        (
            "[databases]",
            "* = " + " ".join(f"{name}='{value}'" for name, value in server.items()),
            "[pgbouncer]",
            *(f"{name} = {value}" for name, value in options.items()),
        )
    )


@contextmanager
def pooled(conninfo: str, **settings: str) -> Iterator[str]:
    """Leads through a PgBouncer to the server on a Unix socket.

    Args:
        conninfo: of the server.
        **settings: of the PgBouncer, other than its defaults or these here.
    """
    assert PROGRAM is not None
    parts = conninfo_to_dict(conninfo)
    # Neither of both runs as root; what the server's user may, its files allow.
    owner = Path(str(parts["host"]), f".s.PGSQL.{parts.get('port') or 5432}").stat()
    with tempfile.TemporaryDirectory(prefix="pooler-", dir="/tmp") as name:
        folder = Path(name)
        (folder / "pgbouncer.ini").write_text(
            configuration(conninfo, folder, settings), "utf-8"
        )
        (folder / "users.txt").write_text(f'"{parts["user"]}" ""\n', "utf-8")
        user = owner.st_uid if os.geteuid() == 0 else None
        if user is not None:
            os.chown(folder, user, -1)
        pooler = subprocess.Popen(  # noqa: S603 -- a program that was looked up
            [PROGRAM, "--quiet", folder / "pgbouncer.ini"],
            user=user,
            extra_groups=None if user is None else (),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            through = make_conninfo(conninfo, host=name, port=_PORT, password="")
            _wait_for(through, pooler)
            yield through
        finally:
            pooler.terminate()
            pooler.wait()


def _wait_for(conninfo: str, pooler: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            assert pooler.poll() is None, "PgBouncer did not start"
        else:
            return
