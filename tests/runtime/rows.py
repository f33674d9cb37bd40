"""Random values of every type that has many, and a table with a column of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any, Final

from hypothesis import strategies as st
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from tests.runtime.shop import Address, Mood, Place, Single, Status

from reposgen_runtime import CopyInto, Statement

_TEXT: Final = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
_INT4: Final = st.integers(-(2**31), 2**31 - 1)
_FLOAT: Final = st.floats(allow_nan=False)
_DATE: Final = st.dates()
_JSON: Final = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.floats(-1e9, 1e9) | _TEXT,
    lambda inner: (
        st.lists(st.none() | inner, max_size=3)
        | st.dictionaries(_TEXT, st.none() | inner, max_size=3)
    ),
    max_leaves=5,
)
_STATUS: Final = st.sampled_from(Status)


def _ranges(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Range[Any]]:
    bounds = st.lists(values, min_size=2, max_size=2, unique=True)
    return bounds.map(lambda pair: Range(*sorted(pair)))


_PLACE: Final = st.builds(Place, _FLOAT, _FLOAT)

TYPES: Final[dict[str, st.SearchStrategy[Any]]] = {
    "bool": st.booleans(),
    "int2": st.integers(-(2**15), 2**15 - 1),
    "int4": _INT4,
    "int8": st.integers(-(2**63), 2**63 - 1),
    # Of these, the shortest text that the server may send is the number itself.
    "float4": st.integers(-9999, 9999).map(lambda number: number / 4),
    "float8": _FLOAT,
    "numeric": st.decimals(-(10**20), 10**20, places=6),
    "text": _TEXT,
    "varchar": _TEXT,
    "bytea": st.binary(),
    "uuid": st.uuids(),
    "date": _DATE,
    "time": st.times(),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes(
        datetime(2, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
        datetime(9998, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    ),
    "interval": st.timedeltas(timedelta(days=-(10**6)), timedelta(days=10**6)),
    "json": _JSON,
    "jsonb": _JSON,
    "inet": st.ip_addresses(),
    "varbit": st.text("01", min_size=1),
    "int4range": st.builds(Range, st.integers(-9, 0), st.integers(1, 9)),
    "int4[]": st.lists(st.none() | _INT4),
    "text[]": st.lists(st.none() | _TEXT),
    "public.status": _STATUS,
    "public.status[]": st.lists(st.none() | _STATUS),
    "public.place": _PLACE,
    "public.address": st.builds(
        Address,
        st.none() | _TEXT,
        st.none() | st.text("0123456789", max_size=10),
        st.none() | _PLACE,
        st.none() | st.lists(_TEXT),
        st.none() | _STATUS,
        st.none() | _DATE,
    ),
    "public.email": _TEXT.map(lambda text: f"{text}@"),
    "oid": st.integers(0, 2**32 - 1),
    "bpchar": st.text("aé'\"\\\t"),
    "name": st.text("aé'\"\\", max_size=20),
    "timetz": st.times(timezones=st.just(UTC)),
    "cidr": st.ip_addresses().map(ip_network),
    "macaddr": st.binary(min_size=6, max_size=6).map(lambda data: data.hex(":")),
    "bit": st.sampled_from("01"),
    "pg_lsn": st.integers(0, 2**32 - 1).map(lambda number: f"0/{number:X}"),
    "int8range": _ranges(st.integers(-(2**63), 2**63 - 1)),
    "numrange": _ranges(st.decimals(-(10**9), 10**9, places=3)),
    "daterange": _ranges(_DATE),
    "tsrange": _ranges(st.datetimes()),
    "int4multirange": st.lists(_ranges(_INT4), max_size=1).map(Multirange),
    "numeric[]": st.lists(st.none() | st.decimals(-(10**9), 10**9, places=3)),
    "timestamptz[]": st.lists(
        st.none() | st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as above
    ),
    "jsonb[]": st.lists(_JSON),
    "bytea[]": st.lists(st.none() | st.binary()),
    "uuid[]": st.lists(st.none() | st.uuids()),
    "public.float_range": _ranges(_FLOAT),
    "public.single": st.builds(Single, st.none() | _INT4),
    "public.states": st.lists(_STATUS),
    '"Odd.Schema"."Mood ""[]"': st.sampled_from(Mood),
    "public.address[]": st.lists(
        st.none()
        | st.builds(Address, _TEXT, st.none(), _PLACE, st.lists(_TEXT), _STATUS, _DATE)
    ),
}


@dataclass(slots=True)
class Row:
    """One value of each type."""

    values: tuple[Any, ...]

    def __getattr__(self, name: str) -> object:
        return self.values[int(name.removeprefix("c"))]


def row(*values: object) -> Row:
    """What a row of the table becomes."""
    return Row(values)


ROWS: Final = st.lists(
    st.builds(Row, st.tuples(*(st.none() | values for values in TYPES.values()))),
    max_size=5,
)
_NAMES: Final = tuple(f"c{number}" for number in range(len(TYPES)))
_COLUMNS: Final = ", ".join(_NAMES)

TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS everything (id int4 GENERATED ALWAYS AS IDENTITY, "
    + ", ".join(f"{n} {t}" for n, t in zip(_NAMES, TYPES, strict=True))
    + ")"
)
CLEAR: Final = Statement[None]("clear", "TRUNCATE everything")
PLAIN: Final = Statement[None](
    "plain",
    "",
    parameters=tuple(TYPES),
    fields=_NAMES,
    copy=CopyInto('"public"."everything"', _NAMES),
)
SELECT: Final = Statement(
    "select",
    f"SELECT {_COLUMNS} FROM everything ORDER BY id",
    results=tuple(TYPES),
    row=row,
    read_only=True,
)
STAGED: Final = Statement(
    "staged",
    f"INSERT INTO everything ({_COLUMNS})"
    f" SELECT {_COLUMNS} FROM (SELECT *,"
    " nextval('pg_temp.reposgen_rows_reposgen_row_seq')"
    " FROM pg_temp.reposgen_rows ORDER BY reposgen_row) AS staged"
    f" RETURNING {_COLUMNS}",
    parameters=tuple(TYPES),
    results=tuple(TYPES),
    row=row,
    fields=_NAMES,
    copy=CopyInto('"pg_temp"."reposgen_rows"', _NAMES, staged=True),
)


def staged(
    sql: str,
    names: tuple[str, ...],
    types: tuple[str, ...],
    results: tuple[str, ...] = (),
) -> Statement[Any]:
    """A COPY through a staging table; `staged` stands for that."""
    rows = (
        "(SELECT *, nextval('pg_temp.reposgen_rows_reposgen_row_seq')"
        " FROM pg_temp.reposgen_rows ORDER BY reposgen_row) AS staged"
    )
    return Statement(
        "staged",
        sql.replace("FROM staged", f"FROM {rows}"),
        parameters=types,
        copy=CopyInto('"pg_temp"."reposgen_rows"', names, staged=True),
        results=results,
    )
