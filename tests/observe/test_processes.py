"""Programs of their own: OpenTelemetry without code, and the server's statistics."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import psycopg
import pytest
from click.testing import CliRunner
from psycopg.conninfo import make_conninfo
from tests.observe.seen import SCHEMA, act, copy, pages

from reposgen.cli import main
from reposgen.database.embedded import embedded_server
from reposgen_runtime import Package, Settings
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[2]
NAMED: Final = Package("named", names_statements=True)


def test_opentelemetry_instrument(conninfo: str) -> None:
    outcome = subprocess.run(  # noqa: S603 -- our own interpreter
        [
            *(Path(sys.executable).with_name("opentelemetry-instrument"),),
            *("--traces_exporter", "console", "--metrics_exporter", "none"),
            *("--logs_exporter", "none"),
            *(sys.executable, ROOT / "tests/observe/app.py", conninfo),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "Traceback" not in outcome.stderr
    names = Counter(
        json.loads(f'"{name}"')
        for name in re.findall(r'^    "name": "(.*)",$', outcome.stdout, re.MULTILINE)
    )
    database = psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"]
    # Each call once, on either path; the last is psycopg's own.
    assert names == {
        f"TRANSACTION {database}": 2,
        "SELECT acts": 4,
        "BATCH SELECT acts": 2,
        "SELECT": 1,
    }


@pytest.fixture(scope="module")
def counting() -> Iterator[str]:
    """A server that counts statements."""
    major = int(os.environ.get("REPOSGEN_TEST_POSTGRES", "18"))
    if major != 18:
        pytest.skip("the embedded server of other releases has no pg_stat_statements")
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    with embedded_server(major, progress=lambda _: None, settings=settings) as server:
        name = f"counted_{uuid4().hex}"
        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE {name}".encode())
        conninfo = make_conninfo(server, dbname=name)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(SCHEMA.encode())
            connection.execute("CREATE EXTENSION pg_stat_statements")
        yield conninfo


@pytest.mark.parametrize("use_cursors", [False, True], ids=["libpq", "cursors"])
@pytest.mark.parametrize("prepare", ["auto", "never"])
def test_the_server_knows_the_methods(
    counting: str, prepare: str, *, use_cursors: bool
) -> None:
    with psycopg.connect(counting, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_statements_reset()")
    settings = Settings(
        conninfo=counting,
        use_cursors=use_cursors,
        prepare=prepare,  # type: ignore[arg-type] # one of the two
    )
    with Database(settings, package=NAMED) as db:
        run = Runner(db, NAMED)
        for _ in range(3):
            run.one(act(), ("ok",))
        run.batch_exec(act(), ["ok", "ok"])
        [*run.stream(act(), ("ok",))]
        run.page(pages(None), ("ok",), limit=1)
        run.copy_from(copy(None), ["ok"])
        run.copy_returning(copy(None, staged=True), ["ok"])
    outcome = CliRunner().invoke(main, ["stats", counting, "--format", "json"])
    assert outcome.exit_code == 0, outcome.output
    found = {one["method"]: one for one in json.loads(outcome.stdout)}
    assert set(found) == {f"named.acts.{name}" for name in ("act", "page", "copy")}
    assert found["named.acts.act"]["calls"] == 6
    assert found["named.acts.act"]["rows"] == 6
    assert found["named.acts.page"]["calls"] == 1
    # One COPY, and one COPY with the INSERT that follows it.
    assert found["named.acts.copy"]["calls"] == 3
    assert found["named.acts.copy"]["rows"] == 3
    assert found["named.acts.act"]["total_ms"] > 0


def test_stats_as_a_table(counting: str) -> None:
    with psycopg.connect(counting, autocommit=True) as connection:
        connection.execute("SELECT pg_stat_statements_reset()")
    run = CliRunner()
    outcome = run.invoke(main, ["stats", counting])
    assert outcome.exit_code == 0
    assert "set names_statements = true" in outcome.stderr
    with Database(Settings(conninfo=counting), package=NAMED) as db:
        Runner(db, NAMED).one(act(), ("ok",))
    outcome = run.invoke(main, ["stats", counting, "--top", "1"])
    head, row = outcome.stdout.splitlines()
    assert re.split(r"\s{2,}", head) == [
        *("method", "calls", "mean ms", "total ms", "rows", "cache hits")
    ]
    assert row.split()[:2] == ["named.acts.act", "1"]


def test_a_server_without_statistics(conninfo: str) -> None:
    outcome = CliRunner().invoke(main, ["stats", conninfo])
    assert outcome.exit_code == 2
    assert "[no-statement-statistics]" in outcome.stderr
    assert "CREATE EXTENSION pg_stat_statements" in outcome.stderr
    outcome = CliRunner().invoke(main, ["stats", "postgresql://u:geheim@nowhere:1/x"])
    assert outcome.exit_code == 2
    assert "geheim" not in outcome.output
