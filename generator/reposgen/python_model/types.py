"""From PostgreSQL types to Python types and to the run time's type names."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from reposgen.analysis.types import parts
from reposgen.live_schema.model import (
    ArrayType,
    BaseType,
    CompositeType,
    DomainType,
    EnumType,
    MultirangeType,
    PseudoType,
    RangeType,
)
from reposgen.models import dataclass
from reposgen.python_model.model.pytype import (
    AS_TEXT,
    CONVERTED,
    JSON_OF,
    Generic,
    Named,
    Symbol,
    Union,
    builtin,
    nullable,
    runtime,
)
from reposgen.python_model.model.values import Reference, construct
from reposgen.python_model.overrides import OverrideKind, base_of, is_json, leaf_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.live_schema.model import PgType
    from reposgen.python_model.model.pytype import PyType
    from reposgen.python_model.model.values import TypeName
    from reposgen.python_model.overrides import Override


class Direction(Enum):
    """Direction of values: parameters accept more types than results have."""

    RESULT = "result"
    PARAMETER = "parameter"


STR = Named(builtin("str"))
INT = Named(builtin("int"))
BOOL = Named(builtin("bool"))
FLOAT = Named(builtin("float"))
BYTES = Named(builtin("bytes"))
OBJECT = Named(builtin("object"))
ELLIPSIS = Named(builtin("..."))
DATETIME = Named(Symbol(module="datetime", name="datetime"))
TIME = Named(Symbol(module="datetime", name="time"))
JSON = Named(runtime("Json"))
JSON_INPUT = Named(runtime("JsonInput"))
LIST = builtin("list")
SEQUENCE = Symbol(module="collections.abc", name="Sequence")
RANGE = Symbol(module="psycopg.types.range", name="Range")
MULTIRANGE = Symbol(module="psycopg.types.multirange", name="Multirange")


def _ip(*names: str) -> PyType:
    return Union(tuple(Named(Symbol(module="ipaddress", name=name)) for name in names))


BASE_TYPES: Mapping[str, PyType] = {
    "bool": BOOL,
    **dict.fromkeys(("int2", "int4", "int8", "oid"), INT),
    **dict.fromkeys(("float4", "float8"), FLOAT),
    "numeric": Named(Symbol(module="decimal", name="Decimal")),
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "char"), STR),
    "bytea": BYTES,
    "uuid": Named(Symbol(module="uuid", name="UUID")),
    "date": Named(Symbol(module="datetime", name="date")),
    **dict.fromkeys(("time", "timetz"), TIME),
    **dict.fromkeys(("timestamp", "timestamptz"), DATETIME),
    "interval": Named(Symbol(module="datetime", name="timedelta")),
    **dict.fromkeys(("json", "jsonb"), JSON),
    "inet": _ip("IPv4Address", "IPv6Address", "IPv4Interface", "IPv6Interface"),
    "cidr": _ip("IPv4Network", "IPv6Network"),
    # psycopg hands these over as PostgreSQL writes them.
    **dict.fromkeys(("macaddr", "macaddr8", "bit", "varbit", "money", "xml"), STR),
    **dict.fromkeys(("tsvector", "tsquery", "jsonpath", "pg_lsn"), STR),
    **dict.fromkeys(("point", "line", "lseg", "box", "path", "polygon"), STR),
    **dict.fromkeys(("circle", "xid", "xid8", "cid", "tid", "refcursor"), STR),
    **dict.fromkeys(("regclass", "regtype", "regproc", "regprocedure"), STR),
    **dict.fromkeys(("regoper", "regoperator", "regnamespace", "regrole"), STR),
    **dict.fromkeys(("regconfig", "regdictionary", "regcollation"), STR),
    **dict.fromkeys(("pg_snapshot", "txid_snapshot", "aclitem"), STR),
    # What the server keeps in its own tables.
    **dict.fromkeys(("pg_node_tree", "int2vector", "oidvector", "gtsvector"), STR),
    **dict.fromkeys(("pg_ndistinct", "pg_dependencies", "pg_mcv_list"), STR),
}
# Found by name, since an extension may be installed in any schema.
EXTENSION_TYPES: Mapping[str, PyType] = {
    **dict.fromkeys(("citext", "ltree", "lquery", "ltxtquery"), STR),
    "hstore": Generic(builtin("dict"), (STR, nullable(STR))),
    **dict.fromkeys(("vector", "halfvec"), Generic(LIST, (FLOAT,))),
    "sparsevec": Named(runtime("SparseVector")),
}
PSEUDO_TYPES: Mapping[str, PyType] = {
    # The server sends an empty string for void.
    **dict.fromkeys(("void", "unknown", "cstring", "anyarray"), STR),
    # Its values tell the types of their columns, it does not.
    "record": Generic(builtin("tuple"), (OBJECT, ELLIPSIS)),
}
# What a parameter may be besides what a result of the type is.
WIDER_PARAMETERS: Mapping[PyType, PyType] = {
    JSON: JSON_INPUT,
    Generic(LIST, (FLOAT,)): Generic(SEQUENCE, (FLOAT,)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeMap:
    """Python types for the types of one database.

    Attributes:
        classes: classes of enums, domains and composite types, by oid.
        overrides: overrides of types, by oid.
        json: type of a JSON document; None for the run time's own alias.
    """

    classes: Mapping[int, Symbol]
    overrides: Mapping[int, Override]
    json: PyType | None = None

    def python_type(
        self,
        type_: PgType,
        direction: Direction,
        *,
        element_nullable: bool = False,
        override: Override | None = None,
    ) -> PyType:
        """Return the Python type of a non-NULL value; the type must be supported."""
        chosen = override or self.overrides.get(type_.oid)
        match type_:
            case ArrayType():
                element = self.python_type(type_.element, direction, override=chosen)
                origin = LIST if direction is Direction.RESULT else SEQUENCE
                return Generic(
                    origin, (nullable(element) if element_nullable else element,)
                )
            case DomainType() if chosen and leaf_of(type_) is not type_:
                return self.python_type(
                    type_.base,
                    direction,
                    element_nullable=element_nullable,
                    override=chosen,
                )
            case _ if chosen:
                return chosen.python
            case _:
                return self._known_type(type_, direction)

    def _known_type(
        self,
        type_: BaseType
        | PseudoType
        | EnumType
        | DomainType
        | CompositeType
        | RangeType
        | MultirangeType,
        direction: Direction,
    ) -> PyType:
        match type_:
            case BaseType() | PseudoType():
                known = _plain_type(type_, direction)
                if self.json is None or known not in (JSON, JSON_INPUT):
                    return known
                return self.json if known == JSON else _without_none(self.json)
            case DomainType() if direction is Direction.PARAMETER and is_json(
                _without_domains(type_)
            ):
                # Its alias is what results are: None may stand for JSON's null.
                return self.python_type(type_.base, direction)
            case EnumType() | DomainType() | CompositeType():
                return Named(self.classes[type_.oid])
            case RangeType():
                return Generic(RANGE, (self.python_type(type_.subtype, direction),))
            case MultirangeType():
                subtype = self.python_type(type_.range.subtype, direction)
                return Generic(MULTIRANGE, (subtype,))
            case _:
                assert_never(type_)

    def name(self, type_: PgType, override: Override | None = None) -> TypeName:
        """Return the run time's name of a type, including its conversion."""
        name = spelling(type_)
        part, chosen = (type_, override) if override else self._overridden(type_)
        if chosen is None:
            return name
        leaf = leaf_of(part)
        usual = self._usual(leaf)
        if chosen.load is None and chosen.python == usual:
            return name
        of = spelling(leaf)
        dump = chosen.dump
        maker = MAKERS[chosen.kind]
        if maker == CONVERTED and dump is None and usual is not None:
            dump = Reference(symbol=usual.symbol)
        return construct(
            maker,
            name,
            chosen.python,
            of=None if name.removesuffix("[]") == of else of,
            load=chosen.load,
            dump=dump,
        )

    def is_text(self, type_: PgType, override: Override | None = None) -> bool:
        """Return True if values of a type stay in PostgreSQL's text format."""
        chosen = override or self._overridden(type_)[1]
        return chosen is not None and chosen.kind is OverrideKind.TEXT

    def _overridden(self, type_: PgType) -> tuple[PgType, Override | None]:
        """Return the overridden part of a type, except in rows, and its override."""
        if (found := self.overrides.get(type_.oid)) is not None:
            return type_, found
        match type_:
            case ArrayType():
                return self._overridden(type_.element)
            case DomainType():
                return self._overridden(type_.base)
            case RangeType():
                return self._overridden(type_.subtype)
            case MultirangeType():
                return self._overridden(type_.range)
            case _:
                return type_, None

    def _usual(self, type_: PgType) -> Named | None:
        """Return the class of the driver's values, or None if they have several."""
        match base_of(type_):
            case EnumType() | CompositeType() as base:
                return Named(self.classes[base.oid])
            case BaseType() | PseudoType() as base:
                # What is not known is passed as text.
                known = _plain_types(base).get(base.name, STR)
                return known if isinstance(known, Named) and known != JSON else None
            case _:
                return None


def _without_domains(type_: PgType) -> PgType:
    while isinstance(type_, DomainType):
        type_ = type_.base
    return type_


def _without_none(json: PyType) -> PyType:
    """Return the members of a union that represents JSON documents."""
    return Union(
        (
            Generic(builtin("dict"), (STR, json)),
            Generic(LIST, (json,)),
            *(STR, BOOL, INT, FLOAT),
        )
    )


MAKERS: Mapping[OverrideKind, Symbol] = {
    OverrideKind.TEXT: AS_TEXT,
    OverrideKind.JSON: JSON_OF,
    OverrideKind.OBJECT: CONVERTED,
    OverrideKind.ENUM: CONVERTED,
}


def _plain_types(type_: BaseType | PseudoType) -> Mapping[str, PyType]:
    match type_:
        case PseudoType():
            return PSEUDO_TYPES
        case BaseType(schema="pg_catalog"):
            return BASE_TYPES
        case BaseType():
            return EXTENSION_TYPES


def _plain_type(type_: BaseType | PseudoType, direction: Direction) -> PyType:
    known = _plain_types(type_)[type_.name]
    if direction is Direction.PARAMETER:
        return WIDER_PARAMETERS.get(known, known)
    return known


def usual_names(type_: PgType) -> frozenset[str]:
    """Return the names for the default Python type of an array's elements."""
    base = base_of(type_)
    if not isinstance(base, BaseType):
        return frozenset()
    known = _plain_types(base).get(base.name)
    if not isinstance(known, Named):
        return frozenset()
    symbol = known.symbol
    return frozenset({symbol.name, f"{symbol.module}.{symbol.name}"})


def unknown_part(type_: PgType, overrides: Mapping[int, Override]) -> PgType | None:
    """Return the type or its first part that has no known Python type, or None."""
    for part in parts(type_):
        match part:
            case _ if part.oid in overrides:
                continue
            case BaseType() | PseudoType() if part.name not in _plain_types(part):
                return part
            case _:
                continue
    return None


def spelling(type_: PgType) -> str:
    """Return the run time's name of a type: `int4`, `text[]`, `public.status[]`."""
    match type_:
        case ArrayType():
            return f"{spelling(type_.element)}[]"
        case _ if type_.schema == "pg_catalog":
            return type_.name
        case _:
            return f"{_part(type_.schema)}.{_part(type_.name)}"


def _part(name: str) -> str:
    if re.search(r'[."\[\]]', name) is None:
        return name
    return quoted(name)


def quoted(name: str) -> str:
    """Return a name in double quotes, as in SQL."""
    return '"' + name.replace('"', '""') + '"'
