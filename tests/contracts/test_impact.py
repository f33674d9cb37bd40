"""What is said of changed schemas, and what the generated packages do on them."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, cast
from uuid import uuid4

import psycopg
import pytest
from tests.contracts.calls import outcomes
from tests.systems.data import fill
from tests.systems.databases import create_system, drop_system

from reposgen.analysis.directives import DIRECTIVES
from reposgen.config import Overrides, load_config
from reposgen.contracts.impact import find_effects
from reposgen.contracts.model import Direction, EffectKind
from reposgen.contracts.unexamined import functions_of
from reposgen.database.databases import drop_database
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.function_sources import read_sources
from reposgen.pipeline import judge_of
from reposgen.project import Source
from reposgen.sql_source.model import Command
from reposgen.sql_source.reader import read_query_files
from reposgen.testing.databases import url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.systems.data import System

    from reposgen.analysis.model import Analysis

    Prepared = Callable[[str], tuple[str, Source, Analysis]]

ROOT = Path(__file__).parents[2]
MIGRATIONS = [
    (found[1], found[2], found[3])
    for found in re.finditer(
        r"^-- (\w+): (.*)\n((?:(?!-- ).*\n)+)",
        (Path(__file__).parent / "migrations.sql").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
]
# What every run tries; --all tries all.
SAMPLE = {
    ("agents", "add a column that must be written"),
    ("collaboration", "rename a column"),
    ("control_plane", "drop a label"),
    ("flows", "add an attribute"),
}


@pytest.fixture(scope="module")
def prepared(server: str) -> Iterator[Prepared]:
    """Gives a system's database with rows, and its queries as they are generated."""
    found: dict[str, tuple[str, Source, Analysis]] = {}
    path = ROOT / "codegen.toml"
    overrides = Overrides(database_url=server)
    config = load_config(path, environ=os.environ, overrides=overrides)
    with psycopg.connect(server, autocommit=True) as admin:

        def prepare(system: str) -> tuple[str, Source, Analysis]:
            if system not in found:
                options = next(p for p in config.packages if p.name == system)
                name = create_system(admin, cast("System", system))
                files = read_query_files(options.queries, ROOT, directives=DIRECTIVES)
                source = Source(options=options, files=files, migrations=None)
                with psycopg.connect(url_of(server, name), autocommit=True) as link:
                    fill(link, cast("System", system), 20)
                    analysis = judge_of(link, read_catalog(link), source)(files)
                found[system] = name, source, analysis
            return found[system]

        yield prepare
        for name, *_ in found.values():
            drop_system(admin, name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        everything = metafunc.config.getoption("all")
        cases = [one for one in MIGRATIONS if everything or one[:2] in SAMPLE]
        metafunc.parametrize("case", cases, ids=[f"{s}: {t}" for s, t, _ in cases])


def test_what_breaks_is_foretold(
    case: tuple[str, str, str],
    prepared: Prepared,
    server: str,
) -> None:
    """The methods that are said to break do, and no others."""
    system, _, migration = case
    template, source, own = prepared(system)
    name = f"impact_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        url = url_of(server, name)
        try:
            before = outcomes(url, f"generated.{system}.sync")
            with psycopg.connect(url, autocommit=True) as link:
                before_sources = read_sources(link, own.catalog, functions_of(own))
                link.execute(migration.encode())
                other = judge_of(link, read_catalog(link), source)(source.files)
                names = functions_of(own, other)
                sources = read_sources(link, other.catalog, names)
                effects = find_effects(
                    own,
                    other,
                    partial(describe, link),
                    Direction.OLD_CODE,
                    (before_sources, sources),
                )
            after = outcomes(url, f"generated.{system}.sync")
        finally:
            drop_database(admin, name)
    foretold = {
        (PurePosixPath(effect.file).stem, effect.method): effect.message
        for effect in effects
        if effect.kind is EffectKind.BREAKS
    }
    # A label that the code does not know is met where a row has it.
    perhaps = {
        (PurePosixPath(effect.file).stem, effect.method)
        for effect in effects
        if effect.kind is EffectKind.TYPES
    }
    # What a function does that is not written in SQL is not known.
    perhaps |= {
        (PurePosixPath(path).stem, query.method)
        for path, queries in own.files.items()
        for query in queries
        if any(one.startswith("function ") for one in query.unknown_writes)
    }
    happened = {place: why for place, why in after.items() if why and not before[place]}
    assert happened.keys() - foretold.keys() - perhaps == set(), happened
    # A call that failed before, for want of other rows, shows nothing; nor does an
    # INSERT of the rows of a query that has none.
    shown = {place for place, why in foretold.items() if "writes no value" not in why}
    shown &= {place for place, why in before.items() if why == ""}
    # The columns of a stream are compared when a row arrives.
    shown -= {(PurePosixPath(path).stem, m) for path, m in streams(own)}
    assert shown - happened.keys() == set(), foretold


def streams(analysis: Analysis) -> Iterator[tuple[str, str]]:
    for path, queries in analysis.files.items():
        for query in queries:
            if query.command is Command.STREAM:
                yield path, query.method


def test_there_are_enough_migrations() -> None:
    assert len(MIGRATIONS) >= 60
    assert {(system, title) for system, title, _ in MIGRATIONS} >= SAMPLE
