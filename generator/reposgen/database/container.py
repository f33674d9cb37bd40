"""PostgreSQL in a container from an image of the user's choice."""

from __future__ import annotations

import contextlib
import secrets
import time
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg

from reposgen.database.signals import signals_blocked
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    import docker
    from testcontainers.core.container import DockerContainer

    from reposgen.database.model import Progress

# Seconds from the start of the container to the first connection.
READY_SECONDS = 90.0
# Lines of the log that are shown when it does not come to that.
LOG_LINES = 10

# Throwaway data need not reach the disk.
_COMMAND = "postgres -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
_PORT = 5432
IMAGE_HINT = (
    "name an image of PostgreSQL that the engine has or can pull:"
    ' url = "docker:postgres:17-alpine"'
)


@contextlib.contextmanager
def container_server(image: str, *, progress: Progress) -> Iterator[str]:
    """Run a container during the block.

    Args:
        image: a PostgreSQL image that accepts the official image's variables.
        progress: called with each step that takes time.

    Yields:
        The connection string of its superuser.

    Raises:
        ReposgenError: there is no container engine or image, or it does not start.
    """
    try:
        # An extra, and slow to import.
        import docker.errors  # noqa: PLC0415 - likewise
        from testcontainers.core.config import (  # noqa: PLC0415 - likewise
            testcontainers_config,
        )
        from testcontainers.core.container import (  # noqa: PLC0415 - likewise
            DockerContainer,
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
    password = secrets.token_hex(16)
    container = None
    try:
        container = DockerContainer(
            image,
            command=_COMMAND,
            ports=[_PORT],
            env={
                "POSTGRES_USER": "postgres",
                "POSTGRES_PASSWORD": password,
                "POSTGRES_DB": "postgres",
            },
        )
        engine = container.get_docker_client().client
        if not testcontainers_config.ryuk_disabled:
            cleaner = (
                testcontainers_config.hub_image_name_prefix
                + testcontainers_config.ryuk_image
            )
            have_image(
                engine,
                cleaner,
                progress,
                "docker-cleanup-image",
                what=f"{cleaner}, which removes containers that a run leaves behind,",
                hint="set TESTCONTAINERS_RYUK_DISABLED=true, or RYUK_CONTAINER_IMAGE"
                " to a copy that the engine can pull",
            )
        have_image(
            engine,
            container.image,
            progress,
            "docker-image",
            what=container.image,
            hint=IMAGE_HINT,
        )
        progress(f"starting {image}")
        try:
            container.start()
        except (docker.errors.APIError, OSError, RuntimeError) as problem:
            raise _failed(
                "docker-image",
                f"{image} does not start: {_first_line(problem)}",
                IMAGE_HINT,
            ) from None
        yield _await_ready(container, image, password)
    except docker.errors.DockerException as problem:
        raise _failed(
            "docker-unreachable",
            f"no container engine answers: {_first_line(problem)}",
            'start docker, or set [database] url = "embedded" or "system"',
        ) from None
    finally:
        if container is not None:
            with signals_blocked():
                container.stop()


def have_image(
    engine: docker.DockerClient,
    image: str,
    progress: Progress,
    code: str,
    *,
    what: str,
    hint: str,
) -> None:
    """Pull an image that the engine does not have."""
    import docker.errors  # noqa: PLC0415 - an extra

    try:
        engine.images.get(image)
    except docker.errors.ImageNotFound:
        progress(f"pulling {image}")
        try:
            engine.images.pull(image)
        except docker.errors.APIError as problem:
            reason = problem.explanation or _first_line(problem)
            raise _failed(
                code, f"the image {what} could not be pulled: {reason}", hint
            ) from None


def _await_ready(container: DockerContainer, image: str, password: str) -> str:
    """Return the connection string once the server answers."""
    deadline = time.monotonic() + READY_SECONDS
    inner = container.get_wrapped_container()
    while True:
        inner.reload()
        if inner.status not in {"created", "running", "restarting"}:
            status = inner.attrs["State"]["ExitCode"]
            problem = f"{image} ended with exit status {status}"
            break
        if inner.status == "running":
            host, port = container.get_container_host_ip(), _port(container)
            # While it is set up, the official image's server has a socket alone.
            url = f"postgresql://postgres:{quote(password)}@{host}:{port}/postgres"
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(url, connect_timeout=5),
            ):
                return url
        if time.monotonic() > deadline:
            problem = f"{image} did not answer within {READY_SECONDS:g} seconds"
            break
        time.sleep(0.1)
    log = inner.logs(tail=LOG_LINES).decode(errors="replace").replace(password, "***")
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    shown = "".join(f"\n    {line}" for line in lines)
    raise _failed(
        "docker-not-ready",
        problem,
        f"its log ends with:{shown}" if lines else f"its log is empty; {IMAGE_HINT}",
    )


def _port(container: DockerContainer) -> int:
    return int(container.get_exposed_port(_PORT))


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]


def _failed(code: str, message: str, hint: str) -> ReposgenError:
    return ReposgenError([error(code, message, hint=hint)])
