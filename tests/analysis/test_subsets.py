"""What is made of a query does not depend on the queries beside it."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from reposgen.config.model import PackageConfig
from reposgen.python_model.build import build_package
from reposgen.python_model.model.modules import ModelsModule, QueriesModule

if TYPE_CHECKING:
    from tests.analysis.conftest import Judge

    from reposgen.python_model.model.modules import Package

SCHEMA = """
CREATE TYPE task AS (id int, note text);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, mood mood NOT NULL);
CREATE TABLE person (id int PRIMARY KEY, note text, last task);
CREATE TABLE tasks (id int PRIMARY KEY, title text NOT NULL, note text,
    owner int REFERENCES people, checked text CHECK (checked IS NOT NULL));
CREATE TABLE all_rows (id int PRIMARY KEY, a text);
CREATE VIEW owned AS SELECT t.id, t.title, t.note, p.name FROM tasks t
    JOIN people p ON p.id = t.owner;
CREATE VIEW task_notes AS SELECT id, note FROM tasks;
CREATE VIEW labels AS SELECT t.id, array_agg(t.title) AS titles,
    array_agg(t.note) AS notes, array_remove(array_agg(t.note), NULL) AS some,
    array_agg(p) AS owners
    FROM tasks t LEFT JOIN people p ON p.id = t.owner GROUP BY t.id;
CREATE FUNCTION a_label(int) RETURNS labels LANGUAGE plpgsql
    AS 'BEGIN RETURN NULL; END';
CREATE MATERIALIZED VIEW counts AS SELECT owner, count(*) AS n FROM tasks GROUP BY 1;
"""
QUERIES = {
    "All": ":many\nSELECT * FROM owned;",
    "Beside": ":many\nSELECT o.* FROM people p LEFT JOIN owned o ON o.id = p.id;",
    "Embedded": ":many\nSELECT p.id, sqlc.embed(owned) FROM people p"
    " LEFT JOIN owned ON owned.id = p.id;",
    "There": ":many\nSELECT p.id, sqlc.embed(owned) FROM people p"
    " JOIN owned ON owned.id = p.id;",
    "WithNote": ":many\nSELECT * FROM owned WHERE note IS NOT NULL;",
    "Whole": ":many\nSELECT o FROM owned o;",
    "Listed": ":many\nSELECT p.id, array_agg(o) AS several FROM people p"
    " JOIN owned o ON o.id = p.id GROUP BY p.id;",
    "Notes": ":many\nSELECT * FROM task_notes;",
    "NotesBeside": ":many\nSELECT p.id, sqlc.embed(n) FROM people p"
    " LEFT JOIN task_notes n ON n.id = p.id;",
    "Labels": ":many\nSELECT * FROM labels;",
    "LabelsBeside": ":many\nSELECT l.* FROM people p"
    " LEFT JOIN labels l ON l.id = p.id;",
    "OneLabel": ":many\nSELECT p.id, sqlc.embed(l) FROM people p"
    " JOIN labels l ON l.id = p.id;",
    "LabelsOfSome": ":many\nSELECT * FROM labels WHERE notes = '{a}';",
    "LabelAsValue": ":one\nSELECT a_label(1) AS label;",
    "LabelMade": ":one\nSELECT ROW(1, NULL, NULL, NULL, NULL)::labels AS label;",
    "Counts": ":many\nSELECT * FROM counts;",
    "CountsBeside": ":many\nSELECT sqlc.embed(c), p.name FROM people p"
    " LEFT JOIN counts c ON c.owner = p.id;",
    "Tasks": ":many\nSELECT * FROM tasks;",
    "TasksBeside": ":many\nSELECT t.* FROM people p LEFT JOIN tasks t ON t.id = p.id;",
    "People": ":many\nSELECT * FROM people;",
    "Person": ":many\nSELECT * FROM person;",
    "AllRows": ":many\nSELECT * FROM all_rows;",
    "Moods": ":many\nSELECT mood FROM people;",
}


def test_each_query_is_the_same_among_others(judge: Judge) -> None:
    together = _built(judge, list(QUERIES))
    assert len(together) == len(QUERIES)
    random = Random(3)
    for one in QUERIES:
        for name, built in _built(judge, [one]).items():
            assert built == together[name]
    for _ in range(8):
        some = random.sample(list(QUERIES), random.randint(2, 8))
        for name, built in _built(judge, some).items():
            assert built == together[name]


def _built(judge: Judge, names: list[str]) -> dict[str, object]:
    """For each query what is made of it, and the models that it names."""
    sql = "\n\n".join(f"-- name: {name} {QUERIES[name]}" for name in names)
    analysis = judge(SCHEMA, sql)
    assert [d for d in analysis.diagnostics if d.severity == "error"] == []
    config = PackageConfig.model_validate({"name": "demo", "queries": ["queries.sql"]})
    package = build_package(analysis, config)
    classes = _classes(package)
    (module,) = (m for m in package.modules if m.path == "demo.queries")
    assert isinstance(module, QueriesModule)
    built: dict[str, object] = {}
    for query in module.queries:
        text = repr(query)
        used = {n: one for n, one in classes.items() if f"name='{n}'" in text}
        built[query.statement.symbol.name] = (text, used)
    return built


def _classes(package: Package) -> dict[str, str]:
    return {
        row.symbol.name: repr(row)
        for module in package.modules
        if isinstance(module, ModelsModule)
        for row in module.rows
    }
