"""import-sqlc: a codegen.toml from sqlc's configuration."""

from __future__ import annotations

import json
import keyword
import re
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import click
import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from reposgen.cli.terminal import Terminal
from reposgen.diagnostics import ReposgenError, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reposgen.diagnostics import Diagnostic

_TARGET = "codegen.toml"


def _many(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Paths = Annotated[tuple[str, ...], BeforeValidator(_many)]


# By the name of the Go type, without its package.
_PYTHON_TYPES: Final = {
    "string": "str",
    "int": "int",
    "int32": "int",
    "int64": "int",
    "float64": "float",
}


class _Override(BaseModel):
    """A type of the target language for a PostgreSQL type or a column."""

    db_type: str | None = None
    column: str | None = None
    go_type: str | dict[str, object] | None = None

    @property
    def suggestion(self) -> str:
        """A Python type for the Go type, as far as it is a well-known one."""
        match self.go_type:
            case {"type": str(name)}:
                return _PYTHON_TYPES.get(name.lstrip("*"), "module.Class")
            case str(name):
                base = name.rpartition("/")[2].rpartition(".")[2]
                return _PYTHON_TYPES.get(base.lstrip("*"), "module.Class")
            case _:
                return "module.Class"


_Renames = dict[str, str]


class _Go(BaseModel):
    package: str | None = None
    out: str | None = None
    rename: _Renames = Field(default_factory=dict)
    overrides: tuple[_Override, ...] = ()


class _Plugin(BaseModel):
    out: str | None = None
    options: dict[str, object] = Field(default_factory=dict)


class _Gen(BaseModel):
    go: _Go = _Go()


class _Database(BaseModel):
    """`database`: only of interest where it names a server."""

    uri: str | None = None
    managed: bool = False


class _Set(BaseModel):
    """One entry of `sql` (version 2) or of `packages` (version 1)."""

    engine: str = "postgresql"
    name: str | None = None
    path: str | None = None
    queries: _Paths
    paths: _Paths = Field(default=(), alias="schema")
    database: _Database | None = None
    gen: _Gen = _Gen()
    codegen: tuple[_Plugin, ...] = ()
    rename: _Renames = Field(default_factory=dict)
    overrides: tuple[_Override, ...] = ()

    @property
    def names(self) -> Iterator[str]:
        """What the package might be called, the best first."""
        if self.name:
            yield self.name
        for plugin in self.codegen:
            if isinstance(name := plugin.options.get("package"), str):
                yield name.rpartition(".")[2]
        if self.gen.go.package:
            yield self.gen.go.package
        for output in self.outputs:
            yield Path(output).name

    @property
    def outputs(self) -> tuple[str, ...]:
        """The folders that sqlc writes to."""
        plugins = (plugin.out for plugin in self.codegen)
        return tuple(filter(None, (self.path, self.gen.go.out, *plugins)))

    @property
    def places(self) -> tuple[str, ...]:
        """The paths that tell the package from others, the best first."""
        return (*self.outputs, *self.queries)

    def option(self, name: str) -> bool | None:
        """An option of the Python plugin; None if it is not set."""
        for plugin in self.codegen:
            if isinstance(value := plugin.options.get(name), bool):
                return value
        return None


class _Language(BaseModel):
    rename: _Renames = Field(default_factory=dict)
    overrides: tuple[_Override, ...] = ()


class _Overrides(BaseModel):
    go: _Language = _Language()


def _global_overrides(value: object) -> object:
    # In version 1 it is a list, of what version 2 has below `go`.
    return {"go": {"overrides": value}} if isinstance(value, list) else value


class _Configuration(BaseModel):
    version: str
    sql: tuple[_Set, ...] = ()
    packages: tuple[_Set, ...] = ()
    rename: _Renames = Field(default_factory=dict)
    overrides: Annotated[_Overrides, BeforeValidator(_global_overrides)] = _Overrides()


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
    databases = {d.uri: None for one in kept if (d := one.database) and d.uri}
    if databases:
        url, *others = databases
        if others:
            warnings.append(
                warning("import-databases", "of several databases one is taken over")
            )
        yield "[database]"
        yield f"url = {_quoted(url)}"
        yield ""
    for one, name in zip(kept, _package_names(kept), strict=True):
        yield "[[package]]"
        yield f"name = {_quoted(name)}"
        if one.paths:
            yield f"schema = {_quoted_paths(one.paths)}"
        yield f"queries = {_quoted_paths(one.queries)}"
        yield from _options(one)
        yield from _renames(configuration, one)
        yield from _type_comments(configuration, one)
        yield ""


def _options(one: _Set) -> Iterator[str]:
    if one.option("emit_pydantic_models"):
        yield 'models = "pydantic"'
    wanted = [
        api
        for api, option in (
            ("async", "emit_async_querier"),
            ("sync", "emit_sync_querier"),
        )
        if one.option(option)
    ]
    if len(wanted) == 1:
        yield f"api = [{_quoted(wanted[0])}]"


def _renames(configuration: _Configuration, one: _Set) -> Iterator[str]:
    """Names of Go's that differ from what Python would have anyway."""
    everywhere = configuration.rename | configuration.overrides.go.rename
    names = everywhere | one.rename | one.gen.go.rename
    python = {old: _snake_case(new) for old, new in names.items()}
    changed = {old: new for old, new in python.items() if new != old}
    if changed:
        yield "[package.rename]"
        for old in sorted(changed):
            yield f"{_quoted(old)} = {_quoted(changed[old])}"


def _type_comments(configuration: _Configuration, one: _Set) -> Iterator[str]:
    """Overrides by comments: the Go type they name does not exist in Python."""
    overrides = (
        *configuration.overrides.go.overrides,
        *one.overrides,
        *one.gen.go.overrides,
    )
    named = {o.column or o.db_type: o.suggestion for o in overrides}
    if known := {name: type_ for name, type_ in named.items() if name}:
        yield "# Overridden for Go. To override here too, name a class of yours:"
        yield "# [package.types]"
        for name, type_ in known.items():
            yield f"# {_quoted(name)} = {_quoted(type_)}"


def _snake_case(name: str) -> str:
    """`spotify_url` for Go's `SpotifyURL`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return words.lower()


def _package_names(sets: Sequence[_Set]) -> Iterator[str]:
    """A name for each, as sqlc calls it; the folder where several are called alike."""
    first = [next(_identifiers(one.names), "db") for one in sets]
    taken: set[str] = set()
    for one, name in zip(sets, first, strict=True):
        alike = [o for o, other in zip(sets, first, strict=True) if other == name]
        candidates = [name] if len(alike) == 1 else [*_distinguished(one, alike), name]
        numbered = (f"{candidates[0]}_{number}" for number in count(2))
        free = next(c for c in chain(candidates, numbered) if c not in taken)
        taken.add(free)
        yield free


def _distinguished(one: _Set, alike: Sequence[_Set]) -> Iterator[str]:
    """Names made of what a set's paths have and those of the others do not."""
    for mine, *others in zip_longest(one.places, *(o.places for o in alike)):
        parts = _parts(mine or "")
        all_parts = [_parts(other or "") for other in others]
        common = {part for part in parts if all(part in p for p in all_parts)}
        own = [part for part in parts if part not in common]
        yield from _identifiers([*own[-1:], "_".join(own)])


def _parts(path: str) -> tuple[str, ...]:
    return Path(path.removesuffix(".sql")).parts


def _identifiers(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        found = re.sub(r"\W", "_", name).strip("_").lower()
        if found.isidentifier() and not keyword.iskeyword(found):
            yield found


def _quoted(text: str) -> str:
    # A JSON string is a TOML basic string, but for what control characters do there.
    return json.dumps(text, ensure_ascii=False)


def _quoted_paths(paths: tuple[str, ...]) -> str:
    if len(paths) == 1:
        return _quoted(paths[0])
    return f"[{', '.join(_quoted(path) for path in paths)}]"
