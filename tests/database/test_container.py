"""A server in a container, where an engine answers; what is said where none does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reposgen.database import connect, open_server
from reposgen.diagnostics import ReposgenError

IMAGE = "postgres:17-alpine"


@pytest.fixture(scope="module")
def engine() -> None:
    """Skips where no container engine answers."""
    # A client that is refused leaves a socket open: it takes it along.
    ping = [sys.executable, "-c", "import docker; docker.from_env().ping()"]
    done = subprocess.run(ping, check=False, stderr=subprocess.DEVNULL)  # noqa: S603 - our own code
    if done.returncode:
        pytest.skip("no container engine answers")


@pytest.mark.usefixtures("engine")
def test_a_container() -> None:
    said: list[str] = []
    with open_server(f"docker:{IMAGE}", progress=said.append) as server:
        assert said == [f"starting {IMAGE}"]
        assert server.name.startswith("PostgreSQL 17.")
        assert server.name.endswith(f" ({IMAGE})")
        with connect(server.conninfo) as connection:
            assert connection.execute("SHOW fsync").fetchone() == ("off",)


@pytest.mark.usefixtures("engine")
def test_no_such_image() -> None:
    with pytest.raises(ReposgenError) as raised, open_server("docker:nosuch/nosuch:0"):
        pass
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "docker-image"


def test_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    with pytest.raises(ReposgenError) as raised, open_server(f"docker:{IMAGE}"):
        pass
    (diagnostic,) = raised.value.diagnostics
    assert diagnostic.code == "docker-unreachable"
    assert diagnostic.message.startswith("no container engine answers: ")
    assert diagnostic.hint == 'start docker, or set [database] url = "embedded"'


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "testcontainers.community.postgres", None)
    with pytest.raises(ReposgenError) as raised, open_server(f"docker:{IMAGE}"):
        pass
    assert str(raised.value) == (
        "error: a docker image needs the package testcontainers, which is not"
        " installed [docker-missing]\n"
        "  hint: pip install 'reposgen[docker]'"
    )
