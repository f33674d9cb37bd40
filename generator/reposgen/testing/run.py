"""The server of a test run, and the template database of each package.

They belong to one process: the only one, or pytest-xdist's controller, which the
workers contact over a local socket. Nothing starts before a test requests a database.
"""

from __future__ import annotations

import contextlib
import importlib
import secrets
import sys
import threading
import uuid
from multiprocessing.connection import Client, Connection, Listener
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg.conninfo import make_conninfo

from reposgen.database import connect, migrated_database, open_server, read_migrations
from reposgen.diagnostics import ReposgenError
from reposgen.models import dataclass
from reposgen.testing.databases import PREFIX, drop_prefixed, sweep
from reposgen.testing.options import chosen_package, import_path
from reposgen.testing.problems import TestingError

if TYPE_CHECKING:
    from types import ModuleType

    from reposgen.config import Config
    from reposgen.database import Server
    from reposgen.testing.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A database with a package's schema, to be cloned for each test.

    Attributes:
        conninfo: connection string of the server; it can contain a password.
        name: name of the template database.
        prefix: prefix of the names of clones.
        search_path: search_path of each clone; empty for the server's default.
        copy_files: True if clones are copied file by file.
        package: the package's name.
        module: the import path of the package.
        path: the folder that it is imported from.
    """

    conninfo: str
    name: str
    prefix: str
    search_path: tuple[str, ...]
    copy_files: bool
    package: str
    module: str
    path: str

    def imported(self) -> ModuleType:
        """Import the generated package.

        Raises:
            TestingError: the package does not exist.
        """
        if self.path not in sys.path:
            # Last, so that it hides nothing.
            sys.path.append(self.path)
        try:
            return importlib.import_module(self.module)
        except ModuleNotFoundError as missing:
            if missing.name is None or not self.module.startswith(missing.name):
                raise
            raise TestingError(
                f"the generated package {self.module} cannot be imported: no module"
                f' "{missing.name}"\n'
                "hint: run reposgen generate, or set reposgen_import in pytest's"
                " configuration to the import path of the output directory"
            ) from None


class Templates(Protocol):
    """Source of the packages' templates."""

    def template(self, package: str) -> Template:
        """Return the template of a package, created on first use.

        Raises:
            TestingError: the server or the migrations fail.
        """
        ...

    def server(self) -> str:
        """Return the connection string of the server.

        Raises:
            TestingError: the server cannot be used.
        """
        ...


class Run:
    """The server and the templates of this process's test run.

    Args:
        options: options of the run.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        # Requests come from the threads that serve the workers.
        self._lock = threading.RLock()
        self._stack = contextlib.ExitStack()
        self._id = f"{PREFIX}{uuid.uuid4().hex[:12]}"
        self._config: Config | None = None
        self._server: Server | None = None
        self._refusal: str | None = None
        self._made: dict[str, Template] = {}
        self._failed: dict[str, str] = {}

    def template(self, package: str) -> Template:
        """Return the template of a package, created on first use."""
        with self._lock:
            if package in self._failed:
                raise TestingError(self._failed[package])
            if package not in self._made:
                try:
                    self._made[package] = self._make(package)
                except (ReposgenError, TestingError) as failed:
                    # Not tried again for each test.
                    self._failed[package] = str(failed)
                    raise TestingError(str(failed)) from None
            return self._made[package]

    def server(self) -> str:
        """Return the connection string of the server."""
        with self._lock:
            try:
                return self._opened().conninfo
            except ReposgenError as failed:
                raise TestingError(str(failed)) from None

    def close(self) -> None:
        """Drop the created databases, and stop the server if the run started it."""
        # If the server has gone away, there is nothing to drop.
        with self._lock, contextlib.suppress(ReposgenError):
            self._stack.close()

    def _loaded(self) -> Config:
        if self._config is None:
            self._config = self._options.load()
        return self._config

    def _opened(self) -> Server:
        if self._refusal is not None:
            raise TestingError(self._refusal)
        if self._server is None:
            config = self._loaded()
            try:
                self._server = self._stack.enter_context(
                    open_server(config.database.url, None, config.url_origin)
                )
            except ReposgenError as failed:
                self._refusal = str(failed)
                raise
            # By this connection other runs know that this one is alive.
            conninfo = make_conninfo(self._server.conninfo, application_name=self._id)
            admin = self._stack.enter_context(connect(conninfo))
            sweep(admin)
            self._stack.callback(_drop_all, admin, self._id)
        return self._server

    def _make(self, name: str) -> Template:
        config = self._loaded()
        package = chosen_package(config, name)
        if package.schema_paths is None:
            raise TestingError(
                f"package {package.name} has no schema in {config.file}: a test's"
                " database cannot be made without migrations\n"
                'hint: add schema = "…" to the package'
            )
        path = package.search_path or ()
        migrations = read_migrations(package.schema_paths, config.root, path)
        server = self._opened()
        template = self._stack.enter_context(
            migrated_database(
                server, migrations, name=f"{self._id}_{package.name}"[:63]
            )
        )
        module, folder = import_path(config.output_directory)
        return Template(
            conninfo=server.conninfo,
            name=template,
            prefix=self._id,
            search_path=path,
            copy_files=server.private,
            package=package.name,
            module=f"{self._options.output or module}.{package.name}",
            path=str(folder),
        )


def _drop_all(admin: psycopg.Connection, prefix: str) -> None:
    # A server that has gone away has nothing to be dropped.
    with contextlib.suppress(psycopg.OperationalError):
        drop_prefixed(admin, f"{prefix}_")


class Desk:
    """Server that answers requests of other processes for the templates of a run.

    Attributes:
        address: address for `RemoteRun`.
        key: authentication key for `RemoteRun`.
    """

    def __init__(self, run: Run) -> None:
        self.key = secrets.token_bytes(32)
        self._run = run
        self._listener = Listener(authkey=self.key)
        self.address: Any = self._listener.address
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller = self._listener.accept()
            except (OSError, EOFError):
                # Closed.
                return
            threading.Thread(target=self._answer, args=(caller,), daemon=True).start()

    def _answer(self, caller: Connection[Any, Any]) -> None:
        # The worker has ended before its answer was there.
        with contextlib.suppress(OSError, EOFError), caller:
            package: str | None = caller.recv()
            try:
                run = self._run
                found = run.server() if package is None else run.template(package)
            except TestingError as failed:
                caller.send(("failed", str(failed)))
            else:
                caller.send(("found", found))

    def close(self) -> None:
        """Stop answering requests."""
        self._listener.close()


class RemoteRun:
    """Access to the run of another process, for a worker of pytest-xdist.

    Args:
        address: address of the `Desk`.
        key: key of the `Desk`.
    """

    def __init__(self, address: Any, key: bytes) -> None:  # noqa: ANN401 -- a path or a pair, as the system has it
        self._address = address
        self._key = key

    def template(self, package: str) -> Template:
        """Return the template of a package, created on first use."""
        found: Template = self._ask(package)
        return found

    def server(self) -> str:
        """Return the connection string of the server."""
        found: str = self._ask(None)
        return found

    def _ask(self, package: str | None) -> Any:  # noqa: ANN401 -- by what is asked for
        with Client(self._address, authkey=self._key) as desk:
            desk.send(package)
            outcome, answer = desk.recv()
        if outcome == "failed":
            raise TestingError(answer)
        return answer
