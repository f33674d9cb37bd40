"""Whether the elements of arrays can be NULL: in columns, results and parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reposgen.analysis.declarations import Declared
from reposgen.analysis.model import Column

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.analysis.model import TypedQuery

SCHEMA = """
CREATE DOMAIN clean AS text[] CHECK (array_position(VALUE, NULL) IS NULL);
CREATE DOMAIN cleaner AS clean CHECK (cardinality(VALUE) < 9);
CREATE DOMAIN loose AS text[];
CREATE TYPE held AS (words text[], numbers int[]);
CREATE TABLE a (
    id int PRIMARY KEY, name text NOT NULL, note text,
    found text[] CHECK (array_position(found, NULL) IS NULL),
    limited varchar(9)[] CHECK (array_position(limited, NULL) IS NULL AND id > 0),
    optional int[] CHECK (optional IS NULL OR array_position(optional, NULL) IS NULL),
    removed int[] CHECK (removed = array_remove(removed, NULL)),
    among text[] CHECK (among <@ ARRAY['x', 'y']),
    within text[] CHECK ('{x,y}' @> within),
    negated text[] CHECK (NOT (array_position(negated, NULL) IS NOT NULL)),
    clean clean, cleaner cleaner, loose loose, held held, helds held[],
    raw text[] NOT NULL,
    other text[] CHECK (array_position(other, 'x') IS NULL),
    any_of text[] CHECK (array_position(any_of, NULL) IS NULL OR id > 5),
    overlapping text[] CHECK (overlapping && ARRAY['x']),
    late text[]
);
CREATE TABLE archive (
    id int PRIMARY KEY, row a, rows a[] CHECK (array_position(rows, NULL) IS NULL)
);
CREATE TABLE pair (a int NOT NULL, b text NOT NULL);
CREATE FUNCTION find(int) RETURNS a LANGUAGE sql AS 'SELECT NULL::a';
ALTER TABLE a ADD CONSTRAINT late CHECK (array_position(late, NULL) IS NULL) NOT VALID;
CREATE TABLE parent (
    tags text[] CHECK (array_position(tags, NULL) IS NULL),
    own text[], CONSTRAINT own CHECK (array_position(own, NULL) IS NULL) NO INHERIT
);
CREATE TABLE child () INHERITS (parent);
CREATE VIEW seen AS SELECT found, raw, array_agg(name) OVER () AS names FROM a;
CREATE MATERIALIZED VIEW kept AS SELECT found, raw, string_to_array(name, ' ') AS parts
    FROM a;
CREATE FUNCTION giving() RETURNS text[] LANGUAGE sql AS $$ SELECT '{NULL}'::text[] $$;
"""


def judged(
    judge: Callable[..., Any], sql: str, **options: bool | Declared
) -> TypedQuery:
    analysis = judge(SCHEMA, f"-- name: Q :exec\n{sql};\n", **options)
    assert not [d for d in analysis.diagnostics if d.severity == "error"]
    [query] = analysis.files["queries.sql"]
    found: TypedQuery = query
    return found


def results(query: TypedQuery) -> str:
    """The columns, arrays that can have NULL elements with an asterisk."""
    columns = [item for item in query.results if isinstance(item, Column)]
    return " ".join(c.name + "*" * c.element_nullable for c in columns)


def parameters(query: TypedQuery) -> str:
    return " ".join(p.name + "*" * p.element_nullable for p in query.parameters)


def test_checks(judge: Callable[..., Any]) -> None:
    query = judged(judge, "SELECT * FROM a")
    # Domains have it in their type; composite values in their fields.
    assert results(query) == (
        "id name note found limited optional removed among within negated clean cleaner"
        " loose* held helds* raw* other* any_of* overlapping* late*"
    )


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT tags, own FROM parent", "tags own*"),
        ("SELECT tags, own FROM child", "tags own*"),
        ("SELECT found, raw, names FROM seen", "found raw* names"),
        ("SELECT found, raw, parts FROM kept", "found raw* parts"),
        ("SELECT x, y FROM (SELECT found AS x, raw AS y FROM a) s", "x y*"),
        ("WITH s AS (SELECT found AS x, raw AS y FROM a) SELECT x, y FROM s", "x y*"),
        ("SELECT l.found, r.raw FROM a l LEFT JOIN a r ON r.id = l.id", "found raw*"),
        ("SELECT found || among AS x, found || raw AS y FROM a", "x y*"),
        ("SELECT found || name AS x, found || note AS y FROM a", "x y*"),
        ("SELECT name || found AS x, NULL || found AS y FROM a", "x y"),
        (
            (
                "SELECT array_append(found, name) AS x, array_append(found, note) AS"
                " y FROM a"
            ),
            "x y*",
        ),
        (
            "SELECT array_remove(raw, NULL) AS x, array_remove(raw, 'x') AS y FROM a",
            "x y*",
        ),
        (
            (
                "SELECT array_replace(raw, NULL, 'x') AS x,"
                " array_replace(found, 'x', note) AS y FROM a"
            ),
            "x y*",
        ),
        (
            (
                "SELECT string_to_array(name, ',') AS x,"
                " string_to_array(name, ',', NULL) AS y,"
                " string_to_array(name, ',', 'x') AS z FROM a"
            ),
            "x y z*",
        ),
        ("SELECT regexp_split_to_array(name, ',') AS x FROM a", "x"),
        ("SELECT regexp_match(name, '(a)|(b)') AS x FROM a", "x*"),
        (
            "SELECT array_fill(1, '{2}') AS x, array_positions(raw, 'x') AS y FROM a",
            "x y",
        ),
        (
            "SELECT coalesce(found, '{}') AS x, coalesce(found, '{NULL}') AS y FROM a",
            "x y*",
        ),
        ("SELECT CASE WHEN id > 1 THEN found ELSE among END AS x FROM a", "x"),
        ("SELECT CASE WHEN id > 1 THEN found ELSE raw END AS x FROM a", "x*"),
        ("SELECT found[1:2] AS x, raw[1:2] AS y FROM a", "x y*"),
        ("SELECT max(found) AS x, max(raw) AS y FROM a", "x y*"),
        ("SELECT lag(found) OVER () AS x, lag(raw) OVER () AS y FROM a", "x y*"),
        ("SELECT array_agg(found) AS x, array_agg(raw) AS y FROM a", "x y*"),
        ("SELECT ARRAY[found, among] AS x, ARRAY[found, raw] AS y FROM a", "x y*"),
        (
            "SELECT ARRAY(SELECT found FROM a) AS x, ARRAY(SELECT raw FROM a) AS y",
            "x y*",
        ),
        (
            (
                "SELECT (SELECT found FROM a LIMIT 1) AS x, (SELECT raw FROM a LIMIT"
                " 1) AS y"
            ),
            "x y*",
        ),
        ("SELECT found FROM a UNION SELECT among FROM a", "found"),
        ("SELECT found FROM a UNION SELECT raw FROM a", "found*"),
        ("SELECT found FROM a EXCEPT SELECT raw FROM a", "found"),
        ("SELECT raw FROM a INTERSECT SELECT found FROM a", "raw"),
        ("SELECT x, y FROM (VALUES (ARRAY[1], ARRAY[1, NULL])) v (x, y)", "x y*"),
        ("SELECT (held).words AS x FROM a", "x*"),
        (
            (
                "SELECT clean::text[] AS x, raw::clean::text[] AS y, loose::text[]"
                " AS z FROM a"
            ),
            "x y z*",
        ),
        ("SELECT giving() AS x", "x*"),
        ("SELECT '{a,b}'::text[] AS x, '{a,NULL}'::text[] AS y", "x y*"),
        ("SELECT raw::varchar[] AS x, found::varchar[] AS y FROM a", "x* y"),
        ("SELECT note::text[] AS x FROM a", "x*"),
        ("INSERT INTO a (id) VALUES (1) RETURNING found, raw", "found raw*"),
        (
            (
                "WITH RECURSIVE w AS (SELECT id, ARRAY[id] AS path, raw FROM a"
                " UNION ALL"
                " SELECT a.id, path || a.id, w.raw FROM w JOIN a ON a.id > w.id)"
                " SELECT path, raw FROM w"
            ),
            "path raw*",
        ),
        (
            (
                "WITH RECURSIVE w AS (SELECT ARRAY[1] AS x, ARRAY[NULL::int] AS y"
                " UNION ALL SELECT y, x FROM w) SELECT x, y FROM w"
            ),
            "x* y*",
        ),
        ("SELECT @x::text[] AS x, $2::text[] || note AS y FROM a", "x y*"),
    ],
)
def test_results(judge: Callable[..., Any], sql: str, expected: str) -> None:
    assert results(judged(judge, sql)) == expected


@pytest.mark.parametrize(
    ("sql", "nullable"),
    [
        ("SELECT unnest(found) FROM a", False),
        ("SELECT unnest(raw) FROM a", True),
        ("SELECT x FROM a, unnest(found) x", False),
        ("SELECT unnest(@x::text[])", False),
        ("SELECT x FROM unnest(@x::text[]) x", False),
    ],
)
def test_what_unnest_gives(
    judge: Callable[..., Any], sql: str, *, nullable: bool
) -> None:
    [column] = judged(judge, sql).results
    assert isinstance(column, Column)
    assert column.nullable is nullable


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "INSERT INTO a (id, found, raw, clean, loose) VALUES ($1, $2, $3, $4, $5)",
            "id found raw* clean loose*",
        ),
        ("UPDATE a SET raw = $1, found = $2", "raw* found"),
        ("UPDATE a SET raw = CASE WHEN @set THEN @raw ELSE raw END", "set raw*"),
        (
            "UPDATE a SET raw = raw || @raw::text[], found = found || @found::text[]",
            "raw* found",
        ),
        (
            "SELECT 1 FROM a WHERE id = ANY(@ids) AND raw && @some AND raw @> @all_of",
            "ids some all_of",
        ),
        ("SELECT 1 FROM a WHERE raw = @raw AND found = @found", "raw* found"),
        ("UPDATE a SET raw = @raw WHERE note = ANY(@raw)", "raw"),
        (
            (
                "INSERT INTO a (id, name, note) SELECT * FROM unnest(@a::int[],"
                " @b::text[], @c::text[])"
            ),
            "a b c*",
        ),
        (
            (
                "INSERT INTO a (id, name, note) SELECT unnest(@a::int[]), 'x',"
                " unnest(@c::text[])"
            ),
            "a c*",
        ),
        (
            (
                "INSERT INTO a (id, name, note) SELECT u.i, 'x', lower(u.c)"
                " FROM ROWS FROM (unnest(@a::int[]), unnest(@c::text[]))"
                " WITH ORDINALITY AS u (i, c, n)"
            ),
            "a c*",
        ),
        (
            (
                "WITH w AS (SELECT * FROM unnest(@a::int[], @c::text[]) AS u (i, c))"
                " UPDATE a SET note = w.c FROM w WHERE a.id = w.i"
            ),
            "a c*",
        ),
        (
            (
                "UPDATE a SET note = u.c FROM unnest(@c::text[]) AS u (c)"
                " WHERE a.name = u.c"
            ),
            "c",
        ),
        (
            (
                "INSERT INTO a (id, name, note) SELECT i, (@b::text[])[i],"
                " (@c::text[])[i]"
                " FROM generate_subscripts(@b::text[], 1) i"
            ),
            "b c*",
        ),
        ("SELECT unnest(@x::text[])", "x"),
    ],
)
def test_parameters(judge: Callable[..., Any], sql: str, expected: str) -> None:
    assert parameters(judged(judge, sql)) == expected


@pytest.mark.since(15)
def test_parameters_of_merge(judge: Callable[..., Any]) -> None:
    merge = (
        "MERGE INTO a USING unnest(@i::int[], @b::text[], @c::text[]) AS u (i, b, c)"
        " ON a.id = u.i WHEN MATCHED THEN UPDATE SET note = u.c"
        " WHEN NOT MATCHED THEN INSERT (id, name, raw) VALUES (u.i, u.b, @raw)"
    )
    assert parameters(judged(judge, merge)) == "i b c* raw*"


def test_without_trees(judge: Callable[..., Any]) -> None:
    query = judged(judge, "SELECT found, raw, name FROM a", trees=False)
    assert results(query) == "found raw* name"
    insert = "INSERT INTO a (id, found, raw) VALUES ($1, $2, $3)"
    assert parameters(judged(judge, insert, trees=False)) == "id found raw*"


def test_declared(judge: Callable[..., Any]) -> None:
    declared = Declared(
        types={
            "a.raw": "list[str]",
            "public.a.found": "list[str | None]",
            "loose": "list[str]",
            "held.words": "list[...]",
            "Q.xs": "list[str | None]",
            "a.name": "list[str | None]",
        }
    )
    sql = (
        "SELECT raw, found, loose, name, (held).words, (held).numbers,"
        " @xs::text[] AS ys FROM a WHERE raw = @raw"
    )
    query = judged(judge, sql, declared=declared)
    assert results(query) == "raw found* loose name words numbers* ys*"
    assert parameters(query) == "xs* raw"


def test_nothing_is_null_by_default(judge: Callable[..., Any]) -> None:
    declared = Declared(null_elements=False, types={"a.late": "list[str | None]"})
    sql = (
        "SELECT raw, late, giving(), array_agg(note) OVER () AS notes, (held).words"
        " FROM a"
    )
    query = judged(judge, sql, declared=declared)
    assert results(query) == "raw late* giving notes* words"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT a AS x, array_agg(a) OVER () AS y FROM a", "x y"),
        ("SELECT find(1) AS x, ARRAY[find(1)] AS y, rows FROM archive", "x? y* rows?*"),
        ("SELECT coalesce(find(1), a) AS x, coalesce(a, a) AS y FROM a", "x? y"),
        ("SELECT x, y FROM (SELECT a AS x, find(1) AS y FROM a) s", "x y?"),
        ("SELECT x, f FROM a AS x, find(1) AS f", "x f?"),
        ("SELECT ROW(1, 'x')::pair AS x, ROW(1, NULL)::pair AS y", "x y?"),
        (
            "SELECT unnest(array_agg(a)) AS x, unnest(ARRAY[find(1)]) AS y FROM a",
            "x? y?",
        ),
        ("SELECT x FROM a UNION ALL SELECT find(1)", "x?"),
        (
            "SELECT ARRAY(SELECT a FROM a) AS x, ARRAY(SELECT find(id) FROM a) AS y",
            "x y*",
        ),
        ("SELECT (SELECT a FROM a LIMIT 1) AS x, @p::a AS y", "x? y"),
        ("SELECT jsonb_populate_record(NULL::a, '{}') AS x", "x?"),
    ],
)
def test_rows_of_no_table(judge: Callable[..., Any], sql: str, expected: str) -> None:
    query = judged(judge, sql.replace("SELECT x FROM a U", "SELECT a AS x FROM a U"))
    columns = [item for item in query.results if isinstance(item, Column)]
    assert expected == " ".join(
        c.name + "?" * c.nullable + "*" * c.element_nullable for c in columns
    )
