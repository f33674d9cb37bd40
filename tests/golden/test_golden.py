"""Whole packages: as expected, stable, typed, and working.

`pytest --update-golden` rewrites the expected files.
"""

from __future__ import annotations

import importlib
import inspect
import json
import runpy
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import black
import pytest

from reposgen.cli.document import document
from reposgen.cli.report import report
from reposgen.config import Overrides, load_config
from reposgen.pipeline import analyse
from reposgen.render.render import render_output, render_package

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reposgen.project import Project

CASES = sorted(path.parent for path in Path(__file__).parent.glob("*/codegen.toml"))
# All cases' packages stand in one output directory.
OUTPUT = "golden_output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """What is generated from all cases.

    Attributes:
        root: the folder that holds the output directory.
        packages: each case's files, by path below its package.
        projects: what was found out about each case, by its name.
    """

    root: Path
    packages: Mapping[str, Mapping[str, str]]
    projects: Mapping[str, Project]


@pytest.fixture(scope="session")
def golden(server: str, tmp_path_factory: pytest.TempPathFactory) -> Golden:
    packages = []
    projects = {}
    for case in CASES:
        config = load_config(
            case / "codegen.toml",
            environ={},
            overrides=Overrides(database_url=server),
        )
        project = analyse(config, (), lambda _: None)
        assert not project.has_errors, "\n".join(
            d.render() for d in project.diagnostics
        )
        packages += [package.code for package in project.packages]
        projects[case.name] = project
    root = tmp_path_factory.mktemp("golden")
    # The modules of a case's own, for classes that its package uses.
    for module in Path(__file__).parent.glob("*/golden_*.py"):
        shutil.copy(module, root)
    for path, text in render_output(packages).items():
        file = root / OUTPUT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Golden(
        root=root,
        packages={
            package.name: {
                path.removeprefix(f"{package.name}/"): text
                for path, text in render_package(package).items()
            }
            for package in packages
        },
        projects=projects,
    )


def check(*command: str, cwd: Path) -> None:
    outcome = subprocess.run(  # noqa: S603 - tools of this environment
        [sys.executable, "-m", *command],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_expected(case: Path, golden: Golden, request: pytest.FixtureRequest) -> None:
    expected = case / "expected"
    found = golden.packages[case.name]
    if request.config.getoption("--update-golden"):
        shutil.rmtree(expected, ignore_errors=True)
        for path, text in found.items():
            (expected / path).parent.mkdir(parents=True, exist_ok=True)
            (expected / path).write_text(text, encoding="utf-8")
    there = {
        path.relative_to(expected).as_posix(): path.read_text(encoding="utf-8")
        for path in expected.rglob("*.py")
    }
    assert found == there


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_described(case: Path, golden: Golden) -> None:
    project = golden.projects[case.name]
    described = json.loads(json.dumps(document(project)))
    analysed = [
        query.name
        for package in project.packages
        for queries in package.analysis.files.values()
        for query in queries
    ]
    (package,) = described["packages"]
    assert [query["name"] for query in package["queries"]] == analysed
    assert all(name in report(project) for name in analysed)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_stable_under_black(case: Path, golden: Golden) -> None:
    mode = black.Mode(target_versions={black.mode.TargetVersion.PY311})
    for text in golden.packages[case.name].values():
        assert black.format_str(text, mode=mode) == text


def test_mypy(golden: Golden) -> None:
    users = []
    for script in Path(__file__).parent.glob("*/run.py"):
        users.append(f"use_{script.parent.name}.py")
        shutil.copy(script, golden.root / users[-1])
    check("mypy", "--strict", "--python-version=3.11", OUTPUT, *users, cwd=golden.root)


def test_pyright(golden: Golden) -> None:
    settings = {
        "include": [OUTPUT],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    (golden.root / "pyrightconfig.json").write_text(json.dumps(settings))
    check("pyright", f"--pythonpath={sys.executable}", cwd=golden.root)


def test_ruff(golden: Golden) -> None:
    rules = "--select=E4,E7,E9,F,I,UP,B,C4,SIM,RUF"
    users = 'lint.isort.known-third-party=["golden_overrides"]'
    options = (
        *("--isolated", "--target-version=py311"),
        f"--config={users}",
    )
    check("ruff", "check", rules, *options, OUTPUT, cwd=golden.root)


@pytest.fixture
def importable(golden: Golden, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(golden.root)


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_module_can_be_imported(case: Path, golden: Golden) -> None:
    for path in golden.packages[case.name]:
        name = path.removesuffix(".py").replace("/", ".").removesuffix("__init__")
        importlib.import_module(f"{OUTPUT}.{case.name}.{name}".rstrip("."))


@pytest.mark.usefixtures("importable")
@pytest.mark.parametrize(
    "case", [c for c in CASES if (c / "run.py").exists()], ids=lambda case: case.name
)
async def test_run(case: Path, make_database: Callable[[str], str]) -> None:
    url = make_database((case / "schema.sql").read_text(encoding="utf-8"))
    functions = runpy.run_path(str(case / "run.py"))
    for name, function in functions.items():
        if name.startswith("run"):
            outcome = function(url)
            if inspect.isawaitable(outcome):
                await outcome
