"""Nullability of array elements, as declared by the user or proved from the schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.analysis.model import Declared, Elements
from reposgen.analysis.types import base_of
from reposgen.live_schema.functions import builtin_functions
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    RelationKind,
)
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree import parse_expression
from reposgen.live_schema.tree.walk import conjuncts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, PgType
    from reposgen.sql_source.model import Query

_LIST = re.compile(r"(?:list|Sequence)\[(?P<element>.*)\]")
_OR_NONE = re.compile(r".*\|\s*None|None\s*\|.*")
_CHOICE = re.compile(r"(?P<name>[^=]*?)\s*=\s*(?P<target>.*)")
# Number that stands for VALUE in a domain's CHECK; columns of tables start at 1.
_VALUE = 0
_VIEWS = (RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW)


def read_elements(catalog: Catalog, declared: Declared) -> Elements:
    """Return which arrays of a schema can contain NULL elements.

    Declarations of the user take precedence over CHECK constraints.
    """
    row_types = frozenset(
        relation.row_type
        for relation in catalog.relations.values()
        # At this point it is not yet proved which columns of views are not NULL.
        if relation.kind in _VIEWS or any(c.not_null for c in relation.columns)
    )
    columns, domains = _checked(catalog, row_types)
    said = {
        key: nullable
        for key, target in declared.types.items()
        if (nullable := _declaration(target)) is not None
    }
    return Elements(
        default=declared.null_elements,
        row_types=row_types,
        columns=columns | dict(_columns(catalog, said)),
        domains=domains | dict(_domains(catalog, said)),
        fields=dict(_fields(catalog, said)),
        queries={
            (query, name): nullable
            for key, nullable in said.items()
            for query, _, name in [key.partition(".")]
        },
    )


def declared_in(query: Query, elements: Elements) -> Mapping[str, bool]:
    """Return the declared element nullability of a query's columns and parameters.

    Returns:
        By name of the column or parameter: True if elements can be NULL.
    """
    found = {
        name: nullable
        for (of, name), nullable in elements.queries.items()
        if of == query.name
    }
    for directive in query.directives:
        choice = _CHOICE.fullmatch(directive.argument)
        if directive.word == "type" and choice:
            nullable = _declaration(choice["target"])
            if nullable is not None:
                found[choice["name"]] = nullable
    return found


def is_array(type_: PgType) -> bool:
    """Return True if a type is an array type, or a domain over one."""
    return isinstance(base_of(type_), ArrayType)


def element_of(type_: PgType) -> PgType:
    """Return the element type of an array type; for other types, the base type."""
    base = base_of(type_)
    return base.element if isinstance(base, ArrayType) else base


def _declaration(target: str) -> bool | None:
    """Return whether a declared type such as `list[str | None]` allows NULL elements.

    Returns:
        None if the declared type is not a list.
    """
    found = _LIST.fullmatch(target.strip())
    return bool(_OR_NONE.fullmatch(found["element"].strip())) if found else None


def _columns(
    catalog: Catalog, said: Mapping[str, bool]
) -> Iterator[tuple[tuple[int, int], bool]]:
    for relation in catalog.relations.values() if said else ():
        for column in relation.columns:
            for table in (relation.name, relation.qualified_name):
                nullable = said.get(f"{table}.{column.name}")
                if nullable is not None and is_array(column.type):
                    yield (relation.oid, column.number), nullable


def _domains(catalog: Catalog, said: Mapping[str, bool]) -> Iterator[tuple[int, bool]]:
    for type_ in catalog.types.values() if said else ():
        if isinstance(type_, DomainType) and is_array(type_):
            for name in (type_.sql, type_.name, f"{type_.schema}.{type_.name}"):
                if name in said:
                    yield type_.oid, said[name]


def _fields(
    catalog: Catalog, said: Mapping[str, bool]
) -> Iterator[tuple[tuple[int, str], bool]]:
    for type_ in catalog.types.values() if said else ():
        if isinstance(type_, CompositeType):
            for field in type_.fields:
                for name in (type_.name, f"{type_.schema}.{type_.name}"):
                    nullable = said.get(f"{name}.{field.name}")
                    if nullable is not None and is_array(field.type):
                        yield (type_.oid, field.name), nullable


def _checked(
    catalog: Catalog, row_types: frozenset[int]
) -> tuple[dict[tuple[int, int], bool], dict[int, bool]]:
    """Return the columns and the domains whose CHECKs rule out NULL elements.

    Arrays of row types that can be read as None are left out: no CHECK rules out a row
    that is not NULL but has only NULL fields.
    """
    columns: dict[tuple[int, int], bool] = {}
    domains: dict[int, bool] = {}
    functions = builtin_functions(catalog.major)
    for check in catalog.array_checks:
        condition = parse_expression(check.tree, catalog.major)
        for number in _without_nulls(condition, functions):
            relation = catalog.relations.get(check.relation)
            column = relation.column(number) if relation else None
            type_ = column.type if column else catalog.types.get(check.domain)
            if type_ is None or base_of(element_of(type_)).oid in row_types:
                continue
            if check.domain:
                domains[check.domain] = False
            else:
                columns[check.relation, number] = False
    return columns, domains


def _without_nulls(
    condition: e.Expression | None, functions: BuiltinFunctions
) -> frozenset[int]:
    """Return the columns without NULL elements wherever a condition is true or NULL."""
    found: set[int] = set()
    for term in conjuncts(condition):
        match term:
            case e.BoolExpr(operator="or", args=args):
                known = [_null_or_without(arg, functions) for arg in args]
                found |= frozenset.intersection(*known)
            case _:
                found |= _proved_by(term, functions)
    return frozenset(found)


def _null_or_without(
    condition: e.Expression, functions: BuiltinFunctions
) -> frozenset[int]:
    """Return the columns that are NULL or lack NULL elements if a condition holds."""
    match condition:
        case e.NullTest(negated=False, arg=arg) if (number := _column(arg)) is not None:
            return frozenset({number})
        case _:
            return _without_nulls(condition, functions)


def _proved_by(condition: e.Expression, functions: BuiltinFunctions) -> frozenset[int]:
    number = None
    match condition:
        case e.NullTest(negated=False, arg=arg):
            # array_position(c, NULL) IS NULL
            number = _searched(arg, functions)
        case e.BoolExpr(operator="not", args=(e.NullTest(negated=True, arg=arg),)):
            number = _searched(arg, functions)
        case e.OpExpr(function=function, args=(left, right)):
            match _name(function, functions):
                case "array_eq":
                    # The column equals array_remove(column, NULL).
                    number = _cleaned(right, left, functions)
                    if number is None:
                        number = _cleaned(left, right, functions)
                case "arraycontained" if _is_given(right):
                    # column <@ ARRAY['a', 'b']: NULL is contained in nothing
                    number = _column(left)
                case "arraycontains" if _is_given(left):
                    number = _column(right)
    return frozenset() if number is None else frozenset({number})


def _searched(node: e.Expression, functions: BuiltinFunctions) -> int | None:
    match node:
        case e.FuncExpr(function=function, args=(array, sought)) if _name(
            function, functions
        ) == "array_position" and _is_null(sought):
            return _column(array)
        case _:
            return None


def _cleaned(
    node: e.Expression, other: e.Expression, functions: BuiltinFunctions
) -> int | None:
    match node:
        case e.FuncExpr(function=function, args=(array, removed)) if _name(
            function, functions
        ) == "array_remove" and _is_null(removed):
            number = _column(array)
            return number if number == _column(other) else None
        case _:
            return None


def _name(function: int, functions: BuiltinFunctions) -> str:
    known = functions.get(function)
    return known.name if known else ""


def _is_null(node: e.Expression) -> bool:
    match _bare(node):
        case e.Const(value=None):
            return True
        case _:
            return False


def _is_given(node: e.Expression) -> bool:
    """Return True if an array expression is never NULL itself."""
    match _bare(node):
        case e.Const(value=value):
            return value is not None
        case e.ArrayExpr():
            return True
        case _:
            return False


def _column(node: e.Expression) -> int | None:
    match _bare(node):
        case e.Var(column=number, levels_up=0):
            return number
        case e.DomainValue():
            return _VALUE
        case _:
            return None


def _bare(node: e.Expression) -> e.Expression:
    while isinstance(node, e.Coerce) and node.kind in (
        e.Coercion.RELABEL,
        e.Coercion.COLLATE,
        e.Coercion.DOMAIN,
    ):
        node = node.arg
    return node
