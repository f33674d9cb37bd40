"""A package with cached reads, written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reposgen_runtime import Argument, Cached, Json, Package, Rows, Statement

if TYPE_CHECKING:
    from datetime import datetime, timedelta
    from decimal import Decimal
    from uuid import UUID

SCHEMA: Final = """
CREATE TABLE items (id int PRIMARY KEY, title text NOT NULL, price numeric,
    key uuid, at timestamptz, took interval, tags text[], meta jsonb);
INSERT INTO items VALUES (1, 'one', 1.50, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    '2024-02-29 12:00+02', '90 minutes', '{x,NULL}', '{"a": [1, null]}');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
CREATE TABLE late (id int PRIMARY KEY);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON late DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION refuse();
"""
PACKAGE: Final = Package("cached")
TENANTS: Final = Package("tenants", tenant="app.tenant_id")
LEVELS: Final = ("l1", "l2")


@dataclass(slots=True)
class Item:
    """A row of items."""

    id: int
    title: str
    price: Decimal | None
    key: UUID | None
    at: datetime | None
    took: timedelta | None
    tags: list[str | None] | None
    meta: Json | None


_ITEM: Final = Rows("public.items", ("id",), (Argument(0),))


def get_item(
    levels: tuple[str, ...] = LEVELS,
    *,
    ttl: float = 60.0,
    negative: float = 0.0,
    stale: float = 0.0,
) -> Statement[Item]:
    """The read of an item by its key."""
    return Statement(
        "items.get",
        "SELECT id, title, price, key, at, took, tags, meta FROM items WHERE id = $1",
        parameters=("int4",),
        results=(
            *("int4", "text", "numeric", "uuid", "timestamptz", "interval"),
            *("text[]", "jsonb"),
        ),
        row=Item,
        read_only=True,
        cache=Cached(
            ttl=ttl, rows=(_ITEM,), levels=levels, negative=negative, stale=stale
        ),
    )


GET: Final = get_item()
GET_L1: Final = get_item(("l1",))
GET_L2: Final = get_item(("l2",))
RENAME: Final = Statement[Any](
    "items.rename",
    "UPDATE items SET title = $2 WHERE id = $1",
    parameters=("int4", "text"),
    changes=(_ITEM,),
)
# Its COMMIT is refused.
LATE: Final = Statement[Any](
    "items.late",
    "WITH late AS (INSERT INTO late VALUES ($1)) UPDATE items SET title = 'late'"
    " WHERE id = $1",
    parameters=("int4",),
    changes=(_ITEM,),
)
ECHO: Final = Statement[str](
    "items.echo",
    "SELECT $1",
    parameters=("text",),
    results=("text",),
    read_only=True,
    cache=Cached(ttl=60.0),
)
FAILS: Final = Statement[int](
    "items.fails",
    "SELECT 1 / $1",
    parameters=("int4",),
    results=("int4",),
    read_only=True,
    cache=Cached(ttl=60.0),
)
NUMBER: Final = Statement[str](
    "items.number",
    "SELECT $1::text",
    parameters=("numeric",),
    results=("text",),
    read_only=True,
    cache=Cached(ttl=60.0),
)
OBJECT: Final = Statement[str](
    "items.object",
    "SELECT $1::text",
    parameters=("jsonb",),
    results=("text",),
    read_only=True,
    cache=Cached(ttl=60.0),
)
TENANT: Final = Statement[str](
    "items.tenant",
    "SELECT current_setting('app.tenant_id')",
    results=("text",),
    read_only=True,
    cache=Cached(ttl=60.0),
)
CREATE_INDEX: Final = Statement[Any](
    "items.index",
    "CREATE INDEX CONCURRENTLY ON items (title)",
    changes=(Rows("*"),),
)
