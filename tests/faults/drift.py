# ruff: noqa: ANN401 -- values of every type are compared
"""A table, statements about it, changes of the schema, and what is right after them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.rows import dict_row

from reposgen_runtime import (
    Buffering,
    Composite,
    CopyInto,
    Key,
    OrderBy,
    Ordering,
    Package,
    Statement,
    Variants,
)
from reposgen_runtime.errors import RepositoryError, SchemaChanged, TransactionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SCHEMA: Final = """
DROP SCHEMA IF EXISTS public CASCADE;
DROP SCHEMA IF EXISTS elsewhere CASCADE;
CREATE SCHEMA public;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE spot AS (x int4, y int4);
CREATE TYPE place AS (street text, town text, number int4, spot spot);
CREATE DOMAIN amount AS int4;
CREATE TABLE items (
    id int4 PRIMARY KEY, n int4 NOT NULL, label text NOT NULL, note text NOT NULL,
    mood mood NOT NULL, home place, amount amount, tags text[]
);
INSERT INTO items VALUES
    (1, 7, 'label', 'note', 'ok', ('street', 'town', 5, (1, 2)), 3, '{a,b}');
"""


class Mood(StrEnum):
    SAD = "sad"
    OK = "ok"


@dataclass(slots=True)
class Spot:
    x: int | None
    y: int | None


@dataclass(slots=True)
class Place:
    street: str | None
    town: str | None
    number: int | None
    spot: Spot | None


@dataclass(slots=True)
class Item:
    id: int
    n: int
    label: str
    note: str
    mood: Mood
    home: Place | None
    amount: int | None
    tags: list[str] | None


@dataclass(slots=True)
class Homes:
    home: list[Place]


NAMES: Final = ("id", "n", "label", "note", "mood", "home", "amount", "tags")
COLUMNS: Final = ", ".join(NAMES)
TYPES: Final = (
    *("int4", "int4", "text", "text", "public.mood", "public.place"),
    *("public.amount", "text[]"),
)
PACKAGE: Final = Package(
    "drift",
    enums={"public.mood": Mood},
    composites={
        "public.items": Composite(Item, dict(zip(NAMES, TYPES, strict=True))),
        "public.place": Composite(
            Place,
            {
                "street": "text",
                "town": "text",
                "number": "int4",
                "spot": "public.spot",
            },
        ),
        "public.spot": Composite(Spot, {"x": "int4", "y": "int4"}),
    },
    types=("public.amount",),
)
_VALUES: Final = ", ".join(f"${number}" for number, _ in enumerate(NAMES, 1))
_INSERT: Final = f"INSERT INTO items ({COLUMNS}) VALUES ({_VALUES})"
_ROWS: Final = (
    "(SELECT *, nextval('pg_temp.reposgen_rows_reposgen_row_seq')"
    " FROM pg_temp.reposgen_rows ORDER BY reposgen_row) AS staged"
)
_QUOTED: Final = tuple(f'"{name}"' for name in NAMES)
_STAGED: Final = CopyInto('"pg_temp"."reposgen_rows"', _QUOTED, staged=True)

GET: Final = Statement(
    "items.get",
    f"SELECT {COLUMNS} FROM items WHERE id = $1",
    parameters=("int4",),
    results=TYPES,
    row=Item,
    read_only=True,
)
LOCK: Final = Statement(
    "items.lock",
    f"SELECT {COLUMNS} FROM items WHERE id = $1 FOR UPDATE",
    parameters=("int4",),
    results=TYPES,
    row=Item,
    locks_rows=True,
)
NUMBER: Final = Statement[int](
    "items.number",
    "SELECT n FROM items WHERE id = $1",
    parameters=("int4",),
    results=("int4",),
    read_only=True,
)
BY_MOOD: Final = Statement[str](
    "items.by_mood",
    "SELECT label FROM items WHERE mood = $1 AND id = 1",
    parameters=("public.mood",),
    results=("text",),
    read_only=True,
)
PAGE: Final = Variants(
    "items.page",
    (f"SELECT {COLUMNS} FROM items WHERE id = $1", OrderBy(" ORDER BY id")),
    parameters=("int4",),
    results=TYPES,
    row=Item,
    read_only=True,
    ordering=Ordering((Key("id", 0),)),
)
WHOLE: Final = Statement[Item](
    "items.whole",
    "SELECT items FROM items WHERE id = $1",
    parameters=("int4",),
    results=("public.items",),
    read_only=True,
)
TOGETHER: Final = Statement[list[Item]](
    "items.together",
    "SELECT array_agg(i) FROM items AS i WHERE id = $1",
    parameters=("int4",),
    results=("public.items[]",),
    read_only=True,
)
HOME: Final = Statement[Place](
    "items.home",
    "SELECT home FROM items WHERE id = $1",
    parameters=("int4",),
    results=("public.place",),
    read_only=True,
)
HOMES: Final = Statement(
    "items.homes",
    "SELECT array_agg(home) FROM items WHERE id = $1",
    parameters=("int4",),
    results=("public.place[]",),
    row=Homes,
    read_only=True,
)
EXPORT: Final = Statement[Any](
    "items.export",
    "SELECT n, note FROM items WHERE id = $1",
    parameters=("int4",),
)
INSERT: Final = Statement[None]("items.insert", _INSERT, parameters=TYPES, fields=NAMES)
INSERT_RETURNING: Final = Statement(
    "items.insert_returning",
    f"{_INSERT} RETURNING {COLUMNS}",
    parameters=TYPES,
    results=TYPES,
    row=Item,
    fields=NAMES,
)
INSERT_NUMBER: Final = Statement[int](
    "items.insert_number",
    "INSERT INTO items (id, n, label, note, mood) VALUES ($1, $2, $3, $4, $5)"
    " RETURNING n",
    parameters=TYPES[:5],
    results=("int4",),
    fields=NAMES[:5],
)
INSERT_WHOLE: Final = Statement[Item](
    "items.insert_whole",
    "INSERT INTO items (id, n, label, note, mood, home) VALUES ($1, $2, $3, $4, $5, $6)"
    " RETURNING items",
    parameters=TYPES[:6],
    results=("public.items",),
    fields=NAMES[:6],
)
COPY: Final = Statement[None](
    "items.copy",
    _INSERT,
    parameters=TYPES,
    fields=NAMES,
    copy=CopyInto('"items"', _QUOTED),
)
COPY_PLAIN_TYPES: Final = Statement[None](
    "items.copy_plain_types",
    "INSERT INTO items (id, n, label, note, mood) VALUES ($1, $2, $3, $4, $5)",
    parameters=TYPES[:5],
    fields=NAMES[:5],
    copy=CopyInto('"items"', _QUOTED[:5]),
)
BUFFER: Final = Statement[None](
    "items.buffer",
    _INSERT,
    parameters=TYPES,
    fields=NAMES,
    copy=CopyInto('"items"', _QUOTED),
    buffer=Buffering(interval=3600.0),
)
STAGED: Final = Statement(
    "items.staged",
    f"INSERT INTO items ({COLUMNS}) SELECT {COLUMNS} FROM {_ROWS} RETURNING {COLUMNS}",
    parameters=TYPES,
    results=TYPES,
    row=Item,
    fields=NAMES,
    copy=_STAGED,
)
UPSERT: Final = Statement[None](
    "items.upsert",
    f"INSERT INTO items ({COLUMNS}) SELECT {COLUMNS} FROM {_ROWS}"
    " ON CONFLICT (id) DO NOTHING",
    parameters=TYPES,
    fields=NAMES,
    copy=_STAGED,
)


def item(number: int) -> Item:
    """A row to be written."""
    home = Place("s", "t", 6, Spot(3, 4))
    return Item(number, 9, "l", "o", Mood.OK, home, 4, ["x", "y"])


def values(number: int, count: int = len(NAMES)) -> tuple[Any, ...]:
    """The same, as a statement's arguments."""
    row = item(number)
    return tuple(getattr(row, name) for name in NAMES[:count])


_PLACE_AGAIN: Final = """
ALTER TABLE items DROP COLUMN home; DROP TYPE place; CREATE TYPE place AS ({});
ALTER TABLE items ADD COLUMN home place;
UPDATE items SET home = ROW({})::place;
"""
_TABLE_AGAIN: Final = """
ALTER TABLE items RENAME TO old;
CREATE TABLE items ({});
INSERT INTO items (id, n, label, note, mood, home, amount, tags)
    SELECT id, n, label, note, mood, home, amount, tags FROM old;
DROP TABLE old CASCADE;
"""
CHANGES: Final[Mapping[str, str]] = {
    "nothing": "SELECT",
    "int4 to int8": "ALTER TABLE items ALTER n TYPE int8 USING n + 5000000000",
    "int4 to int2": "ALTER TABLE items ALTER n TYPE int2",
    "int4 to float4": "ALTER TABLE items ALTER n TYPE float4",
    "int4 to float8": "ALTER TABLE items ALTER n TYPE float8",
    "int4 to numeric": "ALTER TABLE items ALTER n TYPE numeric",
    "int4 to text": "ALTER TABLE items ALTER n TYPE text",
    "int4 to date": "ALTER TABLE items ALTER n TYPE date USING DATE '2026-01-01' + n",
    "int4 to timestamptz": (
        "ALTER TABLE items ALTER n TYPE timestamptz USING to_timestamp(n)"
    ),
    "int4 to oid": "ALTER TABLE items ALTER n TYPE oid USING n::oid",
    "text to varchar": "ALTER TABLE items ALTER label TYPE varchar(30)",
    "text to bytea": "ALTER TABLE items ALTER label TYPE bytea USING label::bytea",
    "text to jsonb": "ALTER TABLE items ALTER label TYPE jsonb USING to_jsonb(label)",
    "text to an enum": (
        "CREATE TYPE kind AS ENUM ('label', 'l');"
        " ALTER TABLE items ALTER label TYPE kind USING label::kind"
    ),
    "arrays to int4[]": "ALTER TABLE items ALTER tags TYPE int4[] USING '{1}'",
    "enum to text": "ALTER TABLE items ALTER mood TYPE text",
    "domain to int8": "ALTER TABLE items ALTER amount TYPE int8",
    "column renamed": "ALTER TABLE items RENAME n TO m",
    "column dropped": "ALTER TABLE items DROP n",
    "column dropped and added": (
        "ALTER TABLE items DROP note;"
        " ALTER TABLE items ADD note text NOT NULL DEFAULT 'other'"
    ),
    "columns that change names": (
        "ALTER TABLE items RENAME label TO other; ALTER TABLE items RENAME note TO"
        " label; ALTER TABLE items RENAME other TO note"
    ),
    "column added": "ALTER TABLE items ADD more text",
    "column added that needs a value": (
        "ALTER TABLE items ADD more int4 NOT NULL DEFAULT 5"
    ),
    "columns in another order": _TABLE_AGAIN.format(
        "id int4 PRIMARY KEY, note text NOT NULL, label text NOT NULL, tags text[],"
        " n int4 NOT NULL, amount amount, mood mood NOT NULL, home place"
    ),
    "columns in another order, of other types": _TABLE_AGAIN.format(
        "n int8 NOT NULL, id int4 PRIMARY KEY, note text NOT NULL, label text NOT NULL,"
        " tags text[], amount int8, mood mood NOT NULL, home place"
    ),
    "partitioned": _TABLE_AGAIN.format(
        "id int4 PRIMARY KEY, n int4 NOT NULL, label text NOT NULL, note text NOT NULL,"
        " mood mood NOT NULL, home place, amount amount, tags text[])"
        " PARTITION BY RANGE (id); CREATE TABLE items_all PARTITION OF items DEFAULT"
        "; SELECT (1"
    ),
    "column generated": (
        "ALTER TABLE items DROP n; ALTER TABLE items ADD n int4 GENERATED ALWAYS AS"
        " (id + 1) STORED"
    ),
    "identity": "ALTER TABLE items ALTER id ADD GENERATED ALWAYS AS IDENTITY",
    "unique key dropped": "ALTER TABLE items DROP CONSTRAINT items_pkey",
    "label renamed": "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
    "label added": (
        "ALTER TYPE mood ADD VALUE 'new' BEFORE 'sad'; UPDATE items SET mood = 'new'"
    ),
    "enum again": (
        "ALTER TABLE items ALTER mood TYPE text; DROP TYPE mood; CREATE TYPE mood AS"
        " ENUM ('ok', 'more', 'sad'); ALTER TABLE items ALTER mood TYPE mood USING"
        " mood::mood"
    ),
    "domain again": (
        "ALTER TABLE items ALTER amount TYPE int4; DROP DOMAIN amount; CREATE DOMAIN"
        " amount AS int4; ALTER TABLE items ALTER amount TYPE amount"
    ),
    "domain of another type": (
        "ALTER TABLE items ALTER amount TYPE int4; DROP DOMAIN amount; CREATE DOMAIN"
        " amount AS int8; ALTER TABLE items ALTER amount TYPE amount"
    ),
    "attribute added": "ALTER TYPE place ADD ATTRIBUTE zip text",
    "attribute dropped": "ALTER TYPE place DROP ATTRIBUTE street",
    "attribute renamed": "ALTER TYPE place RENAME ATTRIBUTE street TO road",
    "attributes that change names": (
        "ALTER TYPE place RENAME ATTRIBUTE street TO other; ALTER TYPE place RENAME"
        " ATTRIBUTE town TO street; ALTER TYPE place RENAME ATTRIBUTE other TO town"
    ),
    "attribute dropped and added": (
        "ALTER TYPE place DROP ATTRIBUTE street; ALTER TYPE place ADD ATTRIBUTE street"
        " text"
    ),
    "attributes shifted": (
        "ALTER TYPE place DROP ATTRIBUTE street; ALTER TYPE place ADD ATTRIBUTE zip"
        " text"
    ),
    "attribute of a part renamed": (
        "ALTER TYPE spot RENAME ATTRIBUTE x TO z; ALTER TYPE spot RENAME ATTRIBUTE y"
        " TO x; ALTER TYPE spot RENAME ATTRIBUTE z TO y"
    ),
    "composite in another order": _PLACE_AGAIN.format(
        "number int4, town text, spot spot, street text",
        "5, 'town', ROW(1, 2)::spot, 'street'",
    ),
    "attribute of another type": _PLACE_AGAIN.format(
        "street text, town text, number int8, spot spot",
        "'street', 'town', 5000000000, ROW(1, 2)::spot",
    ),
    "attribute of the type text": _PLACE_AGAIN.format(
        "street text, town text, number text, spot spot",
        "'street', 'town', '5', ROW(1, 2)::spot",
    ),
    "type renamed": "ALTER TYPE place RENAME TO location",
    "type moved": "CREATE SCHEMA elsewhere; ALTER TYPE mood SET SCHEMA elsewhere",
    "table renamed": "ALTER TABLE items RENAME TO things",
    "table dropped": "DROP TABLE items",
    "table replaced by a view": (
        "ALTER TABLE items RENAME TO old; CREATE VIEW items AS SELECT id, n, note AS"
        " label, label AS note, mood, home, amount, tags FROM old"
    ),
    "table replaced by a view that can't be written": (
        "ALTER TABLE items RENAME TO old; CREATE VIEW items AS SELECT DISTINCT"
        " id, n, label, note, mood, home, amount, tags FROM old"
    ),
    "another table of that name": (
        "ALTER TABLE items RENAME TO old; CREATE TABLE items (id text, n text, label"
        " text, note text, mood text, home text, amount text, tags text)"
    ),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call gave.

    Attributes:
        rows: by name, of what was read or returned.
        wrote: ids of rows that were to be written.
    """

    rows: Sequence[Any] = ()
    wrote: Sequence[int] = ()


@dataclass(slots=True)
class Report:
    """What became of the calls.

    Attributes:
        counts: by outcome.
        failures: what must not be.
    """

    counts: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])

    def add(self, other: Report) -> None:
        """Count another one's as well."""
        self.counts += other.counts
        self.failures += other.failures


def plain(value: Any) -> Any:
    """A value in a form that compares with the one that JSON has."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
        return str(int(value)) if value == int(value) else str(value)
    return value


def agrees(given: Any, truth: Any) -> bool:
    """What is given is true, as far as it goes; `truth` may know more."""
    if isinstance(given, str) and isinstance(truth, str):
        # JSON has another form of timestamps than text has.
        return given == truth or given == truth.replace("T", " ").removesuffix(":00")
    if isinstance(given, (dict, list)) and isinstance(truth, str):
        # The server has cast it to text.
        return all(part in truth for part in _leaves(given))
    if isinstance(given, dict):
        return isinstance(truth, dict) and all(
            name in truth and agrees(part, truth[name]) for name, part in given.items()
        )
    if isinstance(given, list):
        return (
            isinstance(truth, list)
            and len(given) == len(truth)
            and all(map(agrees, given, truth))
        )
    return bool(given == truth)


def _leaves(given: Any) -> Iterator[str]:
    if isinstance(given, dict):
        given = [*given.values()]
    if not isinstance(given, list):
        yield str(given)
        return
    for part in given:
        yield from _leaves(part)


class Judge:
    """Knows what is in the database."""

    def __init__(self, admin: psycopg.Connection[Any]) -> None:
        self._admin = admin

    def truth(self, number: int) -> Any:
        """A row as it is stored, or None."""
        for table in ("items", "things"):
            try:
                with self._admin.cursor(row_factory=dict_row) as cursor:
                    cursor.execute(
                        f"SELECT to_jsonb(t) AS row FROM {table} AS t"
                        " WHERE id::text = %s",
                        (str(number),),
                    )
                    found = cursor.fetchone()
            except psycopg.errors.UndefinedTable:
                continue
            return None if found is None else plain(found["row"])
        return None

    def judge(
        self, answer: Answer | BaseException, wrote: Sequence[int], where: str
    ) -> Report:
        """Say what became of a call.

        Args:
            answer: what it gave, or its error.
            wrote: ids of rows that it was to write.
            where: names the case.
        """
        report = Report()
        if isinstance(answer, BaseException):
            self._judge_error(answer, wrote, where, report)
            return report
        report.counts["right"] += 1
        for row in answer.rows:
            given = plain(row)
            number = int(given["id"]) if "id" in given else 1
            truth = self.truth(number)
            if not agrees(given, truth):
                report.failures.append(f"{where}: gave {given}, where {truth} is")
        for number in wrote:
            truth = self.truth(number)
            missing = {
                name: part
                for name, part in plain(item(number)).items()
                if truth is not None and truth.get(name) is not None
            }
            if truth is None or not agrees(missing, truth):
                report.failures.append(f"{where}: stored {truth}")
        return report

    def _judge_error(
        self,
        error: BaseException,
        wrote: Sequence[int],
        where: str,
        report: Report,
    ) -> None:
        what = f"{type(error).__name__}: {error}"
        if isinstance(error, SchemaChanged):
            report.counts["SchemaChanged"] += 1
            if not (error.query or "").startswith("items."):
                report.failures.append(f"{where}: names no query: {what}")
        elif isinstance(error, (RepositoryError)):
            report.counts[type(error).__name__] += 1
            if not isinstance(error, TransactionFailed):
                report.failures.append(f"{where}: {what}")
        else:
            report.counts["outside the hierarchy"] += 1
            report.failures.append(f"{where}: {what}")
        for number in wrote:
            if (truth := self.truth(number)) is not None:
                report.failures.append(f"{where}: {what}, and stored {truth}")
