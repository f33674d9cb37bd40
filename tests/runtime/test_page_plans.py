"""How the server finds the rows of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.runtime import items
from tests.runtime.items import DEFAULT, Filters

from reposgen_runtime import Key, Ordering
from reposgen_runtime.cursors import binding_of, encode_cursor
from reposgen_runtime.paging import PageRequest

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = "INSERT INTO items SELECT n, n, n / 3, 'x' FROM generate_series(1, 20000) AS n"


@pytest.mark.parametrize(
    ("ordering", "condition"),
    [
        (DEFAULT, "(ROW(b, id) < ROW("),
        (Ordering((Key("b", 2, descending=True), Key("id", 0))), "(b <= "),
    ],
)
@pytest.mark.parametrize("generic", [False, True])
def test_an_index_finds_the_boundary(
    make_database: Callable[[str], str],
    ordering: Ordering,
    condition: str,
    *,
    generic: bool,
) -> None:
    query = items.items(ordering)
    cursor = encode_cursor(
        binding_of(query.name, query.results, ordering.default), ["5000", "15000"]
    )
    request = PageRequest(
        query,
        Filters().values,
        limit=10,
        after=cursor,
        before=None,
        total=False,
        sort=None,
    )
    types = ", ".join(request.statement.parameters)
    values = ", ".join("NULL" if v is None else f"'{v}'" for v in request.values)
    with psycopg.connect(make_database(items.SCHEMA), autocommit=True) as connection:
        connection.execute(ROWS)
        connection.execute("ANALYZE items")
        if generic:
            connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute(
            f"PREPARE page ({types}) AS {request.statement.sql}".encode()
        )
        explained = connection.execute(f"EXPLAIN EXECUTE page ({values})".encode())
        plan = "\n".join(line for (line,) in explained.fetchall())
    assert "Index Scan using items_by_b on items" in plan
    _, _, found_by = plan.partition("Index Cond: ")
    assert condition in found_by.splitlines()[0]
