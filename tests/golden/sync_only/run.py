"""The synchronous code stands at the top."""

from __future__ import annotations

from golden_output.sync_only import AddNotesParams, Database, Note, NoteRepository
import psycopg


def run(url: str) -> None:
    with Database.open(url) as db:
        assert db.notes.add_notes([AddNotesParams(1, "a")]) == 1
        assert db.notes.get_note(id=1) == Note(1, "a")
    with psycopg.connect(url) as connection:
        assert list(NoteRepository(connection).stream_notes()) == [Note(1, "a")]
