"""A value of every type, and what a parameter of a type must refuse."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Network,
)
from math import inf, nan
from typing import Any, Final
from uuid import UUID

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from tests.runtime.shop import Address, Device, House, Mood, Place, Single, Status

import reposgen_runtime as runtime

_HOUR: Final = timezone(timedelta(hours=1, minutes=30))
_NOON: Final = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
_NAIVE: Final = _NOON.replace(tzinfo=None)
_HOME: Final = Address(
    'Way "1", \\', "123 (a)", Place(1.5, -inf), ["a,b", "{}"], Status.DONE, date.max
)
_DEVICE: Final = Device(
    "08:00:2b:01:02:03",
    'a "b" (c), \\',
    Status.IN_PROGRESS,
    Place(0.0, 2.0),
    {"a": [1]},
)

_HOUSE: Final = House(
    [Place(1.0, 2.0), None],
    [["a", "b c"], ['"', "\\"]],
    _HOME,
    Range(1, None),
    [Status.IN_PROGRESS],
    [Range(date(2026, 3, 1), date.max)],
    [Decimal("1.10"), Decimal("NaN")],
)

# Each comes back as it went.
VALUES: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("bool", (True, False)),
    ("int2", (-(2**15), 2**15 - 1)),
    ("int4", (-(2**31), 2**31 - 1)),
    ("int8", (-(2**63), 2**63 - 1)),
    ("oid", (0, 2**32 - 1)),
    ("float4", (0.5, nan, -inf)),
    ("float8", (0.1, 1e300, nan, inf)),
    ("numeric", (Decimal("12345.6789000"), Decimal("NaN"), Decimal("-Infinity"))),
    ("numeric", (Decimal(0), Decimal(10**20))),
    ("text", ("", "a 'quoted' \"text\", \\ %s $1", "ünïcödé 🐘", "NULL", "\n\t")),
    ("varchar", ("x",)),
    ("bpchar", ("x y",)),
    ("name", ("x",)),
    ("char", ("x",)),
    ("bytea", (b"", b"\x00\xff'\\")),
    ("uuid", (UUID(int=1), UUID(int=2**128 - 1))),
    ("date", (date.min, date(2000, 2, 29), date.max)),
    ("date", (runtime.DATE_INFINITY, runtime.DATE_MINUS_INFINITY)),
    ("time", (time(0), time(23, 59, 59, 999999))),
    ("timetz", (time(1, 2, 3, 4, tzinfo=_HOUR),)),
    ("timestamp", (datetime.min, _NAIVE, datetime.max)),  # noqa: DTZ901 - a naive type
    ("timestamp", (runtime.TIMESTAMP_INFINITY, runtime.TIMESTAMP_MINUS_INFINITY)),
    ("timestamptz", (_NOON, datetime(1, 1, 2, tzinfo=UTC))),
    ("timestamptz", (runtime.TIMESTAMPTZ_INFINITY, runtime.TIMESTAMPTZ_MINUS_INFINITY)),
    ("interval", (timedelta(0), timedelta(days=-3, seconds=5, microseconds=7))),
    ("json", ({"a": [1, None, "x"], "b": 1.5}, [], "text", 7, True)),
    ("jsonb", ({"a": [1, None, "x"], "b": 1.5}, [], "text", 7, True, {"n": 2**60})),
    ("inet", (IPv4Address("1.2.3.4"), IPv6Address("::1"), IPv4Interface("1.2.3.4/24"))),
    ("cidr", (IPv4Network("10.0.0.0/8"), IPv6Network("2001:db8::/32"))),
    ("macaddr", ("08:00:2b:01:02:03",)),
    ("bit", ("1",)),
    ("varbit", ("10101",)),
    ("money", ("$1,234.50",)),
    ("point", ("(1,2)",)),
    ("box", ("(2,2),(1,1)",)),
    ("tsvector", ("'a':1 'b':2",)),
    ("pg_lsn", ("0/16B3748",)),
    ("pg_snapshot", ("10:20:10,14,15",)),
    ("regclass", ("tasks",)),
    ("tid", ("(0,1)",)),
    ("xid8", ("42",)),
    ("int4range", (Range(1, 5), Range(None, 7), Range(empty=True))),
    ("int8range", (Range(1, 2**40),)),
    ("numrange", (Range(Decimal("0.5"), Decimal("1.5"), "[]"),)),
    ("daterange", (Range(date(2026, 1, 1), date(2026, 2, 1)),)),
    ("tsrange", (Range(_NAIVE, None),)),
    ("tstzrange", (Range(_NOON, _NOON + timedelta(1)),)),
    ("int4multirange", (Multirange([Range(1, 2), Range(5, 8)]), Multirange())),
    ("public.status", (Status.TODO, Status.IN_PROGRESS)),
    ('"Odd.Schema"."Mood ""[]"', (*Mood,)),
    ("public.place", (Place(0.1, 1e10),)),
    ("public.address", (_HOME, Address(None, "", None, [], None, None))),
    ("public.device", (_DEVICE, Device(None, "", None, None, None))),
    ("public.single", (Single(7), Single(None))),
    ("public.email", ("a@b.example",)),
    ("public.work_email", ("a@b.example",)),
    ("public.scores", ([1, 2], [])),
    ("public.float_range", (Range(0.5, 1.5),)),
    ("public.float_set", (Multirange([Range(0.5, 1.5)]),)),
    ("public.status_range", (Range(Status.TODO, Status.DONE),)),
    ("public.status_set", (Multirange([Range(Status.IN_PROGRESS, None)]),)),
    ("public.small_range", (Range(1, 5), Range(empty=True))),
    ("public.season", (Range(date(2026, 3, 1), None),)),
    ("public.home", (_HOME,)),
    ("public.states", ([Status.TODO, Status.IN_PROGRESS], [])),
    ("public.house", (_HOUSE, House(*[None] * 7))),
    ("public.citext", ("CaSe",)),
    ("public.vector", ([1.0, -2.5], [])),
    ("public.halfvec", ([1.0, -2.5], [])),
    (
        "public.sparsevec",
        (
            runtime.SparseVector(5, {1: 1e-05, 3: -2.0}),
            runtime.SparseVector(16_000, {}),
        ),
    ),
    ("public.ltree", ("a.b", "")),
)

# None of these may reach the server as something else.
REFUSED: Final[tuple[tuple[str, tuple[Any, ...]], ...]] = (
    ("bool", ("secret", 2)),
    ("int2", (2**15, -(2**15) - 1, "1", 1.5, Decimal(1))),
    ("int4", (2**31, 2**40, 2**70, "1", 1.5)),
    ("int8", (2**63, "secret", 1.5)),
    ("oid", (2**32, -1)),
    ("float4", (1e300, "1")),
    ("float8", ("1", 2**2000)),
    ("numeric", ("secret", 1.5)),
    ("text", (10**9, b"secret", "\ud800")),
    ("bytea", ("a", 5)),
    ("uuid", ("secret", 5)),
    ("date", (_NOON, "2026-01-01")),
    ("time", (time(1, tzinfo=UTC), "01:00")),
    ("timestamp", (_NOON, date(2026, 1, 1))),
    ("timestamptz", (_NAIVE, "now")),
    ("interval", (5, "1 day")),
    ("jsonb", (nan, {"a": [None, inf]}, object(), {"a": {1, 2}})),
    ("inet", ("1.2.3.4",)),
    ("int4[]", ("12", 5, [2**31], [[1], [2, 3]], {"a": 1})),
    ("text[]", ("abc", [1])),
    ("int4range", (5, Range(2**31, None))),
    ("public.sparsevec", ("{1:2}/3", [1.0], {1: 2.0})),
    ("public.sparsevec", (runtime.SparseVector(3, {4: 1.0}),)),
    ("public.sparsevec", (runtime.SparseVector(3, {0: 1.0}),)),
    ("public.status", ("secret", 5)),
    ("public.place", ((1, 2), Single(1), Place("x", 1))),  # type: ignore[arg-type] # wrong on purpose
)


def spelled(value: object) -> str:
    """What tells values apart that are equal or differ from themselves.

    NaN does the latter, infinite dates and Python's last do the former.
    """
    # The server's name for UTC may be another than Python's.
    return re.sub(
        r"zoneinfo.ZoneInfo\(key='[^']*UTC'\)", "datetime.timezone.utc", repr(value)
    )
