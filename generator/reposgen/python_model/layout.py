"""Names of the modules, classes and methods for each .sql file."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from reposgen.config.model import DEVICES
from reposgen.diagnostics import error
from reposgen.models import dataclass
from reposgen.python_model.inflection import singular
from reposgen.python_model.model.pytype import Symbol
from reposgen.python_model.names import (
    Namespace,
    class_name,
    constant_name,
    identifier,
    snake_case,
    unique,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.model import TypedQuery
    from reposgen.diagnostics import Diagnostic
    from reposgen.python_model.supported import Files

# Modules that are no query file's, and names that Windows has for devices.
RESERVED_MODULES = ("models", "errors", "sync", "runtime", *DEVICES)
# What a Database has of its own.
DATABASE_ATTRIBUTES = (
    *("open", "close", "run", "run_statement", "lease", "connection", "current"),
    *("connection_class", "transaction", "savepoint", "locate", "settings"),
    *("package", "tenant", "on_commit", "on_rollback", "pipeline"),
    *("primary", "health", "is_healthy", "statistics", "cache"),
    *("observers", "place_of_calls"),
    *("after_fork", "current_tenant", "scopes"),
    *("flush", "buffers", "on_write_failure", "drain_timeout", "put_row"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """Names derived from one .sql file.

    Attributes:
        module: `tasks`.
        attribute: attribute of Database: `tasks`.
        repository: `TaskRepository`.
        protocol: `TaskRepositoryProtocol`.
        read_protocol: `TaskReadProtocol`.
        write_protocol: `TaskWriteProtocol`.
        methods: names of the methods, in the queries' order.
        constants: names of the statements, in the queries' order.
    """

    path: str
    queries: tuple[TypedQuery, ...]
    module: str
    attribute: str
    repository: str
    protocol: str
    read_protocol: str
    write_protocol: str
    methods: tuple[str, ...]
    constants: tuple[Symbol, ...]


def colliding_names(files: Files) -> Iterator[Diagnostic]:
    """Yield errors for files and queries that would have the same name in Python.

    Numbering the names would make callers depend on the order of files.
    """
    paths: dict[str, str] = {}
    cased: dict[str, str] = {}
    for path, queries in files:
        alike = cased.setdefault(path.lower(), path)
        if alike != path:
            yield error(
                "file-names-alike",
                f"{alike} and {path} differ in case only: many disks hold one of them",
                path=path,
                hint="rename one of the files",
            )
            continue
        first = paths.setdefault(_module_name(path), path)
        if first != path:
            yield error(
                "repository-names-collide",
                f"{first} and {path} would both become the repository"
                f' "{_module_name(path)}"',
                path=path,
                hint="rename one of the files",
            )
        named: dict[str, TypedQuery] = {}
        for query in queries:
            method = _method_name(query)
            other = named.setdefault(method, query)
            if other is not query:
                place = other.query.name_span
                yield error(
                    "query-names-collide",
                    f"{other.name} and {query.name} would both become the method"
                    f' "{method}"',
                    span=query.query.name_span,
                    hint=f"rename one of them; {other.name} is at"
                    f" {place.source.path}:{place.line}:{place.column}",
                )


def _module_name(path: str) -> str:
    return identifier(snake_case(PurePosixPath(path).stem), "queries")


def _method_name(query: TypedQuery) -> str:
    return identifier(query.method, "query")


def lay_out(files: Files, package: str, classes: Namespace) -> tuple[FileLayout, ...]:
    """Return names for all files, and claim the classes' names."""
    names = [_module_name(path) for path, _ in files]
    modules = unique(names, RESERVED_MODULES)
    # A class of a module's name would hide the module in the package.
    classes.taken.update(modules)
    attributes = unique(names, DATABASE_ATTRIBUTES)
    layouts = []
    for (path, queries), name, module, attribute in zip(
        files, names, modules, attributes, strict=True
    ):
        repository = classes.claim(class_name(f"{singular(name)}_repository"))
        methods = unique(_method_name(query) for query in queries)
        layouts.append(
            FileLayout(
                path=path,
                queries=queries,
                module=module,
                attribute=attribute,
                repository=repository,
                protocol=classes.claim(f"{repository}Protocol"),
                read_protocol=classes.claim(
                    class_name(f"{singular(name)}_read_protocol")
                ),
                write_protocol=classes.claim(
                    class_name(f"{singular(name)}_write_protocol")
                ),
                methods=methods,
                constants=tuple(
                    Symbol(module=f"{package}.{module}", name=constant, generated=True)
                    for constant in unique(constant_name(q.name) for q in queries)
                ),
            )
        )
    # A class could be called like a constant; nobody misses such a name.
    classes.taken.update(c.name for layout in layouts for c in layout.constants)
    return tuple(layouts)
