"""What this project offers to CI systems, hooks, editors and shells works there.

With --all the tests install the built distributions in environments of their own, which
takes a network and a minute. Without, they run the tool of this environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

# With --all everything is downloaded.
pytestmark = pytest.mark.timeout(1200)

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
SCHEMA = ROOT / "generator/reposgen/config/codegen.schema.json"
PAGE = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
NAME = ("-c", "user.name=t", "-c", "user.email=t@example.org")


def run(
    *command: str | Path,
    cwd: Path,
    status: int = 0,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    outcome = subprocess.run(  # noqa: S603 - programs of this environment
        command,
        cwd=cwd,
        env={**kept, "PATH": path, **environment},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == status, outcome.stdout + outcome.stderr
    return outcome


def git(project: Path, *arguments: str) -> None:
    run("git", *NAME, *arguments, cwd=project)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in git with fresh output."""
    folder = tmp_path / "project"
    run("reposgen", "init", folder, cwd=tmp_path)
    run("reposgen", "generate", cwd=folder)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=start")
    return folder


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheels")
    run(
        *(sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet"),
        *("--wheel-dir", target, ROOT, ROOT / "generator/runtime"),
        cwd=target,
    )
    return target


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that the server's user can get to where we are root."""
    with tempfile.TemporaryDirectory(prefix="reposgen-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def change(project: Path) -> None:
    path = project / "queries/tasks.sql"
    text = path.read_text(encoding="utf-8")
    assert "-- Return one task.\n" in text
    path.write_text(text.replace("-- Return one task.\n", ""), "utf-8")
    git(project, "add", "--all")


def test_the_manifest_of_hooks_is_valid() -> None:
    run("pre-commit", "validate-manifest", ".pre-commit-hooks.yaml", cwd=ROOT)
    assert [hook["id"].removeprefix("reposgen-") for hook in HOOKS] == [
        "generate",
        "check",
        "vet",
    ]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_hooks(hook: dict[str, Any], project: Path, tmp_path: Path) -> None:
    local = {k: v for k, v in hook.items() if k != "additional_dependencies"}
    settings = {
        "repos": [{"repo": "local", "hooks": [{**local, "language": "system"}]}]
    }
    (project / ".pre-commit-config.yaml").write_text(yaml.safe_dump(settings), "utf-8")
    git(project, "add", "--all")
    home = str(tmp_path / "home")
    run("pre-commit", "run", "--all-files", cwd=project, PRE_COMMIT_HOME=home)
    change(project)
    found = run("pre-commit", "run", cwd=project, status=1, PRE_COMMIT_HOME=home).stdout
    if hook["id"] == "reposgen-generate":
        assert "files were modified by this hook" in found
        git(project, "add", "--all")
        run("pre-commit", "run", cwd=project, PRE_COMMIT_HOME=home)
    elif hook["id"] == "reposgen-check":
        assert "queries/tasks.sql changed" in found


def test_hooks_as_installed(
    project: Path, wheels: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--all"):
        pytest.skip("installs the distributions: only with --all")
    change(project)
    found = run(
        *("pre-commit", "try-repo", ROOT, "reposgen-check", "--all-files"),
        cwd=project,
        status=1,
        PRE_COMMIT_HOME=str(tmp_path / "home"),
        PIP_FIND_LINKS=str(wheels),
    )
    assert "queries/tasks.sql changed" in found.stdout


def expanded(text: str, contexts: dict[str, dict[str, str]]) -> str:
    """An expression of a step as GitHub expands it."""
    found = re.fullmatch(r"\$\{\{ (.+)\.([\w-]+) \}\}", text)
    return contexts[found[1]][found[2]] if found else text


@pytest.mark.parametrize("fresh", [True, False])
def test_the_action(
    project: Path,
    tmp_path: Path,
    open_to_all: Path,
    wheels: Path,
    request: pytest.FixtureRequest,
    *,
    fresh: bool,
) -> None:
    """Its steps that are shell scripts, with what GitHub would put around them."""
    if not fresh:
        change(project)
    temporary = open_to_all / "temporary"
    temporary.mkdir()
    output = tmp_path / "output"
    output.touch()
    inputs = {name: found["default"] for name, found in ACTION["inputs"].items()}
    if not request.config.getoption("--all"):
        (temporary / "reposgen/bin").mkdir(parents=True)
        (temporary / "reposgen/bin/reposgen").symlink_to(BIN / "reposgen")
    for step in ACTION["runs"]["steps"]:
        if "run" not in step:
            continue
        if step["name"] == "Install reposgen" and (temporary / "reposgen").exists():
            continue
        found = dict(re.findall(r"^(\w+)=(.*)$", output.read_text(), re.MULTILINE))
        environment = {
            name: expanded(text, {"inputs": inputs, "steps.cache.outputs": found})
            for name, text in step.get("env", {}).items()
        }
        is_last = step["name"] == "Run reposgen"
        outcome = run(
            *("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]),
            cwd=project,
            status=0 if fresh or not is_last else 1,
            RUNNER_TEMP=str(temporary),
            GITHUB_OUTPUT=str(output),
            PIP_FIND_LINKS=str(wheels),
            **environment,
        )
    assert ("::error title=stale-file,file=generated/app" in outcome.stdout) != fresh


def test_the_action_is_clean() -> None:
    run(
        *("check-jsonschema", "--builtin-schema", "vendor.github-actions"),
        "action.yml",
        cwd=ROOT,
    )
    run("zizmor", "--offline", "--quiet", "action.yml", cwd=ROOT)


def blocks(language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, PAGE, re.MULTILINE | re.DOTALL)


def test_the_recipes_are_valid(tmp_path: Path) -> None:
    schemas = {
        ".pre-commit-config.yaml": None,
        ".github/workflows/check.yml": "vendor.github-workflows",
        ".gitlab-ci.yml": "vendor.gitlab-ci",
    }
    for block in blocks("yaml"):
        name = block.partition("\n")[0].removeprefix("# ")
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block, encoding="utf-8")
        if schema := schemas.pop(name):
            run("check-jsonschema", "--builtin-schema", schema, path, cwd=tmp_path)
        else:
            run("pre-commit", "validate-config", path, cwd=tmp_path)
    assert not schemas
    run("zizmor", "--offline", "--quiet", ".github", cwd=tmp_path)
    if shutil.which("actionlint"):
        run("actionlint", ".github/workflows/check.yml", cwd=tmp_path)


def test_the_shell_recipe(project: Path) -> None:
    (script,) = (block for block in blocks("sh") if "reposgen check" in block)
    lines = [line for line in script.splitlines() if " install " not in line]
    run("sh", "-euc", "\n".join(lines), cwd=project)


def test_the_schema_of_the_configuration(tmp_path: Path) -> None:
    run("check-jsonschema", "--check-metaschema", SCHEMA, cwd=ROOT)
    files = [
        ROOT / "codegen.toml",
        ROOT / "generator/reposgen/cli/starter/codegen.toml",
        *(ROOT / "tests/golden").glob("*/codegen.toml"),
    ]
    run("check-jsonschema", "--schemafile", SCHEMA, *files, cwd=ROOT)
    wrong = tmp_path / "codegen.toml"
    wrong.write_text('[[package]]\nname = "a"\nquerys = "q"\n', encoding="utf-8")
    run("check-jsonschema", "--schemafile", SCHEMA, wrong, cwd=ROOT, status=1)
    printed = run("reposgen", "config-schema", cwd=tmp_path).stdout
    assert printed == SCHEMA.read_text(encoding="utf-8")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str, tmp_path: Path) -> None:
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    script = run("reposgen", cwd=tmp_path, _REPOSGEN_COMPLETE=f"{shell}_source").stdout
    assert "_REPOSGEN_COMPLETE" in script
    found = run(
        "reposgen",
        cwd=tmp_path,
        _REPOSGEN_COMPLETE=f"{shell}_complete",
        COMP_WORDS="reposgen ge",
        COMP_CWORD="ge" if shell == "fish" else "1",
    ).stdout
    assert "generate" in found


def test_uvx(wheels: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if not request.config.getoption("--all"):
        pytest.skip("installs the distributions: only with --all")
    if shutil.which("uvx", path=f"{BIN}{os.pathsep}{os.environ['PATH']}") is None:
        pytest.skip("uvx is not installed")
    found = run("uvx", "--find-links", wheels, "reposgen", "--version", cwd=tmp_path)
    assert found.stdout.startswith("reposgen, version ")
