"""Follow docs/fastapi.md: from an empty folder to a tested service, from the wheels.

Each command of the page is run as it stands, except for those that install: the new
environment has the built wheels, and finds their dependencies in the one that the tests
run in. With --all, pip installs everything.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.database.conftest import open_folder
from tests.support.pytest_runs import WITHOUT_UNUSED
from tests.test_docs import files_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "fastapi.md"
COMMANDS: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVER: Final = "reposgen db run -- uvicorn service:app"
RUNNING: Final = re.compile(r"Uvicorn running on (http://[\d.:]+)")
SCRIPTS: Final = ("pytest", "uvicorn")
INSTALLING: Final = ("python -m venv", "pip install")


class Newcomer:
    """Somebody with an empty folder and a page to follow."""

    def __init__(self, folder: Path, wheels: Path, *, installs: bool) -> None:
        self.folder = folder
        self._wheels = wheels
        self._installs = installs
        bin_folder = folder / ".venv" / "bin"
        self.answers: list[int] = []
        kept = ("HOME", "REPOSGEN_CACHE_DIR", "PIP_INDEX_URL", "PIP_CONFIG_FILE")
        self.environment = {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "PATH": f"{bin_folder}{os.pathsep}{Path(sys.executable).parent}"
            f"{os.pathsep}{os.environ['PATH']}",
            "UVICORN_PORT": "0",  # any that is free
            "PYTEST_ADDOPTS": WITHOUT_UNUSED,
            "PIP_FIND_LINKS": str(wheels),
        }

    def follow(self, block: str) -> None:
        """Run the commands of a block."""
        for command in block.splitlines():
            if command == SERVER:
                self.use_the_service()
            elif command.startswith(INSTALLING) and not self._installs:
                if command.startswith(INSTALLING[0]):
                    self._make_environment()
            else:
                self.run(command)

    def run(self, command: str) -> str:
        outcome = subprocess.run(  # noqa: S602 - the page's own commands
            command,
            shell=True,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        assert outcome.returncode == 0, f"{command}\n{outcome.stdout}"
        return outcome.stdout

    def _make_environment(self) -> None:
        environment = self.folder / ".venv"
        python = environment / "bin" / "python"
        self.run(f"{sys.executable} -m venv --without-pip .venv")
        wheels = " ".join(str(wheel) for wheel in self._wheels.glob("*.whl"))
        self.run(
            f"{sys.executable} -m pip --quiet --disable-pip-version-check"
            f" --python {python} install --no-deps --no-index {wheels}"
        )
        # The folder alone: what is installed there as editable is not found.
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        path = environment / "lib" / version / "site-packages" / "dependencies.pth"
        path.write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
        for name in SCRIPTS:
            script = environment / "bin" / name
            script.write_text(f'#!/bin/sh\nexec {python} -m {name} "$@"\n', "utf-8")
            script.chmod(0o755)

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def use_the_service(self) -> None:
        """Start it, call it, and stop it."""
        with self._served() as url:
            self.answers.append(_post(f"{url}/projects", name="docs"))

    @contextmanager
    def _served(self) -> Iterator[str]:
        process = subprocess.Popen(  # noqa: S603 - the page's own command
            shlex.split(SERVER),
            cwd=self.folder,
            env=self.environment,
            executable=shutil.which("reposgen", path=self.environment["PATH"]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        assert process.stdout is not None
        try:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if found := RUNNING.search(line):
                    yield found[1]
                    break
            else:
                pytest.fail("".join(lines))
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
            process.stdout.close()
            process.wait()


def _post(url: str, **fields: str) -> int:
    request = urllib.request.Request(  # noqa: S310 - our own service
        url, json.dumps(fields).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheels")
    subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--no-index", "--wheel-dir", str(target)),
            *(str(ROOT), str(ROOT / "generator" / "runtime")),
        ],
        check=True,
    )
    return target


@pytest.mark.timeout(1200)  # with --all everything is downloaded
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are those of a shell")
def test_from_an_empty_folder_to_a_tested_service(
    wheels: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    installing, using = COMMANDS.findall(PAGE.read_text(encoding="utf-8"))
    assert SERVER in using.splitlines()
    with open_folder() as folder:
        newcomer = Newcomer(
            folder, wheels, installs=bool(request.config.getoption("--all"))
        )
        start = time.monotonic()
        newcomer.follow(installing)
        newcomer.write(files_of(PAGE))
        try:
            newcomer.follow(using)
            seconds = time.monotonic() - start
            where = newcomer.run("python -c 'import reposgen as r; print(r.__file__)'")
            assert where.startswith(str(folder / ".venv"))
            # All of it can be done again, and the project is still there.
            newcomer.follow(using)
        finally:
            newcomer.run("reposgen db stop")
    assert newcomer.answers == [201, 409]
    with capsys.disabled():
        print(f"\nfrom an empty folder to a tested service: {seconds:.1f} s")  # noqa: T201 - the measurement
