"""The visible half of the corpus of sqlc's tests, judged by PostgreSQL's facts."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from reposgen.analysis.analyse import analyse
from reposgen.analysis.model import Column, Embed
from reposgen.analysis.types import base_of
from reposgen.database import read_migrations
from reposgen.database.migrations import apply
from reposgen.diagnostics import Diagnostic, ReposgenError, Severity
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reposgen.analysis.model import Analysis, TypedQuery

    Facts = dict[str, Any]

CORPUS = Path(__file__).parents[3] / "shared" / "conformance" / "sqlc"
CASES = sorted(path.parent for path in CORPUS.glob("*/case.json"))


@pytest.mark.skipif(bool(CASES), reason="the corpus is there")
def test_corpus() -> None:
    pytest.skip(f"no corpus of cases at {CORPUS.name} beside the checkout")


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path, make_database: Callable[[str], str]) -> None:
    case: Facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    with psycopg.connect(make_database(""), autocommit=True) as connection:
        _need_extensions(connection, case["extensions"])
        analysis, diagnostics = _analyse(connection, folder, case)
    errors = [d for d in diagnostics if d.severity is Severity.ERROR]
    if case["expect_tool"] == "error":
        assert errors
        assert all(d.span for d in errors)
        return
    assert not errors, "\n".join(d.render() for d in errors)
    assert analysis is not None
    found = {q.name: q for queries in analysis.files.values() for q in queries}
    for name, facts in case["queries"].items():
        if facts["verdict"] == "ok":
            differences = list(_differences(found[name], facts))
            assert not differences, name


def _need_extensions(connection: psycopg.Connection, wanted: list[str]) -> None:
    rows = connection.execute("SELECT name FROM pg_available_extensions")
    if missing := set(wanted) - {name for (name,) in rows}:
        pytest.skip(f"the server lacks {', '.join(sorted(missing))}")


def _analyse(
    connection: psycopg.Connection, folder: Path, case: Facts
) -> tuple[Analysis | None, list[Diagnostic]]:
    migrations = read_migrations([Path(path) for path in case["schema"]], folder)
    try:
        apply(connection, migrations, embedded=True)
    except ReposgenError as refused:
        return None, list(refused.diagnostics)
    files = read_query_files([Path(path) for path in case["queries_in"]], folder)
    analysis = analyse(
        files,
        read_catalog(connection),
        describe=partial(describe, connection),
        read_system=partial(read_catalog, connection),
    )
    own = [d for file in files for d in file.diagnostics]
    return analysis, [*own, *analysis.diagnostics]


def _differences(query: TypedQuery, facts: Facts) -> Iterator[str]:
    truth = facts["postgres"]
    parameters = [(p.number, base_of(p.type).sql) for p in query.parameters]
    # The facts are those of IN ($1), of one element.
    expected = [
        (p["number"], p["type"] + ("[]" if p["syntax"] == "slice" else ""))
        for p in truth["params"]
    ]
    if parameters != expected:
        yield f"parameters {parameters}, not {expected}"
    names = {p.number: p.name for p in query.parameters}
    given = {p["number"]: p["name"] for p in truth["params"] if p["name"]}
    for parameter in facts["sqlc"].get("params") or ():
        # A repeated name gets its number when sqlc writes code, not in its facts.
        given.setdefault(parameter["number"], parameter["name"])
    for number, name in given.items():
        own = names.get(number, "")
        if name and own != name and own.rpartition("_")[0] != name:
            yield f"parameter {number} is called {own}, not {name}"
    columns = list(_flat(query))
    shown = [(c.name, base_of(c.type).sql) for c in columns]
    wanted = [(c["name"], c["type"]) for c in truth["columns"]]
    if shown != wanted:
        yield f"columns {shown}, not {wanted}"
    for column, fact in zip(columns, truth["columns"], strict=False):
        if fact.get("null_seen") and not column.nullable:
            yield f"{column.name} is typed not null, and a NULL was seen"


def _flat(query: TypedQuery) -> Iterator[Column]:
    for item in query.results:
        match item:
            case Embed():
                yield from item.columns
            case Column():
                yield item
