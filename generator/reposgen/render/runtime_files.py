"""The runtime modules that generated code needs, as they stand."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_RUNTIME = Path(__file__).resolve().parent.parent / "runtime"


def runtime_files(used: Iterable[str]) -> Mapping[str, str]:
    """The texts of the modules that are used, and of all that those import.

    Args:
        used: modules that generated code imports: `runtime`, `runtime.aio`.
    """
    found: dict[str, str] = {}
    pending = list(used)
    while pending:
        module = pending.pop()
        path = _path(module)
        if path in found or not (_RUNTIME.parent / path).is_file():
            continue
        found[path] = (_RUNTIME.parent / path).read_bytes().decode()
        # A module's packages are imported before it.
        pending += [
            module.rpartition(".")[0] or module,
            *_imported(module, found[path]),
        ]
    return dict(sorted(found.items()))


def _path(module: str) -> str:
    place = module.replace(".", "/")
    if (_RUNTIME.parent / place).is_dir():
        return f"{place}/__init__.py"
    return f"{place}.py"


def _imported(module: str, text: str) -> Iterator[str]:
    """The modules that a module imports relatively, wherever in it."""
    package = module if _path(module).endswith("/__init__.py") else _parent(module)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom) or node.level == 0:
            continue
        base = package
        for _ in range(node.level - 1):
            base = _parent(base)
        source = f"{base}.{node.module}" if node.module else base
        yield source
        yield from (f"{source}.{alias.name}" for alias in node.names)


def _parent(module: str) -> str:
    return module.rpartition(".")[0]
