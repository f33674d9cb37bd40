"""Imports of a module, derived from its model and sorted as by isort."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import fields, is_dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from reposgen.models import dataclass
from reposgen.python_model.model.elements import RowClass, Signature
from reposgen.python_model.model.modules import DatabaseAttribute, QueriesModule
from reposgen.python_model.model.pytype import Symbol
from reposgen.render.lines import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from reposgen.python_model.model.modules import AnyModule

# What the module of the other flavor is called, where statements are taken from it. No
# name of a user's begins with an underscore.
_STATEMENTS: Final = "_statements"
# dataclasses.fields is slow, and there are hundreds of nodes in a module.
_FIELD_NAMES: dict[type, tuple[str, ...]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import statement: `from module import names`.

    Attributes:
        module: the module as it is written, including leading dots.
        names: `Sequence`, or `date as date_`.
    """

    module: str
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        """The statement, broken as black breaks it."""
        line = f"from {self.module} import {', '.join(self.names)}"
        if len(line) <= LINE_LENGTH:
            return line
        names = "".join(f"    {name},\n" for name in self.names)
        return f"from {self.module} import (\n{names})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """Imports of a module.

    Attributes:
        sections: standard library, other libraries, the output itself; none is empty.
        names: the name of each symbol in the module.
    """

    sections: tuple[tuple[Import, ...], ...]
    names: Mapping[Symbol, str]


def imports_of(module: AnyModule, *, vendored: bool) -> Imports:
    """Return the imports of a module.

    Args:
        module: the module to render.
        vendored: True if the run time is part of the output.
    """
    symbols = set(_symbols(module))
    elsewhere = _statements_elsewhere(module)
    symbols -= elsewhere
    own = {s for s in symbols if s.generated and s.module == module_name(module.path)}
    taken = {s.name for s in own} | set(_attributes(module))
    names = {symbol: symbol.name for symbol in own}
    called = Counter(symbol.name for symbol in symbols if _is_of_package(symbol))
    for symbol in sorted(symbols - own, key=_claim):
        name = symbol.name
        if name in taken and is_runtime(symbol):
            name = f"Runtime{name}"
        elif called[name] > 1 and _is_of_package(symbol):
            name = f"{_camel(symbol.module)}{name}"
        while name in taken:
            name += "_"
        taken.add(name)
        names[symbol] = name
    sections = _sections(names, own, partial(_source, module.path, vendored))
    if not elsewhere:
        return Imports(sections=sections, names=names)
    names |= {symbol: f"{_STATEMENTS}.{symbol.name}" for symbol in elsewhere}
    return Imports(sections=_with_module(sections, elsewhere, module.path), names=names)


def _statements_elsewhere(module: AnyModule) -> set[Symbol]:
    """Return the statements of a module that the other flavor's module defines."""
    if not isinstance(module, QueriesModule) or module.queries:
        return set()
    return {method.statement for method in module.repository.methods}


def _with_module(
    sections: tuple[tuple[Import, ...], ...], statements: set[Symbol], path: str
) -> tuple[tuple[Import, ...], ...]:
    """Import the statements' module as a whole, so that new queries add no import."""
    (source,) = {symbol.module for symbol in statements}
    package, _, name = source.rpartition(".")
    found = Import(module=relative(package, path), names=(f"{name} as {_STATEMENTS}",))
    everything = [found, *(one for section in sections for one in section)]
    return _sectioned(everything)


def _claim(symbol: Symbol) -> tuple[int, Symbol]:
    """Return the sort key of a claim to a name: builtins, then the package's names."""
    if symbol.module == "builtins":
        return (0, symbol)
    return (1 if _is_of_package(symbol) else 2, symbol)


def is_runtime(symbol: Symbol) -> bool:
    """Return True if the symbol comes from the run time."""
    return symbol.generated and symbol.module.partition(".")[0] == "runtime"


def _is_of_package(symbol: Symbol) -> bool:
    return symbol.generated and not is_runtime(symbol)


def _camel(module: str) -> str:
    """Return `FlowVersions` for `demo.flow_versions`."""
    return module.rpartition(".")[2].title().replace("_", "")


def module_name(path: str) -> str:
    """Return the name that others import: `demo` for `demo.__init__`."""
    return path.removesuffix(".__init__")


def _symbols(node: object) -> Iterator[Symbol]:
    if isinstance(node, Symbol):
        yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from _symbols(item)
    else:
        for name in _field_names(type(node)):
            yield from _symbols(getattr(node, name))


def _attributes(node: object) -> Iterator[str]:
    """Yield names in class bodies, which hide the module's names from annotations."""
    match node:
        case RowClass():
            yield from (field.name for field in node.fields)
        case Signature() | DatabaseAttribute():
            yield node.name
        case tuple():
            for item in node:
                yield from _attributes(item)
        case _:
            for name in _field_names(type(node)):
                yield from _attributes(getattr(node, name))


def _field_names(kind: type) -> tuple[str, ...]:
    names = _FIELD_NAMES.get(kind)
    if names is None:
        names = tuple(f.name for f in fields(kind)) if is_dataclass(kind) else ()
        _FIELD_NAMES[kind] = names
    return names


def _source(path: str, vendored: bool, symbol: Symbol) -> str:
    """Return the module that a module at `path` imports a symbol from."""
    if is_runtime(symbol) and not vendored:
        return f"reposgen_{symbol.module}"
    return relative(symbol.module, path) if symbol.generated else symbol.module


def _sections(
    names: Mapping[Symbol, str], own: set[Symbol], source_of: Callable[[Symbol], str]
) -> tuple[tuple[Import, ...], ...]:
    plain: dict[str, list[str]] = {}
    aliased: list[Import] = []
    for symbol, name in names.items():
        if symbol in own or (symbol.module == "builtins" and symbol.name == name):
            continue
        source = source_of(symbol)
        if symbol.name == name:
            plain.setdefault(source, []).append(name)
        else:
            aliased.append(Import(module=source, names=(f"{symbol.name} as {name}",)))
    everything = aliased + [
        Import(module=source, names=tuple(sorted(members, key=_member_key)))
        for source, members in plain.items()
    ]
    return _sectioned(everything)


def _sectioned(everything: Sequence[Import]) -> tuple[tuple[Import, ...], ...]:
    sections: dict[int, list[Import]] = {}
    for statement in sorted(everything, key=_import_key):
        sections.setdefault(_section(statement.module), []).append(statement)
    return tuple(tuple(sections[number]) for number in sorted(sections))


def relative(module: str, path: str) -> str:
    """Return `demo.models` as written in `demo.sync.tasks`: `..models`."""
    here = path.split(".")[:-1]
    there = module.split(".")
    common = 0
    while here[common : common + 1] == there[common : common + 1] != []:
        common += 1
    return "." * (len(here) - common + 1) + ".".join(there[common:])


def _section(module: str) -> int:
    if module.startswith("."):
        return 2
    return 0 if module.partition(".")[0] in sys.stdlib_module_names else 1


def _import_key(statement: Import) -> tuple[object, ...]:
    dots = len(statement.module) - len(statement.module.lstrip("."))
    return (-dots, _natural(statement.module), _member_key(statement.names[0]))


def _member_key(name: str) -> tuple[object, ...]:
    base = name.partition(" ")[0]
    constant = len(base) > 1 and base.isupper()
    kind = 0 if constant else 1 if base[:1].isupper() else 2
    return (kind, _natural(base), _natural(name))


def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    parts: Iterable[str] = re.split(r"(\d+)", text.lower())
    return tuple((1, int(p), "") if p.isdecimal() else (0, 0, p) for p in parts if p)
