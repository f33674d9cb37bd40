"""A Patroni cluster on this machine, whose nodes and etcd can be ruined."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import urllib.request
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# Seconds until the lock of a leader that is gone may be taken.
TTL: Final = 5
_SCOPE: Final = "shop"
_PORT: Final = 5432
_REST: Final = 8008
_PATIENCE: Final = 60.0
_PAUSE: Final = 0.05
_CONFIGURATION: Final = """\
scope: {scope}
name: {name}
restapi:
  listen: {address}:{rest}
  connect_address: {address}:{rest}
etcd:
  hosts: [{etcd}]
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: 1
    retry_timeout: 2
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters:
        max_connections: 60
        wal_log_hints: on
  initdb: [encoding: UTF8, data-checksums, no-sync]
postgresql:
  listen: {address}:{port}
  connect_address: {address}:{port}
  data_dir: {folder}/data
  bin_dir: {programs}
  pgpass: {folder}/pgpass
  authentication:
    superuser: {{username: postgres, password: secret}}
    replication: {{username: postgres, password: secret}}
    rewind: {{username: postgres, password: secret}}
  parameters:
    unix_socket_directories: {folder}
    fsync: off
    wal_keep_size: 256MB
    shared_buffers: 16MB
    deadlock_timeout: 100ms
  pg_hba:
    - local all all trust
    - host all all 127.0.0.0/8 trust
    - host replication all 127.0.0.0/8 trust
watchdog:
  mode: off
tags: {{}}
"""


@cache
def missing() -> str | None:
    """Return why there can be no cluster here; None if there can be one."""
    for program in ("patroni", "patronictl", "etcd"):
        if shutil.which(program) is None:
            return f"{program} is not installed"
    if _programs() is None:
        return "PostgreSQL of the distribution is not installed"
    if os.geteuid() == 0 and _user() is None:
        return "there is no user postgres"
    return None


class Node:
    """One server of the cluster, and the Patroni that runs it."""

    def __init__(self, name: str, address: str, folder: Path) -> None:
        self.name = name
        self.address = address
        self.conninfo = f"host={address} port={_PORT} user=postgres dbname=postgres"
        self.configuration = folder / "patroni.yml"
        self._folder = folder
        self._patroni: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have Patroni run, which has PostgreSQL run."""
        if self._patroni is None or self._patroni.poll() is not None:
            self._patroni = _run(
                ["patroni", str(self.configuration)], self._folder / "patroni.log"
            )

    def kill(self) -> None:
        """SIGKILL Patroni and PostgreSQL: as if the machine were gone."""
        self.signal(signal.SIGKILL)
        if self._patroni is not None:
            self._patroni.wait()

    def kill_postgres(self) -> None:
        """SIGKILL PostgreSQL alone."""
        _signal(self._postgres(), signal.SIGKILL)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all processes of the node."""
        patroni = self._patroni
        own = [] if patroni is None or patroni.poll() is not None else [patroni.pid]
        _signal([*own, *self._postgres()], number)

    def status(self) -> dict[str, Any]:
        """Return what Patroni says of the node; nothing if it does not answer."""
        return _get(f"http://{self.address}:{_REST}/patroni")

    def _postgres(self) -> list[int]:
        try:
            pid = (self._folder / "data/postmaster.pid").read_text("ascii").split()[0]
        except (OSError, IndexError):
            return []
        return [int(pid), *_children(int(pid))]


class PatroniCluster:
    """Three nodes, and an etcd."""

    def __init__(self, folder: Path, addresses: Sequence[str]) -> None:
        """Write the configuration.

        Args:
            folder: for all files.
            addresses: of the etcd, and of each node.
        """
        self._folder = folder
        self._etcd: subprocess.Popen[bytes] | None = None
        etcd, *own = addresses
        self._etcd_address = etcd
        self.nodes = [
            Node(f"node{number}", address, folder / f"node{number}")
            for number, address in enumerate(own, 1)
        ]
        programs = _programs()
        for node in self.nodes:
            node.configuration.parent.mkdir(mode=0o700)
            text = _CONFIGURATION.format(
                scope=_SCOPE,
                name=node.name,
                address=node.address,
                rest=_REST,
                etcd=f"{etcd}:2379",
                ttl=TTL,
                port=_PORT,
                folder=node.configuration.parent,
                programs=programs,
            )
            node.configuration.write_text(text, encoding="utf-8")
        _own(folder)

    def start(self) -> None:
        """Have everything run, and wait until it is well."""
        self.start_etcd()
        for node in self.nodes:
            node.start()
        self.settle()

    def start_etcd(self) -> None:
        """Have etcd run."""
        client = f"http://{self._etcd_address}:2379"
        peer = f"http://{self._etcd_address}:2380"
        self._etcd = _run(
            [
                "etcd",
                *("--data-dir", str(self._folder / "etcd")),
                *("--listen-client-urls", client, "--advertise-client-urls", client),
                *("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer),
                *("--initial-cluster", f"default={peer}"),
                *("--unsafe-no-fsync", "--enable-v2"),
            ],
            self._folder / "etcd.log",
        )

    def kill_etcd(self) -> None:
        """SIGKILL etcd."""
        if self._etcd is not None:
            self._etcd.kill()
            self._etcd.wait()

    def leader(self) -> Node:
        """Wait for a leader that takes writes; return it."""
        found: list[Node] = []

        def is_there() -> bool:
            leaders = (n for n in self.nodes if n.status().get("role") == "master")
            found.extend(n for n in leaders if n.status().get("state") == "running")
            return bool(found)

        wait_until(is_there)
        return found[0]

    def other_leader(self, than: Node) -> Node:
        """Wait until another node takes writes; return it."""
        others = [node for node in self.nodes if node is not than]
        wait_until(lambda: self.leader_among(others) is not None)
        return self.leader_among(others) or self.other_leader(than)

    @staticmethod
    def leader_among(nodes: Sequence[Node]) -> Node | None:
        """Return the node that takes writes, if there is one among these."""
        for node in nodes:
            with (
                suppress(psycopg.Error),
                psycopg.connect(node.conninfo, connect_timeout=2) as admin,
            ):
                row = admin.execute("SELECT pg_is_in_recovery()").fetchone()
                if row == (False,):
                    return node
        sleep(_PAUSE)
        return None

    def settle(self) -> None:
        """Wait until one node leads, one follows synchronously, and all stream."""

        def is_well() -> bool:
            states = [node.status() for node in self.nodes]
            roles = sorted(str(state.get("role")) for state in states)
            timelines = {state.get("timeline") for state in states}
            return (
                roles == ["master", "replica", "replica"]
                and all(state.get("state") == "running" for state in states)
                and len(timelines) == 1
                and any(state.get("sync_standby") for state in states)
            )

        wait_until(is_well)

    def switch_over(self) -> None:
        """Have the leader hand over to its synchronous standby."""
        (candidate,) = (n for n in self.nodes if n.status().get("sync_standby"))
        leader = self.leader()
        subprocess.run(  # noqa: S603 -- an installed program
            [
                *("patronictl", "-c", str(leader.configuration), "switchover"),
                *("--master", leader.name, "--candidate", candidate.name, "--force"),
                _SCOPE,
            ],
            check=True,
            capture_output=True,
        )

    def stop(self) -> None:
        """SIGKILL everything."""
        for node in self.nodes:
            node.signal(signal.SIGCONT)
            node.kill()
        self.kill_etcd()


@contextmanager
def patroni_cluster(addresses: Sequence[str]) -> Iterator[PatroniCluster]:
    """Run a cluster that is well.

    Args:
        addresses: of this machine: one for etcd, and one for each node.
    """
    with tempfile.TemporaryDirectory(prefix="patroni-", dir="/tmp") as name:
        cluster = PatroniCluster(Path(name), addresses)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that takes a minute at most."""
    end = monotonic() + _PATIENCE
    while not condition():
        assert monotonic() < end, "it takes too long"
        sleep(_PAUSE)


def _programs() -> Path | None:
    """Where the newest of the distribution's PostgreSQL servers is."""
    found = [
        (int(path.parent.parent.name), path.parent)
        for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")
        if re.fullmatch(r"\d+", path.parent.parent.name)
    ]
    return max(found)[1] if found else None


def _user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return None


def _own(folder: Path) -> None:
    """Give a folder to the user who runs the servers."""
    user = _user()
    if os.geteuid() == 0 and user is not None:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)


def _run(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    user = _user() if os.geteuid() == 0 else None
    with log.open("ab") as output:
        return subprocess.Popen(  # noqa: S603 -- an installed program
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
            env={k: v for k, v in os.environ.items() if not k.startswith("PG")},
            start_new_session=True,
        )


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _children(pid: int) -> list[int]:
    found = subprocess.run(  # noqa: S603 -- a number, and a tool of every Unix
        ["/bin/ps", "-o", "pid=", "--ppid", str(pid)],
        capture_output=True,
        encoding="ascii",
        check=False,
    )
    return [int(child) for child in found.stdout.split()]


def _get(url: str) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310 -- http
            status: dict[str, Any] = json.load(answer)
    except (OSError, ValueError):
        return {}
    return status
