"""Atomic replacement of the output directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.diagnostics import ReposgenError, Severity, error
from reposgen.output.compare import NOTHING_WRITTEN, compare_contents
from reposgen.output.files import ignored_files, normalised
from reposgen.output.manifest import with_manifest
from reposgen.posix import alone_in, synced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.output.compare import Comparison


def replace(
    directory: Path,
    files: Mapping[str, str],
    *,
    versions: Mapping[str, str],
    shown: str,
    written: Mapping[str, str] = NOTHING_WRITTEN,
) -> Comparison:
    """Replace the contents of the output directory with these files.

    Unchanged files keep their modification time and inode. If the replacement fails,
    the directory is unchanged. If the machine stops during the replacement, the next
    call repairs the directory.

    Args:
        directory: the output directory; created with its parents if missing.
        files: texts by path in the directory.
        versions: versions in the manifest: `{"reposgen": "0.1.0"}`.
        shown: the directory as the user would type it.
        written: digests by path, as reposgen last wrote the files on this machine.

    Returns:
        The differences that existed before.

    Raises:
        ReposgenError: the directory contains files that reposgen did not write, or
            cannot be written.
    """
    # Behind a link lies what is to be replaced, not the link.
    target = directory.resolve()
    contents = with_manifest(files, versions)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with alone_in(target.parent):
            _recover(target)
            found = compare_contents(target, contents, shown=shown, written=written)
            errors = [d for d in found.diagnostics if d.severity is Severity.ERROR]
            if errors:
                raise ReposgenError(errors)
            if found.changes:
                _swap(target, contents)
            return found
    except OSError as problem:
        raise ReposgenError(
            [
                error(
                    "unwritable-output",
                    f"the output directory cannot be written: {problem.strerror}",
                    path=shown,
                    hint=f"make {_concerned(problem, target)} a folder that you may"
                    " write to, or choose another directory in [output]",
                )
            ]
        ) from problem


def _concerned(problem: OSError, target: Path) -> str:
    place = Path(problem.filename or target)
    return target.parent.name if _new(target) in (place, *place.parents) else place.name


def _new(target: Path) -> Path:
    return target.with_name(f".{target.name}.new")


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _recover(target: Path) -> None:
    """Undo the changes of an interrupted run."""
    if _old(target).exists() and not target.exists():
        _old(target).rename(target)
    for leftover in (_old(target), _new(target)):
        if leftover.exists():
            shutil.rmtree(leftover)


def _swap(target: Path, contents: Mapping[str, bytes]) -> None:
    new, old = _new(target), _old(target)
    try:
        _fill(new, target, contents)
        if target.exists():
            shutil.copymode(target, new)
            target.rename(old)
        new.rename(target)
    except BaseException:
        _recover(target)
        raise
    synced(target.parent)
    if old.exists():
        shutil.rmtree(old)


def _fill(new: Path, target: Path, contents: Mapping[str, bytes]) -> None:
    new.mkdir()
    for path, content in contents.items():
        place, present = new / path, target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        unchanged = (
            present.is_file()
            and not present.is_symlink()
            and normalised(present.read_bytes()) == content
        )
        if unchanged:
            _keep(present, place)
        else:
            _write(place, content)
    for left in ignored_files(target):
        place = new / left.relative_to(target)
        # It may lie in a folder that is no longer generated.
        if place.parent.is_dir():
            _carry_over(left, place)
    for folder, _, _ in os.walk(new):
        synced(Path(folder))


def _keep(present: Path, place: Path) -> None:
    try:
        os.link(present, place)
    except OSError:
        # A file system without links: at least the time stays.
        shutil.copy2(present, place)


def _carry_over(left: Path, place: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.copytree(left, place, symlinks=True)
    else:
        shutil.copy2(left, place, follow_symlinks=False)


def _write(place: Path, content: bytes) -> None:
    with place.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
