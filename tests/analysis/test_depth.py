"""Statements that are nested more deeply than Python usually recurses."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from reposgen.analysis import analyse
from reposgen.analysis.depth import depth_of, with_deep_stack
from reposgen.analysis.model import Cardinality, Column
from reposgen.diagnostics import Severity

if TYPE_CHECKING:
    from tests.analysis.conftest import Judge

SCHEMA = "CREATE TABLE t (id integer PRIMARY KEY, a integer);"


def nested(text: str, around: str, times: int) -> str:
    for _ in range(times):
        text = around.replace("?", text)
    return text


STATEMENTS = {
    "union": " UNION ALL ".join(f"SELECT {n} AS c FROM t" for n in range(600)),
    "subqueries": nested("SELECT id AS c FROM t", "SELECT c FROM (?) AS s", 200),
    "in": nested("SELECT id AS c FROM t", "SELECT id AS c FROM t WHERE a IN (?)", 120),
    "concatenation": f"SELECT {' || '.join(['a::text'] * 800)} AS c FROM t",
    "ands": "SELECT id AS c FROM t WHERE " + " AND ".join(["a > 1"] * 2000),
    "list": f"SELECT id AS c FROM t WHERE a IN ({', '.join(map(str, range(5000)))})",
    "cases": "SELECT "
    + nested("1", "CASE WHEN a = 1 THEN 2 ELSE ? END", 300)
    + " AS c FROM t",
    "calls": f"SELECT {nested('a', 'abs(?)', 400)} AS c FROM t",
    "with": "WITH c0 AS (SELECT id AS c FROM t)"
    + "".join(f", c{n} AS (SELECT c FROM c{n - 1})" for n in range(1, 200))
    + " SELECT c FROM c199",
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_nested_deeply(judge: Judge, name: str) -> None:
    found = judge(SCHEMA, f"-- name: Deep :many\n{STATEMENTS[name]};\n")
    assert found.diagnostics == ()
    ((query,),) = found.files.values()
    (column,) = query.results
    assert isinstance(column, Column)
    assert column.nullable is (name in {"concatenation", "calls"})
    assert query.cardinality is Cardinality.MANY


def test_too_deep(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack that is never deep enough costs the statement, and no other one."""

    def without_room(work: object) -> None:
        del work
        raise RecursionError

    monkeypatch.setattr(analyse, "with_deep_stack", without_room)
    found = judge(
        SCHEMA,
        f"-- name: Deep :many\n{STATEMENTS['union']};\n\n"
        "-- name: Plain :many\nSELECT id FROM t;\n",
    )
    (refused,) = found.diagnostics
    assert (refused.code, refused.severity) == ("too-deep", Severity.ERROR)
    assert refused.span is not None
    assert refused.span.text == "Deep"
    ((query,),) = found.files.values()
    assert query.name == "Plain"


def test_the_deep_stack() -> None:
    def down(depth: int) -> int:
        return 1 + max(map(down, [depth - 1])) if depth else 0

    with pytest.raises(RecursionError):
        down(5000)
    assert with_deep_stack(partial(down, 5000)) == 5000
    with pytest.raises(ZeroDivisionError):
        with_deep_stack(lambda: 1 // 0)


def test_the_depth_of_a_tree() -> None:
    assert depth_of(r"({A :b ({C}) :name a\(\{} {D})") == 4
