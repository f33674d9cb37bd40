"""Which modules of the run time are copied."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from reposgen.render import runtime_files
from reposgen.render.runtime_files import _RUNTIME, _imported

if TYPE_CHECKING:
    from pathlib import Path


def imported_names(path: Path) -> set[tuple[int, str]]:
    """What Python itself finds: how many dots, and the module or name behind them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            module = f"{node.module}." if node.module else ""
            found |= {(node.level, f"{module}{alias.name}") for alias in node.names}
    return found


def test_every_relative_import_is_found() -> None:
    for path in sorted(_RUNTIME.rglob("*.py")):
        parts = path.relative_to(_RUNTIME.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        package = parts[:-1]
        expected = {
            ".".join((*package[: len(package) - level + 1], name))
            for level, name in imported_names(path)
        }
        found = set(_imported(module, path.read_text(encoding="utf-8")))
        assert expected <= found, module
        # The modules themselves are among them, and nothing else.
        assert found - expected <= {name.rpartition(".")[0] for name in expected}
    assert runtime_files.runtime_files(["runtime.aio"])
