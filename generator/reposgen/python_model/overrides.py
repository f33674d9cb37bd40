"""Python types that the user chooses for values."""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, error
from reposgen.live_schema.model import (
    ArrayType,
    BaseType,
    CompositeType,
    DomainType,
    EnumType,
)
from reposgen.models import dataclass
from reposgen.python_model.model.pytype import Generic, Named, Symbol, builtin
from reposgen.python_model.model.values import Reference

if TYPE_CHECKING:
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import PgType
    from reposgen.python_model.model.pytype import PyType


class OverrideKind(Enum):
    """Kind of conversion between values and the chosen type."""

    TEXT = "text"  # by PostgreSQL's text
    JSON = "json"  # by the document's text
    OBJECT = "object"  # by what the driver makes of them
    ENUM = "enum"  # the class stands for the type itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """The Python type of a type's or column's values.

    Attributes:
        base: oid of the base type, without arrays.
        load: function that makes an object; None if the class does.
        dump: function that makes the driver's value; None if the driver's class does.
        place: where it was written.
    """

    python: PyType
    kind: OverrideKind
    base: int
    load: Reference | None = None
    dump: Reference | None = None
    place: Span | None = None

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Classes that the override names."""
        match self.python:
            case Named(symbol):
                return (symbol,)
            case Generic(_, arguments):
                return tuple(a.symbol for a in arguments if isinstance(a, Named))
            case _:
                return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideSpec:
    """An override as it was written.

    Attributes:
        target: `myapp.models.Settings`, `float`, `list[myapp.models.Item]`.
        load: `myapp.models.Cents.of`, or None.
    """

    target: str
    place: Span | None
    load: str | None = None
    dump: str | None = None


_DECIMAL = Symbol(module="decimal", name="Decimal")
_TEXT_CLASSES = {
    **{name: builtin(name) for name in ("str", "int", "float")},
    "decimal.Decimal": _DECIMAL,
}
_NUMBERS = {"int2", "int4", "int8", "numeric", "float4", "float8", "oid"}
_FRACTIONS = {"numeric", "float4", "float8"}
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_COLLECTION = re.compile(r"(list\[|dict\[str, ?)(?P<inner>[\w.]+)\]")
# `list[… | None]`, and what stands in it for the usual type of the elements.
_ARRAY = re.compile(r"(?:list|Sequence)\[(?P<element>.*)\]")
_OR_NONE = re.compile(r"\s*\|\s*None$|^None\s*\|\s*")
USUAL = "..."
_HINT = 'write it as "module.Class", or "str" for PostgreSQL\'s text'
_HINT_OF_NONE = (
    '"list[str | None]" is for the elements of an array; whether a value itself can be'
    ' NULL, the schema says, or AS "column?" in a query'
)


def element_target(target: str) -> str | None:
    """Return the element type `str` of `list[str | None]`; None for other types."""
    found = _ARRAY.fullmatch(target.strip())
    return _OR_NONE.sub("", found["element"].strip()) if found else None


def element_of(type_: PgType) -> PgType:
    """Return the element type of an array; any other type unchanged."""
    while isinstance(type_, ArrayType):
        type_ = type_.element
    return type_


def base_of(type_: PgType) -> PgType:
    """Return the base type of a type, without arrays and domains."""
    while isinstance(type_, (ArrayType, DomainType)):
        type_ = type_.element if isinstance(type_, ArrayType) else type_.base
    return type_


def leaf_of(type_: PgType) -> PgType:
    """Return a type's innermost element type, also through domains over arrays."""
    while True:
        inner = type_
        while isinstance(inner, DomainType):
            inner = inner.base
        if not isinstance(inner, ArrayType):
            return type_
        type_ = inner.element


def is_json(type_: PgType) -> bool:
    """Return True if values of the base type are JSON documents."""
    return type_.schema == "pg_catalog" and type_.name in ("json", "jsonb")


def read_override(spec: OverrideSpec, type_: PgType) -> Override | Diagnostic:
    """Return the override of a type or column, or the error in it."""
    base = base_of(type_)
    python = _python(spec.target)
    references = _references(spec)
    if python is None or references is None:
        hint = _HINT_OF_NONE if "None" in spec.target else _HINT
        return _misfit(spec, f'"{spec.target}" names no class', hint)
    kind = _kind(spec, element_of(type_), base, python)
    if isinstance(kind, Diagnostic):
        return kind
    load, dump = references
    return Override(
        python=python,
        kind=kind,
        base=base.oid,
        load=load,
        dump=dump,
        place=spec.place,
    )


def _kind(
    spec: OverrideSpec, type_: PgType, base: PgType, python: PyType
) -> OverrideKind | Diagnostic:
    if spec.target in _TEXT_CLASSES:
        return _text(spec, base)
    plain = spec.load is None and spec.dump is None
    match base:
        case EnumType() if plain:
            return OverrideKind.ENUM
        case BaseType() if plain and is_json(base):
            return OverrideKind.JSON
        case CompositeType():
            return _misfit(
                spec,
                f"{base.sql} is a row, and has a class of its own",
                f'name that class: [package.rename] "{base.sql}" = "…"; or override'
                f' its fields: "{base.sql}.{base.fields[0].name}"',
            )
        case _ if isinstance(python, Generic):
            return _misfit(
                spec,
                f"a value of type {type_.sql} is no {python.symbol.name}",
                "list[…] and dict[str, …] are for JSON; of an array, name what it"
                " holds",
            )
        case _:
            return OverrideKind.OBJECT


def _text(spec: OverrideSpec, base: PgType) -> OverrideKind | Diagnostic:
    known = None if spec.target == "str" else _NUMBERS
    if spec.target == "float":
        known = _FRACTIONS
    if known is not None and base.name not in known:
        return _misfit(
            spec,
            f"{base.sql} cannot be read as {spec.target}",
            '"str" takes any type as PostgreSQL writes it',
        )
    if spec.load or spec.dump:
        return _misfit(
            spec,
            f"{spec.target} needs no load and no dump",
            "leave them out, or name a class of yours",
        )
    return OverrideKind.TEXT


def _python(target: str) -> PyType | None:
    if target in _TEXT_CLASSES:
        return Named(_TEXT_CLASSES[target])
    if collection := _COLLECTION.fullmatch(target):
        inner = _python(collection["inner"])
        if inner is None:
            return None
        if target.startswith("list"):
            return Generic(builtin("list"), (inner,))
        return Generic(builtin("dict"), (Named(builtin("str")), inner))
    if not _DOTTED.fullmatch(target):
        return None
    module, _, name = target.rpartition(".")
    return Named(Symbol(module=module, name=name))


def _references(spec: OverrideSpec) -> tuple[Reference | None, Reference | None] | None:
    found: list[Reference | None] = []
    for path in (spec.load, spec.dump):
        if path is None:
            found.append(None)
        elif reference := _reference(path):
            found.append(reference)
        else:
            return None
    load, dump = found
    return load, dump


def _reference(path: str) -> Reference | None:
    """Parse `myapp.money.Cents.of`: classes begin with a capital, modules do not."""
    if path in _TEXT_CLASSES:
        return Reference(symbol=_TEXT_CLASSES[path])
    if not _DOTTED.fullmatch(path):
        return None
    words = path.split(".")
    *modules, last = words
    at = next((i for i, w in enumerate(modules) if i and w[:1].isupper()), None)
    if at is None:
        return Reference(symbol=Symbol(module=".".join(modules), name=last))
    return Reference(
        symbol=Symbol(module=".".join(words[:at]), name=words[at]),
        attribute=".".join(words[at + 1 :]),
    )


def _misfit(spec: OverrideSpec, message: str, hint: str) -> Diagnostic:
    return error("invalid-override", message, span=spec.place, hint=hint)
