"""Keys of codegen.toml."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping  # noqa: TC003 - pydantic reads annotations
from dataclasses import field
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - as above
from typing import TYPE_CHECKING, Annotated, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from reposgen.models import dataclass
from reposgen.urls import url_problem

if TYPE_CHECKING:
    from reposgen.config.locations import Locations
    from reposgen.diagnostics import Span

# Names that stand beside the packages in the output directory.
RESERVED_PACKAGES = frozenset({"manifest", "runtime"})


# What no file or folder can be called on Windows, whatever its extension.
DEVICES = (
    *("con", "prn", "aux", "nul"),
    *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10)),
)


class Api(StrEnum):
    """An API of generated code: asynchronous or synchronous."""

    ASYNC = "async"
    SYNC = "sync"


class ModelKind(StrEnum):
    """Kind of the classes that rows are built from."""

    DATACLASS = "dataclass"
    PYDANTIC = "pydantic"
    MSGSPEC = "msgspec"
    ATTRS = "attrs"


def _complaint(message: str, hint: str) -> PydanticCustomError:
    # Braces would be read as placeholders: what varies travels in the context.
    return PydanticCustomError(
        "complaint", "{message}", {"message": message, "hint": hint}
    )


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _database_url(url: str) -> str:
    if problem := url_problem(url):
        raise _complaint(*problem)
    return url


def _package_name(name: str) -> str:
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise _complaint(
            "a package's name is what Python imports: a valid identifier",
            'letters, digits and _, not a keyword: "control_plane"',
        )
    if name in RESERVED_PACKAGES:
        raise _complaint(
            f'the name "{name}" is taken by a part of the output itself',
            "choose another name",
        )
    if name.lower() in DEVICES:
        raise _complaint(
            f'Windows cannot store a folder "{name}"', "choose another name"
        )
    return name


def _directory(directory: str) -> str:
    name = directory.rstrip("/\\").replace("\\", "/").rpartition("/")[2]
    if not name.isidentifier() or keyword.iskeyword(name):
        raise _complaint(
            "the output directory is an importable package: its name must be a valid"
            " identifier",
            'for example "generated" or "src/myapp/generated"',
        )
    return directory


_PART = re.compile(r"[^.\s]+(\.[^.\s]+){1,2}")


def _secret(column: str) -> str:
    if not _PART.fullmatch(column):
        raise _complaint(
            "a secret is a column of a table", '"table.column" or "schema.table.column"'
        )
    return column


_FUNCTION = "function "
_NAME = re.compile(r"[^.\s]+(\.[^.\s]+){0,2}")


def _not_null(path: str) -> str:
    name = path.removeprefix(_FUNCTION)
    if not (_PART if name == path else _NAME).fullmatch(name):
        raise _complaint(
            "what is never NULL is a field of a composite type, or what a function"
            " gives",
            '"type.field", "schema.type.field", "function name" or'
            ' "function name.column"',
        )
    return path


OneOrMany = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    BeforeValidator(_one_or_many, json_schema_input_type=str | tuple[str, ...]),
    Field(min_length=1),
]


def _search_path(
    names: tuple[str, ...] | None, info: ValidationInfo
) -> tuple[str, ...] | None:
    if names and not info.data.get("schema_paths"):
        raise _complaint(
            "`search_path` applies to a database made from `schema`, which is missing",
            'give it in the url: "postgresql://…?options=-csearch_path%3Dapp,public"',
        )
    return names


def _setting(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", name):
        raise _complaint(
            "a setting of one's own has a prefix and a name", 'tenant = "app.tenant_id"'
        )
    return name


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class DatabaseConfig(_Section):
    """[database]: the server that analyses the queries.

    Attributes:
        url: `embedded`, `embedded:16`, `system`, `system:15`, `docker:IMAGE` or
            `postgresql://…`.
    """

    url: Annotated[str, AfterValidator(_database_url)] = Field(
        default="embedded", repr=False
    )


class OneRow(StrEnum):
    """What `:one` does if there are several rows."""

    ONLY = "only"
    FIRST = "first"


class RuntimeKind(StrEnum):
    """Where generated code finds its run time."""

    INSTALLED = "installed"
    VENDORED = "vendored"


class OutputConfig(_Section):
    """[output]: where generated code goes.

    Attributes:
        directory: output directory, relative to the project; an importable package.
        runtime: `installed` imports the distribution `reposgen-runtime`; `vendored`
            copies the modules that are needed into the output directory.
    """

    directory: Annotated[str, AfterValidator(_directory)] = "generated"
    runtime: RuntimeKind = RuntimeKind.INSTALLED


class TenantConfig(_Section):
    """How the tenant of a row and of a call is identified.

    Attributes:
        setting: the setting that row-level security reads: `app.tenant_id`; calls send
            it.
        column: the column that identifies the tenant of a row: `tenant_id`; each query
            is proved to keep to one tenant.
        row_security: policies that compare the column with the setting count as proof.
    """

    setting: Annotated[str, AfterValidator(_setting)] | None = None
    column: Annotated[str, Field(min_length=1)] | None = None
    row_security: bool = False


def _tenant(value: object) -> object:
    return {"setting": value} if isinstance(value, str) else value


class TypeOverride(_Section):
    """The Python type of a type's, column's or parameter's values.

    Attributes:
        type: a class, as a dotted path; `str`, `int`, `float`; for JSON also
            `list[module.Class]` and `dict[str, module.Class]`; for arrays `list[str]`
            or `list[str | None]`, which says whether elements can be NULL.
        load: function that makes an object from the driver's value, if the class does
            not.
        dump: function that makes the driver's value from an object, if the driver's own
            class does not.
    """

    type: str
    load: str | None = None
    dump: str | None = None


class PlanRule(StrEnum):
    """A rule about the plans of queries on tables whose sizes are known."""

    SEQ_SCAN = "seq-scan"
    UNINDEXED_FILTER = "unindexed-filter"
    LARGE_SORT = "large-sort"
    LARGE_HASH = "large-hash"
    NESTED_LOOP = "nested-loop"
    MISSING_FK_INDEX = "missing-fk-index"
    DEEP_OFFSET = "deep-offset"
    UNUSED_INDEX = "unused-index"
    DEFAULT_ESTIMATE = "default-estimate"


class LockRule(StrEnum):
    """A rule about the locks of migrations and of queries."""

    LOCK_WAITS = "lock-waits"
    LOCK_HELD = "lock-held"
    LOCK_ORDER = "lock-order"


VetRule: TypeAlias = PlanRule | LockRule


class RuleSeverity(StrEnum):
    """What a rule's findings are."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    OFF = "off"


class RuleConfig(_Section):
    """How one rule about plans or locks is applied.

    Attributes:
        rows: the number of rows from which on the rule reports; None: the rule's own.
        severity: what its findings are; None: the rule's own.
        ignore: names of tables, indexes or constraints, each with the reason why the
            rule does not report it.
    """

    rows: Annotated[int, Field(ge=1, strict=True)] | None = None
    severity: RuleSeverity | None = None
    ignore: Mapping[str, Annotated[str, Field(min_length=1)]] = Field(
        default_factory=dict
    )


def _rule(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return {"rows": value}
    return {"severity": value} if isinstance(value, str) else value


def _type_override(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


class PackageConfig(_Section):
    """A [[package]] table.

    Attributes:
        name: name of the Python package in the output directory.
        schema_paths: migration files and folders, relative to the project; None: the
            database is analysed as it is.
        queries: `.sql` files and folders, relative to the project.
        search_path: schemas in which unqualified names are looked up; None: the
            server's default.
        api: APIs to generate.
        models: kind of the classes that rows are built from.
        one: what `:one` and `:batchone` do if there are several rows: `only` raises
            TooManyRows, `first` returns the first row, as sqlc's code does.
        types: overrides: PostgreSQL type, `table.column` or `Query.column` → class.
        rename: name in the database → name in Python.
        snake_case: columns, parameters and labels in camelCase have their Python names
            in snake_case.
        secrets: columns that repr must not show, as `table.column`.
        null_elements: arrays can have NULL elements unless the contrary is proved or
            declared.
        not_null: `type.field` for fields of composite types that are never NULL, and
            `function name` for functions that never return NULL.
        tenant: the setting that row-level security reads, `app.tenant_id`, or a table
            with the setting and the column that identifies tenants.
        gradual_migration: the package exports a class for gradual migration from
            another implementation.
        contract: the package carries what `Database.open(verify=…)` compares with the
            database's schema.
        factories: the package has factories of rows, for tests.
        names_statements: each statement ends with the comment
            `/* package.repository.method */`, for the server's statistics and logs.
        json_classes: JSON documents that queries build become classes.
        unknown_labels: labels of enums that the generated code does not know are read
            as the member UNKNOWN.
        rows: `table` or `schema.table` = how many rows it has in production, for plans.
        statistics: a file that `reposgen stats export` wrote, relative to the project,
            for plans.
        vet: how rules about plans and locks are applied: their severity, the number of
            rows from which on they report, or a table with both.
    """

    name: Annotated[str, AfterValidator(_package_name)]
    schema_paths: OneOrMany | None = Field(default=None, alias="schema")
    queries: OneOrMany
    search_path: Annotated[OneOrMany | None, AfterValidator(_search_path)] = None
    api: Annotated[
        tuple[Api, ...],
        BeforeValidator(_one_or_many, json_schema_input_type=Api | tuple[Api, ...]),
        Field(min_length=1),
    ] = (Api.ASYNC, Api.SYNC)
    models: ModelKind = ModelKind.DATACLASS
    one: OneRow = OneRow.ONLY
    types: Mapping[
        str,
        Annotated[
            TypeOverride,
            BeforeValidator(_type_override, json_schema_input_type=str | TypeOverride),
        ],
    ] = Field(default_factory=dict)
    rename: Mapping[str, str] = Field(default_factory=dict)
    snake_case: bool = False
    secrets: tuple[Annotated[str, AfterValidator(_secret)], ...] = ()
    null_elements: bool = True
    not_null: tuple[Annotated[str, AfterValidator(_not_null)], ...] = ()
    tenant: Annotated[
        TenantConfig,
        BeforeValidator(_tenant, json_schema_input_type=str | TenantConfig),
    ] = TenantConfig()
    gradual_migration: bool = False
    contract: bool = False
    factories: bool = False
    names_statements: bool = False
    json_classes: bool = True
    unknown_labels: bool = False
    rows: Mapping[str, Annotated[int, Field(ge=0, strict=True)]] = Field(
        default_factory=dict
    )
    statistics: Annotated[str, Field(min_length=1)] | None = None
    vet: Mapping[
        VetRule,
        Annotated[
            RuleConfig,
            BeforeValidator(
                _rule, json_schema_input_type=int | RuleSeverity | RuleConfig
            ),
        ],
    ] = Field(default_factory=dict)
    _place: Callable[..., Span] | None = PrivateAttr(default=None)
    _root: Path | None = PrivateAttr(default=None)

    def placed(self, place: Callable[..., Span], root: Path) -> Self:
        """Return a copy that knows the places of its keys and the project's folder."""
        copy = self.model_copy()
        copy._place = place  # noqa: SLF001 - of its own class
        copy._root = root  # noqa: SLF001 - as above
        return copy

    @property
    def takes_first(self) -> bool:
        """True if `:one` returns the first of several rows."""
        return self.one is OneRow.FIRST

    @property
    def not_null_functions(self) -> Mapping[str, Span | None]:
        """Functions in `not_null`, or their columns, and their places."""
        return {
            path.removeprefix(_FUNCTION): self.place("not_null", index)
            for index, path in enumerate(self.not_null)
            if path.startswith(_FUNCTION)
        }

    @property
    def not_null_fields(self) -> Mapping[str, Span | None]:
        """Fields of composite types in `not_null`, and their places."""
        return {
            path: self.place("not_null", index)
            for index, path in enumerate(self.not_null)
            if not path.startswith(_FUNCTION)
        }

    @property
    def root(self) -> Path | None:
        """The project's folder; None if the configuration was not read from a file."""
        return self._root

    def place(self, *path: str | int) -> Span | None:
        """Return the place of a key of this table: `place("types", "tasks.settings")`.

        For a list, return the place of an item: `place("secrets", 0)`. Return None if
        the configuration was not read from a file.
        """
        return self._place(*path) if self._place else None


class Sections(_Section):
    """The contents of a codegen.toml."""

    database: DatabaseConfig = DatabaseConfig()
    output: OutputConfig = OutputConfig()
    packages: Annotated[tuple[PackageConfig, ...], Field(min_length=1)] = Field(
        alias="package"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration of a project: inputs, database and output.

    Attributes:
        root: the project's folder, absolute: paths in the file are relative to it.
        file: the file's name: `codegen.toml` or `pyproject.toml`.
        packages: at least one package, in the file's order.
        places: the place of each key in the file, for messages.
        url_place: the place of the database's url: in the file, or the name of an
            option that overrides it, such as `--database`; None if it is not set.
        url_origin: the name of the url's origin in messages.
        digest: digest of the file, the options and the variables that it was read from;
            None if a variable is named by escape sequences.
    """

    root: Path
    file: str
    database: DatabaseConfig
    output: OutputConfig
    packages: tuple[PackageConfig, ...]
    places: Locations = field(repr=False, compare=False)
    url_place: Span | str | None = field(repr=False, compare=False)
    url_origin: str = field(repr=False, compare=False)
    digest: str | None = field(repr=False, compare=False)

    @property
    def output_directory(self) -> Path:
        """Absolute path of the output directory."""
        return self.root / self.output.directory

    @property
    def is_vendored(self) -> bool:
        """True if the output contains a copy of the run time."""
        return self.output.runtime is RuntimeKind.VENDORED
