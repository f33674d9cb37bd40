# ruff: noqa: ANN401 -- values of every type pass through here
"""Values as the user's classes: between what the driver has and what was chosen.

A name such as `Converted("text[]", Email)` is the type's name, and says besides what
its values are in Python. Such a type has adapters of its own, under a number that no
database gives to a type; they reach the values inside of arrays, domains and ranges.
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

# Numbers that stand for converted types count down from here.
LAST_OID: Final = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Part:
    """A type inside of a document.

    Attributes:
        load: makes a value of the text of one.
        oid: of the type, or of what it is a domain over.
    """

    load: Callable[[Buffer], Any]
    oid: int


class Converted(str):
    """The name of a type whose values are of a class of the user's.

    Attributes:
        python: the class, or what else it was called with: `list[Item]`.
        of: the type inside of this one that is meant; the elements' of an array.
        whole: the value as it is, whatever is inside.
        load: makes an object of the driver's value.
        dump: makes the driver's value of an object; a class leaves its own alone.
        binary: values can travel in binary.
        parts: names of the types inside of a document.
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
        """See the attributes."""
        made = super().__new__(cls, name)
        made.python = python
        made.of = of or name.removesuffix("[]")
        made.load = load or python
        made.dump = dump
        return made

    @property
    def inner(self) -> str:
        """The name of what is converted, which may say more as well."""
        return str(self)

    def loading(
        self,
        load: Callable[[Buffer], Any],
        oid: int,  # noqa: ARG002 -- of use to other kinds
        format_: Format,  # noqa: ARG002 -- as above
        parts: Sequence[Part] = (),  # noqa: ARG002 -- as above
    ) -> Callable[[Buffer], Any]:
        """The loader's function.

        Args:
            load: the driver's.
            oid: of the base type.
            format_: text or binary.
            parts: the types of `parts`.
        """
        make = self.load
        return lambda data: make(load(data))

    def dumping(
        self,
        dump: Callable[[Any], Buffer | None],
        oid: int,  # noqa: ARG002 -- of use to other kinds
        format_: Format,  # noqa: ARG002 -- as above
    ) -> Callable[[Any], Buffer | None]:
        """The dumper's function, as `loading`."""
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
        """The value, if it is of the class.

        Raises:
            TypeError: it is not.
        """
        if isinstance(self.python, type) and not isinstance(value, self.python):
            raise TypeError
        return value


class AsText(Converted):
    """The name of a type whose values Python makes of PostgreSQL's text.

    Such as `AsText("numeric", float)`; `str` takes any type as it is written.
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
        """From the text."""
        make = self.load
        return lambda data: make(bytes(data).decode())

    def dumping(
        self,
        dump: Callable[[Any], Buffer | None],  # noqa: ARG002 -- as above
        oid: int,  # noqa: ARG002 -- as above
        format_: Format,  # noqa: ARG002 -- as above
    ) -> Callable[[Any], Buffer | None]:
        """To the text."""
        return lambda value: str(self.checked(value)).encode()

    def checked(self, value: Any) -> Any:
        """As Python has it: where a float is expected, an int will do."""
        if self.python is float and type(value) is int:
            return value
        return super().checked(value)


class Context:
    """What psycopg's adapters want to know of where they work."""

    def __init__(
        self, adapters: AdaptersMap, connection: psycopg.BaseConnection[Any] | None
    ) -> None:
        self._adapters = adapters
        self._connection = connection

    @property
    def adapters(self) -> AdaptersMap:
        """Ours, not the connection's."""
        return self._adapters

    @property
    def connection(self) -> psycopg.BaseConnection[Any] | None:
        """For its encoding and time zone."""
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
    """Give a converted type adapters.

    Args:
        adapters: where.
        name: the type.
        oid: the number that stands for it.
        sent: oid of the type that is sent.
        read: oid of the type that a result has for it: of a domain, the base.
        inside: oids of the type that is converted, and of those that it is a domain
            over, the base type last; empty where it is the value as a whole.
        parts: of each of the name's parts, what its adapters are found by, and the oid
            of its base type.
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
        # In this format it is never asked for.
        return bytes
    return made(oid, context).load


def display_name(name: str) -> str:
    """A type as messages call it: `jsonb of Settings`."""
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
