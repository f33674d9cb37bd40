"""The last run that found nothing wrong, so that the same one need not be made again.

Only for databases that the inputs tell everything of: the embedded server is made and
filled from them alone. What stands behind a URL or an image's name may have changed.

A run says itself which paths it read, so that the next one need not validate its
configuration to find that nothing changed.
"""

from __future__ import annotations

import hashlib
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
        paths: the paths that it read.
        output: the output directory, relative to the project's folder or absolute.
        files: digests of the files that it wrote, by path.
        diagnostics: its warnings.
    """

    inputs: str
    paths: tuple[str, ...]
    output: str
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


def input_paths(config: Config) -> tuple[str, ...] | None:
    """Return the paths that a run reads; None if it also depends on something else."""
    if not config.digest or not config.database.url.startswith("embedded"):
        return None
    paths: list[str] = []
    for package in config.packages:
        if not package.schema_paths:
            return None
        paths += [*package.schema_paths, *package.queries]
        if package.statistics:
            paths.append(package.statistics)
    return tuple(paths)


def digest_inputs(
    settings: str, names: Sequence[str], root: Path, paths: Sequence[str]
) -> str | None:
    """Return a digest of a run's inputs, or None if a file cannot be read.

    Args:
        settings: digest of the configuration.
        names: of the packages asked for; none for all.
        root: the project's folder.
        paths: files, folders and patterns of the configuration.
    """
    digest = hashlib.sha256(tool_digest().encode())
    digest.update(repr((settings, list(names), list(paths))).encode())
    try:
        for path in paths:
            for line in _contents(root, path):
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
