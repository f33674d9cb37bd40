"""The pipeline's part that plans queries on tables of a known size."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from reposgen.contracts.plans.judge import Facts, judge_plans, plan_queries
from reposgen.contracts.plans.sizes import known_sizes
from reposgen.database import (
    is_private,
    open_server,
    read_migrations,
    read_statistics,
    sized_database,
)
from reposgen.diagnostics import note, sorted_diagnostics
from reposgen.live_schema.plans import read_expressions, read_plans, read_uncertain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from reposgen.analysis.model import Analysis
    from reposgen.config import Config, PackageConfig
    from reposgen.contracts.plans.judge import Planned
    from reposgen.contracts.plans.model import PackagePlans
    from reposgen.database import Migrations, Progress, Server, Statistics
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Catalog
    from reposgen.project import Project

    # Of code for another schema, the second one has the statements that it sends.
    PlanPackage = Callable[[Analysis, Analysis | None], Planned]


def has_sizes(options: PackageConfig) -> bool:
    """Return True if the configuration says how large tables are."""
    return bool(options.rows) or options.statistics is not None


def plan_project(project: Project, progress: Progress) -> Project:
    """Return the project with the plans of the queries of packages that have sizes.

    Raises:
        ReposgenError: a file of statistics cannot be read, or there is no server.
    """
    config = project.config
    wanted = [p for p in project.packages if has_sizes(p.options)]
    obstacles = {p.options.name: planning_obstacle(p.options, config) for p in wanted}
    planned: dict[str, Planned] = {}
    schemas: dict[str, Migrations] = {}
    if any(found is None for found in obstacles.values()):
        with open_server(config.database.url, progress, config.url_origin) as server:
            for package in wanted:
                options = package.options
                if obstacles[options.name] is None:
                    progress(f"planning {options.name}")
                    migrations = read_package_migrations(config, options)
                    schemas[options.name] = migrations
                    planned[options.name] = plan_package(
                        server, migrations, options, package.analysis
                    )
    packages = tuple(
        replace(
            package,
            plans=_judged(package.options, planned, schemas, config),
            obstacle=obstacles.get(package.options.name),
        )
        for package in project.packages
    )
    found = (one for package in packages for one in package.diagnostics)
    return replace(
        project,
        packages=packages,
        diagnostics=sorted_diagnostics({*project.diagnostics, *found}),
    )


def read_package_migrations(config: Config, options: PackageConfig) -> Migrations:
    """Return the migrations of a package that has some.

    Raises:
        ReposgenError: a file cannot be read.
    """
    paths, search_path = options.schema_paths or (), options.search_path or ()
    return read_migrations(paths, config.root, search_path)


def _any_tenant(options: PackageConfig, catalog: Catalog) -> str:
    """Return a value that the tenant's setting can have: plans read it."""
    name = options.tenant.column or (options.tenant.setting or "").rpartition(".")[2]
    is_uuid = any(
        column.name == name and column.type.name == "uuid"
        for relation in catalog.relations.values()
        for column in relation.columns
    )
    return str(UUID(int=0)) if is_uuid else "0"


def _judged(
    options: PackageConfig,
    planned: Mapping[str, Planned],
    schemas: Mapping[str, Migrations],
    config: Config,
) -> PackagePlans | None:
    """Return the plans of a package with what the rules report."""
    own = planned.get(options.name)
    if own is None:
        return None
    # An index may be used by a package that was not asked for, or has no sizes.
    names = {p.name for p in config.packages if p.schema_paths == options.schema_paths}
    others = [one for name, one in planned.items() if name in names and one is not own]
    files = [part.source for file in schemas[options.name].files for part in file.parts]
    return judge_plans(own, others, files if names <= planned.keys() else None)


def planning_obstacle(options: PackageConfig, config: Config) -> Diagnostic | None:
    """Return what is in the way of a database with the sizes of the configuration."""
    if options.schema_paths is None:
        return note(
            "plans-not-made",
            "queries are not planned: without the package's migrations there is no"
            " database of the configured sizes",
            hint='add schema = "migrations" to the package',
        )
    if not is_private(config.database.url):
        return note(
            "plans-not-made",
            "queries are not planned: the files of the server of"
            f" {config.url_origin} cannot be reached",
            hint='use url = "embedded", or "system" for the extensions of the'
            " machine's PostgreSQL",
        )
    return None


def package_statistics(options: PackageConfig) -> Statistics | None:
    """Return what the package's file of statistics holds; None without one.

    Raises:
        ReposgenError: the file cannot be read.
    """
    if options.statistics is None or options.root is None:
        return None
    path = options.root / options.statistics
    return read_statistics(path, options.statistics)


@contextmanager
def package_planner(
    server: Server, migrations: Migrations, options: PackageConfig, catalog: Catalog
) -> Iterator[PlanPackage]:
    """Provide a function that plans the queries of a package on one schema.

    Args:
        server: a private one.
        migrations: of the package, all or the first of them.
        options: of the package.
        catalog: of a database with this schema.

    Raises:
        ReposgenError: a file of statistics cannot be read.
    """
    statistics = package_statistics(options)
    sizes = known_sizes(catalog, options, statistics)
    settings = dict(statistics.settings) if statistics else {}
    if options.tenant.setting is not None:
        settings[options.tenant.setting] = _any_tenant(options, catalog)
    with sized_database(server, migrations, sizes, settings) as connection:
        facts = Facts(
            expressions=read_expressions(connection),
            uncertain=read_uncertain(connection),
        )

        def plan(analysis: Analysis, generated: Analysis | None) -> Planned:
            known = {} if generated is None else generated.catalog.types
            types = {**known, **catalog.types}
            ask = partial(read_plans, connection, types=types)
            return plan_queries(
                analysis, options, sizes, ask, facts, generated=generated
            )

        yield plan


def plan_package(
    server: Server, migrations: Migrations, options: PackageConfig, analysis: Analysis
) -> Planned:
    """Plan the queries of a package on the schema that they were analysed on.

    Raises:
        ReposgenError: a file of statistics cannot be read.
    """
    with package_planner(server, migrations, options, analysis.catalog) as plan:
        return plan(analysis, None)
