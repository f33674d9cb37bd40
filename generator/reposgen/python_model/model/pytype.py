"""Python names and types, as a closed set of classes that are rendered to text last."""

from __future__ import annotations

from reposgen.models import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Symbol:
    """A name and the module that it is imported from.

    Attributes:
        module: `datetime`; of a generated module its path in the output directory:
            `runtime.aio`, `demo.models`.
        generated: True if the module is part of the output and imported relatively.
    """

    module: str
    name: str
    generated: bool = False


def builtin(name: str) -> Symbol:
    """Return a builtin name, which needs no import unless the module shadows it."""
    return Symbol(module="builtins", name=name)


def testing(name: str) -> Symbol:
    """Return a name from reposgen's support for tests."""
    return Symbol(module="reposgen.testing.factories", name=name)


def runtime(name: str, module: str = "runtime") -> Symbol:
    """Return a name from the run time."""
    return Symbol(module=module, name=name, generated=True)


DATACLASS = Symbol(module="dataclasses", name="dataclass")
DEFINE = Symbol(module="attrs", name="define")
STRUCT = Symbol(module="msgspec", name="Struct")
BASE_MODEL = Symbol(module="pydantic", name="BaseModel")
CONFIG_DICT = Symbol(module="pydantic", name="ConfigDict")
JSON_VALUE = Symbol(module="pydantic", name="JsonValue")
FINAL = Symbol(module="typing", name="Final")
ANY = Symbol(module="typing", name="Any")
PROTOCOL = Symbol(module="typing", name="Protocol")
LITERAL = Symbol(module="typing", name="Literal")
STR_ENUM = Symbol(module="enum", name="StrEnum")
OPEN_ENUM = runtime("OpenEnum", "runtime.enums")
STATEMENT = runtime("Statement")
COPY_INTO = runtime("CopyInto")
BUFFERING = runtime("Buffering")
OPTIMISTIC = runtime("Optimistic")
CACHED = runtime("Cached")
ROWS = runtime("Rows")
ARGUMENT = runtime("Argument")
EACH_OF = runtime("EachOf")
RESULT = runtime("Result")
PACKAGE = runtime("Package")
SECRET = runtime("Secret", "runtime.secret")
HIDDEN = runtime("Hidden", "runtime.secret")
CONVERTED = runtime("Converted", "runtime.conversions")
AS_TEXT = runtime("AsText", "runtime.conversions")
JSON_OF = runtime("JsonOf", "runtime.documents")
SHAPED = runtime("Shaped", "runtime.shapes")
OBJECT_OF = runtime("ObjectOf", "runtime.shapes")
LIST_OF = runtime("ListOf", "runtime.shapes")
ARRAY_OF = runtime("ArrayOf", "runtime.shapes")
OR_NONE = runtime("OrNone", "runtime.shapes")
COMPOSITE = runtime("Composite")
UNSET = runtime("UNSET")
UNSET_TYPE = runtime("Unset")
VARIANTS = runtime("Variants")
OPTIONAL_CLAUSE = runtime("OptionalClause")
REQUIRE_ANY = runtime("RequireAny")
ORDER_BY = runtime("OrderBy")
ORDERING = runtime("Ordering")
KEY = runtime("Key")
PAGE = runtime("Page")
NOTIFICATION = runtime("Notification")
INVALID_PAYLOAD = runtime("InvalidPayload")
NONE = builtin("None")
PROPERTY = builtin("property")


@dataclass(frozen=True, slots=True)
class Named:
    """A class: `UUID`."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class Generic:
    """A parametrized class: `list[UUID]`."""

    symbol: Symbol
    arguments: tuple[PyType, ...]


@dataclass(frozen=True, slots=True)
class Union:
    """A union: `IPv4Address | IPv6Address | None`.

    Attributes:
        members: the members; none of them is a union or None.
    """

    members: tuple[PyType, ...]
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class OneOf:
    """A choice of strings: `Literal["title", "-title"]`."""

    values: tuple[str, ...]
    symbol: Symbol = LITERAL


@dataclass(frozen=True, slots=True)
class Nothing:
    """The type of `None`."""


PyType = Named | Generic | Union | OneOf | Nothing


def nullable(type_: PyType) -> PyType:
    """Return `type_ | None`."""
    match type_:
        case Union():
            return Union(type_.members, nullable=True)
        case Nothing():
            return type_
        case _:
            return Union((type_,), nullable=True)
