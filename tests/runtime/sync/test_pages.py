# Derived from ../aio/test_pages.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""Pages: joined, they are the whole; and what no page is made of."""

from __future__ import annotations

import base64
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.runtime import items
from tests.runtime.items import DEFAULT, Filters, Item, Search
from tests.runtime.sync.repositories import Database

from reposgen_runtime import UNSET, Key, Ordering, Page
from reposgen_runtime.errors import (
    InvalidArgument,
    InvalidCursor,
    NothingToUpdate,
)
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


# Each example begins with an empty table.
same_database = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def run(make_database: Callable[[str], str], use_cursors: bool) -> Iterator[Runner]:
    url = make_database(items.SCHEMA)
    with Database.open(url, use_cursors=use_cursors, max_size=1) as database:
        yield Runner(database, items.PACKAGE)


def fill(run: Runner, rows: list[Item]) -> None:
    run.exec(items.CLEAR)
    run.batch_exec(items.INSERT, rows)


@same_database
@given(rows=items.rows, search=items.searches)
def test_pages_joined_are_the_whole(
    run: Runner, rows: list[Item], search: Search
) -> None:
    fill(run, rows)
    query, values = items.items(search.ordering), search.wanted.values
    limit, sort = search.limit, search.sort
    passed = [item for item in rows if search.wanted.lets_pass(item)]
    whole = items.in_order(passed, search.keys)

    page = run.page(query, values, limit=limit, sort=sort, total=True)
    assert (page.previous, page.total) == (None, len(whole))
    forwards = [page]
    while page.next is not None:
        page = run.page(query, values, limit=limit, sort=sort, after=page.next)
        assert page.previous is not None
        forwards.append(page)
    assert [item for page in forwards for item in page.items] == whole
    assert all(len(page.items) == limit for page in forwards[:-1])

    backwards = [page]
    while page.previous is not None:
        before = page.previous
        page = run.page(query, values, limit=limit, sort=sort, before=before)
        assert page.next is not None
        backwards.insert(0, page)
    assert [page.items for page in backwards] == [page.items for page in forwards]


@same_database
@given(rows=items.rows, search=items.searches, data=st.data())
def test_what_stays_is_met_once_whatever_comes_and_goes(
    run: Runner, rows: list[Item], search: Search, data: st.DataObject
) -> None:
    fill(run, rows)
    query, values = items.items(search.ordering), Filters().values
    there = {item.id: item for item in rows}
    stays = dict(there)
    met: list[Item] = []
    after = None
    for step in count():
        page = run.page(
            query, values, limit=search.limit, sort=search.sort, after=after
        )
        met += page.items
        after = page.next
        if after is None:
            break
        if step > 5:
            continue
        gone = data.draw(st.lists(st.sampled_from([*there, -1]), max_size=3))
        run.exec(items.DELETE, (gone,))
        for ident in gone:
            there.pop(ident, None)
            stays.pop(ident, None)
        new = [item for item in data.draw(items.rows) if item.id not in there][:3]
        run.batch_exec(items.INSERT, new)
        there |= {item.id: item for item in new}
    expected = items.in_order(list(stays.values()), search.keys)
    assert [item for item in met if item in expected] == expected


def test_where_rows_are_gone(run: Runner) -> None:
    fill(run, [Item(n, None, n, None) for n in range(6)])
    query = items.items()
    first = run.page(query, Filters().values, limit=2)
    second = run.page(query, Filters().values, limit=2, after=first.next)
    run.exec(items.DELETE, ([3, 2, 1, 0],))
    none = run.page(query, Filters().values, limit=2, after=first.next, total=True)
    assert none == Page([], None, None, 2)
    # What was there before is still found from a row that is gone.
    back = run.page(query, Filters().values, limit=2, before=second.previous)
    assert (back.items, back.previous) == (first.items, None)
    assert back.next is not None


def test_a_scalar_in_pages(run: Runner) -> None:
    fill(run, [Item(n, None, 0, None) for n in range(3)])
    page = run.page(items.IDS, limit=2, total=True)
    assert (page.items, page.total) == ([0, 1], 3)
    assert (run.page(items.IDS, limit=2, after=page.next)).items == [2]


def test_arguments(run: Runner) -> None:
    query = items.items()
    for limit in (0, -1):
        with pytest.raises(InvalidArgument, match=f"limit is {limit}"):
            run.page(query, Filters().values, limit=limit)
    with pytest.raises(InvalidArgument, match="out of int8's range"):
        run.page(query, Filters().values, limit=2**63)
    with pytest.raises(InvalidArgument, match="after and before exclude each other"):
        run.page(query, Filters().values, limit=1, after="", before="")
    with pytest.raises(InvalidArgument, match="the choices are a, -a, b, -b"):
        run.page(query, Filters().values, limit=1, sort="d")
    with pytest.raises(InvalidArgument, match=r"the choices are c$"):
        query.choose(Filters().values, sort="-c")


@pytest.mark.parametrize(
    ("sort", "other"), [(None, "b"), ("a", "-a"), ("b", None), ("c", "a")]
)
def test_cursors_of_another_sort(
    run: Runner, sort: str | None, other: str | None
) -> None:
    fill(run, [Item(n, n, n, "") for n in range(3)])
    query = items.items()
    page = run.page(query, Filters().values, limit=1, sort=sort)
    with pytest.raises(InvalidCursor, match="of another query or sort"):
        run.page(query, Filters().values, limit=1, sort=other, after=page.next)
    with pytest.raises(InvalidCursor, match="of another query or sort"):
        run.page(items.IDS, limit=1, before=page.next)


def test_cursors_of_a_column_that_was_nullable(run: Runner) -> None:
    fill(run, [Item(n, None, n, "") for n in range(3)])
    before = items.items(Ordering((Key("a", 1, nullable=True), items.ID)))
    page = run.page(before, Filters().values, limit=1)
    after = items.items(Ordering((Key("a", 1), items.ID)))
    with pytest.raises(InvalidCursor, match="of another query or sort"):
        run.page(after, Filters().values, limit=1, after=page.next)


@same_database
@given(data=st.data())
def test_cursors_that_are_none(run: Runner, data: st.DataObject) -> None:
    fill(run, [Item(n, n, n, "") for n in range(3)])
    query = items.items()
    page = run.page(query, Filters().values, limit=1)
    assert page.next is not None
    place = data.draw(st.integers(0, len(page.next) - 1))
    damaged = page.next[:place] + data.draw(st.characters()) + page.next[place + 1 :]
    for cursor in (damaged, page.next[:place], data.draw(st.text())):
        if _bytes(cursor) == _bytes(page.next):
            continue  # bits that base64 does not use
        with pytest.raises(InvalidCursor):
            run.page(query, Filters().values, limit=1, after=cursor)


def _bytes(cursor: str) -> bytes:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        return base64.b64decode(padded, altchars=b"-_", validate=True)
    except ValueError:
        return b""


@same_database
@given(rows=items.rows, wanted=items.filters)
def test_filters_and_sorts(run: Runner, rows: list[Item], wanted: Filters) -> None:
    fill(run, rows)
    passed = [item for item in rows if wanted.lets_pass(item)]
    query = items.items()
    found = run.many(*query.choose(wanted.values))
    assert found == items.in_order(passed, DEFAULT.default)
    found = run.many(*query.choose(wanted.values, sort="c"))
    assert found == items.in_order(passed, (items.C, items.ID))
    streamed = list(run.stream(*query.choose(wanted.values)))
    assert streamed == items.in_order(passed, DEFAULT.default)


set_or_not = st.just(UNSET) | items.small


@same_database
@given(a=set_or_not | st.none(), low=set_or_not, high=set_or_not)
def test_set_items(
    run: Runner, a: items.Given, low: items.Given, high: items.Given
) -> None:
    before = Item(1, 7, 8, "c")
    fill(run, [before])
    values = (a, low, high, 1)
    if a is UNSET and UNSET in {low, high}:
        with pytest.raises(NothingToUpdate, match=r"^items.update: nothing is given"):
            items.UPDATE.choose(values)
        return
    after = run.one(*items.UPDATE.choose(values))
    assert after == items.changed(before, a, low, high)


def test_each_variant_is_built_once(run: Runner) -> None:
    query = items.items()
    first, _ = query.choose(Filters(a=1).values)
    second, _ = query.choose(Filters(a=2).values)
    assert first is second
    other, _ = query.choose(Filters().values)
    assert other is not first
    assert other.sql.startswith("SELECT id, a, b, c FROM items WHERE id >= $1 AND TRUE")
    assert run.many(first, Filters(a=1).values) == []
