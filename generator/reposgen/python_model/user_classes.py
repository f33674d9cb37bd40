"""Checks of the classes that the user names in overrides.

A class that cannot be imported during generation is not checked. Its module may need
dependencies that are not available, such as the generated package itself.
"""

from __future__ import annotations

import contextlib
import io
import sys
import warnings
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.python_model.model.pytype import Generic, Named
from reposgen.python_model.overrides import OverrideKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from reposgen.live_schema.model import EnumType
    from reposgen.python_model.model.pytype import PyType
    from reposgen.python_model.model.values import Reference
    from reposgen.python_model.overrides import Override


def check_classes(
    override: Override, root: Path | None, enum: EnumType | None
) -> Diagnostic | None:
    """Return an error if a class or function of an override is unsuitable, else None.

    Args:
        override: the override.
        root: the project's folder, which is added to the module search path.
        enum: the enum type that the class represents; None for other types.
    """
    with _importing(root):
        misfit = next(_misfits(override, enum), None)
    if misfit is None:
        return None
    message, hint = misfit
    return error("wrong-class", message, span=override.place, hint=hint)


def _misfits(override: Override, enum: EnumType | None) -> Iterator[tuple[str, str]]:
    for reference in (override.load, override.dump):
        if reference is not None:
            yield from _wrong_function(reference)
    for symbol in override.symbols:
        module = _imported(symbol.module)
        if module is None:
            return
        if not hasattr(module, symbol.name):
            yield _missing(symbol.module, symbol.name, module)
            return
        found: object = getattr(module, symbol.name)
        if not isinstance(found, type):
            yield (
                f"{symbol.module}.{symbol.name} is no class",
                "name the class that values become",
            )
            return
        if enum is not None and not _has_labels(found, enum):
            yield (
                f"{symbol.module}.{symbol.name} is no enum of the labels of {enum.sql}",
                f"its values must be {', '.join(enum.labels)}",
            )
    if override.kind is OverrideKind.JSON:
        yield from _no_document(override.python)


def _wrong_function(reference: Reference) -> Iterator[tuple[str, str]]:
    module = _imported(reference.symbol.module)
    if module is None:
        return
    found: object = module
    path = reference.symbol.module
    names = (reference.symbol.name, *filter(None, reference.attribute.split(".")))
    for name in names:
        if not hasattr(found, name):
            yield _missing(path, name, found)
            return
        found, path = getattr(found, name), f"{path}.{name}"
    if not callable(found):
        yield f"{path} cannot be called", "name a function, a method or a class"


def _missing(path: str, name: str, found: object) -> tuple[str, str]:
    meant = did_you_mean(name, dir(found))
    return (
        f"{path} has no {name}",
        f"did you mean {path}.{meant}?" if meant else f"is it in {path} by that name?",
    )


def _has_labels(found: type, enum: EnumType) -> bool:
    return issubclass(found, Enum) and {m.value for m in found} == {*enum.labels}


def _no_document(python: PyType) -> Iterator[tuple[str, str]]:
    # It brings the whole run time with it.
    from reposgen_runtime.structures import structure  # noqa: PLC0415 - as said

    try:
        structure(_annotation(python))
    except NameError as failed:
        what = f"an annotation of {_spelled(python)} names {failed.name}"
        yield (
            f"{what}, which is not there at run time",
            "import it outside of `if TYPE_CHECKING`",
        )
    except TypeError as failed:
        kinds = "a dataclass, TypedDict, pydantic model, msgspec Struct or attrs class"
        yield (
            f"{_spelled(python)} cannot be read from JSON: {failed}",
            f"name {kinds}; or load and dump",
        )


def _annotation(python: PyType) -> object:
    match python:
        case Named(symbol):
            found: object = getattr(import_module(symbol.module), symbol.name)
            return found
        case Generic(symbol, (argument,)):
            return list[_annotation(argument)]  # type: ignore[misc] # made at run time
        case Generic(_, (_, argument)):
            return dict[str, _annotation(argument)]  # type: ignore[misc] # as above
        case _:
            raise TypeError


def _spelled(python: PyType) -> str:
    match python:
        case Named(symbol):
            return f"{symbol.module}.{symbol.name}"
        case Generic(_, arguments):
            return _spelled(arguments[-1])
        case _:
            return ""


def _imported(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException:  # noqa: BLE001 -- the user's code may do anything, even exit
        return None


@contextlib.contextmanager
def _importing(root: Path | None) -> Iterator[None]:
    """Make modules of the project importable, and undo all traces of imports."""
    folders = [str(root), str(root / "src")] if root else []
    before = set(sys.modules)
    writes_no_bytecode = sys.dont_write_bytecode
    sys.path.extend(folders)
    sys.dont_write_bytecode = True
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            yield
    finally:
        sys.dont_write_bytecode = writes_no_bytecode
        for folder in folders:
            sys.path.remove(folder)
        for name in set(sys.modules) - before:
            # What may be changed before it is looked at again.
            if root and _is_below(sys.modules[name], root):
                del sys.modules[name]


def _is_below(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(root.resolve())
