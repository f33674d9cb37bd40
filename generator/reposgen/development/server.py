"""Development servers: private, in a container, or the user's own."""

from __future__ import annotations

import re
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from reposgen.database import open_server
from reposgen.database.connection import connect, place
from reposgen.development.folder import ProjectFolder
from reposgen.development.status import ServerStatus
from reposgen.diagnostics import ReposgenError
from reposgen.models import dataclass
from reposgen.urls import masked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reposgen.config import Config
    from reposgen.database import Server

_PRIVATE = re.compile(r"(embedded|system)(?::(\d+))?")


class DevelopmentServer(Protocol):
    """A server for a project's development databases.

    Attributes:
        is_private: True if reposgen starts and stops it, and only it has databases
            there.
    """

    @property
    def is_private(self) -> bool:
        """True if reposgen starts and stops the server."""
        ...

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Extensions of which the server has only declarations."""
        ...

    def ensure(self, progress: Callable[[str], None]) -> str:
        """Start the server if it does not run, and return its connection string.

        Args:
            progress: called with each step that takes time.

        Raises:
            ReposgenError: the server cannot be started.
        """
        ...

    def stop(self, progress: Callable[[str], None]) -> bool:
        """Stop the server; return True if it was running.

        Raises:
            ReposgenError: the server does not stop.
        """
        ...

    def status(self) -> ServerStatus:
        """Return the status of the server, without starting it."""
        ...

    def program(self, name: str) -> Path | None:
        """Return the path of a PostgreSQL program of the server, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersServer:
    """A server that the user operates."""

    url: str
    origin: str

    @property
    def is_private(self) -> bool:
        """Always False: others can have databases there."""
        return False

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Always empty: the server has its own extensions."""
        return ()

    def ensure(self, progress: Callable[[str], None]) -> str:
        """Return the connection string, if the server accepts connections."""
        del progress
        connect(self.url, origin=self.origin).close()
        return self.url

    def stop(self, progress: Callable[[str], None]) -> bool:
        """Leave the server running, and return False."""
        del progress
        return False

    def status(self) -> ServerStatus:
        """Return the server's address and version, if it accepts connections."""
        with connect(self.url, origin=self.origin) as connection:
            version = connection.info.parameter_status("server_version") or ""
        return ServerStatus(
            is_running=True,
            facts=(
                ("server", f"PostgreSQL {version} at {place(self.url)}, your own"),
                ("url", masked(self.url)),
            ),
        )

    def program(self, name: str) -> Path | None:
        """Return None: the server can be on another machine."""
        del name
        return None


@contextmanager
def open_development_server(
    config: Config, progress: Callable[[str], None]
) -> Iterator[Server]:
    """Provide the development server, which continues to run after the block.

    Args:
        config: configuration of the project.
        progress: called with each step that takes time.

    Raises:
        ReposgenError: the server cannot be started or used.
    """
    server = development_server(config)
    if not server.is_private:
        with open_server(config.database.url, progress, config.url_origin) as found:
            yield found
        return
    with open_server(server.ensure(progress), progress) as found:
        name = found.name.partition(" at ")[0]
        yield replace(
            found,
            name=f"{name} ({config.database.url}, of reposgen db)",
            stand_ins=server.stand_ins,
        )


def noted_servers(config: Config) -> Iterator[DevelopmentServer]:
    """Yield the servers that were started for a project with any url."""
    folder = ProjectFolder(config.root)
    for name in folder.servers():
        kind, _, version = name.partition("-")
        image = folder.read(name).get("image")
        url = f"docker:{image}" if image else f"{kind}:{version}"
        # What has been uninstalled cannot run.
        with suppress(ReposgenError):
            yield development_server(config, url)


def development_server(config: Config, url: str | None = None) -> DevelopmentServer:
    """Return the server that a project's configuration names.

    Args:
        config: configuration of the project.
        url: replaces the configuration's url; None to use the latter.

    Raises:
        ReposgenError: the server is not installed.
    """
    url = url or config.database.url
    folder = ProjectFolder(config.root)
    if match := _PRIVATE.fullmatch(url):
        from reposgen.development.cluster import (  # noqa: PLC0415 - Unix only
            private_cluster,
        )

        return private_cluster(folder, match[1], int(match[2]) if match[2] else None)
    if url.startswith("docker:"):
        from reposgen.development.container import (  # noqa: PLC0415 - an extra
            ContainerServer,
        )

        return ContainerServer(folder=folder, image=url.removeprefix("docker:"))
    return UsersServer(url=url, origin=config.url_origin)
