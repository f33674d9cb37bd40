"""What the stage `database` hands on: a server, and the migrations for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from reposgen.diagnostics import note
from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from reposgen.diagnostics import Diagnostic, SourceFile

Progress = Callable[[str], None]
"""Called with what is going on, before each step that takes time: `starting …`."""
OpenServer: TypeAlias = "Callable[[str, Progress, str], AbstractContextManager[Server]]"
"""Opens a server by its url, and what the url is called in messages."""

# To be changed with the way in which migrations are applied, so that databases kept
# from before are not taken for theirs.
_APPLIED_AS = b"3"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A PostgreSQL server that answers.

    Attributes:
        conninfo: a connection string for psycopg. It may hold a password: never
            print it, print `name`.
        name: for messages: `PostgreSQL 18.4 (embedded)`, `… at db.example:5432`.
        version: as libpq counts it: 180004.
        embedded: databases may be kept on it from one run to the next: the server
            is this run's alone, and nothing else than its release decides what it has.
        private: the server is this run's alone.
        stand_ins: extensions that are declarations alone there.
        notes: what the user is told about it.
    """

    conninfo: str = field(repr=False)
    name: str
    version: int
    embedded: bool = False
    private: bool = False
    stand_ins: tuple[str, ...] = ()
    notes: tuple[Diagnostic, ...] = ()

    def notes_for(self, extensions: Iterable[str]) -> Sequence[Diagnostic]:
        """Return a note if a schema uses extensions that are declarations alone."""
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
    """A stretch of a file that holds whole statements: `start` included, `end` not."""

    source: SourceFile
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters of the stretch."""
        return self.source.text[self.start : self.end]


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationFile:
    r"""One file of a schema.

    Attributes:
        path: as in diagnostics.
        parts: what is applied, in order; several where the file includes others (`\i`).
        place: on the disk; None if the text came from elsewhere.
    """

    path: str
    parts: tuple[Part, ...]
    place: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Migrations:
    """The files that make up one schema.

    Attributes:
        files: in the order in which they are applied.
        diagnostics: warnings about what is not read.
        search_path: the setting of the database that they are applied to; empty
            leaves the server's default.
    """

    files: tuple[MigrationFile, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    search_path: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """A name for exactly these texts in this order: 32 hexadecimal digits."""
        digest = hashlib.sha256(_APPLIED_AS)
        digest.update(repr(self.search_path).encode("utf-8", "surrogatepass"))
        for file in self.files:
            text = "".join(part.text for part in file.parts)
            data = text.encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(data))
            digest.update(data)
        return digest.hexdigest()[:32]
