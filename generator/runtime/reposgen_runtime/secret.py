"""A value that shows itself only on demand."""

from __future__ import annotations

from typing import Generic, Self, TypeVar, cast

from .conversions import Converted

T = TypeVar("T")


class Secret(Generic[T]):
    """Holds what no log, repr or JSON document may contain: `secret.reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """The value itself."""
        return self._value

    @property
    def revealed(self) -> T:
        """As `reveal()`, for what reads attributes by their names."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return bool(cast("Secret[object]", other).reveal() == self._value)

    def __hash__(self) -> int:
        return hash(self._value)


class Hidden(Converted):
    """The name of a type whose values stay secret where they are part of a row."""

    __slots__ = ("_inner",)

    whole = True

    _inner: str

    def __new__(cls, name: str) -> Self:
        """Takes a type's name, which may say more as well."""
        made = super().__new__(
            cls,
            name,
            Secret,
            dump=lambda secret: cast("Secret[object]", secret).reveal(),
        )
        made._inner = name
        return made

    @property
    def inner(self) -> str:
        """What is secret."""
        return self._inner
