# ruff: noqa: ANN401 -- values of every type pass through here
"""Conversions between the driver's values and the classes that the user chose.

`Converted("text[]", Email)` is a type name that also holds the Python class of its
values. Such a type has its own adapters, registered under an oid that no database
assigns. The adapters also convert values inside arrays, domains and ranges.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import psycopg
from psycopg import postgres
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.pq import Format

from .builtin_types import loader
from .errors import SchemaChanged
from .exact_types import NoPythonValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from psycopg.abc import AdaptContext, Buffer

# Oids of converted types count down from here.
LAST_OID: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Part:
    """A type inside a JSON document.

    Attributes:
        load: function that makes a value from its text.
        oid: oid of the type, or of a domain's base type.
    """

    load: Callable[[Buffer], Any]
    oid: int


class Converted(str):
    """Name of a type whose values are converted to a class of the user.

    Attributes:
        python: the class, or another annotation such as `list[Item]`.
        of: the inner type whose values are converted; of an array, the element type.
        whole: True if the value as a whole is converted.
        load: makes an object from the driver's value.
        dump: makes the driver's value from an object; a class leaves its instances as
            they are.
        binary: True if values can be transferred in binary.
        parts: names of the types inside a document.
    """

    __slots__ = ("dump", "load", "of", "python")

    parts: tuple[str, ...] = ()
    whole: ClassVar[bool] = False
    binary: ClassVar[bool] = True

    python: Any
    of: str
    load: Callable[[Any], Any]
    dump: Callable[[Any], Any] | None

    def __new__(
        cls,
        name: str,
        python: Any,
        *,
        of: str | None = None,
        load: Callable[[Any], Any] | None = None,
        dump: Callable[[Any], Any] | None = None,
    ) -> Self:
        """Return the type name with its conversion; see the attributes."""
        made = super().__new__(cls, name)
        made.python = python
        made.of = of or name.removesuffix("[]")
        made.load = load or python
        made.dump = dump
        return made

    @property
    def inner(self) -> str:
        """Name of the type that is converted, which can be a conversion itself."""
        return str(self)

    def loading(
        self,
        load: Callable[[Buffer], Any],
        oid: int,  # noqa: ARG002 -- of use to other kinds
        format_: Format,  # noqa: ARG002 -- as above
        parts: Sequence[Part] = (),  # noqa: ARG002 -- as above
    ) -> Callable[[Buffer], Any]:
        """Return the function of the loader.

        Args:
            load: the driver's loader of the type.
            oid: oid of the base type.
            format_: text or binary.
            parts: loaders of the types in `parts`.
        """
        make = self.load
        return lambda data: make(load(data))

    def dumping(
        self,
        dump: Callable[[Any], Buffer | None],
        oid: int,  # noqa: ARG002 -- of use to other kinds
        format_: Format,  # noqa: ARG002 -- as above
    ) -> Callable[[Any], Buffer | None]:
        """Return the function of the dumper.

        Args:
            dump: the driver's dumper of the type.
            oid: oid of the base type.
            format_: text or binary.
        """
        make = self.dump
        if make is None:
            return lambda value: dump(self.checked(value))
        if isinstance(make, type):
            base = make
            return lambda value: dump(
                value if isinstance(self.checked(value), base) else base(value)
            )
        return lambda value: dump(make(self.checked(value)))

    def checked(self, value: Any) -> Any:
        """Return the value if it is an instance of the class.

        Raises:
            TypeError: the value is of another class.
        """
        if isinstance(self.python, type) and not isinstance(value, self.python):
            raise TypeError
        return value


class AsText(Converted):
    """Name of a type whose values Python makes from PostgreSQL's text.

    Examples are `AsText("numeric", float)`, and `str`, which accepts any type.
    """

    __slots__ = ()

    binary = False

    def loading(
        self,
        load: Callable[[Buffer], Any],  # noqa: ARG002 -- the text is what is loaded
        oid: int,  # noqa: ARG002 -- as for all types
        format_: Format,  # noqa: ARG002 -- it is text
        parts: Sequence[Part] = (),  # noqa: ARG002 -- as for all types
    ) -> Callable[[Buffer], Any]:
        """Return a function that makes an object from the text."""
        make = self.load
        return lambda data: make(bytes(data).decode())

    def dumping(
        self,
        dump: Callable[[Any], Buffer | None],  # noqa: ARG002 -- as above
        oid: int,  # noqa: ARG002 -- as above
        format_: Format,  # noqa: ARG002 -- as above
    ) -> Callable[[Any], Buffer | None]:
        """Return a function that makes the text of an object."""
        return lambda value: str(self.checked(value)).encode()

    def checked(self, value: Any) -> Any:
        """Return the value if it is of the class; accept an int for a float."""
        if self.python is float and type(value) is int:
            return value
        return super().checked(value)


class Context:
    """Context for psycopg's adapters: a map of adapters and a connection."""

    def __init__(
        self, adapters: AdaptersMap, connection: psycopg.BaseConnection[Any] | None
    ) -> None:
        self._adapters = adapters
        self._connection = connection

    @property
    def adapters(self) -> AdaptersMap:
        """The run time's adapters, not those of the connection."""
        return self._adapters

    @property
    def connection(self) -> psycopg.BaseConnection[Any] | None:
        """The connection, for its encoding and time zone."""
        return self._connection


def register_conversion(
    adapters: AdaptersMap,
    name: Converted,
    oid: int,
    *,
    sent: int,
    read: int,
    inside: Sequence[int],
    parts: Sequence[tuple[int, int]] = (),
) -> None:
    """Register the adapters of a converted type.

    Args:
        adapters: the map to register with.
        name: the type.
        oid: the oid under which the adapters are registered.
        sent: oid of the type that is sent.
        read: oid of the type in results: for a domain, its base type.
        inside: oids of the converted type and of the types that it is a domain over,
            the base type last; empty if the value as a whole is converted.
        parts: for each part of the name, the oid under which its adapters are
            registered, and the oid of its base type.
    """
    for format_ in Format:
        attributes = {"oid": oid, "format": format_, "name": name, "inside": inside}
        reading = {**attributes, "base": read, "parts": parts}
        adapters.register_loader(oid, type("Converting", (_Loader,), reading))
        adapters.register_dumper(
            None, type("Converting", (_Dumper,), {**attributes, "base": sent})
        )


def _around(context: AdaptContext | None) -> AdaptContext:
    return context or Context(postgres.adapters, None)


class _Loader(Loader):
    base: int
    name: Converted
    inside: Sequence[int]
    parts: Sequence[tuple[int, int]]

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        around = _around(context)
        if not self.inside or self.base in self.inside:
            self._load = self._converting(self.base, around)
            return
        adapters = AdaptersMap(around.adapters)
        for part in self.inside:
            made = loader(self._converting(part, around), self.format)
            adapters.register_loader(part, made)
        within = Context(adapters, around.connection)
        self._load = _exact_load(self.base, self.format, within)

    def _converting(self, oid: int, context: AdaptContext) -> Callable[[Buffer], Any]:
        exact = _exact_load(oid, self.format, context)
        base = self.inside[-1] if self.inside else oid
        parts = [
            Part(_exact_load(adapter, Format.TEXT, context), part)
            for adapter, part in self.parts
        ]
        load = self.name.loading(exact, base, self.format, parts)
        name = self.name

        def convert(data: Buffer) -> Any:
            try:
                return load(data)
            except (psycopg.Error, SchemaChanged):
                raise
            except Exception:  # noqa: BLE001 -- a class may raise all kinds of them
                # Their texts would show the data.
                raise NoPythonValue(
                    f"a value of type {name} is no {_name(name.python)}"
                ) from None

        return convert

    def load(self, data: Buffer) -> Any:
        return self._load(data)


def _exact_load(
    oid: int, format_: Format, context: AdaptContext
) -> Callable[[Buffer], Any]:
    made = context.adapters.get_loader(oid, format_)
    if made is None:
        # The loader is never requested in this format.
        return bytes
    return made(oid, context).load


def display_name(name: str) -> str:
    """Return a type's name for messages: `jsonb of Settings`."""
    if not isinstance(name, Converted):
        return name
    return f"{name} of {_name(name.python)}"


def _name(python: Any) -> str:
    return python.__name__ if isinstance(python, type) else str(python)


class _Dumper(Dumper):
    base: int
    name: Converted
    inside: Sequence[int]

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        around = _around(context)
        if not self.inside or self.base in self.inside:
            self._dump = self._converting(self.base, around)
            return
        adapters = AdaptersMap(around.adapters)
        for part in self.inside:
            dump = self._converting(part, around)
            attributes = {
                "oid": part,
                "format": self.format,
                "dump": staticmethod(dump),
            }
            adapters.register_dumper(None, type("Part", (Dumper,), attributes))
        within = Context(adapters, around.connection)
        self._dump = _exact_dump(self.base, self.format, within)

    def _converting(
        self, oid: int, context: AdaptContext
    ) -> Callable[[Any], Buffer | None]:
        exact = _exact_dump(oid, self.format, context)
        base = self.inside[-1] if self.inside else oid
        return self.name.dumping(exact, base, self.format)

    def dump(self, obj: Any) -> Buffer | None:
        return self._dump(obj)


def _exact_dump(
    oid: int, format_: Format, context: AdaptContext
) -> Callable[[Any], Buffer | None]:
    return context.adapters.get_dumper_by_oid(oid, format_)(NoneType, context).dump
