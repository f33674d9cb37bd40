"""Arguments of methods, derived from the parameters of queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reposgen.python_model.classes import field_names, hidden, row_class
from reposgen.python_model.model.elements import Argument, Field
from reposgen.python_model.model.pytype import SECRET, nullable
from reposgen.python_model.names import field_name, unique
from reposgen.python_model.types import Direction
from reposgen.python_model.variants import default_of, optional_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.model import Parameter, TypedQuery
    from reposgen.python_model.context import Context
    from reposgen.python_model.model.elements import Option, RowClass
    from reposgen.python_model.model.pytype import PyType, Symbol
    from reposgen.python_model.model.values import TypeName


def type_name(typed: TypedQuery, parameter: Parameter, context: Context) -> TypeName:
    """Return the run time's name of a parameter's type."""
    override = context.naming.overrides.of_parameter(typed.name, parameter)
    return context.registry.types.name(parameter.type, override)


def arguments_of(
    typed: TypedQuery, constant: Symbol, options: Sequence[Option], context: Context
) -> tuple[Argument, ...]:
    """Return the keyword arguments of a query's method."""
    reserved = {constant.name, *(option.name for option in options)}
    return tuple(
        _argument(name, typed, parameter, context)
        for name, parameter in zip(
            argument_names(typed, reserved, context), typed.parameters, strict=True
        )
    )


def buffered_arguments(
    typed: TypedQuery, constant: Symbol, params: RowClass | None, context: Context
) -> tuple[Argument, ...]:
    """Return the keyword arguments that are the values of one buffered row."""
    reserved = {constant.name, *((params.symbol.name,) if params else ())}
    names = argument_names(typed, reserved, context)
    return tuple(
        Argument(name=name, type=item_type(typed, parameter, context), value=name)
        for name, parameter in zip(names, typed.parameters, strict=True)
    )


def argument_names(
    typed: TypedQuery, reserved: set[str], context: Context
) -> tuple[str, ...]:
    """Return the parameters' names as arguments, which differ from `reserved`."""
    names = (
        field_name(name, parameter.number)
        for name, parameter in zip(
            parameter_names(typed, context), typed.parameters, strict=True
        )
    )
    return unique(names, {"self", *reserved})


def parameter_names(typed: TypedQuery, context: Context) -> Iterator[str]:
    """Yield the parameters' Python names before they are made identifiers."""
    for parameter in typed.parameters:
        chosen = context.naming.renamed_in_query(typed.name, parameter.name)
        name = chosen or context.naming.column(parameter.name)
        if name == parameter.name and context.naming.snake_case:
            name = context.naming.in_python(_spelled(parameter))
        yield name


def _spelled(parameter: Parameter) -> str:
    """Return the name as first written: `displayName`, where SQL has `displayname`."""
    written = re.findall(re.escape(parameter.name), parameter.span.text, re.IGNORECASE)
    return written[-1] if written else parameter.name


def _argument(
    name: str, typed: TypedQuery, parameter: Parameter, context: Context
) -> Argument:
    type_ = _parameter_type(typed, parameter, context)
    value, reveals = name, None
    if parameter.column in context.naming.secrets:
        type_ = hidden(type_)
        value = f"{name}.reveal()"
        if parameter.optional or parameter.nullable:
            reveals = SECRET
    if parameter.nullable:
        type_ = nullable(type_)
    return Argument(
        name=name,
        type=optional_type(type_, parameter.optional),
        value=value,
        reveals=reveals,
        default=default_of(parameter.optional),
    )


def _parameter_type(
    typed: TypedQuery, parameter: Parameter, context: Context
) -> PyType:
    return context.registry.types.python_type(
        parameter.type,
        Direction.PARAMETER,
        element_nullable=parameter.element_nullable,
        override=context.naming.overrides.of_parameter(typed.name, parameter),
    )


def params_class(typed: TypedQuery, constant: Symbol, context: Context) -> RowClass:
    """Return the class of the rows that a batch or COPY takes."""
    names = field_names(
        parameter_names(typed, context), context.registry, context.naming
    )
    return row_class(
        context.claim_class(f"{typed.name}Params", constant),
        f"One row of {typed.name}'s arguments.",
        (
            Field(name=name, type=item_type(typed, parameter, context))
            for name, parameter in zip(names, typed.parameters, strict=True)
        ),
        context.naming,
    )


def item_type(typed: TypedQuery, parameter: Parameter, context: Context) -> PyType:
    """Return the type of a parameter as a field of a batch's or COPY's rows.

    A secret is never None there, because it is read through its attribute.
    """
    type_ = _parameter_type(typed, parameter, context)
    if parameter.nullable:
        type_ = nullable(type_)
    return hidden(type_) if parameter.column in context.naming.secrets else type_


def item_fields(
    typed: TypedQuery, params: RowClass | None, context: Context
) -> tuple[str, ...]:
    """Return the attributes of an item that the values of a row are read from."""
    secret = [p.column in context.naming.secrets for p in typed.parameters]
    if params is None:
        return ("revealed",) if secret[0] else ()
    return tuple(
        f"{field.name}.revealed" if hide else field.name
        for field, hide in zip(params.fields, secret, strict=True)
    )
