"""Classes for enums, domains, composites and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.config.model import ModelKind
from reposgen.live_schema.model import (
    CompositeType,
    EnumType,
    RelationKind,
)
from reposgen.live_schema.model import (
    DomainType as PgDomain,
)
from reposgen.python_model.docs import class_doc
from reposgen.python_model.model.elements import (
    Builder,
    DomainType,
    EnumClass,
    EnumMember,
    Field,
    Item,
    RowClass,
)
from reposgen.python_model.model.pytype import (
    BASE_MODEL,
    CONFIG_DICT,
    DATACLASS,
    DEFINE,
    JSON_VALUE,
    OPEN_ENUM,
    SECRET,
    STR_ENUM,
    STRUCT,
    Generic,
    Named,
    Symbol,
    Union,
    nullable,
)
from reposgen.python_model.names import enum_members, field_name, snake_case, unique
from reposgen.python_model.types import JSON, Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reposgen.live_schema.model import (
        CompositeField,
        PgType,
        Relation,
        RelationColumn,
    )
    from reposgen.python_model.model.pytype import PyType
    from reposgen.python_model.naming import NamingConfig
    from reposgen.python_model.registry import Registry

VIEWS = (RelationKind.VIEW, RelationKind.MATERIALIZED_VIEW)
MAKERS = {
    ModelKind.DATACLASS: DATACLASS,
    ModelKind.ATTRS: DEFINE,
    ModelKind.MSGSPEC: STRUCT,
    ModelKind.PYDANTIC: BASE_MODEL,
}
# What fields cannot be called.
RESERVED_FIELDS = {
    ModelKind.ATTRS: {"self"},
    ModelKind.PYDANTIC: {
        *("construct", "copy", "dict", "from_orm", "json", "parse_file", "parse_obj"),
        *("parse_raw", "schema", "schema_json", "update_forward_refs", "validate"),
        *("model_computed_fields", "model_config", "model_construct", "model_copy"),
        *("model_dump", "model_dump_json", "model_extra", "model_fields"),
        *("model_fields_set", "model_json_schema", "model_parametrized_name"),
        *("model_post_init", "model_rebuild", "model_validate", "model_validate_json"),
        *("model_validate_strings", "self"),
    },
}
# What a class has of its own would be a field's default.
_OF_EVERY_CLASS = "mro"
NEW_TYPE = Symbol(module="typing", name="NewType")
TYPE_ALIAS = Symbol(module="typing", name="TypeAlias")


def enum_class(type_: EnumType, registry: Registry, naming: NamingConfig) -> EnumClass:
    """Return the class of an enum: `class TaskStatus(StrEnum)`."""
    members = unique(
        naming.renamed(type_.schema, type_.name, label) or name
        for name, label in zip(
            enum_members([naming.in_python(label) for label in type_.labels]),
            type_.labels,
            strict=True,
        )
    )
    known = tuple(
        EnumMember(name=name, label=label)
        for name, label in zip(members, type_.labels, strict=True)
    )
    is_open = naming.unknown_labels
    return EnumClass(
        symbol=registry.types.classes[type_.oid],
        doc=type_.comment or f"Enum {type_.schema}.{type_.name}.",
        members=(*known, _unknown(known)) if is_open else known,
        base=OPEN_ENUM if is_open else STR_ENUM,
    )


def _unknown(known: Sequence[EnumMember]) -> EnumMember:
    """Return the member for other labels, with a unique name and value."""
    name = label = "UNKNOWN"
    while any(name == member.name for member in known):
        name += "_"
    while any(label == member.label for member in known):
        label += "_"
    return EnumMember(name=name, label=label)


def domain_type(
    type_: PgDomain, registry: Registry, naming: NamingConfig
) -> DomainType:
    """Return the type of a domain: `Email = NewType("Email", str)`."""
    is_class = not _is_alias(type_.base, registry, naming)
    return DomainType(
        symbol=registry.types.classes[type_.oid],
        doc=type_.comment or f"Domain {type_.schema}.{type_.name}.",
        base=registry.types.python_type(
            type_.base,
            Direction.RESULT,
            element_nullable=naming.elements.of_type(type_),
        ),
        maker=NEW_TYPE if is_class else TYPE_ALIAS,
        is_class=is_class,
    )


def _is_alias(base: PgType, registry: Registry, naming: NamingConfig) -> bool:
    """Return True if NewType cannot be applied to the domain's base type.

    This is the case for unions. mypy also fails on msgspec's classes.
    """
    match registry.types.python_type(base, Direction.RESULT):
        case Union():
            return True
        case Named(symbol) if symbol != registry.types.classes.get(base.oid):
            return symbol in (JSON.symbol, JSON_VALUE)
        case Named() if isinstance(base, PgDomain):
            return _is_alias(base.base, registry, naming)
        case Named() if isinstance(base, CompositeType):
            return naming.models is ModelKind.MSGSPEC
        case _:
            return False


def composite_class(
    type_: CompositeType, registry: Registry, naming: NamingConfig
) -> RowClass:
    """Return the class of a composite; attributes are nullable unless configured."""
    names = field_names(
        (
            naming.renamed(type_.schema, type_.name, f.name) or naming.column(f.name)
            for f in type_.fields
        ),
        registry,
        naming,
    )
    return row_class(
        registry.types.classes[type_.oid],
        type_.comment or f"Composite type {type_.schema}.{type_.name}.",
        (
            Field(
                name=name,
                type=_field_type(type_, field, registry, naming),
                doc=field.comment or "",
            )
            for name, field in zip(names, type_.fields, strict=True)
        ),
        naming,
    )


def _field_type(
    type_: CompositeType,
    field: CompositeField,
    registry: Registry,
    naming: NamingConfig,
) -> PyType:
    key = (type_.oid, field.name)
    python = registry.types.python_type(
        field.type,
        Direction.RESULT,
        element_nullable=naming.elements.of_field(type_.oid, field.name, field.type),
        override=naming.overrides.fields.get(key),
    )
    return python if key in naming.not_null else nullable(python)


def model_class(
    relation: Relation, registry: Registry, naming: NamingConfig
) -> RowClass:
    """Return the class of a table's or view's rows."""
    symbol = registry.models[relation.oid]
    names = field_names(
        (
            naming.renamed(relation.schema, relation.name, c.name)
            or naming.column(c.name)
            for c in relation.columns
        ),
        registry,
        naming,
    )
    secrets = tuple(
        (relation.oid, c.number) in naming.secrets for c in relation.columns
    )
    fields = tuple(
        Field(
            name=name,
            type=_column_type(relation, column, registry, naming),
            doc=column.comment or "",
        )
        for name, column in zip(names, relation.columns, strict=True)
    )
    builder = Builder(
        symbol=model_builder(symbol),
        result=symbol,
        returns=Named(symbol),
        parts=tuple(
            Item(
                index=index,
                secret=SECRET if secret else None,
                nullable=is_nullable(column, naming),
            )
            for index, (column, secret) in enumerate(
                zip(relation.columns, secrets, strict=True)
            )
        ),
    )
    kind = "view" if relation.kind in VIEWS else "table"
    return row_class(
        symbol,
        relation.comment or f"A row of {kind} {relation.qualified_name}.",
        fields,
        naming,
        builder if any(secrets) else None,
    )


def model_builder(model: Symbol) -> Symbol:
    """Return the function that builds a model with secret fields."""
    return Symbol(
        module=model.module,
        name=f"build_{snake_case(model.name)}",
        generated=model.generated,
    )


def constructor(relation: Relation, registry: Registry, naming: NamingConfig) -> Symbol:
    """Return the class or function that builds a model from a row's values."""
    model = registry.models[relation.oid]
    if any((relation.oid, c.number) in naming.secrets for c in relation.columns):
        return model_builder(model)
    return model


def hidden(type_: PyType) -> PyType:
    """Return the type wrapped in Secret: `Secret[str]`."""
    return Generic(SECRET, (type_,))


def field_names(
    names: Iterable[str], registry: Registry, naming: NamingConfig
) -> tuple[str, ...]:
    """Return attribute names for columns that do not shadow a class."""
    return unique(
        (field_name(name, position) for position, name in enumerate(names, start=1)),
        {_OF_EVERY_CLASS, *RESERVED_FIELDS.get(naming.models, ())},
        registry.class_names,
    )


def row_class(
    symbol: Symbol,
    doc: str,
    fields: Iterable[Field],
    naming: NamingConfig,
    builder: Builder | None = None,
) -> RowClass:
    """Return a class of the configured kind with values in the order of `fields`."""
    values = tuple(fields)
    return RowClass(
        symbol=symbol,
        doc=class_doc(doc, values),
        fields=values,
        kind=naming.models,
        maker=MAKERS[naming.models],
        settings=CONFIG_DICT if naming.models is ModelKind.PYDANTIC else None,
        builder=builder,
    )


def is_nullable(column: RelationColumn, naming: NamingConfig) -> bool:
    """Return True if a column can be None in the model of its table or view."""
    return not column.not_null or naming.elements.may_be_made_up(column.type)


def _column_type(
    relation: Relation, column: RelationColumn, registry: Registry, naming: NamingConfig
) -> PyType:
    key = (relation.oid, column.number)
    type_ = registry.types.python_type(
        column.type,
        Direction.RESULT,
        element_nullable=naming.elements.of_column(*key, column.type),
        override=naming.overrides.columns.get(key),
    )
    if key in naming.secrets:
        type_ = hidden(type_)
    return nullable(type_) if is_nullable(column, naming) else type_
