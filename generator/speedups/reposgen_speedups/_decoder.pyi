from collections.abc import Callable
from typing import Any, Self, TypeAlias

# Kind, loader, what the kind needs, zone, and the specs and oids of what is inside.
Spec: TypeAlias = tuple[
    str, Callable[[bytes], Any], Any, Any, tuple[Any, ...], tuple[int, ...]
]

class Decoder:
    def __new__(
        cls,
        columns: tuple[Spec, ...],
        make: Callable[..., Any] | None,
        slots: tuple[Any, ...] | None,
    ) -> Self: ...
    def rows(self, result: object, start: int, end: int, /) -> list[Any] | None: ...

def bind(path: str, version: int, /) -> None: ...
