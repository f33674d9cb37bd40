"""sqlc's configuration, version 1 or 2, reduced to the keys that are imported."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import yaml
from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE_NAMES = ("sqlc.yaml", "sqlc.yml", "sqlc.json")
POSTGRESQL = "postgresql"


def _many(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Paths = Annotated[tuple[str, ...], BeforeValidator(_many)]
_Renames = dict[str, str]


class Override(BaseModel):
    """A type of the target language for a PostgreSQL type or a column."""

    db_type: str | None = None
    column: str | None = None
    go_type: str | dict[str, object] | None = None

    @property
    def go_name(self) -> str:
        """The Go type with its package: `github.com/google/uuid.UUID`."""
        match self.go_type:
            case {"type": str(name), "import": str(package)}:
                return f"{package}.{name}"
            case {"type": str(name)}:
                return name
            case str(name):
                return name
            case _:
                return ""


class _Go(BaseModel):
    package: str | None = None
    out: str | None = None
    rename: _Renames = Field(default_factory=dict)
    overrides: tuple[Override, ...] = ()


class _Plugin(BaseModel):
    out: str | None = None
    options: dict[str, object] = Field(default_factory=dict)


class _Gen(BaseModel):
    go: _Go = _Go()


class _Database(BaseModel):
    """The `database` key, which matters only if it names a server."""

    uri: str | None = None
    managed: bool = False


class Entry(BaseModel):
    """An entry of `sql` (version 2) or of `packages` (version 1)."""

    engine: str = POSTGRESQL
    name: str | None = None
    path: str | None = None
    queries: _Paths
    paths: _Paths = Field(default=(), alias="schema")
    database: _Database | None = None
    gen: _Gen = _Gen()
    codegen: tuple[_Plugin, ...] = ()
    rename: _Renames = Field(default_factory=dict)
    overrides: tuple[Override, ...] = ()

    @property
    def names(self) -> Iterator[str]:
        """Possible names of the package, the best first."""
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
        """Folders that sqlc writes to."""
        plugins = (plugin.out for plugin in self.codegen)
        return tuple(filter(None, (self.path, self.gen.go.out, *plugins)))

    @property
    def places(self) -> tuple[str, ...]:
        """Paths that distinguish the package from others, the best first."""
        return (*self.outputs, *self.queries)

    def option(self, name: str) -> bool | None:
        """Return an option of the Python plugin; None if it is not set."""
        for plugin in self.codegen:
            if isinstance(value := plugin.options.get(name), bool):
                return value
        return None


class _Language(BaseModel):
    rename: _Renames = Field(default_factory=dict)
    overrides: tuple[Override, ...] = ()


class _Overrides(BaseModel):
    go: _Language = _Language()


def _global_overrides(value: object) -> object:
    # In version 1 it is a list, of what version 2 has below `go`.
    return {"go": {"overrides": value}} if isinstance(value, list) else value


class SqlcConfig(BaseModel):
    """The whole configuration file."""

    version: str
    sql: tuple[Entry, ...] = ()
    packages: tuple[Entry, ...] = ()
    rename: _Renames = Field(default_factory=dict)
    overrides: Annotated[_Overrides, BeforeValidator(_global_overrides)] = _Overrides()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Entries that code is generated for."""
        return (*self.sql, *self.packages)

    def renames(self, entry: Entry) -> Mapping[str, str]:
        """Return the Go name by sqlc's name of a column, table or type."""
        everywhere = self.rename | self.overrides.go.rename
        return everywhere | entry.rename | entry.gen.go.rename

    def overrides_of(self, entry: Entry) -> tuple[Override, ...]:
        """Return the overrides of the whole file and of the entry."""
        everywhere = self.overrides.go.overrides
        return (*everywhere, *entry.overrides, *entry.gen.go.overrides)


def find_source(place: Path) -> Path:
    """Return the configuration file in a folder, or the file itself."""
    if not place.is_dir():
        return place
    for name in FILE_NAMES:
        if (place / name).is_file():
            return place / name
    raise ReposgenError(
        [
            error(
                "import-unreadable",
                f"there is no {', '.join(FILE_NAMES[:-1])} or {FILE_NAMES[-1]} here",
                path=str(place),
                hint="name the file: reposgen import-sqlc PATH",
            )
        ]
    )


def read_source(source: Path) -> SqlcConfig:
    """Read sqlc's configuration.

    Raises:
        ReposgenError: the file cannot be read, or is not a configuration of sqlc.
    """
    try:
        # JSON, sqlc's other form, is YAML.
        data = yaml.safe_load(source.read_text(encoding="utf-8"))
        return SqlcConfig.model_validate(_with_text_version(data))
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
