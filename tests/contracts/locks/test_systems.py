"""The methods that are said to wait for a migration, and real sessions."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import re
import typing
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast

import psycopg
import pytest
from tests.contracts.calls import PAGING, consume, repositories, value
from tests.systems.data import fill
from tests.systems.databases import create_system, drop_system

from reposgen.analysis.directives import DIRECTIVES
from reposgen.config import Overrides, load_config
from reposgen.contracts.locks.migrations import Context, judge_migration
from reposgen.contracts.locks.queries import statements_of as statements_of_query
from reposgen.database.migrations import statements_of
from reposgen.database.model import MigrationFile, Part
from reposgen.database.stepping import apply_together
from reposgen.diagnostics import SourceFile
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.locks import read_locks, read_statement_locks
from reposgen.live_schema.model import ConstraintKind
from reposgen.locking import read_package_locks
from reposgen.pipeline import judge_of
from reposgen.project import Source
from reposgen.sql_source.reader import read_query_files
from reposgen.testing.databases import url_of
from reposgen_runtime.errors import LockNotAvailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from psycopg import Connection
    from tests.systems.data import System

    from reposgen.analysis.model import Analysis, TypedQuery
    from reposgen.contracts.locks.model import JudgedMigration, PackageLocks
    from reposgen.live_schema.model import Catalog

    Prepared = Callable[[str], tuple[str, Analysis, PackageLocks]]

ROOT = Path(__file__).parents[3]
MIGRATIONS = [
    (found[1], found[2], found[3])
    for found in re.finditer(
        r"^-- (\w+): (.*)\n((?:(?!-- ).*\n)+)",
        (Path(__file__).parent / "migrations.sql").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
]
# What every run tries; --all tries all.
SAMPLE = {("control_plane", "add a column with a default"), ("flows", "drop an index")}
# A call that does not wait never meets it, and one that waits always does.
WAIT = "SET lock_timeout = '25ms'"


@pytest.fixture(scope="module")
def prepared(server: str) -> Iterator[Prepared]:
    """Gives a system's database with rows, its queries and their locks."""
    found: dict[str, tuple[str, Analysis, PackageLocks]] = {}
    overrides = Overrides(database_url=server)
    config = load_config(ROOT / "codegen.toml", environ=os.environ, overrides=overrides)
    with psycopg.connect(server, autocommit=True) as admin:

        def prepare(system: str) -> tuple[str, Analysis, PackageLocks]:
            if system not in found:
                options = next(p for p in config.packages if p.name == system)
                name = create_system(admin, cast("System", system))
                files = read_query_files(options.queries, ROOT, directives=DIRECTIVES)
                source = Source(options=options, files=files, migrations=None)
                with psycopg.connect(url_of(server, name), autocommit=True) as link:
                    fill(link, cast("System", system), 20)
                    analysis = judge_of(link, read_catalog(link), source)(files)
                    locks = read_package_locks(link, analysis, system)
                found[system] = name, analysis, locks
            return found[system]

        yield prepare
        for name, *_ in found.values():
            drop_system(admin, name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        everything = metafunc.config.getoption("all")
        cases = [one for one in MIGRATIONS if everything or one[:2] in SAMPLE]
        metafunc.parametrize("case", cases, ids=[f"{s}: {t}" for s, t, _ in cases])


def test_the_methods_that_are_said_to_wait_do(
    case: tuple[str, str, str],
    prepared: Prepared,
    server: str,
) -> None:
    """Those that are said to wait do, and those of which nothing is said do not."""
    system, _, migration = case
    name, analysis, locks = prepared(system)
    url = url_of(server, name)
    with (
        psycopg.connect(url, autocommit=True) as asked,
        psycopg.connect(url, autocommit=True) as link,
    ):
        judged = judge(link, migration, locks)
        values = existing_values(asked, analysis)
        catalog = read_catalog(asked)
        asked.execute(WAIT)
        with link.transaction(force_rollback=True):
            link.execute(migration.encode())
            waited = {
                f"{system}.{PurePosixPath(path).stem}.{query.method}"
                for path, queries in analysis.files.items()
                for query in queries
                if waits(asked, system, path, query, (values, catalog))
            }
    every = {method for one in judged.findings for method in one.waiting}
    some = {method for one in judged.findings for method in one.perhaps} - every
    logging.getLogger(__name__).info(
        "%d wait, %d can, %d did", len(every), len(some), len(waited)
    )
    assert every - waited == set()
    assert waited - every - some == set()


def judge(
    link: Connection[Any], migration: str, locks: PackageLocks
) -> JudgedMigration:
    source = SourceFile(path="migration.sql", text=migration)
    part = Part(source=source, start=0, end=len(migration))
    file = MigrationFile(path="migration.sql", parts=(part,))
    with link.transaction(force_rollback=True):
        steps = apply_together(link, statements_of([part]), lambda: read_locks(link))
    assert steps
    return judge_migration(file, steps, Context(packages=[locks], rows={}, options={}))


def existing_values(
    link: Connection[Any], analysis: Analysis
) -> dict[tuple[int, int], object]:
    """A value of each column of the tables."""
    found: dict[tuple[int, int], object] = {}
    for relation in analysis.catalog.relations.values():
        if relation.schema != "public" or relation.kind.value not in "rp":
            continue
        row = link.execute(f'SELECT * FROM "{relation.name}" LIMIT 1'.encode())
        for column, one in zip(relation.columns, row.fetchone() or (), strict=False):
            found[relation.oid, column.number] = one
    return found


def waits(
    link: Connection[Any],
    system: str,
    path: str,
    query: TypedQuery,
    known: tuple[dict[tuple[int, int], object], Catalog],
) -> bool:
    """Call a method with values of rows that exist, and undo what it did."""
    kinds = dict(repositories(f"generated.{system}.sync"))
    kind = kinds[PurePosixPath(path).stem]
    method = getattr(kind(link), query.method)
    module = importlib.import_module(kind.__module__)
    hints = typing.get_type_hints(method)
    arguments: dict[str, Any] = {}
    for parameter in inspect.signature(method).parameters.values():
        if parameter.default is parameter.empty or parameter.name not in PAGING:
            made = value(hints[parameter.name], module)
            arguments[parameter.name] = existing(made, parameter.name, query, known)
    try:
        with link.transaction(force_rollback=True):
            consume(method, arguments)
    except LockNotAvailable:
        return True
    except Exception as problem:  # noqa: BLE001 -- of the data or the arguments
        if isinstance(problem.__cause__, psycopg.Error):
            return False
    else:
        return False
    # It sent nothing: its arguments are of a kind that the test cannot make, or its
    # rows are written later.
    return any(
        "lock timeout" in one
        for one in read_statement_locks(link, [*statements_of_query(query)])
        if isinstance(one, str)
    )


def existing(
    made: object,
    name: str,
    query: TypedQuery,
    known: tuple[dict[tuple[int, int], object], Catalog],
) -> object:
    """The value of a row that exists for an argument, unless it must be a new one."""
    values, catalog = known
    parameter = next((p for p in query.parameters if p.name == name), None)
    if parameter is None or parameter.column is None:
        return made
    table = catalog.relations[parameter.column[0]]
    number = parameter.column[1]
    keys = {n for one in table.indexes if one.unique for n in one.columns}
    refers = {
        n
        for one in table.constraints
        if one.kind is ConstraintKind.FOREIGN_KEY
        for n in one.columns
    }
    found = values.get(parameter.column)
    is_new = query.verb == "INSERT" and number in keys - refers
    is_alike = type(found) is type(made) or made == {}
    return found if is_alike and not is_new else made


def test_there_are_enough_migrations() -> None:
    assert len(MIGRATIONS) >= 20
    assert {(system, title) for system, title, _ in MIGRATIONS} >= SAMPLE
