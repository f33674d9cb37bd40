"""The last run that found nothing wrong, so that the same one need not be made again.

Only for databases that the inputs tell everything of: the embedded server is made and
filled from them alone. What stands behind a URL or an image's name may have changed.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from reposgen.cache.tool import tool_digest
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reposgen.cache.store import Store
    from reposgen.config import Config
    from reposgen.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run came to.

    Attributes:
        inputs: a digest of all that it was made from.
        manifest: a digest of the manifest that it wrote.
        diagnostics: its warnings.
    """

    inputs: str
    manifest: str
    diagnostics: tuple[Diagnostic, ...]


def digest_inputs(config: Config, names: Sequence[str]) -> str | None:
    """A digest of all that a run is made from, or None if more has a say.

    Args:
        config: of the project.
        names: of the packages asked for; none for all.
    """
    packages = [p for p in config.packages if not names or p.name in names]
    if not config.database.url.startswith("embedded"):
        return None
    digest = hashlib.sha256()
    settings = [
        tool_digest(),
        str(config.root),
        config.database.url,
        config.output.directory,
        list(names),
        [package.model_dump(mode="json") for package in config.packages],
    ]
    digest.update(json.dumps(settings).encode())
    for package in packages:
        if not package.schema_paths:
            return None
        try:
            for path in (config.file, *package.schema_paths, *package.queries):
                for line in _contents(config.root / path):
                    digest.update(line)
        except OSError:
            return None
    return digest.hexdigest()


def _contents(path: Path) -> Iterator[bytes]:
    """The names and contents of a file, or of the .sql files in a folder."""
    files = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    for file in files:
        content = file.read_bytes()
        yield f"{file} {len(content)}\n".encode("utf-8", "surrogateescape")
        yield content


def read_run(store: Store, name: str) -> Run | None:
    """The last run, or None."""
    run = store.read(name)
    return run if isinstance(run, Run) else None


def write_run(store: Store, name: str, run: Run) -> None:
    """Keep a run as the last one."""
    store.write(name, run)
