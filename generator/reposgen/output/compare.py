"""What on disk differs from what would be generated, and why."""

from __future__ import annotations

import difflib
import os
import stat
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, Severity, error
from reposgen.models import dataclass
from reposgen.output.manifest import NAME as MANIFEST
from reposgen.output.manifest import digest, read_manifest, with_manifest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Cause(StrEnum):
    """Why a file is not as it would be generated."""

    MISSING = "missing"
    OUTDATED = "out of date"
    EDITED = "edited by hand"
    STALE = "no longer generated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file that generating changes.

    Attributes:
        path: as the user would type it.
        diff: from what is there to what would be, unified.
    """

    path: str
    cause: Cause
    diff: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The output directory beside what would be generated.

    Attributes:
        changes: sorted by path.
        foreign: files in the directory that are not reposgen's, as the user would
            type them.
    """

    changes: tuple[Change, ...]
    foreign: tuple[str, ...]

    @property
    def fresh(self) -> bool:
        """Generating would change nothing."""
        return not self.changes and not self.foreign

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """An error for each foreign file, a warning for each edited one."""
        foreign = (
            error(
                "foreign-file",
                "the output directory holds a file that reposgen did not write",
                path=path,
                hint="the directory is generated as a whole: move the file elsewhere",
            )
            for path in self.foreign
        )
        edited = (
            Diagnostic(
                code="edited-file",
                message="the file was edited by hand; what was written there is lost",
                severity=Severity.WARNING,
                path=change.path,
                hint="change the queries or the schema instead",
            )
            for change in self.changes
            if change.cause is Cause.EDITED
        )
        return (*foreign, *edited)


def compare(
    directory: Path,
    files: Mapping[str, str],
    *,
    versions: Mapping[str, str],
    shown: str,
) -> Comparison:
    """Compare, without changing anything.

    Args:
        directory: the output directory, which need not exist.
        files: texts by path below it.
        versions: what the manifest states: `{"reposgen": "0.1.0"}`.
        shown: the directory as the user would type it.

    Raises:
        ReposgenError: the manifest cannot be understood.
    """
    return compare_contents(directory, with_manifest(files, versions), shown=shown)


def count_unchanged(directory: Path, manifest: str, *, shown: str) -> int | None:
    """How many files there are, if they are what was written with that manifest.

    Args:
        directory: the output directory.
        manifest: the digest of the manifest as it was written.
        shown: the directory as the user would type it.

    Returns:
        None if anything was changed since, added or removed.
    """
    present = dict(_present(directory))
    written = present.pop(MANIFEST, None)
    if written is None or digest(written) != manifest:
        return None
    found = {path: digest(data) for path, data in present.items() if data is not None}
    owned = read_manifest(directory, shown).files
    fresh = found == owned and len(found) == len(present)
    return len(found) + 1 if fresh else None


def compare_contents(
    directory: Path, contents: Mapping[str, bytes], *, shown: str
) -> Comparison:
    """Compare with the contents of all files, the manifest's included."""
    owned = read_manifest(directory, shown).files
    present = dict(_present(directory))
    changes = []
    foreign = []
    for path in sorted({*contents, *present}):
        place = f"{shown}/{path}"
        new = contents.get(path)
        if path not in present:
            changes.append(_change(place, Cause.MISSING, b"", new))
            continue
        old = present[path]
        if old is not None and old == new:
            continue
        if path == MANIFEST:
            changes.append(_change(place, Cause.OUTDATED, old, new))
        elif path not in owned:
            foreign.append(place)
        elif old is None or digest(old) != owned[path]:
            changes.append(_change(place, Cause.EDITED, old, new))
        else:
            cause = Cause.STALE if new is None else Cause.OUTDATED
            changes.append(_change(place, cause, old, new))
    return Comparison(changes=tuple(changes), foreign=tuple(foreign))


def _present(directory: Path) -> Iterator[tuple[str, bytes | None]]:
    """The files below the directory; None for what is no regular file."""
    for folder, folders, names in os.walk(directory):
        below = Path(folder)
        folders[:] = [name for name in folders if name != "__pycache__"]
        # A link to a folder is not walked into: what is there is not here.
        links = [name for name in folders if (below / name).is_symlink()]
        for name in (*names, *links):
            path = below / name
            if path.suffix == ".pyc":
                continue
            regular = stat.S_ISREG(path.lstat().st_mode)
            yield (
                path.relative_to(directory).as_posix(),
                path.read_bytes() if regular else None,
            )


def _change(place: str, cause: Cause, old: bytes | None, new: bytes | None) -> Change:
    diff = difflib.unified_diff(
        _lines(old),
        _lines(new),
        fromfile=place,
        tofile=f"{place} (generated)",
        lineterm="",
    )
    return Change(path=place, cause=cause, diff="\n".join(diff))


def _lines(content: bytes | None) -> list[str]:
    return (content or b"").decode("utf-8", "replace").split("\n")
