"""The last run that found nothing wrong, so that the same one need not be made again.

Only for databases that the inputs tell everything of: the embedded server is made and
filled from them alone. What stands behind a URL or an image's name may have changed.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from reposgen.cache.tool import tool_digest
from reposgen.models import dataclass
from reposgen.sql_files import skipped_folders, sql_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from reposgen.cache.store import Store
    from reposgen.config import Config
    from reposgen.diagnostics import Diagnostic


_INCLUDES = re.compile(rb"^\\i", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a run came to.

    Attributes:
        inputs: a digest of all that it was made from.
        files: digests of the files that it wrote, by path.
        diagnostics: its warnings.
    """

    inputs: str
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


def digest_inputs(config: Config, names: Sequence[str]) -> str | None:
    """Return a digest of a run's inputs, or None if it also depends on something else.

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
        config.output.model_dump(mode="json"),
        list(names),
        [package.model_dump(mode="json") for package in config.packages],
    ]
    digest.update(json.dumps(settings).encode())
    for package in packages:
        if not package.schema_paths:
            return None
        try:
            for path in (config.file, *package.schema_paths, *package.queries):
                for line in _contents(config.root, path):
                    digest.update(line)
        except OSError:
            return None
    return digest.hexdigest()


def _contents(root: Path, path: str) -> Iterator[bytes]:
    """Yield the names and contents of a file, or of the .sql files in a folder.

    Raises:
        OSError: a file cannot be read, or includes others, which are not known here.
    """
    yield repr(skipped_folders(root, path)).encode("utf-8", "surrogateescape")
    for file in sql_files(root, path):
        content = file.read_bytes()
        if _INCLUDES.search(content):
            raise OSError
        yield f"{file} {len(content)}\n".encode("utf-8", "surrogateescape")
        yield content


def read_run(store: Store, name: str) -> Run | None:
    """Return the last run, or None."""
    run = store.read(name)
    return run if isinstance(run, Run) else None


def write_run(store: Store, name: str, run: Run) -> None:
    """Keep a run as the last one."""
    store.write(name, run)


def read_written(store: Store, name: str) -> Mapping[str, str]:
    """Return the digests of the files that were last written, by path, if known."""
    written = store.read(name)
    return written if isinstance(written, dict) else {}


def write_written(store: Store, name: str, files: Mapping[str, str]) -> None:
    """Keep the digests of the files that were last written."""
    store.write(name, dict(files))
