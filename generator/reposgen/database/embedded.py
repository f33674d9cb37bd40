"""A private PostgreSQL: created on first use, and running during a run.

The server never outlives the run. A watcher process holds the read end of a pipe whose
write end is ours. It stops the server when the pipe closes, however this process ends.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import psycopg

from reposgen.cache.folder import writable_cache_directory
from reposgen.database.database_cache import tidy
from reposgen.database.extensions import stand_ins, stand_ins_digest
from reposgen.database.installation import find_installation, open_to_others
from reposgen.database.launch import (
    STOP_SECONDS,
    Launch,
    UnfitError,
    closed_folder,
    server_settings,
    socket_conninfo,
    socket_folder,
)
from reposgen.database.locked_folder import lock_folder
from reposgen.database.settings import SETTINGS
from reposgen.database.signals import signals_blocked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reposgen.database.installation import Installation
    from reposgen.database.model import Progress

# `read` ends when our end of the pipe closes; INT is PostgreSQL's fast shutdown.
_WATCH = 'read -r _; kill -INT "$1"'


@contextlib.contextmanager
def embedded_server(
    major: int, *, progress: Progress, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run an embedded server during the block.

    Args:
        major: 18 or 16.
        progress: called with each step that takes time.
        settings: server settings in addition to the usual ones.

    Yields:
        The connection string of its superuser.

    Raises:
        ReposgenError: the version is not installed, or cannot be started.
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
    """Run a server of an installation during the block.

    Args:
        installation: the installation.
        progress: called with each step that takes time.
        settings: server settings in addition to the usual ones.

    Yields:
        The connection string of its superuser.

    Raises:
        ReposgenError: the server cannot be started.
    """
    folder = data_folder(installation)
    with lock_folder(folder) as locked, contextlib.ExitStack() as stack:
        if installation.user and not open_to_others(folder):
            raise closed_folder(folder)
        launch = Launch(
            installation=installation,
            folder=locked.path,
            lock=locked.lock,
            settings=server_settings(installation, {**SETTINGS, **(settings or {})}),
        )
        try:
            conninfo = _started(launch, stack, progress)
        except (UnfitError, OSError) as problem:
            raise launch.unstartable(str(problem), folder) from problem
        yield conninfo


def data_folder(installation: Installation) -> Path:
    """Return the folder of an installation's data, in the cache."""
    name = f"postgresql-{installation.major}-{installation.release}"
    if stand_ins(installation):
        # Databases that are kept have functions from them.
        name = f"{name}-{stand_ins_digest()}"
    return writable_cache_directory() / name


def _started(launch: Launch, stack: contextlib.ExitStack, progress: Progress) -> str:
    major = launch.installation.major
    # A server that died left its files as they happened to be, and none was forced
    # to the disk; one that ended well removed this file.
    if not (launch.data / "PG_VERSION").exists() or launch.pid_file.exists():
        progress(f"making a PostgreSQL {major}")
        _make(launch)
    progress(f"starting PostgreSQL {major}")
    try:
        return stack.enter_context(_running(launch))
    except UnfitError:
        progress(f"making PostgreSQL {major} anew")
        _make(launch)
        return stack.enter_context(_running(launch))


def _make(launch: Launch) -> None:
    """Create the data directory, replacing an existing one."""
    shutil.rmtree(launch.folder, ignore_errors=True)
    launch.make_folder()
    launch.initialise("--no-sync", "--wal-segsize=4")


@contextlib.contextmanager
def _running(launch: Launch) -> Iterator[str]:
    server: subprocess.Popen[bytes] | None = None
    watcher: subprocess.Popen[bytes] | None = None
    with socket_folder(launch) as socket, launch.log.open("wb") as log:
        try:
            # An interrupt between the two would leave a server that nobody watches.
            with signals_blocked():
                server = launch.spawn(
                    *launch.command(socket),
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
            launch.await_ready(partial(_is_running, server))
            conninfo = socket_conninfo(socket)
            try:
                tidy(conninfo)
            except psycopg.Error as problem:
                raise UnfitError(str(problem)) from problem
            yield conninfo
        finally:
            with signals_blocked():
                if watcher is not None and watcher.stdin:
                    watcher.stdin.close()
                    watcher.wait()
                if server is not None:
                    _await_end(server)


def _is_running(server: subprocess.Popen[bytes]) -> bool:
    return server.poll() is None


def _await_end(server: subprocess.Popen[bytes]) -> None:
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
