"""Which module each .sql file becomes, and what its classes are called."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

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
    from reposgen.analysis.model import TypedQuery
    from reposgen.python_model.supported import Files

# Modules that are no query file's.
RESERVED_MODULES = ("models", "errors", "schema", "protocols", "sync", "runtime")
# What a Database has of its own.
DATABASE_ATTRIBUTES = (
    *("open", "close", "run", "run_statement", "lease", "connection", "current"),
    *("connection_class", "transaction", "savepoint", "conninfo", "settings"),
    *("package", "tenant", "on_commit", "on_rollback", "pipeline"),
    *("primary", "health", "is_healthy", "statistics"),
    *("flush", "buffers", "on_unwritten", "drain_timeout", "put_row"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """The names that one .sql file gives rise to.

    Attributes:
        module: `tasks`.
        attribute: of Database: `tasks`.
        repository: `TaskRepository`.
        protocol: `TaskRepositoryProtocol`.
        methods: in the queries' order.
        constants: in the queries' order.
    """

    path: str
    queries: tuple[TypedQuery, ...]
    module: str
    attribute: str
    repository: str
    protocol: str
    methods: tuple[str, ...]
    constants: tuple[Symbol, ...]


def lay_out(files: Files, package: str, classes: Namespace) -> tuple[FileLayout, ...]:
    """Names for all files; the classes' are claimed."""
    names = [
        identifier(snake_case(PurePosixPath(path).stem), "queries") for path, _ in files
    ]
    modules = unique(names, RESERVED_MODULES)
    # A class of a module's name would hide the module in the package.
    classes.taken.update(modules)
    attributes = unique(names, DATABASE_ATTRIBUTES)
    layouts = []
    for (path, queries), name, module, attribute in zip(
        files, names, modules, attributes, strict=True
    ):
        repository = classes.claim(class_name(f"{singular(name)}_repository"))
        methods = unique(identifier(q.method, "query") for q in queries)
        layouts.append(
            FileLayout(
                path=path,
                queries=queries,
                module=module,
                attribute=attribute,
                repository=repository,
                protocol=classes.claim(f"{repository}Protocol"),
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
