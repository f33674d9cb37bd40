"""Migrations of `reposgen db`: files, records of them, and their states."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from reposgen.models import dataclass
from reposgen.sql_files import version_numbers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from reposgen.database.model import MigrationFile
    from reposgen.diagnostics import SourceFile
    from reposgen.sql_source.statements import Statement


class Direction(StrEnum):
    """Direction in which a file is run."""

    UP = "up"
    DOWN = "down"


class State(StrEnum):
    """State of a file compared with its record."""

    APPLIED = "applied"
    PENDING = "pending"
    CHANGED = "changed"
    MISSING = "missing"
    OUT_OF_ORDER = "out of order"
    INTERRUPTED = "interrupted"
    TO_REPEAT = "changed, to be applied again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement of a file.

    Attributes:
        data: data lines after a COPY; None for other statements.
    """

    statement: Statement
    data: str | None = None


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file of a package's schema.

    Attributes:
        place: path on disk.
        version: version at the start of its name: `0007`; None if there is none.
        repeatable: True if it is applied again whenever it has changed.
    """

    file: MigrationFile
    place: Path
    version: str | None
    repeatable: bool

    @property
    def path(self) -> str:
        """Path in messages and records, relative to the project."""
        return self.file.path

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """Numbers by which versions are compared; None without a version."""
        return None if self.version is None else version_numbers(self.version)

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """The file, and the files that it includes."""
        return tuple(dict.fromkeys(part.source for part in self.file.parts))

    @cached_property
    def sha256(self) -> str:
        """Digest of the text with LF line ends, including that of included files."""
        return digest_of(source.text for source in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row of the table `reposgen.migrations`.

    Attributes:
        package: the package that applied the file.
        duration: duration in seconds.
        adopted_from: the tool that applied the file; None if reposgen did.
        running: direction of an interrupted run; None if the file was applied.
        done: number of statements of an interrupted file that are known to be done.
        begun: True if the next statement was begun, and can be done.
        done_sha256: digest of the statements that are done.
    """

    package: str
    path: str
    version: str | None
    sha256: str
    applied_at: datetime
    duration: float
    adopted_from: str | None
    running: Direction | None
    done: int
    begun: bool
    done_sha256: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The state of a file, of its record, or of both."""

    path: str
    state: State
    migration: Migration | None = None
    record: Record | None = None


def digest_of(texts: Iterable[str]) -> str:
    """Return the SHA-256 of concatenated texts."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
