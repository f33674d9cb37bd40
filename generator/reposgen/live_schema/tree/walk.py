"""Walks over the nodes of a tree."""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from reposgen.live_schema.tree.expressions import (
    BoolExpr,
    Const,
    Expression,
    FuncExpr,
    Param,
    Unknown,
    Var,
)
from reposgen.live_schema.tree.fields import LazyNodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_INTEGERS = frozenset({20, 21, 23})  # int8, int2, int4
_PLAIN = {"int", "str", "bool", "bytes | None", "str | None", "frozenset[int]"}
_NODE_VALUES: dict[type, Callable[[object], tuple[object, ...]]] = {}
_LEAVES = (Var, Const, Param, str, int, bytes, frozenset)


class QueryLevel:
    """Base of `Query`: variables below such a node are one level deeper."""


def walk(node: object) -> Iterator[object]:
    """Yield the node and all nodes below it, including subqueries, outermost first."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, _LEAVES):
            continue
        stack.extend(reversed(children(current)))


def walk_level(node: object) -> Iterator[object]:
    """Yield nodes as `walk` does, including subqueries but not the nodes in them."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        if isinstance(current, (*_LEAVES, QueryLevel)):
            continue
        stack.extend(reversed(children(current)))


def with_depth(node: object) -> Iterator[tuple[object, int]]:
    """Yield the node and all nodes below it, each with its subquery depth."""
    stack = [(node, 0)]
    while stack:
        current, depth = stack.pop()
        yield current, depth
        if not isinstance(current, str | int | bytes | frozenset):
            deeper = depth + isinstance(current, QueryLevel)
            stack.extend((child, deeper) for child in children(current))


def children(node: object) -> list[object]:
    """Return the nodes directly below a node."""
    if isinstance(node, Unknown):
        return list(node.children)
    found: list[object] = []
    for value in _node_values(type(node))(node):
        if isinstance(value, tuple):
            _flatten(value, found)
        elif value is not None and not isinstance(value, LazyNodes):
            found.append(value)
    return found


def conjuncts(condition: Expression | None) -> tuple[Expression, ...]:
    """Return the terms that AND joins in a condition; empty for None."""
    if condition is None:
        return ()
    if isinstance(condition, BoolExpr) and condition.operator == "and":
        return tuple(c for arg in condition.args for c in conjuncts(arg))
    return (condition,)


def constant_integer(node: object) -> int | None:
    """Return the value of an integer literal, also if it is cast to an integer type."""
    match node:
        case FuncExpr(form=form, args=(Const() as inner,)) if form:
            node = inner
        case _:
            pass
    if not isinstance(node, Const) or not node.value or node.type not in _INTEGERS:
        return None
    return int.from_bytes(node.value, sys.byteorder, signed=True)


def _flatten(values: tuple[object, ...], found: list[object]) -> None:
    for value in values:
        if isinstance(value, tuple):
            _flatten(value, found)
        else:
            found.append(value)


def _node_values(kind: type) -> Callable[[object], tuple[object, ...]]:
    """Return a function that reads the node fields of nodes of a class."""
    values = _NODE_VALUES.get(kind)
    if values is None:
        # The annotations are strings. A field that can contain a node is not in
        # `_PLAIN`.
        names = [
            f.name
            for f in (fields(kind) if is_dataclass(kind) else ())
            if f.type not in _PLAIN and f.name != "permissions"
        ]
        values = _NODE_VALUES[kind] = _getter(names)
    return values


def _getter(names: Sequence[str]) -> Callable[[object], tuple[object, ...]]:
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda node: (getattr(node, name),)
        case _:
            return attrgetter(*names)
