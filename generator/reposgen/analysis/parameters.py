"""Parameters of a query: their names and types, and whether they accept None."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.arrays import declared_in
from reposgen.analysis.model import Elements, Parameter
from reposgen.analysis.names import free_name
from reposgen.analysis.parameter_uses import NullHandling, parameter_places
from reposgen.analysis.plain import plain_places
from reposgen.analysis.types import is_row, opaque_part, type_of
from reposgen.diagnostics import Diagnostic, error
from reposgen.live_schema.model import ArrayType
from reposgen.sql_source.model import ParameterKind, ParameterUse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.parameter_uses import ParameterPlace
    from reposgen.live_schema.model import PgType

_UNKNOWN = Elements()


def build_parameters(
    described: DescribedQuery, elements: Elements = _UNKNOWN
) -> tuple[tuple[Parameter, ...], tuple[Diagnostic, ...]]:
    """Return the parameters in the order of their numbers, and errors in them.

    Args:
        described: the query.
        elements: nullability of the elements of the schema's arrays.
    """
    uses: dict[int, list[ParameterUse]] = {}
    for segment in described.query.segments:
        if isinstance(segment, ParameterUse):
            uses.setdefault(segment.number, []).append(segment)
    places: dict[int, list[ParameterPlace]] = {number: [] for number in uses}
    for place in _places(described, elements):
        places.setdefault(place.number, []).append(place)
    names = _names(uses, places)
    declared = declared_in(described.query, elements)
    parameters = tuple(
        Parameter(
            number=number,
            name=names[number],
            type=type_of(
                described.description.parameter_oids[number - 1], described.catalog
            ),
            nullable=_is_nullable(uses[number], places[number]),
            element_nullable=declared.get(
                names[number], _has_null_elements(places[number])
            ),
            span=uses[number][0].span,
            column=next((p.origin for p in places[number] if p.origin), None),
            is_value=any(p.is_value for p in places[number]),
        )
        for number in sorted(uses)
    )
    return parameters, tuple(_mistakes(parameters))


def _places(described: DescribedQuery, elements: Elements) -> Sequence[ParameterPlace]:
    if not described.description.parameter_oids:
        return ()
    sql, catalog = described.text.text, described.catalog
    places = (
        parameter_places(described.tree, sql, catalog, elements)
        if described.tree
        else ()
    )
    # Before PostgreSQL 16, the tree of a CALL has no parameters.
    return places or plain_places(sql, catalog, elements)


def _names(
    uses: Mapping[int, Sequence[ParameterUse]],
    places: Mapping[int, Sequence[ParameterPlace]],
) -> Mapping[int, str]:
    given = {
        number: use.name
        for number, several in uses.items()
        for use in several
        if use.name is not None
    }
    names = dict(given)
    taken = set(given.values())
    for number in sorted(uses.keys() - given.keys()):
        found = (place.name for place in places[number] if place.name)
        names[number] = free_name(next(found, f"dollar_{number}"), taken)
        taken.add(names[number])
    return names


def _is_nullable(
    uses: Sequence[ParameterUse], places: Sequence[ParameterPlace]
) -> bool:
    demands = {place.handling for place in places if not place.of_elements}
    return (
        any(use.kind is ParameterKind.NARG for use in uses)
        or NullHandling.TESTS_NULL in demands
        or (NullHandling.TAKES_NULL in demands and NullHandling.NOT_NULL not in demands)
    )


def _has_null_elements(places: Sequence[ParameterPlace]) -> bool:
    demands = {place.handling for place in places if place.of_elements}
    return NullHandling.TAKES_NULL in demands and NullHandling.NOT_NULL not in demands


def _mistakes(parameters: Sequence[Parameter]) -> list[Diagnostic]:
    found = [(parameter, opaque_part(parameter.type)) for parameter in parameters]
    return [
        error(
            "untyped-parameter",
            f"parameter {parameter.name} has type {parameter.type.sql}, which does"
            " not determine its values",
            span=parameter.span,
            hint=_cast(parameter, part),
        )
        for parameter, part in found
        if part is not None
    ]


def _cast(parameter: Parameter, part: PgType) -> str:
    is_array = isinstance(parameter.type, ArrayType)
    if not is_row(part):
        return f"cast it to a type: {parameter.span.text}::text{'[]' * is_array}"
    if is_array:
        return (
            "pass an array for each column:"
            " (a, b) IN (SELECT * FROM unnest(@a_values::integer[], @b_values::text[]))"
        )
    return "cast it to the type of the row"
