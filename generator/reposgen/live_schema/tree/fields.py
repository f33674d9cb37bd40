"""Fields of one node, converted to the types that its builder expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from reposgen.live_schema.tree.tokens import unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reposgen.live_schema.tree.expressions import Expression

T = TypeVar("T")


class TreeError(Exception):
    """Error for a text that is not a tree of a supported form."""


class LazyNodes:
    """Nodes that are read on first access.

    A join has a node for each column of both sides, and most of them are never used.
    """

    __slots__ = ("_nodes", "_read", "_text")

    def __init__(
        self, text: str, read: Callable[[str], tuple[Expression, ...]]
    ) -> None:
        self._text = text
        self._read = read
        self._nodes: tuple[Expression, ...] | None = None

    def __getitem__(self, index: int) -> Expression:
        if self._nodes is None:
            self._nodes = self._read(self._text)
        return self._nodes[index]


class Fields:
    """Fields of a node: words, nodes, tuples of nodes, sets of numbers."""

    __slots__ = ("_offsets", "values")

    def __init__(
        self, values: Mapping[str, object], offsets: Sequence[int] | None
    ) -> None:
        self.values = values
        self._offsets = offsets

    def integer(self, name: str) -> int:
        """Return a number; 0 if the field is missing."""
        return int(cast("str", self.values.get(name, "0")))

    def boolean(self, name: str) -> bool:
        """Return a boolean; False if the field is missing."""
        return self.values.get(name) == "true"

    def text(self, name: str) -> str | None:
        """Return a text without its escapes, or None."""
        word = self.values.get(name)
        return unescape(word) if isinstance(word, str) else None

    def location(self, name: str = ":location") -> int:
        """Return a character offset, or -1 if it is unknown."""
        place = int(cast("str", self.values.get(name, "-1")))
        if self._offsets is None or place < 0:
            return place
        return self._offsets[place] if place < len(self._offsets) else -1

    def node(self, name: str) -> Expression | None:
        """Return an expression, or None."""
        value = self.values.get(name)
        return None if isinstance(value, str) else cast("Expression | None", value)

    def required(self, name: str) -> Expression:
        """Return a mandatory expression.

        Raises:
            TreeError: the field is missing.
        """
        node = self.node(name)
        if node is None:
            raise TreeError(f"{name} is missing")
        return node

    def nodes_of(self, name: str) -> tuple[Expression, ...]:
        """Return a list of expressions; empty if the field is missing."""
        return cast("tuple[Expression, ...]", self._tuple(name))

    def lazy_nodes(self, name: str) -> LazyNodes | tuple[Expression, ...]:
        """Return a list of expressions that are read on first access."""
        value = self.values.get(name)
        return value if isinstance(value, LazyNodes) else self.nodes_of(name)

    def list_of(self, name: str, kind: type[T]) -> tuple[T, ...]:
        """Return a list of nodes of one kind; empty if the field is missing.

        Raises:
            TreeError: the list contains a node of another kind.
        """
        items = self.values.get(name)
        if not isinstance(items, tuple):
            return ()
        for item in items:
            if not isinstance(item, kind):
                raise TreeError(f"{name} holds another kind of node")
        return items

    def optional(self, name: str, kind: type[T]) -> T | None:
        """Return a node of one kind, or None.

        Raises:
            TreeError: the field contains a node of another kind.
        """
        value = self.values.get(name)
        if value is None or value == "<>":
            return None
        if not isinstance(value, kind):
            raise TreeError(f"{name} is another kind of node")
        return value

    def numbers(self, name: str) -> frozenset[int]:
        """Return a bitmapset, or a list of numbers whose order is irrelevant."""
        value = self.values.get(name)
        return frozenset(value) if isinstance(value, frozenset | tuple) else frozenset()

    def oids(self, name: str) -> tuple[int, ...]:
        """Return a list of oids; empty if the field is missing."""
        return cast("tuple[int, ...]", self._tuple(name))

    def nodes(self) -> tuple[object, ...]:
        """Return all nodes in all fields, for nodes of unknown kinds."""
        found: list[object] = []
        for value in self.values.values():
            _collect(value, found)
        return tuple(found)

    def _tuple(self, name: str) -> tuple[object, ...]:
        value = self.values.get(name)
        return value if isinstance(value, tuple) else ()


def _collect(value: object, found: list[object]) -> None:
    if isinstance(value, tuple):
        for item in value:
            _collect(item, found)
    elif not isinstance(value, str | frozenset | LazyNodes):
        found.append(value)
