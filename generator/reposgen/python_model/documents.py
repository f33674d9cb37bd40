"""Classes for JSON documents that queries build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.model import (
    Column,
    JsonList,
    JsonObject,
    JsonScalar,
    json_scalars,
)
from reposgen.models import dataclass
from reposgen.python_model.classes import field_names, row_class
from reposgen.python_model.inflection import singular
from reposgen.python_model.model.elements import Field
from reposgen.python_model.model.pytype import (
    ARRAY_OF,
    LIST_OF,
    OBJECT_OF,
    OR_NONE,
    SHAPED,
    Generic,
    Named,
    nullable,
)
from reposgen.python_model.model.values import Entries, construct
from reposgen.python_model.names import pascal_case
from reposgen.python_model.overrides import base_of
from reposgen.python_model.types import LIST, Direction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.analysis.model import JsonShape, TypedQuery
    from reposgen.live_schema.model import PgType
    from reposgen.python_model.context import Context
    from reposgen.python_model.model.elements import RowClass
    from reposgen.python_model.model.pytype import PyType, Symbol
    from reposgen.python_model.model.values import TypeName, Value


# Offsets have minutes in JSON; jsonb has no exponents.
_UNLIKE = frozenset({"timestamptz", "float4", "float8"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The Python form of a JSON document with a known shape.

    Attributes:
        type: type of a document that is not NULL.
        classes: classes of the objects in it, inner ones first.
    """

    type: PyType
    name: TypeName
    classes: tuple[RowClass, ...]


def build_documents(
    typed: TypedQuery, constant: Symbol, context: Context
) -> Mapping[str, Document]:
    """Return the documents in the rows of a query, by the names of their columns."""
    # Rows that several queries share say the same of their columns.
    if not context.naming.json_classes or typed.row_name is not None:
        return {}
    overrides = context.naming.overrides
    found = {}
    for item in typed.results:
        if not isinstance(item, Column) or item.shape is None:
            continue
        shape = item.shape
        if (
            overrides.of_column(typed.name, item)
            or item.type.oid in overrides.types
            or any(s.table in context.naming.secrets for s in json_scalars(shape))
        ):
            continue
        builder = _Builder(typed, constant, context, item)
        built = builder.build(shape, typed.name + pascal_case(item.name))
        if built is not None:
            type_, part = built
            found[item.name] = Document(
                type=type_,
                name=construct(SHAPED, item.type.name, part),
                classes=tuple(builder.classes),
            )
    return found


def _is_unlike(type_: PgType) -> bool:
    """Return True if JSON spells values of a type unlike PostgreSQL's text."""
    return base_of(type_).name in _UNLIKE


class _Builder:
    def __init__(
        self, typed: TypedQuery, constant: Symbol, context: Context, column: Column
    ) -> None:
        self._typed = typed
        self._constant = constant
        self._context = context
        self._json = column.type
        self.classes: list[RowClass] = []

    def build(
        self, shape: JsonShape, name: str, *, in_list: bool = False
    ) -> tuple[PyType, Value] | None:
        """Return the Python type and the run time's description of a shape.

        Args:
            shape: shape of the value.
            name: name of the class to create for an object.
            in_list: True for an element of an array.

        Returns:
            The type and the description; None for arbitrary JSON.
        """
        match shape:
            case JsonScalar():
                return self._scalar(shape, in_list=in_list)
            case JsonList(element=element, nullable=can_be_null, of_array=of_array):
                built = self.build(element, singular(name), in_list=True)
                if built is None:
                    return None
                type_, part = built
                if can_be_null:
                    type_, part = nullable(type_), construct(OR_NONE, part)
                made = ARRAY_OF if of_array else LIST_OF
                return Generic(LIST, (type_,)), construct(made, part)
            case JsonObject():
                return self._object(shape, name)

    def _scalar(
        self, shape: JsonScalar, *, in_list: bool
    ) -> tuple[PyType, Value] | None:
        types = self._context.registry.types
        columns = self._context.naming.overrides.columns
        override = columns.get(shape.table) if shape.table else None
        # Of an array's column, it is not said of the elements.
        if override and in_list:
            return None
        if types.is_text(shape.type, override) and _is_unlike(shape.type):
            return None
        return (
            types.python_type(shape.type, Direction.RESULT, override=override),
            types.name(shape.type, override),
        )

    def _object(self, shape: JsonObject, name: str) -> tuple[PyType, Value]:
        naming, registry = self._context.naming, self._context.registry
        names = field_names(
            (naming.column(field.key) for field in shape.fields), registry, naming
        )
        fields: list[Field] = []
        parts: list[tuple[str, Value]] = []
        for field, attribute in zip(shape.fields, names, strict=True):
            below = name + pascal_case(field.key)
            built = field.shape and self.build(field.shape, below)
            type_, part = built or self._any(self._json)
            if field.nullable:
                type_ = nullable(type_)
                absent = True if field.absent else None
                part = construct(OR_NONE, part, absent=absent)
            fields.append(Field(name=attribute, type=type_))
            parts.append((field.key, part))
        symbol = self._context.claim_class(name, self._constant)
        doc = f"A JSON object of {self._typed.name}."
        self.classes.append(row_class(symbol, doc, fields, naming))
        return Named(symbol), construct(OBJECT_OF, symbol, Entries(tuple(parts)))

    def _any(self, json: PgType) -> tuple[PyType, Value]:
        return (
            self._context.registry.types.python_type(json, Direction.RESULT),
            json.name,
        )
