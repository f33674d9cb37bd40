"""Which queries can be read page by page, and why others can't."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reposgen.diagnostics import Severity

if TYPE_CHECKING:
    from tests.analysis.conftest import Judge

SCHEMA = """
CREATE TYPE spot AS (x integer, y integer);
CREATE TYPE kind AS ENUM ('task', 'note');
CREATE TABLE teams (id integer PRIMARY KEY, name text NOT NULL, parent integer);
CREATE TABLE tasks (
    id integer PRIMARY KEY,
    team_id integer REFERENCES teams,
    title text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    weight real NOT NULL DEFAULT 0,
    cost numeric NOT NULL DEFAULT 0,
    price money,
    spot spot,
    tags text[],
    code integer UNIQUE,
    UNIQUE NULLS NOT DISTINCT (team_id, title)
);
CREATE TABLE notes (id bigint PRIMARY KEY, task_id integer REFERENCES tasks,
    body text NOT NULL, at timestamptz NOT NULL);
CREATE TABLE parts (id integer NOT NULL, task_id integer REFERENCES tasks);
CREATE UNIQUE INDEX ON parts (id) WHERE task_id IS NOT NULL;
CREATE FUNCTION volatile_score(integer) RETURNS integer LANGUAGE plpgsql
    AS 'BEGIN RETURN 1; END';
CREATE FUNCTION stable_score(integer) RETURNS integer LANGUAGE plpgsql STABLE
    AS 'BEGIN RETURN 1; END';
CREATE FUNCTION fixed_score(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE
    AS 'BEGIN RETURN 1; END';
CREATE AGGREGATE total (integer) (sfunc = int4pl, stype = integer);
CREATE VIEW aged AS SELECT id, now() - at AS age, title FROM tasks;
"""

ACCEPTED = {
    "parent_and_child": """SELECT p.name, p.id, c.id AS task FROM teams p
        LEFT JOIN tasks c ON c.team_id = p.id ORDER BY p.name, p.id, c.id""",
    "child_and_parent": """SELECT p.id, c.id AS task FROM tasks c
        RIGHT JOIN teams p ON c.team_id = p.id ORDER BY p.id, c.id""",
    "three_levels": """SELECT p.id, c.id AS task, n.id AS note FROM teams p
        LEFT JOIN tasks c ON c.team_id = p.id LEFT JOIN notes n ON n.task_id = c.id
        ORDER BY p.id, c.id, n.id""",
    "two_children": """SELECT p.id, c.id AS task, o.id AS other FROM teams p
        LEFT JOIN tasks c ON c.team_id = p.id LEFT JOIN tasks o ON o.code = p.id
        ORDER BY p.id, c.id, o.id""",
    "joined_child": """SELECT p.id, c.id AS task FROM teams p
        LEFT JOIN (tasks c JOIN teams o ON o.id = c.team_id) ON c.code = p.id
        ORDER BY p.id, c.id""",
    "child_in_subquery": """SELECT p.id, c.id AS task FROM teams p
        LEFT JOIN (SELECT id, team_id FROM tasks WHERE weight > 0) c
        ON c.team_id = p.id ORDER BY p.id, c.id""",
    "child_view": """SELECT p.id, c.id AS task FROM teams p LEFT JOIN aged c
        ON c.id = p.parent ORDER BY p.id, c.id""",
    "nulls_not_distinct": "SELECT team_id, title FROM tasks ORDER BY team_id, title",
    "code_that_is_known": """SELECT code, id FROM tasks WHERE code IS NOT NULL
        ORDER BY code""",
    "tagged_feed": """SELECT 'task' AS kind, id, at FROM tasks
        UNION ALL SELECT 'note', id, at FROM notes ORDER BY at DESC, kind, id""",
    "feed_of_three": """SELECT 1 AS kind, id, title FROM tasks
        UNION ALL SELECT 2, id, body FROM notes
        UNION ALL SELECT 3, id, name FROM teams ORDER BY kind, id""",
    "enum_feed": """SELECT 'task'::kind AS kind, id FROM tasks
        UNION ALL SELECT 'note', id FROM notes ORDER BY id, kind""",
    "feed_in_subquery": """SELECT f.* FROM (SELECT 'task' AS kind, id, at FROM tasks
        UNION ALL SELECT 'note', id, at FROM notes) f ORDER BY f.at, f.kind, f.id""",
    "feed_in_cte": """WITH f AS (SELECT 'task' AS kind, id, at FROM tasks
        UNION ALL SELECT 'note', id, at FROM notes)
        SELECT * FROM f ORDER BY at, kind, id""",
    "feed_with_filter": """SELECT 'task' AS kind, id FROM tasks WHERE weight > @least
        UNION ALL SELECT 'note', n.id FROM notes n JOIN tasks t ON t.id = n.task_id
        ORDER BY kind, id""",
    "union": "SELECT id FROM teams UNION SELECT id FROM tasks ORDER BY id",
    "except": """SELECT id, name FROM teams EXCEPT SELECT id, title FROM tasks
        ORDER BY id""",
    "distinct": "SELECT DISTINCT team_id, title FROM tasks ORDER BY title, team_id",
    "distinct_nullable": "SELECT DISTINCT code FROM tasks ORDER BY code",
    "groups": """SELECT t.id, t.name, count(c.id) AS n FROM teams t
        LEFT JOIN tasks c ON c.team_id = t.id GROUP BY t.id, t.name
        ORDER BY n DESC, t.id""",
    "groups_by_null": """SELECT team_id, max(at) AS newest FROM tasks GROUP BY team_id
        ORDER BY newest, team_id""",
    "group_by_day": """SELECT date_trunc('day', at) AS day, count(*) FROM tasks
        GROUP BY 1 ORDER BY day""",
    "distinct_on": """SELECT DISTINCT ON (team_id) team_id, id, title FROM tasks
        ORDER BY team_id, at DESC, id""",
    "distinct_on_two": """SELECT DISTINCT ON (team_id, title) team_id, title, id
        FROM tasks ORDER BY title, team_id DESC, at DESC""",
    "distinct_on_inside": """SELECT * FROM (SELECT DISTINCT ON (team_id) team_id, id, at
        FROM tasks ORDER BY team_id, at DESC, id) x ORDER BY at DESC, id""",
    "distinct_on_known": """SELECT * FROM (SELECT DISTINCT ON (team_id) team_id, id
        FROM tasks ORDER BY team_id, title COLLATE "C" DESC) x ORDER BY id""",
    "immutable_function": """SELECT id, fixed_score(id) AS score FROM tasks
        ORDER BY score, id""",
    "expression": "SELECT id, lower(title) AS low FROM tasks ORDER BY low, id",
    "composite": "SELECT id, spot FROM tasks ORDER BY spot, id",
    "array": "SELECT id, tags FROM tasks ORDER BY tags, id",
    "local_day": "SELECT id, at::date AS day FROM tasks ORDER BY day DESC, id",
    "filter_by_time": """SELECT id FROM tasks WHERE at > now() - interval '1 day'
        ORDER BY id""",
    "similar": """SELECT id, length(title) - @wanted::int AS distance FROM tasks
        ORDER BY distance, id""",
    "rank": """SELECT id, rank() OVER (ORDER BY at) AS place FROM tasks
        ORDER BY place, id""",
    "row_number": """SELECT id, row_number() OVER (PARTITION BY team_id ORDER BY at, id)
        AS place FROM tasks ORDER BY place, id""",
    "limited_inside": """SELECT * FROM (SELECT id, at FROM tasks ORDER BY at, id
        LIMIT 9) x ORDER BY id""",
    "limited_to_one": """SELECT id FROM tasks t WHERE (SELECT 1 FROM notes n
        WHERE n.task_id = t.id LIMIT 1) IS NOT NULL ORDER BY id""",
    "sum_of_numeric": """SELECT team_id, sum(cost) AS cost FROM tasks GROUP BY team_id
        ORDER BY cost, team_id""",
    "constant_time": """SELECT id, at - timestamptz '2026-01-01' AS age FROM tasks
        ORDER BY age, id""",
    "using": """SELECT id, t.title FROM tasks t JOIN (SELECT id FROM teams) x USING (id)
        ORDER BY id""",
    "lateral": """SELECT t.id, n.id AS note FROM teams t LEFT JOIN LATERAL (
        SELECT id FROM notes WHERE task_id = t.id ORDER BY at DESC, id LIMIT 1) n
        ON true ORDER BY t.id""",
}

NOT_FIXED, NOT_UNIQUE = "page-key-not-fixed", "page-key-not-unique"

REFUSED = {
    "clock": (
        "SELECT id, clock_timestamp() - at AS age FROM tasks ORDER BY age, id",
        NOT_FIXED,
        "clock_timestamp",
    ),
    "now": (
        "SELECT id, now() - at AS age FROM tasks ORDER BY age, id",
        NOT_FIXED,
        "now",
    ),
    "age": (
        "SELECT id, age(at) AS age FROM tasks ORDER BY age, id",
        NOT_FIXED,
        "age()",
    ),
    "today": (
        "SELECT id, current_date - at::date AS days FROM tasks ORDER BY days, id",
        NOT_FIXED,
        "time",
    ),
    "literal": (
        "SELECT id, at - timestamptz 'today' AS age FROM tasks ORDER BY age, id",
        NOT_FIXED,
        "today",
    ),
    "random": (
        "SELECT id, random() AS r FROM tasks ORDER BY r, id",
        NOT_FIXED,
        "random",
    ),
    "uuid": (
        "SELECT id, gen_random_uuid() AS r FROM tasks ORDER BY r, id",
        NOT_FIXED,
        "gen_random_uuid",
    ),
    "setting": (
        "SELECT id, current_setting('a.b') || title AS s FROM tasks ORDER BY s, id",
        NOT_FIXED,
        "current_setting",
    ),
    "user": (
        "SELECT id, title = current_user AS own FROM tasks ORDER BY own, id",
        NOT_FIXED,
        "session",
    ),
    "volatile": (
        "SELECT id, volatile_score(id) AS s FROM tasks ORDER BY s, id",
        NOT_FIXED,
        "volatile_score",
    ),
    "stable": (
        "SELECT id, stable_score(id) AS s FROM tasks ORDER BY s, id",
        NOT_FIXED,
        "stable_score",
    ),
    "view": ("SELECT id, age FROM aged ORDER BY age, id", NOT_FIXED, "now"),
    "subquery": (
        "SELECT * FROM (SELECT id, random() AS r FROM tasks) x ORDER BY r, id",
        NOT_FIXED,
        "random",
    ),
    "cte": (
        """WITH x AS (SELECT id, random() AS r FROM tasks)
        SELECT * FROM x ORDER BY r, id""",
        NOT_FIXED,
        "random",
    ),
    "nested_cte": (
        """WITH x AS (SELECT id, random() AS r FROM tasks), y AS (SELECT * FROM x)
        SELECT id, (SELECT max(y.r) FROM y) AS top FROM tasks ORDER BY top, id""",
        NOT_FIXED,
        "random",
    ),
    "union": (
        """SELECT 'a' AS k, id, 1.0::float8 AS r FROM tasks UNION ALL
        SELECT 'b', id, random() FROM teams ORDER BY r, k, id""",
        NOT_FIXED,
        "random",
    ),
    "case": (
        """SELECT id, CASE WHEN at > now() THEN 1 ELSE 0 END AS later FROM tasks
        ORDER BY later, id""",
        NOT_FIXED,
        "now",
    ),
    "counted_by_time": (
        """SELECT team_id, count(*) AS n FROM tasks WHERE at > now() - interval '1 day'
        GROUP BY team_id ORDER BY n, team_id""",
        NOT_FIXED,
        "now",
    ),
    "subselect_by_time": (
        """SELECT id, (SELECT count(*) FROM notes n WHERE n.task_id = t.id
        AND n.at > now() - interval '1 day') AS n FROM tasks t ORDER BY n, id""",
        NOT_FIXED,
        "now",
    ),
    "sum_of_floats": (
        """SELECT team_id, sum(weight) AS w FROM tasks GROUP BY team_id
        ORDER BY w, team_id""",
        NOT_FIXED,
        "float",
    ),
    "aggregate": (
        """SELECT team_id, string_agg(title, ',') AS all FROM tasks GROUP BY team_id
        ORDER BY 2, team_id""",
        NOT_FIXED,
        "string_agg",
    ),
    "own_aggregate": (
        "SELECT team_id, total(id) AS t FROM tasks GROUP BY 1 ORDER BY t, team_id",
        NOT_FIXED,
        "total",
    ),
    "row_number": (
        """SELECT id, row_number() OVER (ORDER BY at) AS place FROM tasks
        ORDER BY place, id""",
        NOT_FIXED,
        "row_number",
    ),
    "running": (
        """SELECT id, sum(cost) OVER (ORDER BY at ROWS UNBOUNDED PRECEDING) AS cost
        FROM tasks ORDER BY cost, id""",
        NOT_FIXED,
        "order",
    ),
    "first_of_group": (
        """SELECT * FROM (SELECT DISTINCT ON (team_id) team_id, id, at FROM tasks
        ORDER BY team_id, at DESC) x ORDER BY at DESC, team_id""",
        NOT_FIXED,
        "DISTINCT ON",
    ),
    "limited_inside": (
        "SELECT * FROM (SELECT id FROM tasks ORDER BY at LIMIT 9) x ORDER BY id",
        NOT_FIXED,
        "LIMIT",
    ),
    "limited_beside": (
        """SELECT t.id FROM tasks t JOIN (SELECT id FROM teams ORDER BY name LIMIT 9) x
        ON x.id = t.team_id ORDER BY t.id""",
        "page-rows-not-fixed",
        "LIMIT",
    ),
    "limited_in": (
        """SELECT id FROM tasks
        WHERE team_id IN (SELECT id FROM teams ORDER BY name LIMIT 9) ORDER BY id""",
        "page-rows-not-fixed",
        "LIMIT",
    ),
    "sample": (
        "SELECT id FROM tasks TABLESAMPLE bernoulli (50) ORDER BY id",
        "page-rows-not-fixed",
        "TABLESAMPLE",
    ),
    "chance": (
        "SELECT id FROM tasks WHERE random() > 0.5 ORDER BY id",
        "page-rows-not-fixed",
        "random",
    ),
    "chance in a subquery": (
        """SELECT id FROM tasks AS t WHERE EXISTS (SELECT FROM tasks AS o
        WHERE o.id = t.id AND random() > 0.5) ORDER BY id""",
        "page-rows-not-fixed",
        "random",
    ),
    "row": (
        "SELECT id, ROW(at, id) AS r FROM tasks ORDER BY r, id",
        NOT_FIXED,
        "record",
    ),
    "money": ("SELECT id, price FROM tasks ORDER BY price, id", NOT_FIXED, "money"),
    "regclass": (
        "SELECT oid, oid::regclass AS r FROM pg_class ORDER BY r",
        NOT_FIXED,
        "regclass",
    ),
    "parent_alone": (
        """SELECT p.id, c.id AS task FROM teams p LEFT JOIN tasks c ON c.team_id = p.id
        ORDER BY p.id""",
        NOT_UNIQUE,
        "task",
    ),
    "child_alone": (
        """SELECT p.id, c.id AS task FROM teams p LEFT JOIN tasks c ON c.team_id = p.id
        ORDER BY c.id""",
        NOT_UNIQUE,
        "id",
    ),
    "nullable_child": (
        """SELECT p.id, c.code FROM teams p LEFT JOIN tasks c ON c.team_id = p.id
        ORDER BY p.id, c.code""",
        NOT_UNIQUE,
        "",
    ),
    "full_join": (
        """SELECT p.id, c.id AS task FROM teams p FULL JOIN tasks c ON c.team_id = p.id
        ORDER BY p.id, c.id""",
        NOT_UNIQUE,
        "",
    ),
    "nullable": ("SELECT code, title FROM tasks ORDER BY code", NOT_UNIQUE, ""),
    "partial": ("SELECT id FROM parts ORDER BY id", NOT_UNIQUE, ""),
    "feed_without_tag": (
        "SELECT id, at FROM tasks UNION ALL SELECT id, at FROM notes ORDER BY at, id",
        NOT_UNIQUE,
        "",
    ),
    "one_tag_twice": (
        """SELECT 'a' AS kind, id FROM tasks UNION ALL SELECT 'b', id FROM notes
        UNION ALL SELECT 'a', id FROM teams ORDER BY kind, id""",
        NOT_UNIQUE,
        "",
    ),
    "tag_that_varies": (
        """SELECT title AS kind, id FROM tasks UNION ALL SELECT 'b', id FROM notes
        ORDER BY kind, id""",
        NOT_UNIQUE,
        "",
    ),
    "numeric_tags": (
        """SELECT 1.0 AS kind, id FROM tasks UNION ALL SELECT 1.00, id FROM notes
        ORDER BY kind, id""",
        NOT_UNIQUE,
        "",
    ),
    "padded_tags": (
        """SELECT 'a'::bpchar AS kind, id FROM tasks
        UNION ALL SELECT 'a '::bpchar, id FROM notes ORDER BY kind, id""",
        NOT_UNIQUE,
        "",
    ),
    "union_by_other_equality": (
        """SELECT x.t::bpchar AS t FROM (SELECT title AS t FROM tasks UNION
        SELECT body FROM notes) x ORDER BY t""",
        NOT_UNIQUE,
        "",
    ),
    "limited": (
        "(SELECT id FROM tasks LIMIT 9) ORDER BY id",
        "page-with-limit",
        "",
    ),
}


@pytest.mark.since(15)
@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted(judge: Judge, name: str) -> None:
    found = judge(SCHEMA, f"-- name: Read :page\n{ACCEPTED[name]};\n")
    assert [d for d in found.diagnostics if d.severity is Severity.ERROR] == []
    ((query,),) = found.files.values()
    assert query.ordering is not None


@pytest.mark.since(15)
@pytest.mark.parametrize("name", REFUSED)
def test_refused(judge: Judge, name: str) -> None:
    sql, code, said = REFUSED[name]
    found = judge(SCHEMA, f"-- name: Read :page\n{sql};\n")
    errors = [d for d in found.diagnostics if d.severity is Severity.ERROR]
    assert [d.code for d in errors] == [code]
    assert said in f"{errors[0].message} {errors[0].hint}"
