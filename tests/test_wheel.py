"""The wheel carries what the tool reads at run time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def names_below(folder: Path, prefix: str) -> set[str]:
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_code_templates_and_starter(tmp_path: Path) -> None:
    build = subprocess.run(  # noqa: S603 - our own interpreter
        [
            *(sys.executable, "-m", "pip", "wheel", str(ROOT)),
            *("--no-build-isolation", "--no-deps", "--no-index", "--quiet"),
            *("--wheel-dir", str(tmp_path)),
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert build.returncode == 0, build.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == names_below(
        ROOT / "generator" / "reposgen", "reposgen"
    ) | names_below(ROOT / "templates", "reposgen/templates")
    assert "reposgen/cli/starter/queries/tasks.sql" in names
    assert any(name.startswith("reposgen/templates/") for name in names)
