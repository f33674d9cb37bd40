"""The pipeline's part that plans queries on tables of a known size."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reposgen.contracts.plans.judge import Facts, judge_plans, plan_queries
from reposgen.contracts.plans.sizes import known_sizes
from reposgen.database import read_statistics, sized_database
from reposgen.diagnostics import note
from reposgen.live_schema.plans import read_expressions, read_plans, read_uncertain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.analysis.model import Analysis
    from reposgen.config import Config, PackageConfig
    from reposgen.contracts.plans.judge import Planned
    from reposgen.database import Migrations, Progress, Server, Statistics
    from reposgen.diagnostics import Diagnostic
    from reposgen.project import AnalysedPackage


def has_sizes(options: PackageConfig) -> bool:
    """Return True if the configuration says how large tables are."""
    return bool(options.rows) or options.statistics is not None


def plan_packages(
    server: Server,
    migrations: Migrations | None,
    packages: Sequence[AnalysedPackage],
    config: Config,
    progress: Progress,
) -> list[AnalysedPackage]:
    """Return the packages of one schema with the plans of their queries.

    Raises:
        ReposgenError: a file of statistics cannot be read.
    """
    if not any(has_sizes(package.options) for package in packages):
        return [*packages]
    obstacle = _obstacle(server, migrations)
    if obstacle is not None or migrations is None:
        return [
            replace(package, mistakes=(*package.mistakes, obstacle))
            if has_sizes(package.options) and obstacle
            else package
            for package in packages
        ]
    planned: dict[str, Planned] = {}
    for package in packages:
        if has_sizes(package.options):
            progress(f"planning {package.options.name}")
            planned[package.options.name] = plan_package(
                server, migrations, package.options, package.analysis
            )
    # An index may be used by a package that was not asked for, or has no sizes.
    names = {
        one.name
        for one in config.packages
        if one.schema_paths == packages[0].options.schema_paths
    }
    schema = [part.source for file in migrations.files for part in file.parts]
    found = []
    for package in packages:
        own = planned.get(package.options.name)
        if own is not None:
            others = [one for one in planned.values() if one is not own]
            plans = judge_plans(
                own, others, schema if names <= planned.keys() else None
            )
            found.append(replace(package, plans=plans))
        else:
            found.append(package)
    return found


def _obstacle(server: Server, migrations: Migrations | None) -> Diagnostic | None:
    """Return what is in the way of a database with the sizes of the configuration."""
    if migrations is None:
        return note(
            "plans-not-made",
            "queries are not planned: without the package's migrations there is no"
            " database of the configured sizes",
            hint='add schema = "migrations" to the package',
        )
    if not server.private:
        return note(
            "plans-not-made",
            f"queries are not planned: the files of {server.name} cannot be reached",
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


def plan_package(
    server: Server, migrations: Migrations, options: PackageConfig, analysis: Analysis
) -> Planned:
    """Plan the queries of a package.

    Args:
        server: a private one.
        migrations: of the package, all or the first of them.
        options: of the package.
        analysis: of the queries on this schema.

    Raises:
        ReposgenError: a file of statistics cannot be read.
    """
    statistics = package_statistics(options)
    sizes = known_sizes(analysis.catalog, options, statistics)
    settings = statistics.settings if statistics else {}
    with sized_database(server, migrations, sizes, settings) as connection:
        return plan_queries(
            analysis,
            options,
            sizes,
            partial(read_plans, connection, types=analysis.catalog.types),
            Facts(
                expressions=read_expressions(connection),
                uncertain=read_uncertain(connection),
            ),
        )
