"""Development servers: a private one, a container's, or one of the user's own."""

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
    """A server that a project's development databases are on.

    Attributes:
        is_private: nobody else has databases there, and reposgen starts and stops it.
    """

    @property
    def is_private(self) -> bool:
        """Whether reposgen starts and stops the server."""
        ...

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """The extensions that are declarations alone there."""
        ...

    def ensure(self, progress: Callable[[str], None]) -> str:
        """Start the server if it does not run; return its connection string.

        Args:
            progress: told of each step that takes time.

        Raises:
            ReposgenError: it cannot be started.
        """
        ...

    def stop(self, progress: Callable[[str], None]) -> bool:
        """Stop the server; return whether it ran.

        Raises:
            ReposgenError: it does not stop.
        """
        ...

    def status(self) -> ServerStatus:
        """Return how the server is, without starting it."""
        ...

    def program(self, name: str) -> Path | None:
        """Return one of PostgreSQL's programs that came with the server."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersServer:
    """A server that the user runs."""

    url: str
    origin: str

    @property
    def is_private(self) -> bool:
        """Never: others may have databases there."""
        return False

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """None: the server has what its user installed."""
        return ()

    def ensure(self, progress: Callable[[str], None]) -> str:
        """Return the connection string, if the server answers."""
        del progress
        connect(self.url, origin=self.origin).close()
        return self.url

    def stop(self, progress: Callable[[str], None]) -> bool:
        """Leave the server as it is."""
        del progress
        return False

    def status(self) -> ServerStatus:
        """Return where the server is and its version, if it answers."""
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
        """Return nothing: the server may be anywhere."""
        del name
        return None


@contextmanager
def open_development_server(
    config: Config, progress: Callable[[str], None]
) -> Iterator[Server]:
    """Have the development server for the time of the block, which it outlives.

    Args:
        config: of the project.
        progress: told of each step that takes time.

    Raises:
        ReposgenError: it cannot be started or used.
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
    """Yield the servers that were started for a project, whatever its url is now."""
    folder = ProjectFolder(config.root)
    for name in folder.servers():
        kind, _, version = name.partition("-")
        image = folder.read(name).get("image")
        url = f"docker:{image}" if image else f"{kind}:{version}"
        # What has been uninstalled cannot run.
        with suppress(ReposgenError):
            yield development_server(config, url)


def development_server(config: Config, url: str | None = None) -> DevelopmentServer:
    """Return the server that a project's configuration asks for.

    Args:
        config: of the project.
        url: in place of the configuration's.

    Raises:
        ReposgenError: it is not installed.
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
