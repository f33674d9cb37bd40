"""Classes that values become, and documents of every kind of class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence  # noqa: TC003 -- read at run time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Annotated, Any, Final, Literal, NewType, NotRequired, TypedDict
from uuid import UUID

import attrs
import msgspec
import pydantic

from reposgen_runtime import Composite
from reposgen_runtime.conversions import AsText, Converted
from reposgen_runtime.documents import JsonOf
from reposgen_runtime.secret import Hidden, Secret

NOTE_TYPE: Final = """
CREATE TYPE note AS (email text, settings jsonb, token text, rate numeric,
    home address, day date);
"""


@dataclass(frozen=True)
class Email:
    address: str

    def __str__(self) -> str:
        return self.address


class Colour(str, Enum):  # noqa: UP042 -- str() of it is not its value
    RED = "red"


@dataclass(frozen=True, order=True)
class Cents:
    cents: int

    @classmethod
    def of(cls, amount: Decimal) -> Cents:
        return cls(int(amount * 100))

    def amount(self) -> Decimal:
        return Decimal(self.cents) / 100


@dataclass
class Settings:
    theme: Literal["dark", "light"]


class Level(IntEnum):
    LOW = 1


Name = NewType("Name", str)


class Place(TypedDict):
    x: float
    label: NotRequired[str | None]


class Model(pydantic.BaseModel):
    name: str = pydantic.Field(alias="fullName")
    at: datetime


class Record(msgspec.Struct):
    name: str
    at: datetime | None = None


@attrs.define
class Point:
    x: int
    _y: int = 0
    labels: set[str] = attrs.Factory(set)


@dataclass(kw_only=True)
class Tree:
    name: Name
    at: datetime
    days: tuple[date, ...] = ()
    pair: tuple[int, str] = (1, "a")
    length: timedelta = timedelta(0)
    noon: time | None = None
    key: UUID | None = None
    price: Annotated[Decimal, "exact"] = Decimal(0)
    data: bytes = b""
    level: Level = Level.LOW
    colours: Sequence[Colour] = ()
    choice: int | str | None = None
    host: IPv4Address | None = None
    path: PurePosixPath | None = None
    ratio: float = 1.0
    flag: bool = False
    anything: Any = None
    place: Place | None = None
    model: Model | None = None
    record: Record | None = None
    point: Point | None = None
    by_colour: Mapping[Colour, frozenset[int]] = field(default_factory=dict)
    children: list[Tree] = field(default_factory=list)


NOW: Final = datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=UTC)
MODEL: Final = Model(fullName="m", at=NOW)
LEAF: Final = Tree(name=Name("leaf"), at=NOW.replace(tzinfo=None), colours=[])
TREE: Final = Tree(
    name=Name("tree ü \\ \" ' {}"),
    at=NOW,
    days=(date(2026, 1, 2), date.max),
    pair=(-1, "b"),
    length=timedelta(days=-1, microseconds=3),
    noon=time(12, 0, 0, 5),
    key=UUID(int=5),
    price=Decimal("1.10"),
    data=b"\0\xff",
    colours=[Colour.RED],
    choice="1",
    host=IPv4Address("10.0.0.1"),
    path=PurePosixPath("a/b"),
    ratio=2,
    flag=True,
    anything={"a": [1, None]},
    place={"x": 1.5, "label": None},
    model=MODEL,
    record=Record("r", NOW),
    point=Point(1, 2, {"a"}),
    by_colour={Colour.RED: frozenset({1, 2})},
    children=[LEAF, LEAF],
)
DOCUMENTS: Final[tuple[tuple[Any, Any], ...]] = (
    (Tree, TREE),
    (Tree, LEAF),
    (Model, MODEL),
    (Record, Record("r", NOW)),
    (Point, Point(3)),
    (Place, {"x": 1.5}),
    (list[Settings], [Settings("dark"), Settings("light")]),
    (list[Model], [MODEL]),
    (dict[str, Record], {"a": Record("r")}),
)


@dataclass
class Note:
    email: Email | None
    settings: Settings | None
    token: Secret[str] | None
    rate: float | None
    home: object
    day: date | None


NOTE: Final = Composite(
    Note,
    {
        "email": Converted("text", Email, dump=str),
        "settings": JsonOf("jsonb", Settings),
        "token": Hidden("text"),
        "rate": AsText("numeric", float),
        "home": "public.address",
        "day": "date",
    },
)
