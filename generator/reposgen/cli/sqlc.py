"""import-sqlc: a codegen.toml from sqlc's configuration."""

from __future__ import annotations

import json
import keyword
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from reposgen.cli.terminal import Terminal
from reposgen.diagnostics import ReposgenError, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.diagnostics import Diagnostic

_TARGET = "codegen.toml"


def _many(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Paths = Annotated[tuple[str, ...], BeforeValidator(_many)]


class _Go(BaseModel):
    package: str | None = None
    out: str | None = None


class _Plugin(BaseModel):
    out: str | None = None
    options: dict[str, object] = Field(default_factory=dict)


class _Gen(BaseModel):
    go: _Go | None = None


class _Database(BaseModel):
    uri: str


class _Set(BaseModel):
    """One entry of `sql` (version 2) or of `packages` (version 1)."""

    engine: str = "postgresql"
    name: str | None = None
    path: str | None = None
    queries: _Paths
    paths: _Paths = Field(alias="schema")
    database: _Database | None = None
    gen: _Gen = _Gen()
    codegen: tuple[_Plugin, ...] = ()

    def wishes(self) -> Iterator[str]:
        """What the package might be called, the best first."""
        if self.name:
            yield self.name
        for plugin in self.codegen:
            if isinstance(name := plugin.options.get("package"), str):
                yield name
        if self.gen.go and self.gen.go.package:
            yield self.gen.go.package
        outputs = [self.path, *(plugin.out for plugin in self.codegen)]
        for output in filter(None, outputs):
            yield Path(output).name


class _Configuration(BaseModel):
    version: str
    sql: tuple[_Set, ...] = ()
    packages: tuple[_Set, ...] = ()


@click.command("import-sqlc")
@click.argument("source", type=click.Path(path_type=Path), metavar="SQLC_YAML")
def import_sqlc(source: Path) -> None:
    """Write a codegen.toml beside sqlc's configuration, version 1 or 2.

    Schema, queries, names and the database are taken over; query files stay as they
    are. What belongs to other languages is left out. Nothing is overwritten.

    \b
    Example:
      reposgen import-sqlc sqlc.yaml && reposgen generate
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    target = source.parent / _TARGET
    configuration = _read(source)
    warnings: list[Diagnostic] = []
    text = "\n".join(_written(configuration, str(source), warnings))
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(f"{text}\n")
    except OSError as failed:
        raise ReposgenError(
            [
                error(
                    "import-unwritable",
                    f"cannot be written: {failed.strerror}",
                    path=str(target),
                    hint="import-sqlc overwrites nothing: move the file away",
                )
            ]
        ) from None
    terminal.diagnostics(warnings)
    terminal.say(f"wrote {target}; next: reposgen generate")


def _read(source: Path) -> _Configuration:
    try:
        # JSON, sqlc's other form, is YAML.
        data = yaml.safe_load(source.read_text(encoding="utf-8"))
        return _Configuration.model_validate(_with_text_version(data))
    except OSError as failed:
        message = f"cannot be read: {failed.strerror}"
    except (yaml.YAMLError, UnicodeDecodeError) as failed:
        message = f"is no YAML: {' '.join(str(failed).split())}"
    except ValidationError as failed:
        first = failed.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = f"is no configuration of sqlc: {place}: {first['msg']}"
    raise ReposgenError(
        [error("import-unreadable", message, path=str(source))]
    ) from None


def _with_text_version(data: object) -> object:
    if isinstance(data, dict) and isinstance(data.get("version"), int):
        return {**data, "version": str(data["version"])}
    return data


def _written(
    configuration: _Configuration, source: str, warnings: list[Diagnostic]
) -> Iterator[str]:
    sets = (*configuration.sql, *configuration.packages)
    kept = [one for one in sets if one.engine == "postgresql"]
    warnings += (
        warning("import-engine", f"{source}: the engine {one.engine} is left out")
        for one in sets
        if one.engine != "postgresql"
    )
    if not kept:
        raise ReposgenError(
            [error("import-empty", "it has nothing for PostgreSQL", path=source)]
        )
    databases = {one.database.uri for one in kept if one.database}
    if databases:
        url = databases.pop()
        if databases:
            warnings.append(
                warning("import-databases", "of several databases one is taken over")
            )
        yield "[database]"
        yield f"url = {_quoted(url)}"
        yield ""
    taken: set[str] = set()
    for one in kept:
        name = _free_name(one, taken)
        taken.add(name)
        yield "[[package]]"
        yield f"name = {_quoted(name)}"
        yield f"schema = {_quoted_paths(one.paths)}"
        yield f"queries = {_quoted_paths(one.queries)}"
        yield ""


def _free_name(one: _Set, taken: set[str]) -> str:
    wishes = [re.sub(r"\W", "_", wish).strip("_").lower() for wish in one.wishes()]
    good = [w for w in wishes if w.isidentifier() and not keyword.iskeyword(w)]
    name = next((w for w in good if w not in taken), None)
    number = 2
    while name is None:
        numbered = f"{good[0] if good else 'db'}_{number}"
        name = None if numbered in taken else numbered
        number += 1
    return name


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for what control characters do there.
    return json.dumps(text, ensure_ascii=False)


def _quoted_paths(paths: tuple[str, ...]) -> str:
    if len(paths) == 1:
        return _quoted(paths[0])
    return f"[{', '.join(_quoted(path) for path in paths)}]"
