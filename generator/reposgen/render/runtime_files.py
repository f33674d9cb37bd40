"""Modules of the run time that are copied for `runtime = "vendored"`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import reposgen_runtime
from reposgen.render.literals import header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# Parsing all of the modules would take longer than rendering one that changed.
_IMPORT = re.compile(
    r"^[ \t]*from (?P<dots>\.+)(?P<module>[\w.]*) import"
    r" (?:\((?P<several>[^)]*)\)|(?P<names>[^\n]*))",
    re.MULTILINE,
)
_NAME = re.compile(r"(?:^|,)\s*(\w+)")
_RUNTIME = Path(reposgen_runtime.__file__).resolve().parent


def runtime_files(used: Iterable[str]) -> Mapping[str, str]:
    """Return the texts of the used modules and of all modules that they import.

    Args:
        used: modules that generated code imports: `runtime`, `runtime.aio`.
    """
    found: dict[str, str] = {}
    pending = list(used)
    while pending:
        module = pending.pop()
        path = _path(module)
        source = _source(path)
        if path in found or not source.is_file():
            continue
        text = source.read_bytes().decode()
        # Every file of the output says itself that it is generated.
        origin = f"reposgen_{path}"
        found[path] = f"{header(origin)}\n{text}"
        # A module's packages are imported before it.
        pending += [
            module.rpartition(".")[0] or module,
            *_imported(module, found[path]),
        ]
    return dict(sorted(found.items()))


def _source(path: str) -> Path:
    """Return the file of `reposgen_runtime` that is copied to a path of the output."""
    return _RUNTIME / path.partition("/")[2]


def _path(module: str) -> str:
    place = module.replace(".", "/")
    if _source(place).is_dir():
        return f"{place}/__init__.py"
    return f"{place}.py"


def _imported(module: str, text: str) -> Iterator[str]:
    """Yield the modules that a module imports relatively, at any place."""
    package = module if _path(module).endswith("/__init__.py") else _parent(module)
    for found in _IMPORT.finditer(text):
        base = package
        for _ in found["dots"][1:]:
            base = _parent(base)
        source = f"{base}.{found['module']}" if found["module"] else base
        yield source
        names = found["several"] or found["names"]
        yield from (f"{source}.{name}" for name in _NAME.findall(names))


def _parent(module: str) -> str:
    return module.rpartition(".")[0]
