"""A development server in a container that outlives the process that starts it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import time
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import quote

import psycopg

from reposgen.database.container import IMAGE_HINT, READY_SECONDS, have_image
from reposgen.development.status import ServerStatus
from reposgen.diagnostics import ReposgenError, error
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from docker import DockerClient
    from docker.models.containers import Container

    from reposgen.development.folder import ProjectFolder

_PORT: Final = "5432/tcp"
_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerServer:
    """A container of the project, reachable only from this machine."""

    folder: ProjectFolder
    image: str

    @property
    def is_private(self) -> bool:
        """Always True: only the user can read the file with its password."""
        return True

    @property
    def stand_ins(self) -> tuple[str, ...]:
        """Always empty: an image has its own extensions."""
        return ()

    @property
    def name(self) -> str:
        """Name of the notes and of the container."""
        key = f"{os.fspath(self.folder.path)}\n{self.image}".encode()
        return f"docker-{hashlib.sha256(key).hexdigest()[:12]}"

    def ensure(self, progress: Callable[[str], None]) -> str:
        """Start the container if it does not run, and return its connection string."""
        with self.folder.alone(progress), self._engine() as engine:
            password = self.folder.read(self.name).get("password")
            container = self._find(engine)
            if container is None or password is None:
                if container is not None:
                    raise self._failed(
                        "docker-not-ready",
                        f"the password of the container {self._title} is not noted in"
                        f" {self.folder.path} any more",
                        f"docker rm --force --volumes {self._title}",
                    )
                password = secrets.token_hex(16)
                self.folder.write(
                    self.name, {"image": self.image, "password": password}
                )
                container = self._create(engine, password, progress)
            if container.status != "running":
                progress(f"starting {self.image}")
                container.start()
            return self._await_ready(container, password)

    def stop(self, progress: Callable[[str], None]) -> bool:
        """Stop the container, which keeps its data; return True if it was running."""
        with self.folder.alone(progress), self._engine() as engine:
            container = self._find(engine)
            if container is None or container.status != "running":
                return False
            progress(f"stopping {self.image}")
            container.stop()
        return True

    def status(self) -> ServerStatus:
        """Return the status of the container."""
        with self._engine() as engine:
            container = self._find(engine)
            state = container.status if container else "not created"
            running = state == "running"
            facts = [
                ("server", f"{self.image} (docker), {state}"),
                ("container", self._title),
            ]
            if container and running:
                facts.append(("address", f"127.0.0.1:{_published(container)}"))
        return ServerStatus(is_running=running, facts=tuple(facts))

    def program(self, name: str) -> Path | None:
        """Return None: the programs are in the container."""
        del name
        return None

    @property
    def _title(self) -> str:
        return f"reposgen-{self.name}"

    @contextlib.contextmanager
    def _engine(self) -> Iterator[DockerClient]:
        try:
            import docker  # noqa: PLC0415 - an extra, and slow to import
            import docker.errors  # noqa: PLC0415 - as above
        except ImportError:
            raise self._failed(
                "docker-missing",
                "a docker image needs the package docker, which is not installed",
                "pip install 'reposgen[docker]'",
            ) from None
        try:
            engine = docker.from_env()
            try:
                yield engine
            finally:
                engine.close()
        except (docker.errors.DockerException, OSError) as problem:
            raise self._failed(
                "docker-unreachable",
                f"no container engine answers: {_first_line(problem)}",
                'start docker, or set [database] url = "embedded" or "system"',
            ) from None

    def _find(self, engine: DockerClient) -> Container | None:
        found = engine.containers.list(all=True, filters={"name": f"^{self._title}$"})
        return found[0] if found else None

    def _create(
        self, engine: DockerClient, password: str, progress: Callable[[str], None]
    ) -> Container:
        have_image(
            engine,
            self.image,
            progress,
            "docker-image",
            what=self.image,
            hint=IMAGE_HINT,
        )
        progress(f"making a container of {self.image}")
        return cast(
            "Container",
            engine.containers.create(
                self.image,
                name=self._title,
                # None is any free port, which docker's annotations leave out.
                ports=cast("dict[str, int]", {_PORT: ("127.0.0.1", None)}),
                environment={
                    "POSTGRES_USER": "postgres",
                    "POSTGRES_PASSWORD": password,
                    "POSTGRES_DB": "postgres",
                },
                labels={"reposgen.project": os.fspath(self.folder.path.parent)},
            ),
        )

    def _await_ready(self, container: Container, password: str) -> str:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            container.reload()
            if container.status == "exited":
                break
            if port := _published(container):
                # While it is set up, the official image's server has a socket alone.
                url = (
                    f"postgresql://postgres:{quote(password)}@127.0.0.1:{port}/postgres"
                )
                with (
                    contextlib.suppress(psycopg.OperationalError),
                    psycopg.connect(url, connect_timeout=5),
                ):
                    return url
            time.sleep(_POLL_SECONDS)
        raise self._failed(
            "docker-not-ready",
            f"{self.image} did not answer within {READY_SECONDS:g} seconds",
            f"read docker logs {self._title}",
        )

    def _failed(self, code: str, message: str, hint: str) -> ReposgenError:
        return ReposgenError([error(code, message, hint=hint)])


def _published(container: Container) -> str | None:
    ports = container.attrs["NetworkSettings"]["Ports"].get(_PORT)
    return str(ports[0]["HostPort"]) if ports else None


def _first_line(problem: Exception) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
