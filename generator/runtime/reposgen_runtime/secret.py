"""Values that are hidden in logs and reprs."""

from __future__ import annotations

from typing import Generic, Self, TypeVar, cast

from .conversions import Converted

T = TypeVar("T")


class Secret(Generic[T]):
    """Wrapper that hides a value from logs, repr and JSON until `secret.reveal()`."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Return the value itself."""
        return self._value

    @property
    def revealed(self) -> T:
        """The value itself, for code that reads attributes by name."""
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
    """Name of a type whose values are wrapped in `Secret` when they are in a row."""

    __slots__ = ("_inner",)

    whole = True

    _inner: str

    def __new__(cls, name: str) -> Self:
        """Wrap a type's name, which can be a conversion."""
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
        """Name of the wrapped type."""
        return self._inner
