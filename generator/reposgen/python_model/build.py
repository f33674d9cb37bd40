"""From `Analysis` to `Package`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.python_model.caching import invalidations, plan_caching
from reposgen.python_model.column_types import name_column_types
from reposgen.python_model.commands import ASYNC, SYNC
from reposgen.python_model.context import Context
from reposgen.python_model.factories import factories_module, made_tables
from reposgen.python_model.layout import colliding_names, lay_out
from reposgen.python_model.model.modules import Package
from reposgen.python_model.modules import Parts, flavor_modules, shared_modules
from reposgen.python_model.names import Namespace
from reposgen.python_model.naming import check_rename_conflicts, read_naming
from reposgen.python_model.queries import build_query
from reposgen.python_model.registry import build_registry
from reposgen.python_model.sharing import claim_row_names, share_rows
from reposgen.python_model.snake_names import colliding_snake_names
from reposgen.python_model.supported import split_supported
from reposgen.python_model.violations import constraint_errors

if TYPE_CHECKING:
    from reposgen.analysis.model import Analysis
    from reposgen.config.model import PackageConfig


def build_package(analysis: Analysis, config: PackageConfig) -> Package:
    """Return the generated package, with errors for unsupported queries.

    Important names are claimed first, so that they are not numbered: repositories,
    models, exceptions, then row classes. Row classes are claimed for each file
    separately, so that they do not depend on other files.
    """
    catalog = analysis.catalog
    naming, diagnostics = read_naming(config, analysis)
    files, objections = split_supported(analysis, naming)
    offered = ("RepositoryMigration",) if config.gradual_migration else ()
    classes = Namespace({"Database", "DatabaseProtocol", "PACKAGE", *offered})
    layouts = lay_out(files, config.name, classes)
    registry = build_registry(
        [query for _, queries in files for query in queries],
        catalog,
        naming,
        classes,
        f"{config.name}.models",
        tables=made_tables(catalog) if config.factories else (),
    )
    errors = constraint_errors(
        analysis,
        [query for _, queries in files for query in queries],
        naming,
        classes,
        f"{config.name}.errors",
    )
    shared = frozenset(classes.taken)
    context = Context(
        catalog=catalog,
        registry=registry,
        naming=naming,
        classes={
            constant.module: Namespace(around=shared)
            for layout in layouts
            for constant in layout.constants
        },
        violations={key: error.symbol for error in errors for key in error.keys},
        caching=plan_caching(files),
    )
    built = []
    misnamed = [
        *colliding_names(files),
        *check_rename_conflicts(config, registry),
        *colliding_snake_names(config, files, context),
    ]
    for layout in layouts:
        misnamed += claim_row_names(layout, context)
        queries, mismatches = share_rows(
            [
                build_query(query, method, constant, context)
                for query, method, constant in zip(
                    layout.queries, layout.methods, layout.constants, strict=True
                )
            ]
        )
        misnamed += mismatches
        built.append((layout, queries))
    named = name_column_types(
        [queries for _, queries in built],
        f"{config.name}.models",
        classes,
    )
    parts = Parts(
        name=config.name,
        tenant=config.tenant.setting,
        names_statements=config.names_statements,
        has_migration=config.gradual_migration,
        has_contract=config.contract,
        context=context,
        errors=errors,
        files=tuple(
            (layout, queries)
            for (layout, _), queries in zip(built, named.files, strict=True)
        ),
        named=named,
    )
    first, *others = (c for c in (ASYNC, SYNC) if c.api in config.api)
    modules = [
        *shared_modules(parts),
        *([factories_module(parts)] if config.factories else ()),
        *flavor_modules(parts, first, config.name, first=True),
    ]
    for flavor in others:
        below = f"{config.name}.{flavor.api}"
        modules += flavor_modules(parts, flavor, below, first=False)
    return Package(
        name=config.name,
        modules=tuple(modules),
        invalidations=invalidations(files),
        diagnostics=(*diagnostics, *objections, *misnamed),
    )
