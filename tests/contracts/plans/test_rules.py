"""What the rules report of plans, and what they don't."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.diagnostics import Severity

if TYPE_CHECKING:
    from tests.contracts.plans.conftest import PlanQueries

HERE = Path(__file__).parent
FAULTS = (HERE / "faults.sql").read_text(encoding="utf-8")
EXPECTED = {
    found[1]: set(found[2].split(", "))
    for found in re.finditer(
        r"^-- name: (\w+) .*\n(?:-- @.*\n)*-- expect: (.*)$", FAULTS, re.MULTILINE
    )
}


def test_seeded_faults_are_found(plan_queries: PlanQueries) -> None:
    """Each query is reported for the rules that its comment names, and no others."""
    judged = plan_queries(FAULTS)
    assert {name: judged.codes(name) for name in EXPECTED} == EXPECTED
    assert len(EXPECTED) == FAULTS.count("-- name:") >= 50


def test_what_is_fine_is_not_reported(plan_queries: PlanQueries) -> None:
    judged = plan_queries((HERE / "fine.sql").read_text(encoding="utf-8"))
    assert [one.render() for one in judged.found] == []


def test_thresholds_severities_and_ignores_of_the_configuration(
    plan_queries: PlanQueries,
) -> None:
    sql = """
-- name: All :many
SELECT id, note FROM orders;

-- name: Sorted :many
SELECT id FROM orders ORDER BY note;

-- name: Products :many
SELECT id FROM products;

-- name: Regions :many
SELECT id FROM regions;
"""
    judged = plan_queries(
        sql,
        vet={
            "seq-scan": {
                "severity": "error",
                "ignore": {"public.products": "there are few of them yet"},
            },
            "large-sort": "off",
            "unused-index": "note",
        },
    )
    found = {(one.code, one.severity) for one in judged.found}
    assert found == {
        ("seq-scan", Severity.ERROR),
        ("unused-index", Severity.NOTE),
    }
    assert judged.codes("Products") == judged.codes("Regions") == set()
    judged = plan_queries(sql, vet={"seq-scan": 20_000_000, "large-sort": 1})
    assert judged.codes("All") == set()
    assert judged.codes("Sorted") == {"large-sort"}


def test_rules_are_about_tables_of_a_known_size(plan_queries: PlanQueries) -> None:
    """Nothing is said of the others; an empty table is of a known size, too."""
    judged = plan_queries(
        "-- name: All :many\nSELECT id FROM orders ORDER BY note;\n"
        "-- name: Joined :many\nSELECT a.id FROM products AS a CROSS JOIN products;",
        rows={"regions": 10_000_000, "orders": 0},
        vet={"unused-index": "off"},
    )
    assert judged.found == ()


def test_ignores_that_are_wrong_or_idle(plan_queries: PlanQueries) -> None:
    judged = plan_queries(
        """
-- name: Idle :opt
-- @vet-ignore seq-scan it is small
SELECT * FROM orders WHERE id = @id;

-- name: Used :execrows
-- @vet-ignore missing-where all of them
-- @vet-ignore seq-scan all of them
UPDATE products SET price = price * 2;
"""
    )
    own = [one for one in judged.found if one.code != "unused-index"]
    assert [one.code for one in own] == ["needless-vet-ignore"]
    (idle,) = own
    assert idle.span is not None
    assert idle.span.text == "seq-scan it is small"


def test_an_index_for_a_deleted_row_is_used(plan_queries: PlanQueries) -> None:
    schema = """
CREATE TABLE parents (id bigint PRIMARY KEY);
CREATE TABLE children (
    id bigint PRIMARY KEY,
    parent_id bigint REFERENCES parents ON DELETE CASCADE,
    name text
);
CREATE INDEX children_parent_id_idx ON children (parent_id) WHERE parent_id IS NOT NULL;
CREATE INDEX children_name_idx ON children (name);
"""
    judged = plan_queries(
        "-- name: Drop :exec\nDELETE FROM parents WHERE id = @id;",
        schema,
        {"parents": 1000, "children": 1_000_000},
    )
    assert [one.message for one in judged.found] == [
        "no query uses the index children_name_idx of children"
    ]


def test_partitions_count_together_unless_a_call_reads_one_of_them(
    plan_queries: PlanQueries,
) -> None:
    schema = (
        "CREATE TABLE days (day int, note text) PARTITION BY LIST (day);"
        + "".join(
            f"CREATE TABLE days_{n} PARTITION OF days FOR VALUES IN ({n});"
            for n in range(10)
        )
    )
    sql = """
-- name: OfDay :many
SELECT note FROM days WHERE day = @day AND note = @note;

-- name: OfAll :many
SELECT day FROM days WHERE note = @note;
"""
    judged = plan_queries(sql, schema, {"days": 500_000, "days_3": 50_000})
    assert judged.codes("OfDay") == set()
    assert [one.message for one in judged.found] == [
        "OfAll reads 500,000 rows of days, since no index has note first"
    ]
    judged = plan_queries(sql, schema, {"days": 500_000, "days_3": 200_000})
    assert judged.codes("OfDay") == {"unindexed-filter"}


def test_tables_of_all_kinds_can_be_sized(plan_queries: PlanQueries) -> None:
    """With every kind of index, and without columns."""
    schema = """
CREATE TABLE empty_columns ();
CREATE TABLE base (id bigint PRIMARY KEY, kind text);
CREATE TABLE child (extra int) INHERITS (base);
CREATE UNLOGGED TABLE shapes (
    id int PRIMARY KEY, span int4range, place point, name text, twice int,
    double int GENERATED ALWAYS AS (twice * 2) STORED,
    EXCLUDE USING gist (span WITH &&)
);
CREATE INDEX ON shapes USING gist (place);
CREATE INDEX ON shapes USING spgist (place);
CREATE INDEX ON shapes USING hash (name);
CREATE INDEX ON shapes USING brin (double);
CREATE INDEX ON shapes (name) INCLUDE (span);
INSERT INTO base SELECT n, 'kind' FROM generate_series(1, 100) n;
ANALYZE base;
"""
    sql = """
-- name: Empty :one
SELECT count(*) FROM empty_columns;

-- name: Base :many
SELECT id FROM base WHERE kind = @kind;

-- name: Overlapping :many
SELECT id FROM shapes WHERE span && @span::int4range;

-- name: Nearest :many
SELECT id FROM shapes ORDER BY place <-> point(0, 0) LIMIT 5;

-- name: Named :many
SELECT id FROM shapes WHERE name = @name;
"""
    judged = plan_queries(
        sql,
        schema,
        {"empty_columns": 3_000_000, "base": 200_000, "child": 9, "shapes": 20_000_000},
    )
    found = {name: judged.codes(name) for name in ("Empty", "Base")}
    assert found == {"Empty": {"seq-scan"}, "Base": {"unindexed-filter"}}
    names = ("Overlapping", "Nearest", "Named")
    assert set().union(*map(judged.codes, names)) == set()
    assert "Seq Scan on child" in judged.plan("Base")


def test_a_tenant_that_a_setting_names_can_be_planned(
    plan_queries: PlanQueries,
) -> None:
    schema = """
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, body text);
CREATE INDEX notes_tenant_id_idx ON notes (tenant_id);
"""
    sql = """
-- name: Own :many
SELECT body FROM notes WHERE tenant_id = current_setting('app.tenant_id')::uuid;
"""
    judged = plan_queries(
        sql, schema, {"notes": 1_000_000}, tenant={"setting": "app.tenant_id"}
    )
    assert judged.found == ()
    assert "notes_tenant_id_idx" in judged.plan("Own")
    judged = plan_queries(
        sql, schema, {"notes": 1_000_000}, vet={"unused-index": "off"}
    )
    assert judged.codes("Own") == {"no-plan"}
