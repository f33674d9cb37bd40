"""A server in a container of the user's choosing."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

from reposgen.database.interrupts import interrupts_held
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.database.model import Progress

# Throwaway data need not reach the disk.
_COMMAND = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off"


@contextlib.contextmanager
def container_server(image: str, *, progress: Progress) -> Iterator[str]:
    """Run an image for the time of the block.

    Args:
        image: of a PostgreSQL that takes the official image's variables.
        progress: told of each step that takes time.

    Yields:
        The connection string of its superuser.

    Raises:
        ReposgenError: there is no container engine or image, or it does not start.
    """
    try:
        # An extra, and slow to import; docker has no types.
        import docker.errors  # type: ignore[import-untyped]  # noqa: PLC0415 - see above
        from testcontainers.community.postgres import (  # noqa: PLC0415 - likewise
            PostgresContainer,
        )
    except ImportError:
        raise ReposgenError(
            [
                error(
                    "docker-missing",
                    "a docker image needs the package testcontainers, which is not"
                    " installed",
                    hint="pip install 'reposgen[docker]'",
                )
            ]
        ) from None
    progress(f"starting {image}")
    container = None
    try:
        container = PostgresContainer(
            image,
            username="postgres",
            password=secrets.token_hex(16),
            dbname="postgres",
            driver=None,
            command=_COMMAND,
        )
        try:
            container.start()
        except docker.errors.ImageNotFound:
            raise _failed(f"there is no image {image}") from None
        except (docker.errors.APIError, OSError, RuntimeError) as problem:
            raise _failed(f"{image} does not start: {_first_line(problem)}") from None
        yield container.get_connection_url()
    except docker.errors.DockerException as problem:
        raise ReposgenError(
            [
                error(
                    "docker-unreachable",
                    f"no container engine answers: {_first_line(problem)}",
                    hint='start docker, or set [database] url = "embedded"',
                )
            ]
        ) from None
    finally:
        if container is not None:
            with interrupts_held():
                container.stop()


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]


def _failed(message: str) -> ReposgenError:
    return ReposgenError(
        [
            error(
                "docker-image",
                message,
                hint='name an image of PostgreSQL: url = "docker:postgres:17-alpine"',
            )
        ]
    )
