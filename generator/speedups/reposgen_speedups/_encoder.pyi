from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias

# Kind, dumper, and what the kind needs.
Column: TypeAlias = tuple[str, Callable[[Any], Any], Any]

class Encoder:
    def __new__(cls, columns: tuple[Column, ...]) -> Self: ...
    def row(self, values: Sequence[Any], /) -> bytes | None: ...
