"""Calls of every method of a generated package, with arguments made from its types."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import io
import pkgutil
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import psycopg

from reposgen_runtime import UNSET
from reposgen_runtime.errors import NotNullMissing, PermissionDenied, QueryRejected

if TYPE_CHECKING:
    from types import ModuleType

# Of a page, or how a call is ordered: they have a say in no statement.
PAGING = frozenset({"limit", "after", "before", "total", "sort"})
PLAIN: Mapping[object, object] = {
    str: "x",
    int: 1,
    float: 1.0,
    bool: True,
    bytes: b"x",
    UUID: UUID(int=7),
    datetime: datetime(2024, 1, 2, tzinfo=UTC),
    date: date(2024, 1, 2),
    time: time(1),
    timedelta: timedelta(1),
    Decimal: Decimal(1),
}


def repositories(package_name: str) -> Iterator[tuple[str, type[Any]]]:
    """Each query file's name and its repository, of a package such as `app.sync`."""
    package = importlib.import_module(package_name)
    for found in pkgutil.iter_modules(package.__path__):
        module: ModuleType = importlib.import_module(f"{package.__name__}.{found.name}")
        for name, kind in vars(module).items():
            if name.endswith("Repository") and kind.__module__ == module.__name__:
                yield found.name, kind


def value(  # noqa: PLR0911 - one for each kind of type
    type_: Any,  # noqa: ANN401 - of any type
    module: ModuleType,
) -> Any:  # noqa: ANN401 - as above
    """A value of a type that a method takes."""
    origin, arguments = typing.get_origin(type_), typing.get_args(type_)
    if origin is Literal:
        return arguments[0]
    if origin in (typing.Union, UnionType):
        members = [m for m in arguments if m not in (NoneType, type(UNSET))]
        return value(members[0], module)
    if origin in (Sequence, Iterable, list):
        return [value(arguments[0], module)]
    if origin in (dict, Mapping):
        return {}
    if isinstance(type_, typing.NewType):
        return value(type_.__supertype__, module)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return next(iter(type_))
    if dataclasses.is_dataclass(type_):
        hints = typing.get_type_hints(type_)
        fields = dataclasses.fields(type_)
        make: Any = type_
        return make(**{f.name: value(hints[f.name], module) for f in fields if f.init})
    return PLAIN.get(type_, {})


def call(connection: psycopg.Connection[Any], kind: type[Any], name: str) -> str | None:
    """Call a method, undo it, and return what was wrong with the schema.

    Returns:
        Empty if the call succeeds, None if it fails for another reason.
    """
    method = getattr(kind(connection), name)
    hints = typing.get_type_hints(method)
    module = importlib.import_module(kind.__module__)
    arguments = {
        parameter.name: value(hints[parameter.name], module)
        for parameter in inspect.signature(method).parameters.values()
        if parameter.default is parameter.empty or parameter.name not in PAGING
    }
    try:
        with connection.transaction(force_rollback=True):
            consume(method, arguments)
    except PermissionDenied:
        return None
    except (QueryRejected, NotNullMissing) as error:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - all else is the data's or the arguments'
        return None
    return ""


def consume(method: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
    result = method(**arguments)
    if type(result).__name__ == "Listener":
        return  # It would wait.
    if hasattr(result, "write_to"):
        result.write_to(io.BytesIO())
    elif hasattr(result, "__enter__"):
        with result as entered:
            list(entered)
    elif isinstance(result, Iterable):
        list(result)


def outcomes(conninfo: str, package: str) -> dict[tuple[str, str], str | None]:
    """What `call` says of all methods of a package, by file and name."""
    found: dict[tuple[str, str], str | None] = {}
    with psycopg.connect(conninfo) as connection:
        for file, kind in repositories(package):
            for name, member in vars(kind).items():
                if inspect.isfunction(member) and not name.startswith("_"):
                    found[file, name] = call(connection, kind, name)
    return found
