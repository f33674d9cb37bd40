"""Values of pgvector's types."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- pydantic and msgspec read it
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .json_text import json_dump, json_load

if TYPE_CHECKING:
    from collections.abc import Iterable

    from psycopg.abc import Buffer


@dataclass(frozen=True, slots=True)
class SparseVector:
    """A value of pgvector's type `sparsevec`: `SparseVector(5, {1: 0.5, 3: 2.0})`.

    Attributes:
        dimensions: number of elements, including those that are zero.
        elements: the nonzero elements by index. As in SQL, the first index is 1.
    """

    dimensions: int
    elements: Mapping[int, float]

    def __hash__(self) -> int:
        """Return a hash of the dimensions and elements."""
        return hash((self.dimensions, frozenset(self.elements.items())))


def load_vector(data: Buffer) -> list[float]:
    """Return the value of a text such as `[0.5,2]`."""
    # The text is a JSON array, in which whole numbers are ints.
    return [*map(float, json_load(data))]


def dump_vector(value: Iterable[float]) -> Buffer:
    """Return the text of a vector."""
    return json_dump([*map(float, value)])


def load_sparse_vector(data: Buffer) -> SparseVector:
    """Return the value of a text such as `{1:0.5,3:2}/5`."""
    elements, _, dimensions = bytes(data).decode("ascii").partition("/")
    pairs = (pair.split(":") for pair in elements[1:-1].split(",") if pair)
    return SparseVector(
        int(dimensions), {int(index): float(value) for index, value in pairs}
    )


def dump_sparse_vector(value: Any) -> bytes:  # noqa: ANN401 - whatever a caller passes
    """Return the text of a sparse vector.

    Raises:
        TypeError: the value is not a SparseVector, or its parts are not numbers.
        ValueError: an index is not between 1 and the number of dimensions.
    """
    if not isinstance(value, SparseVector):
        raise TypeError("expected a SparseVector")
    pairs = []
    for index, element in value.elements.items():
        if not 1 <= index <= value.dimensions:
            raise ValueError("an index is between 1 and the number of dimensions")
        pairs.append(b"%d:%a" % (index, float(element)))
    return b"{%b}/%d" % (b",".join(pairs), value.dimensions)
