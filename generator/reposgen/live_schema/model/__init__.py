"""The catalog of a database and the server's description of statements."""

from reposgen.live_schema.model.catalog import (
    Catalog,
)
from reposgen.live_schema.model.relations import (
    Constraint,
    ConstraintKind,
    Function,
    Generated,
    Index,
    Relation,
    RelationColumn,
    RelationKind,
    Trigger,
)
from reposgen.live_schema.model.statements import (
    Described,
    Description,
    ResultColumn,
    ServerError,
    Statement,
)
from reposgen.live_schema.model.types import (
    ArrayType,
    BaseType,
    CompositeField,
    CompositeType,
    DomainType,
    EnumType,
    MultirangeType,
    PgType,
    PseudoType,
    RangeType,
)

__all__ = [
    "ArrayType",
    "BaseType",
    "Catalog",
    "CompositeField",
    "CompositeType",
    "Constraint",
    "ConstraintKind",
    "Described",
    "Description",
    "DomainType",
    "EnumType",
    "Function",
    "Generated",
    "Index",
    "MultirangeType",
    "PgType",
    "PseudoType",
    "RangeType",
    "Relation",
    "RelationColumn",
    "RelationKind",
    "ResultColumn",
    "ServerError",
    "Statement",
    "Trigger",
]
