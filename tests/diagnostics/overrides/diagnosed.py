from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

print("never seen")
NUMBER = 5


def a_function(value: object) -> object:
    return value


class Opaque:
    pass


@dataclass
class Settings:
    theme: str


@dataclass
class Unresolved:
    at: datetime
