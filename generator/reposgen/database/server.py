"""From the url in the configuration to a server that accepts connections."""

from __future__ import annotations

import contextlib
import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.cache.folder import (
    CACHE_VARIABLE,
    cache_directory,
    writable_cache_directory,
)
from reposgen.database.connection import OLDEST_VERSION, URL, connect, place
from reposgen.database.model import Server
from reposgen.database.signals import termination_raised
from reposgen.diagnostics import ReposgenError, error, note

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.database.model import Progress
    from reposgen.diagnostics import Diagnostic

EMBEDDED_MAJOR = 18

_PRIVATE = re.compile(r"(embedded|system)(?::(\d+))?")


@contextlib.contextmanager
def open_server(
    url: str, progress: Progress | None = None, origin: str = URL
) -> Iterator[Server]:
    """Provide a server during the block.

    A server started for the block is stopped at its end, even after an exception,
    Ctrl-C or SIGTERM.

    Args:
        url: `embedded`, `embedded:16`, `system`, `system:15`, `docker:IMAGE`,
            `postgresql://…` or `key=value …`, with its environment variables expanded.
        progress: called with each step that takes time.
        origin: where the url comes from, for messages.

    Raises:
        ReposgenError: the server does not exist, or cannot be used.
    """
    with termination_raised():
        if match := _PRIVATE.fullmatch(url):
            major = int(match[2]) if match[2] else None
            with _private(match[1], major, progress or _silent) as server:
                yield server
        elif url.startswith("docker:"):
            from reposgen.database.container import (  # noqa: PLC0415 - an extra
                container_server,
            )

            image = url.removeprefix("docker:")
            with container_server(image, progress=progress or _silent) as conninfo:
                yield _checked(conninfo, image)
        else:
            yield _checked(url, None, origin)


def is_private(url: str) -> bool:
    """Return True if a url stands for a server of the run's own."""
    return _PRIVATE.fullmatch(url) is not None


def _silent(_: str) -> None:
    pass


@contextlib.contextmanager
def _private(origin: str, major: int | None, progress: Progress) -> Iterator[Server]:
    if sys.platform == "win32":
        raise ReposgenError(
            [
                error(
                    "embedded-missing",
                    f'url = "{origin}" does not work on Windows',
                    hint="set [database] url to a server of yours or to a docker image",
                )
            ]
        )
    from reposgen.database import (  # noqa: PLC0415 - Unix only
        embedded,
        extensions,
        installation,
        system,
    )

    found = (
        installation.find_installation(major or EMBEDDED_MAJOR)
        if origin == "embedded"
        else system.find_system_installation(major)
    )
    with embedded.private_server(found, progress=progress) as conninfo:
        yield replace(
            _checked(conninfo, origin),
            embedded=origin == "embedded",
            private=True,
            stand_ins=extensions.stand_ins(found),
            notes=_cache_notes(),
        )


def _cache_notes() -> tuple[Diagnostic, ...]:
    usual, used = cache_directory(), writable_cache_directory()
    if used == usual:
        return ()
    return (
        note(
            "cache-temporary",
            f"the cache folder {usual} cannot be written: {used} is used instead",
            hint=f"set {CACHE_VARIABLE} to a folder that stays",
        ),
    )


def _checked(conninfo: str, started: str | None, origin: str = URL) -> Server:
    with connect(conninfo, origin=origin) as connection:
        version = connection.info.server_version
        number = connection.info.parameter_status("server_version") or str(version)
    where = f" ({started})" if started else f" at {place(conninfo)}"
    name = f"PostgreSQL {number.split()[0]}{where}"
    if version < OLDEST_VERSION:
        raise ReposgenError(
            [
                error(
                    "server-too-old",
                    f"{name} is too old",
                    hint=f"PostgreSQL {OLDEST_VERSION // 10000} is the oldest that"
                    ' reposgen can ask; "embedded" is a new one',
                )
            ]
        )
    return Server(conninfo=conninfo, name=name, version=version)
