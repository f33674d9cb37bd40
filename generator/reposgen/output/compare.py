"""Comparison of the files on disk with the generated ones."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from reposgen.diagnostics import Diagnostic, ReposgenError, Severity, error
from reposgen.models import dataclass
from reposgen.output.files import digest, normalised, owned_files, present_files
from reposgen.output.manifest import NAME as MANIFEST
from reposgen.output.manifest import manifest, versions_in, with_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NOTHING_WRITTEN: Mapping[str, str] = MappingProxyType({})


class Cause(StrEnum):
    """The reason why a file differs from the generated one."""

    MISSING = "missing"
    OUTDATED = "out of date"
    EDITED = "edited by hand"
    STALE = "no longer generated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A file that `generate` would change.

    Attributes:
        path: the path as the user would type it.
        diff: unified diff from the existing to the generated text.
        old: the existing text; None if there is no file.
        new: the generated text; None if there is no file.
    """

    path: str
    cause: Cause
    diff: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The result of comparing the output directory with the generated files.

    Attributes:
        changes: changed files, sorted by path.
        foreign: files in the directory that reposgen did not write, as the user would
            type them.
    """

    changes: tuple[Change, ...]
    foreign: tuple[str, ...]

    @property
    def fresh(self) -> bool:
        """True if `generate` would change nothing."""
        return not self.changes and not self.foreign

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """An error for each foreign file and a warning for each edited one."""
        foreign = (
            error(
                "foreign-file",
                "the output directory contains a file that reposgen did not write",
                path=path,
                hint="move the file: reposgen owns the whole directory",
            )
            for path in self.foreign
        )
        edited = (
            Diagnostic(
                code="edited-file",
                message="the file was edited by hand, and the edits are lost",
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
    written: Mapping[str, str] = NOTHING_WRITTEN,
) -> Comparison:
    """Compare the output directory with the generated files; change nothing.

    Args:
        directory: the output directory, which need not exist.
        files: texts by path in the directory.
        versions: versions in the manifest: `{"reposgen": "0.1.0"}`.
        shown: the directory as the user would type it.
        written: digests by path, as reposgen last wrote the files on this machine;
            a file that differs from its digest was edited by hand.
    """
    contents = with_manifest(files, versions)
    return compare_contents(directory, contents, shown=shown, written=written)


def count_unchanged(directory: Path, written: Mapping[str, str]) -> int | None:
    """Return the number of files if they are as written, else None.

    Args:
        directory: the output directory.
        written: digests by path, including that of the manifest.
    """
    present = present_files(directory)
    found = {path: digest(data) for path, data in present.items() if data is not None}
    fresh = found == written and len(found) == len(present)
    return len(found) if fresh else None


def compare_contents(
    directory: Path,
    contents: Mapping[str, bytes],
    *,
    shown: str,
    written: Mapping[str, str],
) -> Comparison:
    """Compare with the contents of all files, including the manifest.

    Raises:
        ReposgenError: the path of the directory is a file.
    """
    if directory.exists() and not directory.is_dir():
        raise ReposgenError(
            [
                error(
                    "unwritable-output",
                    "the output directory is a file",
                    path=shown,
                    hint="move the file, or choose another directory in [output]",
                )
            ]
        )
    present = present_files(directory)
    owned = owned_files(directory, present) | written.keys()
    changes = []
    foreign = []
    for path in sorted({*contents, *present}):
        place = f"{shown}/{path}"
        new = contents.get(path)
        if path not in present:
            changes.append(_change(place, Cause.MISSING, None, new))
            continue
        old = present[path]
        if old is not None and new is not None and normalised(old) == new:
            continue
        if path not in owned:
            foreign.append(place)
            continue
        changes.append(_change(place, _cause(path, old, new, written), old, new))
    is_alone = [change.path for change in changes] == [f"{shown}/{MANIFEST}"]
    if is_alone and _is_manifest(present.get(MANIFEST), contents[MANIFEST]):
        # Another version that writes the same code makes nothing stale. The manifest
        # keeps saying which one wrote it.
        changes = []
    return Comparison(changes=tuple(changes), foreign=tuple(foreign))


def _is_manifest(old: bytes | None, new: bytes) -> bool:
    """Return True if the old manifest differs from the new one only in its versions."""
    if old is None:
        return False
    versions = versions_in(old)
    return versions.keys() == versions_in(new).keys() and manifest(
        versions
    ) == normalised(old)


def _cause(
    path: str, old: bytes | None, new: bytes | None, written: Mapping[str, str]
) -> Cause:
    if path == MANIFEST:
        return Cause.OUTDATED
    if old is None or (path in written and digest(old) != written[path]):
        return Cause.EDITED
    return Cause.STALE if new is None else Cause.OUTDATED


def _change(place: str, cause: Cause, old: bytes | None, new: bytes | None) -> Change:
    import difflib  # noqa: PLC0415 -- few runs need it

    diff = difflib.unified_diff(
        _lines(old),
        _lines(new),
        fromfile=place,
        tofile=f"{place} (generated)",
        lineterm="",
    )
    return Change(
        path=place,
        cause=cause,
        diff="\n".join(diff),
        old=_text(old),
        new=_text(new),
    )


def _text(content: bytes | None) -> str | None:
    return None if content is None else normalised(content).decode("utf-8", "replace")


def _lines(content: bytes | None) -> list[str]:
    return (_text(content) or "").split("\n")
