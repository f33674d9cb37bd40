# ruff: noqa: ANN401 -- values of every type pass through here
"""Values that are hard to keep: each comes exactly, or an error of ours does."""

from __future__ import annotations

import base64
import io
import json
import zlib
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import IPv6Address
from math import copysign, inf, nan
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

import psycopg
import pytest
from psycopg import postgres
from psycopg.pq import Format
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from tests.runtime.shop import PACKAGE, echo
from tests.runtime.sync.repositories import Database

from reposgen_runtime import Statement, json_text
from reposgen_runtime.builtin_types import builtin_adapters
from reposgen_runtime.conversions import AsText, Context
from reposgen_runtime.cursors import decode_cursor
from reposgen_runtime.errors import (
    InvalidArgument,
    InvalidCursor,
    RepositoryError,
    Unrepresentable,
)
from reposgen_runtime.pages import Key
from reposgen_runtime.sync import Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


@pytest.fixture
def run(conninfo: str, use_cursors: bool) -> Iterator[Runner]:
    with Database.open(conninfo, use_cursors=use_cursors, max_size=2) as db:
        yield Runner(db, PACKAGE)


def read(run: Runner, literal: str, type_name: str, beside: str = "int4") -> Any:
    """The value of a literal; beside a numeric it is read from text."""
    statement = Statement[Any](
        "read",
        f"SELECT {literal}, 1::{beside}",
        results=(type_name, beside),
        row=lambda value, _: value,
        read_only=True,
    )
    return run.one(statement)


FORMATS: Final = ("int4", "money")  # in binary, as text


@pytest.mark.parametrize("beside", FORMATS)
@pytest.mark.parametrize(
    ("literal", "type_name", "value"),
    [
        ("'18446744073709551617'::jsonb", "jsonb", 18446744073709551617),
        ("'-9223372036854775809'::json", "json", -9223372036854775809),
        ("'[{\"n\": [1e30]}]'::jsonb", "jsonb", [{"n": [10**30]}]),
        ("'{\"n\": 1e400}'::jsonb", "jsonb", {"n": 10**400}),
        ("'\"\\ud800\"'::json", "json", "\ud800"),
        ("'9007199254740993'::jsonb", "jsonb", 9007199254740993),
        ("'0.1'::float4", "float4", 0.10000000149011612),
        ("''::\"char\"", "char", ""),
        ("'-1 day -00:00:00.5'::interval", "interval", -timedelta(days=1, seconds=0.5)),
        ("'1 day -01:00'::interval", "interval", timedelta(hours=23)),
        ("'999999999 days 23:59:59.999999'::interval", "interval", timedelta.max),
        ("'-1000000:00:01'::interval", "interval", -timedelta(hours=10**6, seconds=1)),
        ("'{}'::int4[]", "int4[]", []),
        ("'[1:2]={1,2}'::int4[]", "int4[]", [1, 2]),
        ("'{{1},{2}}'::int4[]", "int4[]", [[1], [2]]),
        ("'empty'::int4range", "int4range", Range(empty=True)),
        ("'(,)'::int4range", "int4range", Range(None, None, "()")),
        ("'-0'::float8", "float8", -0.0),
        ("'1e-16383'::numeric", "numeric", Decimal("1E-16383")),
    ],
)
def test_read_exactly(
    run: Runner, beside: str, literal: str, type_name: str, value: object
) -> None:
    found = read(run, literal, type_name, beside)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize("beside", FORMATS)
@pytest.mark.parametrize(
    ("literal", "type_name"),
    [
        ("'1 mon'::interval", "interval"),
        ("'-1 year 3 days'::interval", "interval"),
        ("'178000000 years'::interval", "interval"),
        ("'2000000000 days'::interval", "interval"),
        ("ARRAY['1 mon'::interval]", "interval[]"),
        ("'[0:2]={1,2,3}'::int4[]", "int4[]"),
        ("'[1:1][2:3]={{1,2}}'::text[]", "text[]"),
        ("'{\"n\": 1e400}'::json", "json"),
        ("'1e5000'::jsonb", "jsonb"),
        ("(repeat('[', 5000) || repeat(']', 5000))::json", "json"),
        ("'24:00'::time", "time"),
        ("'10000-01-01'::date", "date"),
        ("'0044-03-15 BC'::timestamp", "timestamp"),
        ("'[10000-01-01,)'::daterange", "daterange"),
    ],
)
def test_refused_by_name(
    run: Runner, beside: str, literal: str, type_name: str
) -> None:
    with pytest.raises(Unrepresentable, match=r"^read: row 1, ") as caught:
        read(run, f"{literal} AS worst", type_name, beside)
    assert caught.value.column == "worst"
    assert caught.value.done is None


def test_the_row_is_named_and_what_became_of_the_write(
    run: Runner, *, use_cursors: bool
) -> None:
    statement = Statement[Any](
        "late",
        "SELECT n, make_interval(months => (n / 150)::int)"
        " FROM generate_series(1, 200) n",
        results=("int4", "interval"),
        row=lambda *row: row,
    )
    with pytest.raises(Unrepresentable, match="row 150, make_interval: ") as caught:
        run.many(statement)
    # What is not prepared has a transaction, so that it can be undone.
    outcome = "it was undone" if use_cursors else "the statement was done"
    assert caught.value.done is not use_cursors
    assert str(caught.value).endswith(f"; {outcome}")
    with pytest.raises(Unrepresentable), run.stream(statement) as stream:
        list(stream)


def test_a_class_that_refuses_a_row(run: Runner) -> None:
    def refuse(_: int) -> None:
        raise ZeroDivisionError("secret 7")

    statement = Statement[None](
        "row", "SELECT 7", results=("int4",), row=refuse, read_only=True
    )
    for call in (run.one, run.many, run.opt):
        with pytest.raises(Unrepresentable) as caught:
            call(statement)
        assert "7" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_months_as_text(run: Runner) -> None:
    statement = echo(AsText("interval", str))
    for text in ("1 mon", "2 years 3 days 04:05:06.789", "178000000 years"):
        assert run.one(statement, (text,)) == text


def test_letters(run: Runner) -> None:
    for value in ("", "a", "\\", "'", "\x7f", "\\377", "\\200"):
        assert run.one(echo("char"), (value,)) == value
        assert run.one(echo("char[]"), ([value, None],)) == [value, None]
    for wrong in ("ab", "é", "\0", "\\400", 1, NoneType):
        with pytest.raises(InvalidArgument):
            run.one(echo("char"), (wrong,))


@pytest.mark.parametrize(
    ("type_name", "value"),
    [
        ("float8", Decimal(1)),
        ("float8", 2**53 + 1),
        ("float8", 2**1024),
        ("float4", 1e-60),
        ("float4", 1e60),
        ("int4range", []),
        ("int4range", 0),
        ("int4multirange", Range(1, 2)),
        ("int4[]", {1: 2}),
        ("inet", IPv6Address("::1%eth0")),
        ("interval", 1),
    ],
)
def test_never_sent_as_something_else(
    run: Runner, type_name: str, value: object
) -> None:
    with pytest.raises(InvalidArgument):
        run.one(echo(type_name), (value,))


LITERALS: Final[Sequence[tuple[str, Any]]] = (
    ("float8", -0.0),
    ("float8", nan),
    ("float8", -inf),
    ("float8", 5e-324),
    ("float8[]", [-0.0, None, inf]),
    ("float4", 0.1),
    ("int8", -(2**63)),
    ("numeric", Decimal("-0.00")),
    ("numeric", Decimal("NaN")),
    ("numeric", Decimal("1E-30")),
    ("bool", True),
    ("bytea", b"\x00\\'\xff"),
    ("text", "a'b\\c\n\"$1"),
    ("text[]", ["NULL", None, "\\", '"', "'"]),
    ("jsonb", {"a\\'b": [1, 2**70, None]}),
    ("date", date(1, 1, 1)),
    ("time", time(1, 2, 3, 4)),
    ("timetz", time(1, 2, tzinfo=timezone(timedelta(hours=5, minutes=53, seconds=28)))),
    ("timestamp", datetime(9999, 12, 31, 23, 59, 59, 999999)),  # noqa: DTZ001 - a naive type
    ("timestamptz", datetime(2026, 1, 2, tzinfo=UTC)),
    ("interval", timedelta(days=-1, microseconds=1)),
    ("char", "\\377"),
    ("int4range", Range(1, None)),
    ("int4multirange", Multirange([Range(1, 3)])),
)


@pytest.mark.parametrize("conforming", ["on", "off"])
def test_literals_of_exports(run: Runner, conninfo: str, conforming: str) -> None:
    # A caller may change the setting later.
    with psycopg.connect(conninfo, autocommit=True) as connection:
        own = Runner(connection, PACKAGE)
        for name, value in LITERALS:
            if name == "char" and connection.info.server_version < 160000:
                continue
            statement = Statement[str](
                "export", "SELECT $1::text", parameters=(name,), results=("text",)
            )
            expected = run.one(statement, (value,))
            connection.execute("SET standard_conforming_strings = on")
            own.one(statement, (value,))
            connection.execute(
                f"SET standard_conforming_strings = {conforming}".encode()
            )
            out = io.BytesIO()
            own.copy_to(statement, (value,), copy_format="lines").write_to(out)
            assert out.getvalue().decode().removesuffix("\n") == expected, name


def test_text_refuses_what_binary_refuses(conninfo: str) -> None:
    values: list[Any] = [
        *(True, 0, 1.5, -0.0, nan, 2**15, 2**31, 2**63, 2**70, Decimal("1.5")),
        *("", "a", "é", b"x", date.max, time.max, datetime.max, timedelta.max),  # noqa: DTZ901 - a naive type
        *(
            datetime.now(UTC),
            time(1, tzinfo=UTC),
            IPv6Address("::1%a"),
            {},
            [],
            object(),
        ),
        *(Range(1, 2), Range(empty=True), Multirange([])),
    ]
    adapters = builtin_adapters()
    with psycopg.connect(conninfo) as connection:
        context = Context(adapters, connection)
        for info in postgres.types:
            try:
                dumps = [
                    adapters.get_dumper_by_oid(info.oid, format_)(
                        NoneType, context
                    ).dump
                    for format_ in Format
                ]
            except psycopg.ProgrammingError:
                continue
            for value in values:
                takes = {takes_value(dump, value) for dump in dumps}
                assert len(takes) == 1, (info.name, value)


def takes_value(dump: Callable[[Any], object], value: object) -> bool:
    try:
        dump(value)
    except Exception:  # noqa: BLE001 -- dumpers raise all kinds of them
        return False
    return True


def test_json_is_the_same_without_orjson() -> None:
    for text in (
        "1e30",
        "-0",
        "-0.0",
        "[1.5, 18446744073709551616]",
        '"\\ud800"',
        "{}",
    ):
        data = text.encode()
        found = json_text.json_load(data)
        standard = json.loads(data)
        assert (found, type(found)) == (standard, type(standard))
        if found == 0:
            assert copysign(1, found) == copysign(1, standard)


FORGED: Final = (
    *(b"[", b"{}", b"NaN", b"", b"\xff", b"null", b"1", b'"1"', b"[1]", b"[null]"),
    *(b'["\\u0000"]', b'["\\ud800"]', b'["1","2"]', b"[]", b'[["1"]]', b"[" * 100_000),
    *(b'["' + b"9" * 30 + b'"]', b'["x"]', b'[""]', b"[" + b"9" * 5000 + b"]"),
    *(b'["1e5"]', b'["2026-01-01"]', b'["' + b"1" * 1_000_000 + b'"]'),
)


@pytest.mark.parametrize("payload", FORGED)
def test_forged_cursors(run: Runner, payload: bytes) -> None:
    from reposgen_runtime import Ordering, Variants  # noqa: PLC0415 -- here alone

    query = Variants[int](
        "numbers",
        ("SELECT n FROM generate_series(1, $1) AS n",),
        parameters=("int4",),
        results=("int4",),
        read_only=True,
        ordering=Ordering((Key("n", 0),)),
    )
    cursor = run.page(query, (9,), limit=3).next
    assert cursor is not None
    head = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[:9]
    data = head + zlib.crc32(head + payload).to_bytes(4, "big") + payload
    forged = base64.urlsafe_b64encode(data).decode().rstrip("=")
    for after, before in ((forged, None), (None, forged)):
        with pytest.raises(InvalidCursor):
            run.page(query, (9,), limit=3, after=after, before=before)
    # An argument of the query's own is not taken for the cursor.
    broken = Statement[int]("b", "SELECT 1/$1", parameters=("int4",), results=("int4",))
    with pytest.raises(RepositoryError) as caught:
        run.one(broken, (0,))
    assert not isinstance(caught.value, InvalidCursor)


@pytest.mark.parametrize("cursor", [1, b"x", ["a"], "é", "=", "A"])
def test_cursors_that_are_no_text(cursor: Any) -> None:
    with pytest.raises(InvalidCursor):
        decode_cursor(cursor, b"12345678", [Key("n", 0)], "numbers")
