"""Every kind of method, for two tenants, as a role that may not see both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest
from reposgen_runtime.errors import (
    NotFound,
    PermissionDenied,
    StaleRow,
    TenantRequired,
)
from golden_output.tenants import Database, sync
from psycopg import sql
from psycopg.conninfo import make_conninfo


@contextmanager
def unprivileged(url: str) -> Iterator[str]:
    role = f"golden_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        try:
            yield make_conninfo(url, user=role)
        finally:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


async def run_async(url: str) -> None:
    one, two = uuid4(), uuid4()
    with unprivileged(url) as role:
        async with Database.open(role) as db:
            notes = db.notes
            with pytest.raises(TenantRequired, match=r"^notes.list_notes: no tenant"):
                await notes.list_notes()
            async with db.tenant(two):
                foreign = await notes.add_note(title="two's own")
            async with db.tenant(one):
                own = await notes.add_note(title="a")
                assert own.tenant_id == one
                assert await notes.add_and_get_id(title="b") > own.id
                assert await notes.get_note(id=own.id) == own
                with pytest.raises(NotFound):
                    await notes.get_note(id=foreign.id)
                assert await notes.find_note(id=foreign.id) is None
                assert [n.title for n in await notes.list_notes()] == ["a", "b"]
                assert await notes.count_notes() == 2
                assert [n.title async for n in notes.stream_notes()] == ["a", "b"]
                page = await notes.page_of_notes(limit=1, total=True)
                assert (page.items, page.total) == ([own], 2)
                page = await notes.page_of_notes(limit=9, after=page.next)
                assert [n.title for n in page.items] == ["b"]
                await notes.touch(id=foreign.id)
                assert (await notes.mark_all()).rows == 2
                own = await notes.retitle(title="c", id=own.id, version=1)
                with pytest.raises(StaleRow):
                    await notes.retitle(title="d", id=own.id, version=1)
                with pytest.raises(NotFound):
                    await notes.retitle(title="d", id=foreign.id, version=1)
                assert await notes.import_notes(["d", "e"]) == 2
                assert [n.tenant_id for n in await notes.import_and_return(["f"])] == [
                    one
                ]
                exported = notes.export_notes(header=False)
                assert b"".join([b async for b in exported]) == b"c\nb\nd\ne\nf\n"
                assert await notes.touch_each([own.id, foreign.id]) == [1, 0]
                with pytest.raises(NotFound):
                    await notes.get_each([own.id, foreign.id])
                assert await notes.find_each([own.id, foreign.id]) == [["c"], []]
                with pytest.raises(PermissionDenied):
                    await notes.smuggle(tenant_id=two)
                assert await notes.rename_all(title="x") == 5
                await notes.vacuum_notes()
                async with db.transaction():
                    assert (await notes.lock_note(id=own.id)).id == own.id
                    with pytest.raises(NotFound):
                        await notes.lock_note(id=foreign.id)
                    async with db.savepoint():
                        assert await notes.count_notes() == 5
            async with db.tenant(two):
                assert await notes.list_notes() == [foreign]


def run_sync(url: str) -> None:
    one, two = uuid4(), uuid4()
    with unprivileged(url) as role, sync.Database.open(role) as db:
        notes = db.notes
        with pytest.raises(TenantRequired):
            notes.list_notes()
        with db.tenant(two):
            foreign = notes.add_note(title="two's own")
        with db.tenant(one):
            own = notes.add_note(title="a")
            with pytest.raises(NotFound):
                notes.get_note(id=foreign.id)
            assert notes.import_notes(["b"]) == 1
            assert [note.title for note in notes.stream_notes()] == ["a", "b"]
            assert notes.find_each([own.id, foreign.id]) == [["a"], []]
            with db.transaction():
                assert notes.rename_all(title="x") == 2
        explicit = sync.NoteRepository(db.tenant(two))
        assert explicit.list_notes() == [foreign]
