"""Output of the stage `database`: a server, and migrations for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar

from reposgen.diagnostics import note
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from reposgen.diagnostics import Diagnostic, SourceFile
    from reposgen.sql_source.statements import Statement

# What is seen between the statements of a migration.
Seen = TypeVar("Seen")
Progress = Callable[[str], None]
"""Called with what is going on, before each step that takes time: `starting …`."""
OpenServer: TypeAlias = "Callable[[str, Progress, str], AbstractContextManager[Server]]"
"""Opens a server by its url, and what the url is called in messages."""

# To be changed with the way in which migrations are applied, so that databases kept
# from before are not taken for theirs.
_APPLIED_AS = b"3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server that accepts connections.

    Attributes:
        conninfo: a connection string for psycopg. It can contain a password: print
            `name` instead.
        name: name for messages: `PostgreSQL 18.4 (embedded)`, `… at db.example:5432`.
        version: version as libpq counts it: 180004.
        embedded: True if databases can be kept on it between runs: only this run uses
            the server, and its contents depend only on its release.
        private: True if only this run uses the server.
        stand_ins: extensions of which the server has only declarations.
        notes: notes for the user about the server.
    """

    conninfo: str = field(repr=False)
    name: str
    version: int
    embedded: bool = False
    private: bool = False
    stand_ins: tuple[str, ...] = ()
    notes: tuple[Diagnostic, ...] = ()

    def notes_for(self, extensions: Iterable[str]) -> Sequence[Diagnostic]:
        """Return a note if a schema uses extensions that are only declared."""
        used = [name for name in extensions if name in self.stand_ins]
        if not used:
            return ()
        return [
            note(
                "stand-in-extension",
                f"the embedded server has only declarations of {' and '.join(used)}:"
                " queries are analysed as usual, but few of the functions can be"
                " called",
                hint='the real extensions are on a server of url = "system" or of a'
                " docker image",
            )
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a file with whole statements: `start` included, `end` not."""

    source: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        """Text of the part."""
        return self.source.text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFile:
    r"""One file of a schema.

    Attributes:
        path: the path in diagnostics.
        parts: parts to apply, in order; several if the file includes others (`\i`).
        place: path on disk; None if the text does not come from a file.
    """

    path: str
    parts: tuple[Part, ...]
    place: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Migrations:
    """The files of one schema.

    Attributes:
        files: files in the order in which they are applied.
        diagnostics: warnings about files that are not read.
        search_path: search_path of the database that they are applied to; empty for the
            server's default.
    """

    files: tuple[MigrationFile, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    search_path: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """Digest of the texts and their order: 32 hexadecimal digits."""
        digest = hashlib.sha256(_APPLIED_AS)
        digest.update(repr(self.search_path).encode("utf-8", "surrogatepass"))
        for file in self.files:
            text = "".join(part.text for part in file.parts)
            data = text.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        return digest.hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[Seen]):
    """A statement of a migration.

    Attributes:
        transaction: number of its transaction in the file; statements of one
            transaction have the same. None if it cannot run in a transaction.
        before: what was seen before it ran.
        after: what was seen after it, in its transaction, or from outside while it
            ran; None if nothing was.
        tag: the server's command tag, such as `TRUNCATE TABLE`.
    """

    statement: Statement
    transaction: int | None
    before: Seen
    after: Seen | None
    tag: str
