"""A table to page through, and what Python makes of the same rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from hypothesis import strategies as st

from reposgen_runtime import (
    Key,
    OptionalClause,
    OrderBy,
    Ordering,
    Package,
    RequireAny,
    Statement,
    Unset,
    Variants,
)

SCHEMA: Final = """
CREATE TABLE items (id int4 PRIMARY KEY, a int4, b int4 NOT NULL, c text COLLATE "C");
CREATE INDEX items_by_b ON items (b DESC, id DESC);
"""
PACKAGE: Final = Package("items")


@dataclass(slots=True)
class Item:
    id: int
    a: int | None
    b: int
    c: str | None


COLUMNS: Final = ("id", "a", "b", "c")
ID, A, B, C = (
    Key("id", 0),
    Key("a", 1, nullable=True),
    Key("b", 2),
    Key("c", 3, nullable=True),
)
DEFAULT: Final = Ordering(
    (replace(B, descending=True), replace(ID, descending=True)), choices=(A, B, C, ID)
)


def items(ordering: Ordering = DEFAULT) -> Variants[Item]:
    """The items, page by page."""
    return Variants(
        "items.list",
        (
            "SELECT id, a, b, c FROM items WHERE id >= $1",
            OptionalClause(" AND a = $2", 2),
            OptionalClause(" AND b BETWEEN $3 AND $4", 3, 4),
            OptionalClause(" AND c = ANY ($5)", 5),
            " AND TRUE -- for each of them",
            OrderBy("\nORDER BY b DESC, id DESC", {"c": "\nORDER BY c, id"}),
        ),
        parameters=("int4", "int4", "int4", "int4", "text[]"),
        results=("int4", "int4", "int4", "text"),
        row=Item,
        read_only=True,
        filters=(2, 3, 4, 5),
        ordering=ordering,
    )


IDS: Final = Variants[int](
    "items.ids",
    ("SELECT id FROM items", OrderBy(" ORDER BY id")),
    results=("int4",),
    read_only=True,
    ordering=Ordering((ID,)),
)
INSERT: Final = Statement[None](
    "items.insert",
    "INSERT INTO items (id, a, b, c) VALUES ($1, $2, $3, $4)",
    parameters=("int4", "int4", "int4", "text"),
    fields=COLUMNS,
)
DELETE: Final = Statement[None](
    "items.delete", "DELETE FROM items WHERE id = ANY ($1)", parameters=("int4[]",)
)
CLEAR: Final = Statement[None]("items.clear", "DELETE FROM items")
UPDATE: Final = Variants(
    "items.update",
    (
        "UPDATE items SET ",
        RequireAny((1,), (2, 3)),
        OptionalClause("a = $1", 1),
        OptionalClause(", ", 2, 3, any_of=((1,),)),
        OptionalClause("b = $2::int4 + $3", 2, 3),
        " WHERE id = $4 RETURNING id, a, b, c",
    ),
    parameters=("int4", "int4", "int4", "int4"),
    results=("int4", "int4", "int4", "text"),
    row=Item,
    items=(1, 2, 3),
)

small = st.integers(0, 4)
letters = st.sampled_from(["", "a", "b", 'q"\\,\n', "é", "\U0001f600"])
rows = st.lists(
    st.builds(
        Item,
        id=st.integers(0, 60),
        a=st.none() | small,
        b=small,
        c=st.none() | letters,
    ),
    max_size=18,
    unique_by=lambda item: item.id,
)


@st.composite
def orderings(draw: st.DrawFn) -> Ordering:
    """Any ORDER BY that ends with the unique column, and any choices."""

    nulls_anywhere: st.SearchStrategy[Literal["first", "last"] | None]
    nulls_anywhere = st.sampled_from((None, "first", "last"))

    def turned(key: Key) -> Key:
        nulls = draw(nulls_anywhere)
        return replace(key, descending=draw(st.booleans()), nulls=nulls)

    first = draw(st.lists(st.sampled_from([A, B, C]), max_size=3, unique=True))
    chosen = [replace(key, nulls=draw(nulls_anywhere)) for key in (A, B, C, ID)]
    return Ordering(tuple(turned(key) for key in (*first, ID)), choices=tuple(chosen))


@dataclass(frozen=True, slots=True)
class Filters:
    """The arguments of a call."""

    least: int = 0
    a: int | None = None
    b: tuple[int | None, int | None] = (None, None)
    c: list[str] | None = None

    @property
    def values(self) -> tuple[Any, ...]:
        return (self.least, self.a, *self.b, self.c)

    def lets_pass(self, item: Item) -> bool:
        low, high = self.b
        return (
            item.id >= self.least
            and (self.a is None or item.a == self.a)
            and (low is None or high is None or low <= item.b <= high)
            and (self.c is None or item.c in self.c)
        )


filters = st.builds(
    Filters,
    least=st.integers(0, 20),
    a=st.none() | small,
    b=st.tuples(st.none() | small, st.none() | small),
    c=st.none() | st.lists(letters, max_size=3),
)


@dataclass(frozen=True, slots=True)
class Search:
    """How a query is paged through."""

    ordering: Ordering
    wanted: Filters
    sort: str | None
    limit: int

    @property
    def keys(self) -> tuple[Key, ...]:
        """What the rows are ordered by."""
        keys = self.ordering.keys(self.sort)
        assert keys is not None
        return keys


sorts = st.none() | st.sampled_from(list(DEFAULT.sorts))

searches = st.builds(
    Search,
    ordering=orderings(),
    wanted=filters,
    sort=sorts,
    limit=st.integers(1, 7),
)


def in_order(found: list[Item], keys: tuple[Key, ...]) -> list[Item]:
    """The items as ORDER BY would have them."""
    for key in reversed(keys):
        name = COLUMNS[key.column]
        nulls = [item for item in found if getattr(item, name) is None]
        known = [item for item in found if getattr(item, name) is not None]
        known.sort(key=lambda item: getattr(item, name), reverse=key.descending)
        found = nulls + known if key.nulls_first else known + nulls
    return found


Given: TypeAlias = int | Unset | None


def changed(item: Item, a: Given, low: Given, high: Given) -> Item:
    """What UPDATE makes of an item."""
    if not isinstance(a, Unset):
        item = replace(item, a=a)
    if isinstance(low, int) and isinstance(high, int):
        item = replace(item, b=low + high)
    return item
