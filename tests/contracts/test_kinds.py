"""Migrations of rarer kinds: what is said of them, and what the generated code does."""

from __future__ import annotations

import re
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from tests.contracts.calls import outcomes

from reposgen.config import Overrides, load_config
from reposgen.contracts.impact import find_effects
from reposgen.contracts.model import Direction, EffectKind
from reposgen.contracts.unexamined import functions_of
from reposgen.database.databases import drop_database
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.function_sources import read_sources
from reposgen.pipeline import analyse, judge_of
from reposgen.project import Source
from reposgen.render.render import render_output
from reposgen.sql_source.reader import read_query_files
from reposgen.testing.databases import url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.model import Analysis

CASE = Path(__file__).parent / "kinds"
PACKAGE = "kinds.app"
MIGRATIONS = dict(
    re.findall(
        r"^-- (.*)\n((?:(?!-- ).*\n)+)",
        (CASE / "migrations.sql").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
# What every run tries; --all tries all.
SAMPLE = (
    "domain not null",
    "drop domain",
    "default dropped that update uses",
    "function plpgsql reads a dropped column",
    "trigger that fills a required column",
    "unique key deferrable",
    "truncate blocked by a foreign key",
)


@pytest.fixture(scope="module")
def prepared(
    server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Source, Analysis]]:
    """A database with rows, the package's queries, and their analysis on it."""
    root = tmp_path_factory.mktemp("rare")
    shutil.copytree(CASE, root, dirs_exist_ok=True)
    overrides = Overrides(database_url=server)
    config = load_config(root / "codegen.toml", environ={}, overrides=overrides)
    project = analyse(config, (), lambda _: None)
    assert not project.has_errors, [d.render() for d in project.diagnostics]
    for path, text in render_output(project.code).items():
        file = root / "kinds" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    name = f"kinds_{uuid4().hex}"
    options = config.packages[0]
    files = read_query_files(options.queries, root)
    source = Source(options=options, files=files, migrations=None)
    with (
        psycopg.connect(server, autocommit=True) as admin,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.syspath_prepend(str(root))
        admin.execute(f"CREATE DATABASE {name}".encode())
        try:
            with psycopg.connect(url_of(server, name), autocommit=True) as link:
                for sql in ("schema.sql", "data.sql"):
                    link.execute((CASE / sql).read_bytes())
                analysis = judge_of(link, read_catalog(link), source)(files)
            yield name, source, analysis
        finally:
            drop_database(admin, name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "title" in metafunc.fixturenames:
        everything = metafunc.config.getoption("all")
        metafunc.parametrize("title", MIGRATIONS if everything else SAMPLE)


def test_what_breaks_is_foretold(
    title: str, prepared: tuple[str, Source, Analysis], server: str
) -> None:
    template, source, own = prepared
    name = f"kinds_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        url = url_of(server, name)
        try:
            before = outcomes(url, PACKAGE)
            with psycopg.connect(url, autocommit=True) as link:
                sources = read_sources(link, own.catalog, functions_of(own))
                link.execute(MIGRATIONS[title].encode())
                other = judge_of(link, read_catalog(link), source)(source.files)
                names = functions_of(own, other)
                effects = find_effects(
                    own,
                    other,
                    partial(describe, link),
                    Direction.OLD_CODE,
                    (sources, read_sources(link, other.catalog, names)),
                )
            after = outcomes(url, PACKAGE)
        finally:
            drop_database(admin, name)
    said: dict[str, set[EffectKind]] = {}
    for effect in effects:
        said.setdefault(effect.method, set()).add(effect.kind)
    breaks = {method for method, kinds in said.items() if EffectKind.BREAKS in kinds}
    # A label is met where a row has it; what functions and triggers do is not examined.
    perhaps = {
        method
        for method, kinds in said.items()
        if kinds & {EffectKind.TYPES, EffectKind.UNKNOWN}
    }
    happened = {
        method
        for (_, method), why in after.items()
        if why and not before["rare", method]
    }
    assert happened - breaks - perhaps == set(), after
    # A call that failed before shows nothing.
    shown = {method for method in breaks if before["rare", method] == ""}
    assert shown - happened == set(), effects
