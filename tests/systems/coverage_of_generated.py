"""Which lines of the generated repositories the systems' tests execute.

Every test of a system runs under coverage (the C tracer, limited to generated/,
costs next to nothing). Modules are imported before any test begins, so
only what stands in functions is looked at: methods, and the builders of rows.
"""

from __future__ import annotations

import ast
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERATED = Path(__file__).parents[2] / "generated"

_coverage = Coverage(
    data_file=None,
    config_file=False,
    include=[f"{GENERATED}/*"],
)


@contextmanager
def recording() -> Iterator[None]:
    """A block whose lines of generated code are recorded."""
    _coverage.start()
    try:
        yield
    finally:
        _coverage.stop()


def packages() -> list[str]:
    """The generated packages' names."""
    return sorted(
        path.name
        for path in GENERATED.iterdir()
        if path.is_dir() and path.name != "__pycache__"
    )


def missing_lines(package: str) -> list[str]:
    """Lines of functions that no recorded test executed, as `path:line`."""
    missing = []
    for path in sorted((GENERATED / package).rglob("*.py")):
        inside = lines_of_functions(path)
        _, _, _, lines, _ = _coverage.analysis2(str(path))
        missing += [
            f"{path.relative_to(GENERATED.parent).as_posix()}:{line}"
            for line in lines
            if line in inside
        ]
    return missing


def lines_of_functions(path: Path) -> set[int]:
    """The lines of all functions' bodies."""
    return {
        line
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
        # Protocols have no bodies to execute.
        if ast.unparse(statement) != "..."
        for line in range(statement.lineno, (statement.end_lineno or 0) + 1)
    }
