"""Whatever is edited, what is kept of the run before changes nothing."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reposgen.cache.project import NO_CACHE, ProjectCache
from reposgen.cache.store import open_store
from reposgen.config import Config, Overrides, load_config
from reposgen.pipeline import analyse, output_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.diagnostics import Diagnostic

CASE = Path(__file__).parent.parent / "golden" / "commands"
EDITS = 10
FILES = ("first", "second", "third")


def statements(path: Path) -> list[str]:
    """The annotated statements of a file."""
    parts = re.split(r"^(?=-- name:)", path.read_text(), flags=re.MULTILINE)
    return [part for part in parts if part.startswith("-- name:")]


@pytest.fixture
def project(tmp_path: Path, server: str) -> Config:
    """The queries of a case, spread over several files."""
    shutil.copytree(CASE, tmp_path, dirs_exist_ok=True)
    (whole,) = (tmp_path / "queries").iterdir()
    parts = statements(whole)
    whole.unlink()
    for index, name in enumerate(FILES):
        text = "".join(parts[index :: len(FILES)])
        (tmp_path / "queries" / f"{name}.sql").write_text(text)
    return load_config(
        tmp_path / "codegen.toml",
        environ={},
        overrides=Overrides(database_url=server),
    )


def edit(folder: Path, chance: random.Random) -> None:
    """Change one file somehow."""
    paths = sorted(folder.iterdir())
    path = chance.choice(paths)
    parts = statements(path)
    index = chance.randrange(len(parts))
    match chance.randrange(7):
        case 0 if len(parts) > 1:
            del parts[index]
        case 1:
            chance.shuffle(parts)
        case 2:
            parts[index] = parts[index].replace("\n", "\n-- Other words.\n", 1)
        case 3:
            copy = parts[index].replace(" :", f"Copy{chance.randrange(1000)} :", 1)
            parts.append(copy)
        case 4 | 5:
            parts[index] = parts[index].replace("tasks", "no_such_table")
        case _:
            path.rename(folder / f"moved_{chance.randrange(1000)}.sql")
            return
    path.write_text("".join(parts))


def outcome(
    config: Config, cache: ProjectCache
) -> tuple[tuple[Diagnostic, ...], Mapping[str, str]]:
    """What a run has to say, and what it would write."""
    project = analyse(config, (), lambda _: None, cache)
    if project.has_errors:
        return project.diagnostics, {}
    return project.diagnostics, output_files(project, cache)


def test_random_edits(project: Config, tmp_path: Path) -> None:
    chance = random.Random(20)
    cache = ProjectCache(store=open_store(tmp_path / "cache"), project="edited")
    folder = project.root / "queries"
    good = {path: path.read_bytes() for path in folder.iterdir()}
    outcome(project, cache)
    written = 0
    for _ in range(EDITS):
        edit(folder, chance)
        diagnostics, files = outcome(project, NO_CACHE)
        told, kept = outcome(project, cache)
        assert told == diagnostics
        assert kept.keys() == files.keys()
        for name, text in files.items():
            assert kept[name] == text, name
        written += bool(files)
        if not files:
            # What was broken is mended, as people do.
            for path in folder.iterdir():
                path.unlink()
            for path, content in good.items():
                path.write_bytes(content)
        good = {path: path.read_bytes() for path in folder.iterdir()}
    assert 0 < written < EDITS
