"""What `reposgen db` knows of migrations: files, records of them, and their states."""

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
    """Which way a file is run."""

    UP = "up"
    DOWN = "down"


class State(StrEnum):
    """How a file stands to its record."""

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
        data: the lines that follow a COPY; None for all other statements.
    """

    statement: Statement
    data: str | None = None


@dataclass(frozen=True, kw_only=True)
class Migration:
    """One file of a package's schema.

    Attributes:
        place: on the disk.
        version: what its name begins with: `0007`; None if the name has none.
        repeatable: it is applied again whenever it has changed.
    """

    file: MigrationFile
    place: Path
    version: str | None
    repeatable: bool

    @property
    def path(self) -> str:
        """As in messages and records: relative to the project."""
        return self.file.path

    @property
    def numbers(self) -> tuple[int, ...] | None:
        """What the version is compared by."""
        return None if self.version is None else version_numbers(self.version)

    @property
    def sources(self) -> tuple[SourceFile, ...]:
        """The file, and those that it includes."""
        return tuple(dict.fromkeys(part.source for part in self.file.parts))

    @cached_property
    def sha256(self) -> str:
        """Of the whole text with LF line ends, and of what it includes."""
        return digest_of(source.text for source in self.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A row of the table `reposgen.migrations`.

    Attributes:
        package: the package that applied the file.
        duration: in seconds.
        adopted_from: the tool that had applied the file; None: reposgen applied it.
        running: which way the file was being run when that was interrupted; None:
            it has been applied.
        done: how many statements are known to be done, of an interrupted file.
        begun: whether the next one was begun and may be done.
        done_sha256: of the statements that are done.
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
    """A file and its record, at least one of them, and how they agree."""

    path: str
    state: State
    migration: Migration | None = None
    record: Record | None = None


def digest_of(texts: Iterable[str]) -> str:
    """Return the SHA-256 of texts, one after the other."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
