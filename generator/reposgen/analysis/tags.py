"""Branches of a UNION that a constant column distinguishes: `'task' AS kind`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.agreement import bare
from reposgen.analysis.nullability.jointree import read_join_tree
from reposgen.live_schema.model import EnumType
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RangeTableRef, RteKind, SetOperator

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

    from reposgen.analysis.agreement import Binding
    from reposgen.live_schema.model import Catalog
    from reposgen.live_schema.tree.model import Query, SetOperation

    # Type and bytes; no bytes for NULL.
    Constant: TypeAlias = tuple[int, bytes | None]

_INTEGERS, _TEXTS, _ENUMS = (1976, 1977), (1994, 1995), (3522, 3523)
# By type, the operator families under which values are equal only if their bytes are.
_BY_BYTES = {
    **dict.fromkeys((20, 21, 23), _INTEGERS),  # int8, int2, int4
    **dict.fromkeys((19, 25, 1043), _TEXTS),  # name, text, varchar
    16: (424, 2222),  # bool
    18: (429, 431),  # "char"
    2950: (2968, 2969),  # uuid
}


def apart(
    left: SetOperation | RangeTableRef,
    right: SetOperation | RangeTableRef,
    query: Query,
    bound: Binding,
    catalog: Catalog,
) -> bool:
    """Return True if no row of one side of a UNION agrees with a row of the other.

    Rows agree if they are equal in all columns of `bound`.
    """
    for target in query.results:
        if target.number not in bound:
            continue
        one = _constants(left, query, target.number)
        other = _constants(right, query, target.number)
        if not one or not other or one & other:
            continue
        types = {type_ for type_, _ in one | other}
        families = _families(types.pop(), catalog) if len(types) == 1 else ()
        if bound[target.number].implies(families, 0):
            return True
    return False


def _families(type_: int, catalog: Catalog) -> tuple[int, ...]:
    if isinstance(catalog.types.get(type_), EnumType):
        return _ENUMS
    return _BY_BYTES.get(type_, ())


def _constants(
    side: SetOperation | RangeTableRef, query: Query, number: int
) -> frozenset[Constant]:
    """Return the values that a column can have; empty if they are not constants."""
    if isinstance(side, RangeTableRef):
        subquery = query.entry(side.index).subquery
        return _column(subquery, number) if subquery else frozenset()
    left = _constants(side.left, query, number)
    if side.operator is not SetOperator.UNION:
        return left
    return _all((left, _constants(side.right, query, number)))


def _column(query: Query, number: int) -> frozenset[Constant]:
    if query.set_operations is not None:
        return _constants(query.set_operations, query, number)
    target = query.result_numbers.get(number)
    if target is None or query.grouping_sets:
        return frozenset()
    return _values(target.expression, query)


def _values(node: e.Expression, query: Query) -> frozenset[Constant]:
    match node:
        case e.Const(type=type_, value=value):
            return frozenset({(type_, value)})
        case e.Coerce(
            kind=e.Coercion.RELABEL | e.Coercion.COLLATE, arg=arg, type=type_
        ):
            return frozenset((type_, value) for _, value in _values(arg, query))
        case e.Var(levels_up=0, column=column, index=index) if column > 0:
            return _of_entry(query, index, column)
        case _:
            return frozenset()


def _of_entry(query: Query, index: int, column: int) -> frozenset[Constant]:
    entry = query.entry(index)
    match entry.kind:
        case RteKind.GROUP:
            return _values(entry.group_expressions[column - 1], query)
        case RteKind.JOIN:
            return _values(bare(entry.join_columns[column - 1]), query)
        case _ if read_join_tree(query).nullable.get(index):
            return frozenset()
        case RteKind.SUBQUERY:
            return _column(entry.subquery, column) if entry.subquery else frozenset()
        case RteKind.VALUES:
            return _all(_values(row[column - 1], query) for row in entry.values)
        case _:
            return frozenset()


def _all(several: Iterable[frozenset[Constant]]) -> frozenset[Constant]:
    """Return the union of all sets; empty if one of them is empty, that is, unknown."""
    found: frozenset[Constant] = frozenset()
    for values in several:
        if not values:
            return frozenset()
        found |= values
    return found
