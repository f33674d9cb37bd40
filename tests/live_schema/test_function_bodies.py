"""Trees without notices: from functions that are there for a moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from tests.quiet import without_notices

from reposgen.live_schema.describe import describe
from reposgen.live_schema.function_bodies import read_function_bodies
from reposgen.live_schema.model import Described, ServerError, Statement
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_tree
from reposgen.live_schema.tree.model import Query, RangeTableRef, RteKind
from reposgen.live_schema.tree.walk import walk, walk_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL, mood mood);
CREATE VIEW happy AS SELECT id, name FROM people WHERE mood = 'happy';
CREATE VIEW happier AS SELECT h.id, h.name FROM happy h JOIN people USING (id);
CREATE TABLE ruled (id int);
CREATE RULE never AS ON INSERT TO ruled DO INSTEAD NOTHING;
"""


@pytest.fixture
def connection(
    shared_database: Callable[[str], str],
) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(shared_database(SCHEMA), autocommit=True) as made:
        yield made


def test_bodies_are_read_and_nothing_stays(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    statements = [
        Statement(sql="SELECT name FROM people WHERE mood = $1 AND id = $2 -- comment"),
        Statement(sql="SELECT nonsense"),
        Statement(sql="INSERT INTO people (id, name) VALUES ($1, $2)"),
        Statement(sql="UPDATE people SET name = $1 RETURNING id, name"),
        Statement(sql="SELECT name FROM happy"),
        Statement(sql="VACUUM"),
        Statement(sql="INSERT INTO ruled VALUES (1)"),
    ]
    descriptions = describe(connection, statements)
    bodies = read_function_bodies(connection, statements, descriptions)
    assert [body is not None for body in bodies] == [
        True,
        False,
        True,
        True,
        True,
        False,
        False,
    ]
    left = connection.execute("SELECT FROM pg_proc WHERE proname LIKE 'reposgen%'")
    assert left.fetchall() == []
    major = connection.info.server_version // 10000
    trees = [parse_tree(body, major) if body else None for body in bodies]
    for tree, description in zip(trees, descriptions, strict=True):
        if tree is not None:
            assert isinstance(description, Described)
            names = [column.name for column in description.columns]
            assert [t.name for t in tree.results] == names
    parameters = [n for n in walk(trees[0]) if isinstance(n, e.Param)]
    assert {(p.number, p.location) for p in parameters} == {(1, -1), (2, -1)}


def test_what_notices_tell_and_bodies_tell_agree(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    text = (
        "SELECT p.name, count(*) FILTER (WHERE q.mood IS NULL) FROM people p"
        " LEFT JOIN people q ON q.id = p.id + $1 GROUP BY p.name"
    )
    statements = [Statement(sql=text)]
    descriptions = describe(connection, statements)
    (body,) = read_function_bodies(connection, statements, descriptions)
    (description,) = descriptions
    assert isinstance(description, Described)
    assert description.tree is not None
    assert body is not None
    major = connection.info.server_version // 10000
    one, other = parse_tree(description.tree, major, text), parse_tree(body, major)
    assert one is not None
    assert other is not None
    # A function is no statement of its own to some majors: the flag alone differs.
    assert replace(other, can_set_tag=one.can_set_tag) == one


def test_the_tree_is_that_of_the_rewriter(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    statements = [
        Statement(sql="SELECT h.name FROM happy h LEFT JOIN happier USING (id)"),
        Statement(sql="UPDATE people p SET name = h.name FROM happier h WHERE true"),
        Statement(sql="UPDATE happy SET name = $1"),
    ]
    descriptions = describe(connection, statements)
    *bodies, written = read_function_bodies(connection, statements, descriptions)
    assert written is None
    major = connection.info.server_version // 10000
    for body, description in zip(bodies, descriptions[:-1], strict=True):
        assert isinstance(description, Described)
        assert description.tree is not None
        assert body is not None
        told, found = parse_tree(description.tree, major), parse_tree(body, major)
        assert told is not None
        assert found is not None
        tables, others = (
            {
                entry.relation
                for query in walk(tree)
                if isinstance(query, Query) and query.join_tree
                for item in walk_level(query.join_tree)
                if isinstance(item, RangeTableRef)
                if (entry := query.entry(item.index)).kind is RteKind.RELATION
            }
            for tree in (told, found)
        )
        assert tables == others
        assert tables


def test_a_server_that_sends_no_notices(shared_database: Callable[[str], str]) -> None:
    statements = [Statement(sql="SELECT name FROM happier"), Statement(sql="SELECT ?")]
    with (
        without_notices(shared_database(SCHEMA)) as url,
        psycopg.connect(
            url, autocommit=True, options="-c default_transaction_read_only=on"
        ) as connection,
    ):
        described, refused = describe(connection, statements)
    assert isinstance(described, Described)
    assert described.tree is not None
    assert isinstance(refused, ServerError)


def test_a_server_that_allows_no_function(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    statements = [Statement(sql="SELECT 1")]
    descriptions = describe(connection, statements)
    database = sql.Identifier(connection.info.dbname)
    connection.execute(
        sql.SQL("REVOKE TEMP ON DATABASE {} FROM PUBLIC").format(database)
    )
    connection.execute("SET ROLE pg_monitor")
    assert read_function_bodies(connection, statements, descriptions) == (None,)
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute("SELECT 1")
        assert read_function_bodies(connection, statements, descriptions) == (None,)
