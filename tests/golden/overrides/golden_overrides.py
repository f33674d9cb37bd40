"""Classes of a user's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypedDict

import attrs
import msgspec
import pydantic


@dataclass(frozen=True)
class Email:
    address: str

    def __str__(self) -> str:
        return self.address


class Mood(StrEnum):
    DOWN = "sad"
    UP = "very happy"


class Code(str):
    """A string with a meaning."""

    __slots__ = ()


@dataclass(frozen=True)
class Cents:
    cents: int

    @classmethod
    def of(cls, amount: Decimal) -> Cents:
        return cls(int(amount * 100))

    def amount(self) -> Decimal:
        return Decimal(self.cents) / 100


@dataclass
class Limits:
    daily: int | None = None


@dataclass
class Settings:
    theme: str
    since: datetime
    limits: Limits = field(default_factory=Limits)


class Event(pydantic.BaseModel):
    name: str
    at: datetime


class Profile(msgspec.Struct):
    name: str
    tags: list[str] = []


class Place(TypedDict):
    x: float
    y: float


@attrs.define
class Point:
    x: int
    y: int = 0
