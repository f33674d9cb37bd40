"""Whatever is edited, what is kept of the run before changes nothing."""

from __future__ import annotations

import random
import re
import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reposgen.cache.project import NO_CACHE, ProjectCache
from reposgen.cache.store import open_store
from reposgen.cli import main
from reposgen.config import Config, Overrides, load_config
from reposgen.pipeline import analyse, output_files
from reposgen.schemas import KeptSchemas, open_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.diagnostics import Diagnostic
    from reposgen.schemas import OpenSchema

CASE = Path(__file__).parent.parent / "golden" / "commands"
EDITS = 10
FILES = ("first", "second", "third")


def statements(path: Path) -> list[str]:
    """The annotated statements of a file."""
    parts = re.split(r"^(?=-- name:)", path.read_text(), flags=re.MULTILINE)
    return [part for part in parts if part.startswith("-- name:")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The queries of a case, spread over several files."""
    shutil.copytree(CASE, tmp_path, dirs_exist_ok=True)
    (whole,) = (tmp_path / "queries").iterdir()
    parts = statements(whole)
    whole.unlink()
    for index, name in enumerate(FILES):
        text = "".join(parts[index :: len(FILES)])
        (tmp_path / "queries" / f"{name}.sql").write_text(text)
    return tmp_path


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


def edit_elsewhere(project: Path, chance: random.Random) -> None:
    """Change what all queries depend on: the schema, or the configuration."""
    config = project / "codegen.toml"
    text = config.read_text()
    match chance.randrange(5):
        case 0:
            schema = project / "schema.sql"
            number = chance.randrange(1000)
            added = f"ALTER TABLE tasks ADD COLUMN added_{number} text;\n"
            schema.write_text(schema.read_text() + added)
        case 1:
            schema = project / "schema.sql"
            name = f"third_{chance.randrange(1000)}_row"
            schema.write_text(f"{schema.read_text()}CREATE TABLE {name} (id int);\n")
        case 2 if "models" not in text and "[package.rename]" not in text:
            config.write_text(f'{text}\nmodels = "pydantic"\n')
        case 3 if "[package.rename]" not in text:
            config.write_text(f'{text}\n[package.rename]\n"tasks" = "Duty"\n')
        case _:
            config.write_text(f"{text}\n# {chance.randrange(1000)}\n")


def outcome(
    config: Config, cache: ProjectCache, schemas: OpenSchema = open_schema
) -> tuple[tuple[Diagnostic, ...], Mapping[str, str]]:
    """What a run has to say, and what it would write."""
    project = analyse(config, (), lambda _: None, cache, schemas=schemas)
    if project.has_errors:
        return project.diagnostics, {}
    return project.diagnostics, output_files(project, cache)


def test_random_edits(project: Path, tmp_path: Path, server: str) -> None:
    chance = random.Random(20)
    cold = ProjectCache(store=open_store(tmp_path / "cache"), project="edited")
    # As `generate --watch` has them.
    warm = ProjectCache(store=open_store(tmp_path / "held", {}), project="edited")
    folder = project / "queries"

    def config() -> Config:
        return load_config(
            project / "codegen.toml",
            environ={},
            overrides=Overrides(database_url=server),
        )

    good = {path: path.read_bytes() for path in folder.iterdir()}
    written = 0
    with closing(KeptSchemas()) as schemas:
        outcome(config(), cold)
        outcome(config(), warm, schemas.open)
        for number in range(EDITS):
            if number % 3 == 2:
                edit_elsewhere(project, chance)
            else:
                edit(folder, chance)
            diagnostics, files = outcome(config(), NO_CACHE)
            for told, kept in (
                outcome(config(), cold),
                outcome(config(), warm, schemas.open),
            ):
                assert told == diagnostics
                assert kept.keys() == files.keys()
                for name, text in files.items():
                    assert kept[name] == text, name
            schemas.drop_unused()
            written += bool(files)
            if not files:
                # What was broken is mended, as people do.
                for path in folder.iterdir():
                    path.unlink()
                for path, content in good.items():
                    path.write_bytes(content)
            good = {path: path.read_bytes() for path in folder.iterdir()}
    assert 0 < written < EDITS


def test_random_edits_of_commands(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is edited, a run that is not made would have written nothing."""
    chance = random.Random(21)
    monkeypatch.chdir(project)
    folder = project / "queries"
    for number in range(4):
        found = [path.read_bytes() for path in sorted(folder.iterdir())]
        if number % 2:
            edit_elsewhere(project, chance)
        else:
            edit(folder, chance)
        # The second has nothing to do, or tells the same errors.
        first, second = (
            CliRunner().invoke(main, ["generate"]),
            CliRunner().invoke(main, ["generate"]),
        )
        assert first.exit_code == second.exit_code
        clean = CliRunner().invoke(main, ["check", "--no-cache"])
        if first.exit_code:
            assert clean.exit_code == 2
            assert clean.stderr == first.stderr == second.stderr
            for path in folder.iterdir():
                path.unlink()
            for index, content in enumerate(found):
                (folder / f"again_{index}.sql").write_bytes(content)
        else:
            assert "wrote 0 files" in second.stderr
            assert clean.stderr.endswith("fresh\n"), clean.stderr
