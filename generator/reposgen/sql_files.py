"""Paths, folders and patterns of the configuration → `.sql` files, in their order."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A migration's version: 0007, 20240131120000, 2024-01-31, 1.10, and Flyway's V1_10.
_VERSION = re.compile(r"[vVbB]?(\d+(?:[._-]\d+)*)(?!\d)")
_FLYWAY = re.compile(r"(?P<kind>[VURB])(?P<version>[\d._]*)__.+\.sql$", re.IGNORECASE)
_FLYWAY_CALLBACK = re.compile(r"(before|after)Migrate(?:__.+)?\.sql$", re.IGNORECASE)
_WILDCARDS: Final = "*?["
# In a folder of its own (Prisma, drizzle) a migration has this name.
_PER_FOLDER: Final = "migration.sql"


@dataclass(frozen=True, slots=True, kw_only=True)
class AmbiguousOrder:
    """Two files of which nobody can tell which comes first.

    Attributes:
        versioned: its name begins with a version.
        other: its name does not.
    """

    versioned: Path
    other: Path


def is_pattern(path: str) -> bool:
    """Return whether a path of the configuration is a glob pattern."""
    return any(character in path for character in _WILDCARDS)


def watched_path(path: str) -> str:
    """Return the file or folder whose changes can change what a path names."""
    parts = Path(path).parts
    fixed = (
        [not is_pattern(part) for part in parts].index(False)
        if is_pattern(path)
        else None
    )
    return str(Path(*parts[:fixed]))


def sql_files(root: Path, written: str) -> tuple[Path, ...]:
    """Return the `.sql` files that a path of the configuration names.

    Args:
        root: the folder of the configuration file.
        written: a file, a folder or a pattern (`db/**/*.sql`), relative to `root` or
            absolute. A folder means the files in it, and `migration.sql` in each of
            its folders. A file is returned even if it does not exist.

    Returns:
        The files as migration tools order them: by version where names begin with one,
        else by name. The ways down (`*.down.sql`, `U1__*.sql`) are left out, and so
        are the versions that a baseline of Flyway's (`B10__*.sql`) stands for.
    """
    path = root / written
    if is_pattern(written) and not path.exists():
        found = [file for file in _glob(root, written) if _is_sql(file)]
    elif path.is_dir():
        inside = [file for file in path.iterdir() if _is_sql(file)]
        nested = [folder / _PER_FOLDER for folder in _folders(path)]
        found = [*inside, *(file for file in nested if file.is_file())]
    else:
        found = [] if _is_way_down(path) else [path]
    kept = found if path.is_file() else _behind_baseline(found)
    return tuple(sorted(kept, key=lambda file: _order(file, root)))


def skipped_folders(root: Path, written: str) -> tuple[Path, ...]:
    """Return the folders in a folder whose `.sql` files are not read."""
    path = root / written
    if not path.is_dir():
        return ()
    return tuple(
        folder
        for folder in _folders(path)
        if not (folder / _PER_FOLDER).is_file()
        and any(_is_sql(file) for file in folder.rglob("*"))
    )


def ambiguous_order(files: Sequence[Path]) -> AmbiguousOrder | None:
    """Return two files of one folder whose order is unclear, if there are any.

    Names with and without a version in one folder are in order only if sorting them
    as text puts the versions in order too.
    """
    folders: dict[Path, list[Path]] = {}
    for file in files:
        entry = _entry(file)
        folders.setdefault(entry.parent, []).append(entry)
    for entries in folders.values():
        versioned = [entry for entry in entries if _version(entry.name) is not None]
        others = [
            entry
            for entry in entries
            if _version(entry.name) is None and not _is_flyway(entry.name)
        ]
        by_text = sorted(versioned, key=lambda entry: entry.name)
        if others and by_text != sorted(versioned, key=_entry_order):
            return AmbiguousOrder(versioned=by_text[0], other=others[0])
    return None


def _behind_baseline(files: Sequence[Path]) -> list[Path]:
    """Flyway's newest baseline in place of the versions up to it."""
    baselines = [file for file in files if _is_kind(file, "B")]
    if not baselines:
        return list(files)
    newest = max(baselines, key=lambda file: _version(file.name) or ())
    return [
        file
        for file in files
        if file == newest
        or not (_is_kind(file, "B") or _is_kind(file, "V"))
        or (_version(file.name) or ()) > (_version(newest.name) or ())
    ]


def _is_kind(file: Path, kind: str) -> bool:
    flyway = _FLYWAY.match(file.name)
    return flyway is not None and flyway["kind"].upper() == kind


def version_text(file: Path) -> str | None:
    """Return the version that a migration's name begins with: `0007`, `1_10`."""
    name = _entry(file).name
    found = _VERSION.match(name)
    return found[1] if found and _version(name) is not None else None


def version_numbers(text: str) -> tuple[int, ...] | None:
    """Return what versions are compared by: `0007` is (7,), `1_10` is (1, 10)."""
    return _version(text) if _VERSION.fullmatch(text) else None


def is_repeatable(file: Path) -> bool:
    """Return whether a file is one of Flyway's that are applied again when changed."""
    flyway = _FLYWAY.match(file.name)
    return bool(flyway and flyway["kind"].upper() == "R" and not flyway["version"])


def way_down_files(file: Path) -> tuple[Path, ...]:
    """Return the files that can take a migration back, as tools name them."""
    stem = file.name[: -len(file.suffix)]
    if file.name == _PER_FOLDER:
        named = [file.with_name("down.sql")]
    else:
        bare = re.sub(r"\.up$", "", stem, flags=re.IGNORECASE)
        named = [file.with_name(f"{bare}.{way}.sql") for way in ("down", "undo")]
    flyway = _FLYWAY.match(file.name)
    if flyway and flyway["kind"].upper() == "V":
        same = _version(file.name)
        named += [
            other
            for other in sorted(file.parent.glob("[uU]*__*.sql"))
            if _version(f"V{other.name[1:]}") == same
        ]
    return tuple(path for path in named if path.is_file())


def _entry(file: Path) -> Path:
    """Return the name with a migration's version: the file's, or its folder's."""
    return file.parent if file.name == _PER_FOLDER else file


def _glob(root: Path, written: str) -> Iterable[Path]:
    pattern = Path(written)
    if pattern.is_absolute():
        return Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
    return root.glob(written)


def _folders(path: Path) -> Iterator[Path]:
    # An entry knows whether it is a folder, and is not asked about one by one.
    with os.scandir(path) as entries:
        names = [entry.name for entry in entries if _is_folder(entry)]
    yield from sorted(path / name for name in names if not name.startswith("."))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link to itself, for example: whoever reads it says so.
        return False


def _is_sql(file: Path) -> bool:
    return (
        file.suffix.lower() == ".sql"
        and not file.name.startswith(".")
        and not _is_way_down(file)
        and not file.is_dir()
    )


def _is_way_down(file: Path) -> bool:
    return _is_kind(file, "U") or file.name.lower().endswith((".down.sql", ".undo.sql"))


def _order(file: Path, root: Path) -> tuple[object, ...]:
    try:
        parts = file.relative_to(root).parts
    except ValueError:
        parts = file.parts
    return tuple(_name_order(part) for part in parts)


def _entry_order(entry: Path) -> tuple[object, ...]:
    return _name_order(entry.name)


def _is_flyway(name: str) -> bool:
    return bool(_FLYWAY.match(name) or _FLYWAY_CALLBACK.match(name))


def _name_order(name: str) -> tuple[object, ...]:
    """By version, then the rest as text; Flyway's repeatable files come last.

    Its callbacks come before and after all others.
    """
    if callback := _FLYWAY_CALLBACK.match(name):
        return (-1 if callback[1].lower() == "before" else 3, (), name)
    flyway = _FLYWAY.match(name)
    if flyway and flyway["kind"].upper() == "R" and not flyway["version"]:
        return (2, (), name)
    version = _version(name)
    return (1, (), name) if version is None else (0, version, name)


def _version(name: str) -> tuple[int, ...] | None:
    found = _VERSION.match(name)
    # A word may begin with a v, as a name may.
    if found is None or (name[0] in "vVbB" and not _FLYWAY.match(name)):
        return None
    numbers = [int(number) for number in re.split(r"[._-]", found[1])]
    # 1.0 is 1.
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)
