"""JSON documents that queries build, asynchronous and synchronous."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal
from math import isnan

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from reposgen_runtime.errors import Unrepresentable
from golden_output.json_documents import (
    Database,
    DocumentRepositoryProtocol,
    Mood,
    ReadJsonbToJsonb,
    ReadJsonDocument,
    ValuesOfAllType,
    sync,
)
from golden_output.json_documents.documents import (
    ListAccountsOrder,
    ListAccountsPresent,
    ReadOrderAccount,
    ReadOrderItem,
)

# Of each column, several values; those that the columns cannot have raise the same.
VALUES = [
    {},
    {
        "a_bool": "true",
        "an_int2": "-32768",
        "an_int4": "2147483647",
        "an_int8": "9223372036854775807",
        "an_oid": "4294967295",
        "a_float4": "0.1",
        "a_float8": "0.1",
        "a_numeric": "1.50",
        "a_text": """'"T\\ {"" ü 😀'""",
        "a_varchar": "'T'",
        "a_char": "'ab'",
        "a_name": "'n'",
        "a_uuid": "'00000000-0000-0000-0000-00000000000a'",
        "a_bytea": r"'\x0001ff5c'",
        "an_inet": "'10.0.0.1/8'",
        "a_cidr": "'10.0.0.0/8'",
        "a_date": "'0001-01-01'",
        "a_time": "'23:59:59.999999'",
        "a_timetz": "'01:02:03.5+05:30'",
        "a_timestamp": "'2026-01-02 03:04:05.000006'",
        "a_timestamptz": "'1890-01-02 03:04:05.6+00'",
        "an_interval": "'1 day -02:03:04.5'",
        "a_mood": "'very busy'",
        "a_size": "'m'",
        "some_cents": "9007199254740993",
        "a_moment": "'2026-07-01 12:00+02'",
        "an_array": "'{1,NULL,3}'",
        "moods": "'{calm,\"very busy\"}'",
        "numbers": "'{1.0,1.00,NaN}'",
        "a_json": """'{"a": [1, 1.5, 12345678901234567890, null, "x"]}'""",
        "a_jsonb": """'[{"b": 1e3}, true, -0.0, 1.10]'""",
    },
    {
        "a_float4": "'NaN'",
        "a_float8": "'-Infinity'",
        "a_numeric": "'NaN'",
        "a_text": "''",
        "a_bytea": "''",
        "an_array": "'{}'",
        "a_jsonb": "'null'",
        "a_timestamptz": "'9999-12-31 12:00+00'",
    },
    {
        "a_float4": "3.4028235e38",
        "a_float8": "1.7976931348623157e308",
        "a_numeric": "'-Infinity'",
        "an_int8": "-9223372036854775808",
    },
    {"a_float4": "1e-45", "a_float8": "5e-324", "a_numeric": "1e-50::numeric"},
    {"a_numeric": "123456789012345678901234567890.123456789012345678900"},
    {"a_date": "'infinity'", "a_timestamptz": "'-infinity'"},
    # Lists of lists, which the types do not say.
    {"an_array": "'{{1,NULL},{3,4}}'", "numbers": "'{{{1.0}},{{NaN}}}'"},
    {"moods": "'{{calm,\"very busy\"}}'"},
]
IMPOSSIBLE = [
    {"a_timestamp": "'0044-03-15 BC'"},
    {"a_date": "'10000-01-01'"},
    {"an_interval": "'1 month'"},
    {"a_time": "'24:00'"},
]
CHANGED = [
    ("an_int4", "text", "'12'"),
    ("a_float8", "date", "'2026-01-02'"),
    ("a_numeric", "text", "'1.5'"),
    ("a_bytea", "integer", "12"),
    ("a_date", "cidr", "'1.2.3.0/24'"),
    ("a_time", "timetz", "'01:02:03+05:30'"),
    ("a_timetz", "time", "'01:02:03'"),
    ("a_timestamp", "timestamptz", "'2026-01-02 03:04:05+00'"),
    ("a_timestamptz", "timestamp", "'2026-01-02 03:04:05'"),
    ("a_moment", "date", "'2026-01-02'"),
]


def fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for number, values in enumerate([*VALUES, *IMPOSSIBLE]):
            names = ", ".join(["id", *values])
            literals = ", ".join([str(number), *values.values()])
            connection.execute(
                f"INSERT INTO values_of_all_types ({names}) VALUES ({literals})"
            )
        connection.execute("""
            INSERT INTO accounts VALUES (1, 'ann', 't', 1.5), (2, 'bob', 't', 2);
            INSERT INTO orders VALUES (1, 1, 'first'), (2, 1, NULL);
            INSERT INTO texts VALUES ('2026-01-02 03:04:05+00', 1e20, '2026-01-02');
            INSERT INTO items VALUES
                (1, 1, 1.50, '{a,b}', 'calm'), (1, 2, 0, '{}', NULL);
        """)


def assert_same(row: ValuesOfAllType, document: ReadJsonbToJsonb | ReadJsonDocument) -> None:
    """Everything in a document is what the column has, of the same class."""
    for field in fields(row):
        if field.name in ("a_size", "a_point", "a_range", "a_macaddr"):
            continue
        expected, found = getattr(row, field.name), getattr(document, field.name)
        assert type(found) is type(expected), field.name
        if isinstance(expected, (float, Decimal)) and isnan(expected):
            assert isnan(found)
        elif isinstance(expected, (float, Decimal, list)):
            assert repr(found) == repr(expected), field.name
        else:
            assert found == expected, field.name


async def run_async(url: str) -> None:
    fill(url)
    for options in ({}, {"prepare": "never"}, {"use_cursors": True}):
        async with Database.open(url, **options) as db:
            await values(db.documents)
    async with Database.open(url) as db:
        await documents(db.documents)


async def values(repository: DocumentRepositoryProtocol) -> None:
    for number in range(len(VALUES)):
        row = await repository.read_values(id=number)
        assert_same(row, await repository.read_jsonb(id=number))
        assert_same(row, (await repository.read_json(id=number)).document)
    for number in range(len(VALUES), len(VALUES) + len(IMPOSSIBLE)):
        for read in (
            repository.read_values,
            repository.read_jsonb,
            repository.read_json,
        ):
            with pytest.raises(Unrepresentable):
                await read(id=number)


async def documents(repository: DocumentRepositoryProtocol) -> None:
    order = await repository.read_order(id=1)
    assert order.account == ReadOrderAccount(1, "ann")
    assert order.items == [
        ReadOrderItem(1, Decimal("1.50"), ["a", "b"], Mood.CALM, "a", "item"),
        ReadOrderItem(2, Decimal("0.00"), [], None, None, "item"),
    ]
    assert (await repository.read_order(id=2)).items == []

    ann, bob = await repository.list_accounts()
    assert ann.orders == [
        ListAccountsOrder(1, 1, "first"),
        ListAccountsOrder(2, 1, None),
    ]
    assert ann.present == [
        ListAccountsPresent(1, 1, "first"),
        ListAccountsPresent(2, 1, None),
    ]
    assert ann.ids == [1, 2]
    assert (bob.orders, bob.present, bob.ids) == ([None], None, None)

    full, empty = await repository.nested_rows()
    assert full.lines
    assert [line.line for line in full.lines] == [1, 2]
    assert (empty.note, empty.lines) == (None, None)

    found, missing = await repository.lateral()
    assert found.last
    assert (found.last.position, found.last.price) == (2, Decimal("0.00"))
    assert found.document
    assert found.document.position == 2
    assert (missing.last, missing.document) == (None, None)

    one, two = await repository.standard_json()
    assert (one.absent.note, two.absent.note) == ("first", None)
    assert (one.present.note, two.present.note) == ("first", None)
    assert (one.moods, one.all_moods) == ([Mood.CALM], [Mood.CALM, None])

    assert (await repository.put_order(id=2, note="n")).note == "n"
    page = await repository.page_orders(limit=1)
    assert page.items[0].document.id == 1
    assert [document.id async for document in repository.stream_orders()] == [1, 2]

    odd = await repository.of_unknown_shape(id=1)
    assert odd.users_function == 1
    assert (odd.repeated_key, odd.of_a_value) == ({"a": 2}, 1)
    assert odd.one_or_list == []
    columns = await repository.text_columns()
    assert columns.at == "2026-01-02 03:04:05+00"
    assert (columns.ratio, columns.day) == ("1e+20", "2026-01-02")
    document = await repository.text_document()
    assert document.at == "2026-01-02T03:04:05+00:00"
    assert (document.ratio, document.day) == (10**20, columns.day)
    assert (await repository.credit_document(id=1)).credit == 1.5


def run_sync(url: str) -> None:
    escaping = make_conninfo(url, options="-c bytea_output=escape")
    with sync.Database.open(escaping) as db:
        row = db.documents.read_values(id=1)
        assert_same(row, db.documents.read_jsonb(id=1))
        assert_same(row, db.documents.read_json(id=1).document)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM values_of_all_types")
        connection.execute("INSERT INTO values_of_all_types (id) VALUES (1)")
    # Another type in a document is not taken for the one that was there.
    for name, type_, value in CHANGED:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                f"ALTER TABLE values_of_all_types DROP {name},"
                f" ADD {name} {type_} DEFAULT {value}"
            )
        with sync.Database.open(url) as db, pytest.raises(Unrepresentable):
            db.documents.read_jsonb(id=1)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"UPDATE values_of_all_types SET {name} = NULL")
    # A document that is not what was proved is refused.
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE accounts ALTER name DROP NOT NULL")
        connection.execute("UPDATE accounts SET name = NULL")
    with sync.Database.open(url) as db:
        with pytest.raises(Unrepresentable):
            db.documents.read_order(id=1)
