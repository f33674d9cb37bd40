"""A value of every type goes out and comes back."""

from __future__ import annotations

from dataclasses import asdict, fields
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Network
from uuid import uuid4

from reposgen_runtime import Json
from golden_output.types import Database, Everything, sync
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

NOW = datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC)
JSON: Json = {"a": [1, 2.5, "ü", None, True], "b": {}}
WHOLE = Everything(
    id=uuid4(),
    a_bool=True,
    a_int2=-(2**15),
    a_int4=2**31 - 1,
    a_int8=-(2**63),
    a_float4=0.5,
    a_float8=0.1,
    a_numeric=Decimal("12345678.90"),
    a_text="ü\n'\"\\",
    a_varchar="v",
    a_char="abc",
    a_bytea=b"\0\xff",
    a_date=date(2024, 2, 29),
    a_time=time(12, 30, 15, 5),
    a_timetz=time(12, 30, tzinfo=timezone(timedelta(hours=2))),
    a_timestamp=NOW.replace(tzinfo=None),
    a_timestamptz=NOW,
    a_interval=timedelta(days=1, seconds=2, microseconds=3),
    a_json=JSON,
    a_jsonb=JSON,
    an_inet=IPv4Address("10.0.0.1"),
    a_cidr=IPv6Network("2001:db8::/32"),
    a_macaddr="08:00:2b:01:02:03",
    a_bit="101",
    a_tsvector="'a':1 'b':2",
    a_point="(1,2)",
    an_int4range=Range(1, 5),
    a_tstzrange=Range(NOW, None),
    a_multirange=Multirange([Range(1, 3), Range(5, 8)]),
    texts=["a", "b c", "NULL", '"'],
    a_matrix=[1, 2, 3],
    maybe_bool=False,
    maybe_json=[],
    maybe_inet=IPv4Address("10.0.0.2"),
    maybe_texts=[],
)
PART = Everything(
    **{
        **{field.name: getattr(WHOLE, field.name) for field in fields(WHOLE)},
        "id": uuid4(),
        "maybe_bool": None,
        "maybe_json": None,
        "maybe_inet": None,
        "maybe_texts": None,
    }
)


async def run_async(url: str) -> None:
    async with Database.open(url) as db:
        for value in (WHOLE, PART):
            arguments = {f.name: getattr(value, f.name) for f in fields(value)}
            await db.everything.create_everything(**arguments)
            assert await db.everything.get_everything(id=value.id) == value
        assert await db.everything.get_json(id=WHOLE.id) == []
        assert await db.everything.get_json(id=PART.id) is None
        rows = await db.everything.get_rows(id=PART.id)
        assert rows.one == (1, "a", None, PART.id)
        assert rows.several == [(1, [2]), (3, None)]


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        value = Everything(**{**asdict(WHOLE), "id": uuid4()})
        arguments = {f.name: getattr(value, f.name) for f in fields(value)}
        arguments["a_multirange"] = WHOLE.a_multirange
        db.everything.create_everything(**arguments)
        assert db.everything.get_everything(id=value.id).a_jsonb == JSON
