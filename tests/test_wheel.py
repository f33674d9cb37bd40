"""The wheels carry what the tool and its run time read."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
RUNTIME = ROOT / "generator" / "runtime"


def names_below(folder: Path, prefix: str) -> set[str]:
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def build(project: Path, target: Path) -> tuple[set[str], str]:
    """The names of a wheel's files, without its metadata, and that."""
    outcome = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "pip", "wheel", str(project)),
            *("--no-build-isolation", "--no-deps", "--no-index", "--quiet"),
            *("--wheel-dir", str(target)),
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert outcome.returncode == 0, outcome.stderr
    (wheel,) = target.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (n for n in names if n.endswith(".dist-info/METADATA"))
        files = {name for name in names if ".dist-info/" not in name}
        return files, archive.read(metadata).decode()


def test_wheel_holds_code_templates_and_starter(tmp_path: Path) -> None:
    names, metadata = build(ROOT, tmp_path)
    assert names == names_below(
        ROOT / "generator" / "reposgen", "reposgen"
    ) | names_below(ROOT / "templates", "reposgen/templates")
    assert "reposgen/cli/starter/queries/tasks.sql" in names
    assert any(name.startswith("reposgen/templates/") for name in names)
    assert "Requires-Dist: reposgen-runtime==" in metadata


def test_wheel_of_the_run_time_needs_psycopg_alone(tmp_path: Path) -> None:
    names, metadata = build(RUNTIME, tmp_path)
    assert names == names_below(RUNTIME / "reposgen_runtime", "reposgen_runtime")
    assert "reposgen_runtime/py.typed" in names
    needed = [
        line
        for line in metadata.splitlines()
        if line.startswith("Requires-Dist:") and "extra ==" not in line
    ]
    assert len(needed) == 1
    assert needed[0].startswith("Requires-Dist: psycopg[pool]")
