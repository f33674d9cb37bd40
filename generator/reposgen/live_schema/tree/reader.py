"""Builder of nodes from the tokens of a node tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from reposgen.live_schema.tree import build_expressions, build_query
from reposgen.live_schema.tree.expressions import (
    Const,
    Param,
    ParamKind,
    Returning,
    Unknown,
    Var,
)
from reposgen.live_schema.tree.fields import Fields, LazyNodes, TreeError
from reposgen.live_schema.tree.tokens import split, tokenize

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from reposgen.live_schema.tree.expressions import Expression

_Builder: TypeAlias = "Callable[[Fields], object]"

_BUILDERS: Mapping[str, _Builder] = {
    **build_expressions.BUILDERS,
    **build_query.BUILDERS,
}
_RETURNING = tuple(Returning)
_PARAM_KINDS = tuple(ParamKind)
_RETURNING_SINCE = 18
# MERGE was inserted before UTILITY, which shifted the following numbers.
_MERGE_SINCE = 15
_LATER_COMMAND = re.compile(r"(?<=:commandType )[5-9]\b")
_JOIN_COLUMNS = ":joinaliasvars ("
_VAR = re.compile(r"\{VAR [^}]*\}")
_TARGET_START = "{TARGETENTRY :expr "


def read(text: str, major: int, offsets: Sequence[int] | None) -> object:
    """Return the node, or the list of nodes, that a tree's text represents.

    Args:
        text: the text that the server sent.
        major: the server's major version.
        offsets: for each byte of the statement, the offset of its character; None if
            they are the same, empty if the tree's locations are not used.

    Raises:
        TreeError: the text is not a node tree.
    """
    if major < _MERGE_SINCE:
        text = _LATER_COMMAND.sub(lambda found: str(int(found[0]) + 1), text)
    reader = _Reader(tokenize(text), major, offsets)
    try:
        return reader.value(next(reader.tokens))
    except (StopIteration, IndexError, ValueError) as error:
        raise TreeError("the tree's text ends early or has an unknown form") from error


class _Reader:
    def __init__(
        self, tokens: list[str], major: int, offsets: Sequence[int] | None
    ) -> None:
        self.tokens: Iterator[str] = iter(tokens)
        self._offsets = offsets
        # Counted from the end, since a bitmapset of variable length is before it.
        self._levels_up = -9 if major >= _RETURNING_SINCE else -7
        self._has_returning = major >= _RETURNING_SINCE

    def value(self, text: str) -> object:
        first = text[0]
        if first == "{":
            return self._node(text)
        if text == "(":
            return self._list()
        if text.startswith("(o"):
            return tuple(map(int, text[2:-1].split()))
        if first == "(":
            return frozenset(map(int, text[2:-1].split()))
        return text

    def _list(self) -> tuple[object, ...]:
        items: list[object] = []
        for text in self.tokens:
            if text == ")":
                return tuple(items)
            items.append(self.value(text))
        raise TreeError("a list is not closed")

    def _node(self, text: str) -> object:
        # A leaf is a single token that includes its closing brace.
        if text[-1] == "}" and (leaf := self._leaf(text)) is not None:
            return leaf
        words = split(text)
        tag = words[0][1:]
        values: dict[str, object] = dict(zip(words[1::2], words[2::2], strict=True))
        for following in self.tokens:
            if following == "}":
                break
            if " " not in following:
                values[following] = self.value(next(self.tokens))
            elif following.startswith(_JOIN_COLUMNS):
                values[":joinaliasvars"] = LazyNodes(following, self._vars)
            else:
                words = split(following)
                values.update(zip(words[::2], words[1::2], strict=True))
        builder = _BUILDERS.get(tag)
        fields = Fields(values, self._offsets)
        if builder is None:
            return Unknown(tag=tag, children=fields.nodes())
        return builder(fields)

    def _leaf(self, text: str) -> object:
        if text.startswith("{VAR "):
            return self._var(text)
        if text.startswith("{CONST "):
            return self._const(text)
        if text.startswith("{PARAM "):
            return self._param(text)
        if text.startswith(_TARGET_START):
            return self._target(text)
        return text if text.startswith("{ALIAS ") else None

    def _target(self, text: str) -> object:
        var, _, run = text[len(_TARGET_START) : -1].partition("} ")
        words = split(run)
        values: dict[str, object] = dict(zip(words[::2], words[1::2], strict=True))
        values[":expr"] = self._var(f"{var}}}")
        return build_query.target(Fields(values, self._offsets))

    def _vars(self, text: str) -> tuple[Expression, ...]:
        return tuple(self._var(var) for var in _VAR.findall(text))

    def _place(self, text: str) -> int:
        place = int(text)
        if self._offsets is None or place < 0:
            return place
        return self._offsets[place] if place < len(self._offsets) else -1

    def _var(self, token: str) -> Var:
        words = token[:-1].split(" ")
        returning = Returning.DEFAULT
        if self._has_returning:
            returning = _RETURNING[int(words[-7])]
        return Var(
            index=int(words[2]),
            column=int(words[4]),
            type=int(words[6]),
            levels_up=int(words[self._levels_up]),
            collation=int(words[10]),
            returning=returning,
            location=self._place(words[-1]),
        )

    def _const(self, token: str) -> Const:
        head, _, datum = token.partition(" :constvalue ")
        words = head.split(" ")
        value = None
        if datum[0] != "<":
            # `4 [ 1 0 0 0 0 0 0 0 ]`: values passed by value are padded to a word.
            length, _, data = datum.partition(" [ ")
            numbers = data[:-2].rstrip("]").split()
            value = bytes(int(n) & 0xFF for n in numbers[: int(length)])
        return Const(type=int(words[2]), value=value, location=self._place(words[-1]))

    def _param(self, token: str) -> Param:
        words = token[:-1].split(" ")
        return Param(
            kind=_PARAM_KINDS[int(words[2])],
            number=int(words[4]),
            type=int(words[6]),
            location=self._place(words[-1]),
        )
