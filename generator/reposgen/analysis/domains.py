"""Checks of values against domains in a statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.analysis.model import DomainViolation
from reposgen.live_schema.functions import NullRule
from reposgen.live_schema.model import (
    ArrayType,
    CompositeType,
    DomainType,
    MultirangeType,
    RangeType,
)
from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.model import RangeFunction

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reposgen.live_schema.functions import BuiltinFunctions
    from reposgen.live_schema.model import Catalog, PgType, RelationColumn

# Functions that make values of the type in an argument or a column definition list.
_POPULATING = re.compile(r"(?:jsonb?_)?(?:populate_record(?:set)?|to_record(?:set)?)")
# Nodes that can be false for NULL. A CHECK without any of them is NULL, and so
# satisfied, if VALUE is NULL.
_JUDGES_NULL = re.compile(
    r"\{(?:NULLTEST|BOOLEANTEST|COALESCE|CASE|DISTINCT|NULLIF|ROW|ARRAY|MINMAX|FUNCEXPR"
    r"|SUBLINK|BOOLEXPR :boolop or|JSON|XML)"
)


def domain_violations(
    nodes: Iterable[object],
    catalog: Catalog,
    functions: BuiltinFunctions,
    nullable_parameters: frozenset[int],
) -> Iterator[DomainViolation]:
    """Yield the domain constraints that values made by a statement's nodes can violate.

    Args:
        nodes: nodes of a statement.
        catalog: catalog of the database.
        functions: the built-in functions of the server's major version.
        nullable_parameters: the numbers of the parameters that can be NULL.
    """
    for node in nodes:
        outer = node.arg if isinstance(node, e.Coerce) else node
        certain = is_certain(outer, functions, nullable_parameters)
        for type_ in _made(node, catalog, functions):
            for domain in domains_in(type_):
                not_null = certain and domain is type_
                yield from _refusals(domain, null=not not_null)


def checked_domains(
    nodes: Iterable[object], catalog: Catalog, functions: BuiltinFunctions
) -> Iterator[DomainType]:
    """Yield the domains that PostgreSQL checks the values of tree nodes against."""
    for node in nodes:
        for type_ in _made(node, catalog, functions):
            yield from domains_in(type_)


def column_domains(
    column: RelationColumn, given: frozenset[str]
) -> Iterator[DomainViolation]:
    """Yield the domain constraints that an INSERT can violate by omitting a column.

    Args:
        column: a column of the table.
        given: names of the columns that the INSERT assigns.
    """
    if column.name in given:
        return
    computed = bool(column.generated_from)
    if isinstance(column.type, DomainType):
        for violation in _refusals(column.type, null=True):
            check = violation.check
            if computed or check is None or _JUDGES_NULL.search(check.tree):
                yield violation


def domains_in(type_: PgType) -> Iterator[DomainType]:
    """Yield the domains that values of a type are checked against, also nested ones."""
    match type_:
        case DomainType(base=base):
            yield type_
            if not isinstance(base, DomainType):
                yield from domains_in(base)
        case ArrayType(element=inner) | RangeType(subtype=inner):
            yield from domains_in(inner)
        case MultirangeType(range=inner):
            yield from domains_in(inner)
        case CompositeType(fields=fields):
            for one in fields:
                yield from domains_in(one.type)
        case _:
            return


def is_certain(
    value: object, functions: BuiltinFunctions, nullable_parameters: frozenset[int]
) -> bool:
    """Return True if an expression is certainly not NULL."""
    match value:
        case e.Const(value=datum):
            return datum is not None
        case e.Param(kind=e.ParamKind.EXTERNAL, number=number):
            return number not in nullable_parameters
        case e.Coerce(arg=arg):
            return is_certain(arg, functions, nullable_parameters)
        case e.NextValueExpr() | e.SqlValueFunction():
            return True
        case e.FuncExpr(function=function, args=args):
            builtin = functions.get(function)
            return builtin is not None and (
                builtin.rule is NullRule.NEVER
                or (
                    builtin.rule is NullRule.ARGUMENTS
                    and all(
                        is_certain(arg, functions, nullable_parameters) for arg in args
                    )
                )
            )
        case _:
            return False


def _refusals(domain: DomainType, *, null: bool) -> Iterator[DomainViolation]:
    """Yield the constraints of a domain and of the domains that it is based on.

    Args:
        domain: the domain.
        null: True if the value can be NULL.
    """
    one: PgType = domain
    while isinstance(one, DomainType):
        if one.not_null and null:
            yield DomainViolation(domain=one)
        for check in one.checks:
            yield DomainViolation(domain=one, check=check)
        one = one.base


def _made(
    node: object, catalog: Catalog, functions: BuiltinFunctions
) -> Iterator[PgType]:
    """Yield the types that a node converts values to."""
    match node:
        case e.Coerce(kind=e.Coercion.DOMAIN | e.Coercion.TEXT, type=type_):
            oids: Iterable[int] = (type_,)
        case e.Param(kind=e.ParamKind.EXTERNAL, type=type_):
            oids = (type_,)
        case e.JsonQuery(type=type_):
            oids = (type_,)
        case e.TableFunc(types=types):
            oids = types
        case e.FuncExpr(type=type_) if _populates(node, catalog, functions):
            oids = (type_,)
        case RangeFunction(types=types, expression=e.FuncExpr() as call) if _populates(
            call, catalog, functions
        ):
            oids = types
        case _:
            return
    for oid in oids:
        if (found := catalog.types.get(oid)) is not None:
            yield found


def _populates(call: e.FuncExpr, catalog: Catalog, functions: BuiltinFunctions) -> bool:
    function = functions.get(call.function) or catalog.functions.get(call.function)
    return function is not None and _POPULATING.fullmatch(function.name) is not None
