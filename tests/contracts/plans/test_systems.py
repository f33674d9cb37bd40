"""The plans of the four systems: what is reported, and how they are when loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import psycopg
import pytest
from tests.systems.data import fill
from tests.systems.databases import create_system, drop_system

from reposgen.analysis.directives import DIRECTIVES
from reposgen.config import load_config
from reposgen.contracts.plans.lockfile import plan_text
from reposgen.contracts.plans.sizes import known_sizes
from reposgen.contracts.plans.variants import variants_of
from reposgen.database import export_statistics, read_migrations, sized_database
from reposgen.database.model import Server
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.plans import read_plans
from reposgen.pipeline import analyse, judge_of
from reposgen.planning import plan_project
from reposgen.project import Source
from reposgen.sql_source.reader import read_query_files
from reposgen.testing.databases import url_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.systems.data import System

    from reposgen.config import Config

ROOT = Path(__file__).parents[3]
SYSTEMS = ("control_plane", "collaboration", "flows", "agents")
# How many tasks, or of what a system has most, are loaded.
SOME, MANY = 500, 100_000


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    everything = metafunc.config.getoption("all")
    if "system" in metafunc.fixturenames:
        metafunc.parametrize("system", SYSTEMS if everything else SYSTEMS[:1])


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Config:
    for name in [name for name in os.environ if name.startswith("REPOSGEN_")]:
        monkeypatch.delenv(name)
    return load_config(ROOT / "codegen.toml", environ={})


def test_nothing_is_reported_about_the_systems(system: str, config: Config) -> None:
    """At the sizes of codegen.toml, but what they ignore with a reason."""
    analysed = analyse(config, (system,), silent)
    project = plan_project(analysed, silent)
    (package,) = project.packages
    assert package.plans is not None
    assert [one.render() for one in package.diagnostics] == []


def test_plans_are_those_of_loaded_tables(
    system: str, server: str, pytestconfig: pytest.Config, config: Config
) -> None:
    """Of at least 95 of 100 queries, by statistics that hold no values."""
    size = MANY if pytestconfig.getoption("all") else SOME
    options = next(p for p in config.packages if p.name == system)
    files = read_query_files(options.queries, ROOT, directives=DIRECTIVES)
    with psycopg.connect(server, autocommit=True) as admin:
        version = admin.info.server_version
        name = create_system(admin, cast("System", system))
        try:
            with psycopg.connect(
                url_of(server, name), autocommit=True, prepare_threshold=None
            ) as link:
                fill(link, cast("System", system), size)
                link.execute("VACUUM ANALYZE")
                catalog = read_catalog(link)
                source = Source(options=options, files=files, migrations=None)
                analysis = judge_of(link, catalog, source)(files)
                statements = [
                    (query, variant.statement)
                    for queries in analysis.files.values()
                    for query in queries
                    for variant in variants_of(query)
                ]
                loaded = read_plans(link, [one for _, one in statements])
                statistics = export_statistics(link)
        finally:
            drop_system(admin, name)
    sizes = known_sizes(catalog, options.model_copy(update={"rows": {}}), statistics)
    private = Server(conninfo=server, name="test", version=version, private=True)
    migrations = read_migrations(options.schema_paths or (), ROOT)
    with sized_database(private, migrations, sizes, statistics.settings) as link:
        empty = read_plans(link, [one for _, one in statements], catalog.types)
    differing = {
        (query.query.source.path, query.name)
        for (query, _), one, other in zip(statements, loaded, empty, strict=True)
        if plan_text(one) != plan_text(other)
    }
    queries = {(query.query.source.path, query.name) for query, _ in statements}
    assert len(differing) <= 0.05 * len(queries), shown(differing)


def silent(_: str) -> None:
    pass


def shown(names: Sequence[tuple[str, str]] | set[tuple[str, str]]) -> str:
    return ", ".join(f"{path}: {name}" for path, name in sorted(names))
