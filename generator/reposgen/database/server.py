"""From the url of the configuration to a server that answers."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING

from reposgen.database.connection import OLDEST_VERSION, connect, place
from reposgen.database.interrupts import endings_raised
from reposgen.database.model import Server
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from reposgen.database.model import Progress

EMBEDDED_MAJOR = 18

_EMBEDDED = re.compile(r"embedded(?::(\d+))?")


@contextlib.contextmanager
def open_server(url: str, *, progress: Progress | None = None) -> Iterator[Server]:
    """Have a server for the time of the block.

    What was started for it is stopped when the block is left, by an exception,
    Ctrl-C or SIGTERM as well.

    Args:
        url: `embedded`, `embedded:16`, `docker:IMAGE`, `postgresql://…` or
            `key=value …`, with its environment variables expanded.
        progress: told of each step that takes time.

    Raises:
        ReposgenError: there is no such server, or it cannot be used.
    """
    with endings_raised():
        if match := _EMBEDDED.fullmatch(url):
            major = int(match[1] or EMBEDDED_MAJOR)
            with _embedded(major, progress or _silent) as conninfo:
                yield _checked(conninfo, "embedded")
        elif url.startswith("docker:"):
            from reposgen.database.container import (  # noqa: PLC0415 - an extra
                container_server,
            )

            image = url.removeprefix("docker:")
            with container_server(image, progress=progress or _silent) as conninfo:
                yield _checked(conninfo, image)
        else:
            yield _checked(url, None)


def _silent(_: str) -> None:
    pass


def _embedded(major: int, progress: Progress) -> AbstractContextManager[str]:
    if sys.platform == "win32":
        raise ReposgenError(
            [
                error(
                    "embedded-missing",
                    "there is no embedded PostgreSQL on Windows",
                    hint="set [database] url to a server of yours or to a docker image",
                )
            ]
        )
    from reposgen.database.embedded import (  # noqa: PLC0415 - Unix only
        embedded_server,
    )

    return embedded_server(major, progress=progress)


def _checked(conninfo: str, origin: str | None) -> Server:
    with connect(conninfo) as connection:
        version = connection.info.server_version
        number = connection.info.parameter_status("server_version") or str(version)
    where = f" ({origin})" if origin else f" at {place(conninfo)}"
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
    return Server(
        conninfo=conninfo,
        name=name,
        version=version,
        embedded=origin == "embedded",
    )
