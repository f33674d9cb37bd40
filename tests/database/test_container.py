"""A server in a container, where an engine answers; what is said where none does."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
from tests.support.engine import IMAGE as BUILT
from tests.support.engine import NoEngineError, import_image, running_engine

from reposgen.database import connect, open_server
from reposgen.database import container as container_module
from reposgen.diagnostics import ReposgenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reposgen.diagnostics import Diagnostic

IMAGE = "postgres:17-alpine"
RYUK = re.compile(r"testcontainers/ryuk:[\w.]+")


@pytest.fixture(scope="module")
def engine() -> Iterator[None]:
    """A container engine; skips where there is none."""
    try:
        with (
            running_engine() as variables,
            pytest.MonkeyPatch.context() as environment,
        ):
            for name, value in variables.items():
                environment.setenv(name, value)
            # Its image cannot be pulled everywhere; we remove what we start.
            environment.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
            import_image()
            yield
    except NoEngineError as reason:
        pytest.skip(str(reason))


def complaint(image: str = IMAGE) -> Diagnostic:
    with pytest.raises(ReposgenError) as raised, open_server(f"docker:{image}"):
        pass
    (diagnostic,) = raised.value.diagnostics
    return diagnostic


@pytest.mark.usefixtures("engine")
def test_a_container() -> None:
    said: list[str] = []
    with open_server(f"docker:{BUILT}", progress=said.append) as server:
        assert said[-1] == f"starting {BUILT}"
        assert server.name.startswith("PostgreSQL 18.")
        assert server.name.endswith(f" ({BUILT})")
        with connect(server.conninfo) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("off",)


@pytest.mark.usefixtures("engine")
def test_generating(tmp_path: Path) -> None:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "queries").mkdir()
    schema = "CREATE TABLE task (id int8 PRIMARY KEY, title text NOT NULL);"
    (tmp_path / "migrations" / "1.sql").write_text(schema)
    query = "-- name: get_task :one\nSELECT * FROM task WHERE id = @id;\n"
    (tmp_path / "queries" / "tasks.sql").write_text(query)
    config = f"""
[database]
url = "docker:{BUILT}"

[[package]]
name = "shop"
schema = "migrations"
queries = "queries"
"""
    (tmp_path / "codegen.toml").write_text(config)
    done = subprocess.run(
        [sys.executable, "-m", "reposgen", "generate"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "def get_task" in (tmp_path / "generated" / "shop" / "tasks.py").read_text()


@pytest.mark.usefixtures("engine")
def test_no_such_image() -> None:
    assert complaint("nosuch/nosuch:0").code == "docker-image"


def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    diagnostic = complaint()
    assert diagnostic.code == "docker-unreachable"
    assert diagnostic.message.startswith("no container engine answers: ")
    assert diagnostic.hint == (
        'start docker, or set [database] url = "embedded" or "system"'
    )


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers.core.container", None)
    with pytest.raises(ReposgenError) as raised, open_server(f"docker:{IMAGE}"):
        pass
    assert str(raised.value) == (
        "error: a docker image needs the package testcontainers, which is not"
        " installed [docker-missing]\n"
        "  hint: pip install 'reposgen[docker]'"
    )


class Engine(BaseHTTPRequestHandler):
    """A container engine that has some images, and whose containers do nothing.

    Attributes:
        images: what it has; it can pull no others.
        state: of each container.
        log: of each container.
        port: where a container's port is to be found.
        removed: the paths of removed containers.
    """

    images: ClassVar[set[str]] = set()
    state: ClassVar[dict[str, object]] = {}
    log: ClassVar[bytes] = b""
    port: ClassVar[int] = 1
    removed: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path.endswith("/version"):
            self._answer(200, {"ApiVersion": "1.45", "Version": "27", "Os": "linux"})
        elif found := re.search(r"/images/(.+)/json$", path):
            name = found[1].replace("%3A", ":")
            if name in self.images:
                self._answer(200, {"Id": "sha256:1", "RepoTags": [name], "Config": {}})
            else:
                self._answer(404, {"message": f"No such image: {name}"})
        elif path.endswith("/networks"):
            self._answer(200, [])
        elif path.endswith("/logs"):
            head = b"\x01\0\0\0" + len(self.log).to_bytes(4, "big")
            self._send(200, head + self.log)
        else:
            ports = {"5432/tcp": [{"HostIp": "0.0.0.0", "HostPort": str(self.port)}]}  # noqa: S104 - as engines say it
            document = {
                "Id": "abc",
                "Name": "/abc",
                "State": self.state,
                "Config": {"Tty": False},
                "HostConfig": {"LogConfig": {"Type": "json-file"}},
                "NetworkSettings": {"Ports": ports, "Networks": {}},
            }
            self._answer(200, document)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "/images/create" in self.path:
            self._answer(500, {"message": "dial tcp: lookup registry: no such host"})
        elif "/containers/create" in self.path:
            self._answer(201, {"Id": "abc", "Warnings": []})
        else:
            self._send(204, b"")

    def do_DELETE(self) -> None:
        self.removed.append(self.path.partition("?")[0])
        self._send(204, b"")

    def _answer(self, status: int, document: object) -> None:
        self._send(status, json.dumps(document).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Engine]]:
    """An engine of our own, without the container that removes others."""

    class Fresh(Engine):
        images: ClassVar[set[str]] = {IMAGE}
        removed: ClassVar[list[str]] = []

    config = pytest.importorskip("testcontainers.core.config").testcontainers_config
    monkeypatch.setattr(config, "ryuk_disabled", True)
    monkeypatch.setattr(config, "tc_host_override", "127.0.0.1")
    modes = pytest.importorskip("testcontainers.core.config").ConnectionMode
    monkeypatch.setattr(config, "connection_mode_override", modes.docker_host)
    with ThreadingHTTPServer(("127.0.0.1", 0), Fresh) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Fresh
        server.shutdown()
        thread.join()


def test_an_image_that_cannot_be_pulled(fake: type[Engine]) -> None:
    fake.images.clear()
    diagnostic = complaint()
    assert diagnostic.code == "docker-image"
    assert diagnostic.message == (
        f"the image {IMAGE} could not be pulled: dial tcp: lookup registry: no such"
        " host"
    )
    assert diagnostic.hint == (
        "name an image of PostgreSQL that the engine has or can pull:"
        ' url = "docker:postgres:17-alpine"'
    )


def test_the_image_that_removes_containers(
    fake: type[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = pytest.importorskip("testcontainers.core.config").testcontainers_config
    monkeypatch.setattr(config, "ryuk_disabled", False)
    assert fake.images == {IMAGE}
    diagnostic = complaint()
    assert diagnostic.code == "docker-cleanup-image"
    assert RYUK.sub("RYUK", diagnostic.message) == (
        "the image RYUK, which removes containers that a run leaves behind, could not"
        " be pulled: dial tcp: lookup registry: no such host"
    )
    assert diagnostic.hint == (
        "set TESTCONTAINERS_RYUK_DISABLED=true, or RYUK_CONTAINER_IMAGE to a copy that"
        " the engine can pull"
    )


def test_a_container_that_ends(
    fake: type[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    state = {"Status": "exited", "ExitCode": 3, "Running": False}
    monkeypatch.setattr(fake, "state", state)
    monkeypatch.setattr(fake, "log", b"first\n\nlast \n")
    diagnostic = complaint()
    assert diagnostic.code == "docker-not-ready"
    assert diagnostic.message == f"{IMAGE} ended with exit status 3"
    assert diagnostic.hint == "its log ends with:\n    first\n    last"
    assert len(fake.removed) == 1


def test_a_container_that_does_not_become_ready(
    fake: type[Engine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_module, "READY_SECONDS", 0.0)
    state = {"Status": "running", "ExitCode": 0, "Running": True}
    monkeypatch.setattr(fake, "state", state)
    with socket.socket() as bound:
        # Nobody listens there.
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setattr(fake, "port", bound.getsockname()[1])
        diagnostic = complaint()
    assert diagnostic.code == "docker-not-ready"
    assert diagnostic.message == f"{IMAGE} did not answer within 0 seconds"
    assert diagnostic.hint
    assert diagnostic.hint.startswith("its log is empty; ")
    assert len(fake.removed) == 1
