"""Run by test_portability.py: the tool and the run time without what POSIX alone has.

The standard library and psycopg are the ones of this machine; what they have loaded
stays. Everything of ours is imported behind the curtain.

Arguments: a folder for a project, the URL of a server.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.process  # noqa: F401 -- before the platform changes
import contextlib
import ctypes  # noqa: F401 -- as above
import importlib
import importlib.abc
import mimetypes  # noqa: F401 -- as above
import multiprocessing.connection  # noqa: F401 -- as above
import os
import select
import selectors
import shutil  # noqa: F401 -- as above
import signal
import subprocess  # noqa: F401 -- as above
import sys
from pathlib import Path
from typing import TYPE_CHECKING

# Those look at the platform while they are imported, and would miss modules that only
# Windows has.
import black  # noqa: F401 -- as said
import click.testing
import filelock  # noqa: F401 -- as said
import platformdirs  # noqa: F401 -- as said
import psycopg
import psycopg_pool  # noqa: F401 -- as said
import pydantic  # noqa: F401 -- as said
import rich.console
import rich.status  # noqa: F401 -- as said
import watchfiles  # noqa: F401 -- as said

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

MODULES = ("fcntl", "grp", "pwd", "resource", "termios", "tty", "syslog")
ATTRIBUTES: dict[ModuleType, Sequence[str]] = {
    os: ("chown", "fchmod", "fork", "geteuid", "getuid", "getegid", "register_at_fork"),
    select: ("poll", "epoll", "POLLIN", "POLLOUT"),
    signal: ("pthread_sigmask", "SIGHUP", "SIGKILL", "SIGALRM", "SIGUSR1", "setitimer"),
}


class Absent(importlib.abc.MetaPathFinder):
    """Finds nothing of what Windows does not have."""

    def find_spec(self, name: str, *_: object) -> None:
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


class SelectorLoop(asyncio.SelectorEventLoop):
    """What a loop on Windows uses that watches sockets."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())


class ProactorLoop(SelectorLoop):
    """Windows' usual event loop watches no sockets."""

    add_reader = asyncio.AbstractEventLoop.add_reader
    add_writer = asyncio.AbstractEventLoop.add_writer


def hide() -> None:
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Absent())
    for module, names in ATTRIBUTES.items():
        for name in names:
            with contextlib.suppress(AttributeError):
                delattr(module, name)
    sys.platform = "win32"
    # psycopg asks whether the loop is one.
    vars(asyncio)["ProactorEventLoop"] = ProactorLoop


def run(*arguments: str) -> str:
    from reposgen.cli import main  # noqa: PLC0415 -- behind the curtain

    outcome = click.testing.CliRunner().invoke(main, arguments)
    assert outcome.exit_code == 0, (outcome.output, outcome.exc_info)
    return outcome.stderr


def run_sync(url: str) -> None:
    database = importlib.import_module("generated.app.sync").Database

    with database.open(url) as db:
        task = db.tasks.create_task(title="sync", note=None)
        assert db.tasks.get_task(id=task.id) == task
        with db.transaction():
            assert task in db.tasks.list_tasks(status=task.status)


async def run_async(url: str) -> None:
    database = importlib.import_module("generated.app").Database

    async with database.open(url) as db:
        task = await db.tasks.create_task(title="async", note=None)
        assert await db.tasks.get_task(id=task.id) == task
        async with db.transaction():
            assert task in await db.tasks.list_tasks(status=task.status)


async def open_in_vain(url: str) -> str:
    database = importlib.import_module("generated.app").Database

    try:
        async with database.open(url):
            pass
    except Exception as error:  # noqa: BLE001 -- which one it is, is what is asked
        return f"{type(error).__name__}: {error}"
    return "it opens"


def main(folder: Path, server: str, database: str) -> None:
    hide()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    run("init")
    queries = folder / "queries"
    # Names that Windows has for devices, and what paths may hold.
    (queries / "con.sql").write_text("-- name: Ping :one\nSELECT 1 AS one;\n")
    (queries / "größere tasks.sql").write_text("-- name: Pong :one\nSELECT 2 AS two;\n")
    run("generate", "--database", server)
    assert (folder / "generated/app/con_.py").is_file()
    (queries / "con.sql").write_text("-- name: Ping :one\nSELECT 3 AS three;\n")
    run("generate", "--database", server)
    assert "fresh" in run("check", "--database", server)
    schema = (folder / "migrations/0001_create_tasks.sql").read_text()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(schema.encode())
    run_sync(database)
    with asyncio.Runner(loop_factory=SelectorLoop) as runner:
        runner.run(run_async(database))
    with asyncio.Runner(loop_factory=ProactorLoop) as runner:
        print(runner.run(open_in_vain(database)))  # noqa: T201 -- for the test


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
