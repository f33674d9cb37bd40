"""The visible half of the corpus of sqlc's tests, judged by PostgreSQL's facts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.conformance.corpus import CASES, CORPUS
from tests.conformance.flat import flat_columns

from reposgen.analysis.types import base_of
from reposgen.cli.document import document
from reposgen.cli.report import report
from reposgen.config import load_config
from reposgen.diagnostics import Severity
from reposgen.project import AnalysedPackage, Project
from reposgen.python_model.build import build_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conformance.corpus import Facts, Outcome

    from reposgen.analysis.model import TypedQuery


_CONFIG = """\
[database]
url = "embedded"

[[package]]
name = "app"
queries = "queries"
"""


@pytest.mark.skipif(bool(CASES), reason="the corpus is there")
def test_corpus() -> None:
    pytest.skip(f"no corpus of cases at {CORPUS.name} beside the checkout")


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder: Path, judged: Callable[[Path], Outcome]) -> None:
    _agrees(judged(folder))


# All of them would take long, and differ in little.
@pytest.mark.parametrize("folder", CASES[::6], ids=lambda folder: folder.name)
def test_without_notices(
    folder: Path, judged_quietly: Callable[[Path], Outcome]
) -> None:
    outcome = judged_quietly(folder)
    _agrees(outcome)
    assert not outcome.runs.wrong


def _agrees(outcome: Outcome) -> None:
    if outcome.missing:
        pytest.skip(f"the server lacks {', '.join(outcome.missing)}")
    errors = [d for d in outcome.diagnostics if d.severity is Severity.ERROR]
    if outcome.facts["expect_tool"] == "error":
        assert errors
        assert all(d.span for d in errors)
        return
    assert not errors, "\n".join(d.render() for d in errors)
    for name, facts in outcome.facts["queries"].items():
        if facts["verdict"] == "ok":
            differences = list(_differences(outcome.queries[name], facts))
            assert not differences, name


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_no_state_shows_a_null(folder: Path, judged: Callable[[Path], Outcome]) -> None:
    outcome = judged(folder)
    if outcome.missing:
        pytest.skip(f"the server lacks {', '.join(outcome.missing)}")
    assert not outcome.runs.wrong
    claiming = [q for q in outcome.queries.values() if _claims(q)]
    if claiming and not outcome.runs.claims:
        pytest.skip(f"no rows: {'; '.join(outcome.runs.refused.values())}")


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_described(
    folder: Path, judged: Callable[[Path], Outcome], tmp_path: Path
) -> None:
    outcome = judged(folder)
    if outcome.analysis is None:
        pytest.skip("nothing was analysed")
    (tmp_path / "queries").mkdir()
    (tmp_path / "codegen.toml").write_text(_CONFIG)
    config = load_config(tmp_path / "codegen.toml", environ={})
    code = build_package(outcome.analysis, config.packages[0])
    package = AnalysedPackage(
        options=config.packages[0], analysis=outcome.analysis, code=code
    )
    project = Project(config=config, packages=(package,), diagnostics=())
    described = json.loads(json.dumps(document(project)))
    (found,) = described["packages"]
    assert {query["name"] for query in found["queries"]} == set(outcome.queries)
    assert all(name in report(project) for name in outcome.queries)


def test_most_claims_were_tried(judged: Callable[[Path], Outcome]) -> None:
    if not CASES:
        pytest.skip("no corpus of cases beside the checkout")
    outcomes = [judged(folder) for folder in CASES]
    claims = [
        name
        for o in outcomes
        for query in o.queries.values()
        for name in _claims(query)
    ]
    tried = sum(len(outcome.runs.claims) for outcome in outcomes)
    assert tried > len(claims) * 0.85


def _claims(query: TypedQuery) -> list[str]:
    return [column.name for column in flat_columns(query) if not column.nullable]


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
    columns = list(flat_columns(query))
    shown = [(c.name, base_of(c.type).sql) for c in columns]
    wanted = [(c["name"], c["type"]) for c in truth["columns"]]
    if shown != wanted:
        yield f"columns {shown}, not {wanted}"
    for column, fact in zip(columns, truth["columns"], strict=False):
        if fact.get("null_seen") and not column.nullable:
            yield f"{column.name} is typed not null, and a NULL was seen"
