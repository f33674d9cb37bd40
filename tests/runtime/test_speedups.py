# ruff: noqa: ANN401 -- values of every type pass through here
"""Rows that C makes: the very same that are made without it.

What is read is compared with what the loaders alone make of the same result of the
server. `--all` compares millions of values, and looks for leaks over a million rows.
"""

from __future__ import annotations

import dataclasses
import gc
import json
import math
import random
import struct
import subprocess
import sys
import tracemalloc
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs
import msgspec
import psycopg
import pydantic
import pytest
from psycopg.types.range import Range
from tests.runtime.shop import PACKAGE, Place, Status
from tests.runtime.values import REFUSED, VALUES

from reposgen_runtime import Statement, speedups, wire
from reposgen_runtime.errors import SchemaChanged, Unrepresentable
from reposgen_runtime.sync import Runner
from reposgen_runtime.sync.connection import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from psycopg.pq.abc import PGresult

    from reposgen_runtime.codec import Codec

pytestmark = pytest.mark.skipif(
    not speedups.IS_USED, reason=f"reposgen-speedups: {speedups.STATE}"
)

# Fixed offsets, summer time, seconds in offsets, days that do not exist.
ZONES: Final = (
    *("UTC", "Etc/UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata"),
    *("Pacific/Apia", "Africa/Monrovia", "Australia/Lord_Howe", "Etc/GMT+12"),
)
EDGES: Final = {
    "int2": [0, 1, -1, 2**15 - 1, -(2**15)],
    "int4": [0, 1, -1, 2**31 - 1, -(2**31)],
    "int8": [0, 1, -1, 2**63 - 1, -(2**63)],
    "date": [-730119, 2921939, 0, 59, 60, 365, -1, 2**31 - 1, -(2**31), 2921940],
    "timestamp": [0, -1, 1, 86_400_000_000, -63082281600000000, 252455615999999999],
}


@pytest.fixture
def amount(request: pytest.FixtureRequest) -> int:
    """How many random values of each type."""
    return 60_000 if request.config.getoption("--all") else 200


@pytest.fixture
def session(conninfo: str) -> Iterator[Session]:
    with psycopg.connect(
        conninfo, autocommit=True, prepare_threshold=None
    ) as connection:
        connection.execute("SET TimeZone TO 'UTC'")
        yield Session.of(connection, PACKAGE, fast=True)


@dataclass(slots=True)
class Pair:
    first: Any
    second: Any


@dataclass(slots=True, frozen=True)
class Frozen:
    first: Any
    second: Any


@dataclass
class Dictionary:
    first: Any
    second: Any


@dataclass(slots=True)
class Child(Pair):
    pass


@dataclass(slots=True)
class Doubled:
    first: Any
    second: Any

    def __post_init__(self) -> None:
        self.second = (self.second, self.second)


@dataclass(slots=True)
class Renamed:
    first: Any
    second: Any

    def __init__(self, one: Any, two: Any) -> None:
        self.first, self.second = two, one


@dataclass(slots=True)
class Allocated:
    first: Any
    second: Any

    def __new__(cls, first: Any, second: Any) -> Self:
        del first, second
        made = object.__new__(cls)
        made.first = "unset"
        return made


@dataclass(slots=True)
class Watched:
    first: Any
    second: Any

    def __setattr__(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, [value])


@dataclass(slots=True)
class Default:
    first: Any
    second: Any = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Reordered:
    second: Any
    first: Any


class Tuple(NamedTuple):
    first: Any
    second: Any


@attrs.define
class Defined:
    first: Any
    second: Any


class Struct(msgspec.Struct):
    first: Any
    second: Any


@pydantic.dataclasses.dataclass(slots=True)
class Validated:
    first: int
    second: str


def keywords(first: Any, second: Any) -> Reordered:
    return Reordered(first=first, second=second)


# With whether their slots are written directly.
ROWS: Final[tuple[tuple[Any, bool], ...]] = (
    (None, False),
    (Pair, True),
    (Frozen, True),
    (Child, True),
    (Dictionary, False),
    (Doubled, False),
    (Renamed, False),
    (Allocated, False),
    (Watched, False),
    (Default, False),
    (Tuple, False),
    (Defined, False),
    (Struct, False),
    (Validated, False),
    (keywords, False),
    (lambda *row: row, False),
)


def result_of(
    session: Session, statement: Statement[Any], values: Sequence[Any] = ()
) -> tuple[Codec[Any], PGresult]:
    return session.run(statement, values, lambda codec, result: (codec, result))


def by_c(codec: Codec[Any], result: PGresult) -> list[Any] | None:
    assert codec._decode is not None  # noqa: SLF001 -- what is tested
    return codec._decode(result, 0, result.ntuples)  # noqa: SLF001 -- as above


def by_loaders(codec: Codec[Any], result: PGresult) -> list[Any]:
    loaded = codec._load(result, 0, result.ntuples, 0)  # noqa: SLF001 -- as above
    return list(codec._build(loaded))  # noqa: SLF001 -- as above


def spelled(value: Any) -> str:
    """What tells values apart: the zone of a time, its fold, the sign of zero."""
    folds = [v.fold for v in _inside(value) if isinstance(v, datetime)]
    offsets = [v.utcoffset() for v in _inside(value) if isinstance(v, datetime)]
    return f"{value!r} {folds} {offsets}"


def _inside(value: Any) -> Iterator[Any]:
    yield value
    if dataclasses.is_dataclass(value):
        value = [getattr(value, one.name, None) for one in dataclasses.fields(value)]
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _inside(item)


def compare(codec: Codec[Any], result: PGresult) -> None:
    made, expected = by_c(codec, result), by_loaders(codec, result)
    assert made is not None
    assert len(made) == result.ntuples
    if made != expected or repr(made) != repr(expected):
        pairs = zip(made, expected, strict=True)
        wrong = [pair for pair in pairs if spelled(pair[0]) != spelled(pair[1])]
        assert not wrong[:3]
    assert all(
        type(one) is type(other) and spelled(one) == spelled(other)
        for one, other in zip(made, expected, strict=True)
    )


def column(type_name: str, sql: str = "{}", beside: str = "") -> Statement[Any]:
    """Reads texts as values of a type, that many."""
    cast = type_name.replace("public.", "")
    return Statement[Any](
        "column",
        f"SELECT {sql.format(f'given::{cast}')}{beside} FROM unnest($1) AS given",
        parameters=("text[]",),
        results=(type_name,),
        read_only=True,
    )


def test_a_value_of_every_type(session: Session) -> None:
    for name, values in VALUES:
        for type_name in (name, f"{name}[]"):
            given = [*values, None]
            echo = Statement[Any](
                "echo",
                "SELECT $1",
                parameters=(type_name,),
                results=(type_name,),
            )
            for value in (*given, None) if type_name == name else (given, [], None):
                codec, result = result_of(session, echo, (value,))
                if codec.reads_binary:
                    made, expected = by_c(codec, result), by_loaders(codec, result)
                    # Infinite dates are met for the first time.
                    made = by_c(codec, result) if made is None else made
                    assert spelled(made) == spelled(expected), type_name


def numeric(chance: random.Random) -> str:
    digits = "".join(chance.choices("0000123456789", k=chance.randrange(1, 40)))
    point = chance.randrange(len(digits) + 1)
    text = f"{digits[:point]}.{digits[point:]}" if chance.random() < 0.7 else digits
    tiny = f"0.{'0' * chance.randrange(70)}{digits}"
    special = chance.choice(["NaN", "Infinity", "0", "0.000", f"{digits}e30", tiny])
    sign = chance.choice(["", "-"])
    chosen = special if chance.random() < 0.2 else text.rstrip(".") or "0"
    return chosen if chosen == "NaN" else sign + chosen


def text(chance: random.Random) -> str:
    return "".join(chance.choices("a\"'\\,{}é🐘\n (\u200b\x7f", k=chance.randrange(30)))


def document(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(9 if depth < 3 else 6)
    if kind < 3:
        return chance.choice([None, True, False, 0, -1, 1.5, "", "1" * 19, 10**17])
    if kind == 3:
        return chance.choice([10**18, 10**19, -(10**18), 2**63, 2**64, 10**40, 1e300])
    if kind < 6:
        return text(chance)
    items = [document(chance, depth + 1) for _ in range(chance.randrange(4))]
    return items if kind == 6 else {text(chance): item for item in items}


def interval(chance: random.Random) -> str:
    days = chance.choice([0, 1, -1, chance.randrange(-(10**9) + 2, 10**9 - 2)])
    return f"{days} days {chance.randrange(-(10**12), 10**12)} microseconds"


def array(item: Callable[[random.Random], str]) -> Callable[[random.Random], str]:
    def made(chance: random.Random) -> str:
        items = [
            "NULL"
            if chance.random() < 0.2
            else json.dumps(item(chance), ensure_ascii=False)
            for _ in range(chance.randrange(5))
        ]
        shape = chance.random()
        if shape < 0.1 and items:
            return f"{{{{{','.join(items)}}},{{{','.join(items)}}}}}"
        return f"{{{','.join(items)}}}"

    return made


def plain(chance: random.Random) -> str:
    return "".join(chance.choices("abc xyz", k=chance.randrange(1, 10)))


def number(low: int, high: int) -> Callable[[random.Random], str]:
    return lambda chance: str(chance.randrange(low, high))


def label(chance: random.Random) -> str:
    return str(chance.choice([*Status]))


def place(chance: random.Random) -> str:
    return f"({chance.random()},{chance.choice(['', 'NaN', '-0', '1e300'])})"


def address(chance: random.Random) -> str:
    tags = array(plain)(chance).replace('"', '\\"')
    return f'({plain(chance)},12,"{place(chance)}","{tags}",{label(chance)},2026-01-31)'


TEXTS: Final[dict[str, Callable[[random.Random], str]]] = {
    "numeric": numeric,
    "text": text,
    "varchar": text,
    "json": lambda chance: json.dumps(document(chance)),
    "jsonb": lambda chance: json.dumps(document(chance)),
    "interval": interval,
    "public.status": label,
    "public.place": place,
    "public.address": address,
    "public.citext": text,
    "public.scores": array(number(-(2**31), 2**31)),
    "int8[]": array(number(-(2**63), 2**63)),
    "text[]": array(plain),
    "numeric[]": array(numeric),
    "public.status[]": array(label),
    "public.place[]": array(place),
    "uuid": lambda chance: str(UUID(int=chance.getrandbits(128))),
    "bytea": lambda chance: "\\x" + chance.randbytes(chance.randrange(20)).hex(),
    "bool": lambda chance: chance.choice("tf"),
    "bpchar": plain,
    "name": plain,
    "int4range": lambda chance: f"[{chance.randrange(9)},{chance.randrange(9, 20)})",
    "inet": lambda chance: f"10.0.{chance.randrange(256)}.1/{chance.randrange(33)}",
}


@pytest.mark.parametrize("type_name", TEXTS)
def test_random_values_of_the_server(
    session: Session, type_name: str, amount: int
) -> None:
    chance = random.Random(type_name)
    given = [
        None if chance.random() < 0.05 else TEXTS[type_name](chance)
        for _ in range(amount)
    ]
    compare(*result_of(session, column(type_name), (given,)))


RAW: Final = {
    "int2": (2, "!h"),
    "int4": (4, "!i"),
    "oid": (4, "!i"),
    "int8": (8, "!q"),
    "float4": (4, "!i"),
    "float8": (8, "!q"),
    "date": (4, "!i"),
    "timestamp": (8, "!q"),
    "timestamptz": (8, "!q"),
    "uuid": (16, ""),
    "bool": (1, ""),
}


def raw_values(type_name: str, chance: random.Random, amount: int) -> Iterator[bytes]:
    size, layout = RAW[type_name]
    edges = EDGES.get(type_name.removesuffix("tz"), [])
    yield from (struct.pack(layout, edge) for edge in edges)
    for _ in range(amount):
        match type_name:
            case "date":
                yield struct.pack(layout, chance.randrange(-730119, 2921940))
            case "timestamp" | "timestamptz":
                # In the zones that there are, the first and the last day are others'.
                wide = chance.random() < 0.5
                low, high = (-719000, 2921000) if wide else (-50000, 20000)
                instant = chance.randrange(low * 86_400_000_000, high * 86_400_000_000)
                if chance.random() < 0.3:
                    instant -= instant % 1_800_000_000
                yield struct.pack(layout, instant)
            case "bool":
                yield bytes([chance.randrange(2)])
            case _:
                yield chance.randbytes(size)


def other_type(
    session: Session, oid_name: str, data: Sequence[bytes | None]
) -> tuple[Codec[Any], PGresult]:
    """A codec of one type, and a result that has any bytes at all for its values."""
    of_bytes = Statement[Any](
        "bytes", "SELECT unnest($1)", parameters=("bytea[]",), results=("bytea",)
    )
    codec, _ = result_of(session, column(oid_name), ([],))
    return codec, result_of(session, of_bytes, (data,))[1]


@pytest.mark.parametrize("type_name", RAW)
def test_any_bits(session: Session, type_name: str, amount: int) -> None:
    chance = random.Random(type_name)
    values = [
        value
        for value in raw_values(type_name, chance, amount)
        if value not in (b"\x7f\xff\xff\xff", b"\x80\0\0\0") or "date" not in type_name
    ]
    for zone in ZONES if type_name == "timestamptz" else ZONES[:1]:
        session.connection.execute(f"SET TimeZone TO '{zone}'".encode())
        codec, result = other_type(session, type_name, values)
        codec._prepare_loading()  # noqa: SLF001 -- as `rows` does in another zone
        readable = [
            number
            for number in range(result.ntuples)
            if _is_readable(codec, result.get_value(number, 0))
        ]
        assert len(readable) > len(values) * 0.9
        data = [values[number] for number in readable]
        compare(*other_type(session, type_name, data))


def _is_readable(codec: Codec[Any], data: bytes | None) -> bool:
    try:
        codec._loading.load_sequence([data])  # noqa: SLF001 -- what would be called
    except psycopg.DataError:
        return False
    return True


@pytest.mark.parametrize(("row", "direct"), ROWS)
def test_every_kind_of_row(
    session: Session,
    row: Any,
    direct: bool,
) -> None:
    pairs = Statement[Any](
        "pairs",
        "SELECT n, 'row ' || n FROM generate_series(1, 250) AS n",
        results=("int4", "text"),
        row=row,
        read_only=True,
    )
    assert (speedups._slots(row, 2) is not None) is direct  # noqa: SLF001 -- what is tested
    codec, result = result_of(session, pairs)
    made = by_c(codec, result)
    assert made is not None
    assert repr(made) == repr(by_loaders(codec, result))
    assert len(codec.rows(result)) == 250
    if direct:
        # Nothing is missing that the class itself would have.
        [one] = islice(made, 1)
        copy = dataclasses.replace(one, first=5)
        assert (copy.first, copy.second) == (5, "row 1")
        assert type(one) is row


def test_fewer_slots_than_columns(session: Session) -> None:
    assert speedups._slots(Pair, 3) is None  # noqa: SLF001 -- what is tested
    three = Statement[Any]("three", "SELECT 1, 2, 3", results=("int4",) * 3, row=Pair)
    with pytest.raises(Unrepresentable):
        Runner(session.connection, PACKAGE).one(three)


def test_what_loaders_refuse_is_refused(session: Session) -> None:
    run = Runner(session.connection, PACKAGE)
    for type_name, literal in (
        ("date", "4000-01-01 BC"),
        ("timestamptz", "4000-01-01 BC"),
        ("interval", "1 month"),
        ("int4[]", "[0:1]={1,2}"),
        ("json", "1e400"),
    ):
        values = [None] * 150 + [literal]
        codec, result = result_of(session, column(type_name), (values,))
        if type_name != "json":
            assert by_c(codec, result) is None
            with pytest.raises(Unrepresentable, match="row 151, "):
                run.many(column(type_name), (values,))


def test_what_a_class_refuses(session: Session) -> None:
    calls: list[int] = []

    def row(number: int) -> int:
        calls.append(number)
        if number == 7:
            raise ArithmeticError
        return number

    numbers = Statement[Any](
        "numbers", "SELECT generate_series(1, 9)", results=("int4",), row=row
    )
    with pytest.raises(Unrepresentable, match="row 7: "):
        Runner(session.connection, PACKAGE).many(numbers)


def test_an_unknown_label(session: Session) -> None:
    unknown = Statement[Any]("unknown", "SELECT 'x'", results=("text",), read_only=True)
    _, result = result_of(session, unknown)
    codec, _ = result_of(session, column("public.status"), ([],))
    with pytest.raises(SchemaChanged, match="does not know"):
        codec.rows(result)


def test_other_results_are_not_read(session: Session) -> None:
    codec, result = result_of(session, column("int4"), (["1", "2"],))
    assert codec._decode is not None  # noqa: SLF001 -- what is tested
    for start, end in ((0, 3), (-1, 1), (2, 1), (5, 7)):
        assert codec._decode(result, start, end) is None  # noqa: SLF001 -- as above
    two = Statement[Any]("two", "SELECT 1, 2", results=("int4", "int4"))
    _, other = result_of(session, two)
    assert codec._decode(other, 0, 1) is None  # noqa: SLF001 -- as above
    as_text = session.connection.execute("SELECT 1").pgresult
    assert as_text is not None
    assert codec._decode(as_text, 0, 1) is None  # noqa: SLF001 -- as above
    result.clear()
    assert codec._decode(result, 0, 0) is None  # noqa: SLF001 -- as above


DAMAGED: Final = (
    *("bool", "int2", "int4", "int8", "oid", "float4", "float8", "text", "uuid"),
    *("date", "timestamp", "timestamptz", "interval", "numeric", "json", "jsonb"),
    *("int8[]", "text[]", "numeric[]", "public.status", "public.place"),
    *("public.address", "public.place[]"),
)


def test_damaged_data_never_crashes(
    session: Session, monkeypatch: pytest.MonkeyPatch, amount: int
) -> None:
    """Truncated, longer, with other lengths inside, or nothing but noise."""
    chance = random.Random(1)

    class RefusingError(Exception):
        pass

    def refuse(_data: bytes) -> Any:
        raise RefusingError

    # psycopg's own loaders do not look at the length either.
    described = speedups._described  # noqa: SLF001 -- what is tested
    monkeypatch.setattr(
        speedups,
        "_spec",
        lambda transformer, oid: _refusing(
            described(transformer, oid, transformer.get_loader(oid, 1)), refuse
        ),
    )
    for type_name in DAMAGED:
        make = TEXTS.get(type_name)
        texts = [make(chance) if make else None for _ in range(8)]
        codec, result = result_of(session, column(type_name), (texts,))
        whole = [result.get_value(n, 0) or chance.randbytes(8) for n in range(8)]
        data = [_damaged(chance.choice(whole), chance) for _ in range(amount)]
        codec._prepare_loading()  # noqa: SLF001 -- with the loaders above
        _, result = other_type(session, type_name, data)
        decode: Any = codec._decode  # noqa: SLF001 -- as above
        for number in range(result.ntuples):
            made = decode(result, number, number + 1)
            assert made is None or len(made) == 1


def _refusing(described: Any, refuse: Callable[[bytes], Any]) -> Any:
    kind, extra, zone, items, oids = described
    return kind, refuse, extra, zone, items, oids


def _damaged(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randrange(4)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.choice(
                [0, 1, 127, 128, 255, chance.randrange(256)]
            )
    match chance.randrange(4):
        case 0:
            return bytes(changed[: chance.randrange(len(changed) + 1)])
        case 1:
            return bytes(changed) + chance.randbytes(chance.randrange(9))
        case 2:
            return chance.randbytes(chance.randrange(40))
        case _:
            return bytes(changed)


def test_no_memory_is_lost(session: Session, request: pytest.FixtureRequest) -> None:
    total = 1_000_000 if request.config.getoption("--all") else 20_000
    everything = Statement[Any](
        "everything",
        "SELECT n, n::text, n::numeric / 7, now(), gen_random_uuid(), ARRAY[n, NULL],"
        " jsonb_build_object('n', n), ROW(n, n)::place, 'todo'::status,"
        " make_interval(secs => n), now()::date, NULL::text,"
        " ROW('a', 'b', NULL, ARRAY['x'], NULL, NULL)::address, now()::timestamp"
        " FROM generate_series(1, $1) AS n",
        parameters=("int4",),
        results=(
            *("int4", "text", "numeric", "timestamptz", "uuid", "int4[]", "jsonb"),
            *("public.place", "public.status", "interval", "date", "text"),
            *("public.address", "timestamp"),
        ),
        row=lambda *row: row,
        read_only=True,
    )
    session.connection.execute("SET TimeZone TO 'Europe/Paris'")
    codec, result = result_of(session, everything, (1000,))
    refusing = dataclasses.replace(everything, row=lambda *_row: 1 // 0)
    other, _ = result_of(session, refusing, (1,))
    assert by_c(other, result) is None

    def memory() -> int:
        for _ in range(5):
            by_c(codec, result)
            by_c(other, result)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = memory()
        for _ in range(total // 1000):
            rows = by_c(codec, result)
            assert rows is not None
            assert len(rows) == 1000
            by_c(other, result)
        del rows
        after = memory()
    finally:
        tracemalloc.stop()
    assert after - before < 50_000


class Number(int):
    pass


class Word(str):
    __slots__ = ()


class Moment(datetime):
    pass


class Key(UUID):
    pass


# Beside those that each type takes or refuses: what is nearly of the usual class.
SENT: Final[tuple[Any, ...]] = (
    *(0, 1, -1, 2**15, 2**31, 2**63, -(2**63), 2**70, True, Number(5), 1.5, -0.0),
    *(math.nan, math.inf, "", "a\0b", "\ud800", "é🐘", Word("w"), b"", b"\0\xff"),
    *(bytearray(b"a"), memoryview(b"bc"), UUID(int=2**128 - 1), Key(int=3), date.min),
    *(date.max, date(2000, 2, 29), date(1999, 12, 31), date(1, 3, 1), Moment.min),
    datetime(2026, 3, 4, 5, 6, 7, 8),  # noqa: DTZ001 -- a naive type
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    datetime(2026, 3, 29, 2, 30, tzinfo=ZoneInfo("Europe/Paris")),
    datetime(2026, 3, 4, tzinfo=ZoneInfo("UTC")),
    Moment(2026, 3, 4, tzinfo=UTC),
    *([], [1, None], {"a": None}, {"a": "null"}, {"a": math.nan}, {1: 2}, {"n": 2**70}),
    *({"a": object()}, {"a": "\ud800"}, (1, 2), None, object()),
)


def test_rows_of_copy(session: Session, amount: int) -> None:
    chance = random.Random(2)
    of_types = {name: (*values, *SENT) for name, values in VALUES}
    for name, values in REFUSED:
        of_types[name] = (*of_types.get(name, SENT), *values)
    dates = [date.fromordinal(chance.randrange(1, 3652060)) for _ in range(amount)]
    moments = [
        datetime.fromtimestamp(chance.randrange(-62135596800, 253402300800), tz=UTC)
        + timedelta(microseconds=chance.randrange(10**6))
        for _ in range(amount)
    ]
    of_types["date"] += (*dates,)
    of_types["timestamptz"] += (*moments,)
    of_types["timestamp"] += tuple(one.replace(tzinfo=None) for one in moments)
    of_types["float8"] += tuple(chance.gauss(0, 10**9) for _ in range(amount))
    documents = tuple(document(chance) for _ in range(amount))
    of_types["jsonb"] += documents
    of_types["json"] += documents
    taken = 0
    for name, values in of_types.items():
        statement = Statement[Any]("echo", "SELECT $1", parameters=(name,))
        codec = session.codec(statement)
        encode = codec.row_encoder()
        if encode is None:
            assert codec.copy_format == 0
            continue
        format_row = wire.row_formatter(codec.copy_format)
        transformer = codec.copy_transformer()
        for value in values:
            block = bytearray()
            expected: bytes | None = None
            with suppress(Exception):
                format_row((value,), transformer, block)
                expected = bytes(block)
            assert encode((value,)) == expected, (name, value)
            taken += expected is not None
        assert encode(()) is None
        assert encode((None, None)) is None
    assert taken > 500


def test_no_memory_is_lost_by_copy(
    session: Session, request: pytest.FixtureRequest
) -> None:
    total = 1_000_000 if request.config.getoption("--all") else 5_000
    names = ("int4", "text", "uuid", "timestamptz", "jsonb", "numeric", "bytea", "date")
    columns = ", ".join(f"${number}" for number, _ in enumerate(names, 1))
    statement = Statement[Any]("many", f"SELECT {columns}", parameters=names)
    codec = session.codec(statement)
    encode = codec.row_encoder()
    assert encode is not None
    row = (
        *(70_000, "é" * 50, UUID(int=5), datetime.now(tz=UTC), {"a": [1, "x" * 99]}),
        *(Decimal("1.5"), b"a" * 99, date.max),
    )
    wrong = (*row[:-1], "no date")

    def memory() -> int:
        encode(row)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = memory()
        for _ in range(total):
            assert encode(row)
            assert encode(wrong) is None
        after = memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000


def test_it_can_be_turned_off() -> None:
    code = "from reposgen_runtime import speedups; print(speedups.STATE)"
    for value, told in (("no", "turned off by REPOSGEN_SPEEDUPS=no"), ("", "in use")):
        done = subprocess.run(  # noqa: S603 -- our own interpreter
            [sys.executable, "-c", code],
            env={speedups.VARIABLE: value},
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == told


def test_values_that_only_loaders_know(session: Session) -> None:
    """Beside others that C reads itself."""
    mixed = Statement[Any](
        "mixed",
        "SELECT '[1,5)'::int4range, 1, ROW(1, 2)::place, 'infinity'::date,"
        " '10.0.0.1'::inet FROM generate_series(1, 120)",
        results=("int4range", "int4", "public.place", "date", "inet"),
        row=lambda *row: row,
    )
    run = Runner(session.connection, PACKAGE)
    [row, *others] = run.many(mixed)
    assert row[:3] == (Range(1, 5), 1, Place(1.0, 2.0))
    assert isinstance(row[3], date)
    assert others == [row] * 119
    codec, result = result_of(session, mixed)
    compare(codec, result)
