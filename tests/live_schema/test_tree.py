"""The node tree's text, read: what the server sends, and what it never should."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.live_schema.describe import describe
from reposgen.live_schema.model import Described, Statement
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_tree
from reposgen.live_schema.tree.model import CommandType, RteKind
from reposgen.live_schema.tree.walk import (
    conjuncts,
    constant_integer,
    walk,
    walk_level,
    with_depth,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.live_schema.tree.model import Query

    Read = Callable[[str], Query]

SCHEMA = """
CREATE TABLE authors (id int PRIMARY KEY, name text NOT NULL, "a b(c)\\d" text);
CREATE TABLE books (id int PRIMARY KEY, author_id int REFERENCES authors, title text);
CREATE VIEW titles AS SELECT b.title, a.name FROM books b
    LEFT JOIN authors a ON a.id = b.author_id;
CREATE TABLE logged (id int);
CREATE RULE log AS ON DELETE TO books DO ALSO INSERT INTO logged VALUES (old.id);
CREATE RULE nothing AS ON INSERT TO logged WHERE new.id < 0 DO INSTEAD NOTHING;
CREATE RULE never AS ON UPDATE TO logged DO INSTEAD NOTHING;
"""


@pytest.fixture
def read(shared_database: Callable[[str], str]) -> Read:
    conninfo = shared_database(SCHEMA)

    def run(sql: str) -> Query:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            major = connection.info.server_version // 10000
            (found,) = describe(connection, [Statement(sql=sql)])
            assert isinstance(found, Described), found
            assert found.tree is not None
            query = parse_tree(found.tree, major, sql)
            assert query is not None
            return query

    return run


def test_targets_know_where_they_come_from(read: Read) -> None:
    query = read("SELECT name AS n, id + 1 FROM authors")
    assert query.command is CommandType.SELECT
    assert [t.name for t in query.results] == ["n", "?column?"]
    entry = query.entry(1)
    assert (entry.kind, entry.name) == (RteKind.RELATION, "authors")
    assert [(t.table, t.column) for t in query.results] == [(entry.relation, 2), (0, 0)]
    assert query.results[0].expression == e.Var(index=1, column=2, type=25)


def test_places_are_characters_not_bytes(read: Read) -> None:
    sql = "SELECT 'äöü€😀', name FROM authors WHERE name = $1 AND 'é' < name"
    query = read(sql)
    assert isinstance(name := query.results[1].expression, e.Var)
    assert sql[name.location :].startswith("name FROM")
    (parameter,) = [n for n in walk(query) if isinstance(n, e.Param)]
    assert sql[parameter.location :].startswith("$1")
    last = conjuncts(query.join_tree.condition if query.join_tree else None)[-1]
    assert isinstance(last, e.OpExpr)
    assert sql[last.location] == "<"


def test_nodes_are_equal_wherever_they_stand(read: Read) -> None:
    query = read("SELECT lower(name), lower(name), lower(name || '') FROM authors")
    first, second, third = (t.expression for t in query.results)
    assert first == second
    assert first != third


@pytest.mark.parametrize("name", ["a b(c)\\d", "x{y}", 'q"q', "<>", "é " * 10, "1a"])
def test_names_may_hold_what_the_format_escapes(read: Read, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    query = read(f"SELECT s.* FROM (SELECT 1 AS {quoted}) s")
    assert query.results[0].name == name
    assert query.entry(1).column_names == (name,)


def test_an_empty_name_is_not_none(read: Read) -> None:
    query = read('SELECT "a b(c)\\d" FROM authors')
    assert query.entry(1).column_names == ("id", "name", "a b(c)\\d")


def test_long_words_are_broken_and_joined_again(read: Read) -> None:
    # 63 bytes that are escaped: a word without a space that no line can hold.
    name = "{" * 63
    assert read(f'SELECT 1 AS "{name}"').results[0].name == name


def test_constants(read: Read) -> None:
    query = read("SELECT 7, 'ab'::text, NULL::int, true, -3::int2, '{1,NULL}'::int[]")
    seven, text, null, true, _, array = (t.expression for t in query.results)
    assert constant_integer(seven) == 7
    assert isinstance(text, e.Const)
    assert text.value is not None
    assert text.value.endswith(b"ab")
    assert isinstance(null, e.Const)
    assert null.value is None
    assert isinstance(true, e.Const)
    assert true.value == b"\x01"
    assert isinstance(array, e.Const)


def test_a_limit_is_an_integer_through_its_cast(read: Read) -> None:
    assert constant_integer(read("SELECT 1 LIMIT 3").limit) == 3
    assert constant_integer(read("SELECT 1 LIMIT $1").limit) is None


def test_views_arrive_expanded(read: Read) -> None:
    query = read("SELECT title FROM titles")
    entry = query.entry(1)
    assert entry.kind is RteKind.SUBQUERY
    assert entry.subquery is not None
    names = {r.name for r in entry.subquery.range_table if r.relation_kind == "r"}
    assert names == {"a", "b"}
    # Before 16 the entry does not say which view it was.
    assert entry.relation in {0, query.results[0].table}


def test_columns_of_joins(read: Read) -> None:
    query = read("SELECT id FROM books FULL JOIN authors USING (id)")
    (column,) = [t.expression for t in query.results]
    assert isinstance(column, e.Var)
    entry = query.entry(column.index)
    assert entry.kind is RteKind.JOIN
    assert isinstance(entry.join_columns[column.column - 1], e.CoalesceExpr)


def test_columns_of_joins_are_read_when_asked_for(read: Read) -> None:
    query = read("SELECT 1 FROM books b JOIN authors a ON a.id = b.id")
    (entry,) = [r for r in query.range_table if r.kind is RteKind.JOIN]
    assert entry.join_columns[2] == e.Var(index=1, column=3, type=25)
    assert entry.join_columns[3] == e.Var(index=2, column=1, type=23)


def test_of_a_rule_s_queries_the_statement_s_own_is_taken(read: Read) -> None:
    assert read("DELETE FROM books WHERE id = 1").command is CommandType.DELETE


def test_a_statement_that_a_rule_drops_has_no_tree(
    shared_database: Callable[[str], str],
) -> None:
    with psycopg.connect(shared_database(SCHEMA), autocommit=True) as connection:
        (found,) = describe(connection, [Statement(sql="UPDATE logged SET id = 1")])
        assert isinstance(found, Described)
        major = connection.info.server_version // 10000
        assert found.tree is None or parse_tree(found.tree, major) is None


def test_statements_of_all_kinds(read: Read) -> None:
    insert = read(
        "INSERT INTO authors (id, name) VALUES ($1, $2)"
        " ON CONFLICT (id) DO UPDATE SET name = excluded.name RETURNING id"
    )
    assert insert.command is CommandType.INSERT
    assert insert.on_conflict is not None
    assert insert.on_conflict.update
    assert [t.number for t in insert.on_conflict.assignments] == [2]
    assert insert.entry(insert.on_conflict.excluded).name == "excluded"
    update = read("UPDATE books SET title = 'x' FROM authors a WHERE a.id = author_id")
    assert (update.command, update.results) == (CommandType.UPDATE, ())
    assert update.range_table[0].permissions is not None
    assert update.range_table[0].permissions.updated == {3}
    assert read("CREATE TABLE x (id int)").command is CommandType.UTILITY


@pytest.mark.since(15)
def test_merge(read: Read) -> None:
    merge = read(
        "MERGE INTO authors USING books a ON a.id = authors.id"
        " WHEN MATCHED THEN DELETE"
        " WHEN NOT MATCHED THEN INSERT (id, name) VALUES (a.id, 'x')"
    )
    assert [a.command for a in merge.merge_actions] == [
        CommandType.DELETE,
        CommandType.INSERT,
    ]


def test_walking_goes_into_subqueries_or_not(read: Read) -> None:
    query = read(
        "SELECT (SELECT max(title) FROM books WHERE author_id = a.id) FROM authors a"
    )
    assert any(isinstance(n, e.Aggref) for n in walk(query))
    inside = [n for n in walk_level(query.results[0]) if isinstance(n, e.Aggref)]
    assert inside == []
    outer = [
        node
        for node, depth in with_depth(query.results[0].expression)
        if isinstance(node, e.Var) and node.levels_up == depth
    ]
    assert outer == [e.Var(index=1, column=1, type=23, levels_up=1)]


def test_majors_that_were_never_looked_at_are_refused() -> None:
    text = "({QUERY :commandType 1 :canSetTag true :targetList <>})"
    assert parse_tree(text, 18) is not None
    assert parse_tree(text, 13) is None
    assert parse_tree(text, 19) is None


def test_a_node_that_is_not_known_is_kept_as_such() -> None:
    text = (
        "({QUERY :commandType 1 :canSetTag true :targetList ({TARGETENTRY"
        " :expr {NOVELTY :arg {PARAM :paramkind 0 :paramid 1 :paramtype 23"
        " :paramtypmod -1 :paramcollid 0 :location 7} :flag true} :resno 1"
        " :resname x :resjunk false})})"
    )
    query = parse_tree(text, 18)
    assert query is not None
    (target,) = query.results
    assert isinstance(target.expression, e.Unknown)
    assert target.expression.tag == "NOVELTY"
    assert [n for n in walk(query) if isinstance(n, e.Param)] == [
        e.Param(kind=e.ParamKind.EXTERNAL, number=1, type=23)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "({QUERY :commandType 1",
        "({QUERY :commandType 1 :canSetTag true :rtable ({RTE :rtekind 77})})",
        "({QUERY :commandType 99 :canSetTag true})",
        (
            "({QUERY :commandType 1 :canSetTag true :jointree {FROMEXPR :fromlist"
            " ({ODDITY :rtindex 1})}})"
        ),
        "nonsense",
    ],
)
def test_other_text_is_no_tree(text: str) -> None:
    assert parse_tree(text, 18) is None


def test_shorter_tags_of_older_majors() -> None:
    text = (
        "({QUERY :commandType 1 :canSetTag true :rtable ({RTE :alias <> :eref {ALIAS"
        ' :aliasname t :colnames ("id")} :rtekind 0 :relid 9 :relkind r :inh true'
        " :selectedCols (b 8) :insertedCols (b) :updatedCols (b)}) :targetList"
        " ({TARGETENTRY :expr {COALESCE :coalescetype 23 :coalescecollid 0 :args"
        " ({VAR :varno 1 :varattno 1 :vartype 23 :vartypmod -1 :varcollid 0"
        " :varlevelsup 0 :varnosyn 1 :varattnosyn 1 :location 7}) :location 7}"
        " :resno 1 :resname id :resjunk false})})"
    )
    query = parse_tree(text, 15)
    assert query is not None
    assert query.range_table[0].permissions is not None
    assert query.range_table[0].permissions.selected == {1}
    var = e.Var(index=1, column=1, type=23)
    assert query.results[0].expression == e.CoalesceExpr(type=23, args=(var,))
