"""Without a synchronous half."""

from __future__ import annotations

from golden_output.async_only import AddNotesParams, Database, Note, NoteRepository
from psycopg import AsyncConnection


async def run(url: str) -> None:
    async with Database.open(url) as db:
        assert await db.notes.add_notes([AddNotesParams(1, "a")]) == 1
        assert await db.notes.get_note(id=1) == Note(1, "a")
    async with await AsyncConnection.connect(url) as connection:
        repository = NoteRepository(connection)
        assert [note async for note in repository.stream_notes()] == [Note(1, "a")]
