# Derived from ../aio/test_documents.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `documents`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from generated.collaboration import (
    DocumentOperationsOperationTypeCheckViolation,
    SharedDocumentsTitleCheckViolation,
)
from tests.systems.collaboration.sync._compat import at_once
from tests.systems.collaboration.sync.work import NOBODY, new_document, new_workspace

from reposgen_runtime.errors import ConditionFailed, NotFound, StaleRow

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.collaboration.models import DocumentOperation
    from generated.collaboration.sync import Database

HOUR = timedelta(hours=1)


def record(db: Database, document: UUID, path: str = "/1") -> DocumentOperation:
    return db.documents.record_operation(
        document_id=document,
        operation_type="insert",
        path=path,
        value={"text": "a line"},
        agent_id="ada",
        vector_clock={"ada": 2},
        applied_at=None,
    )


def test_create_and_get(db: Database) -> None:
    room = new_workspace(db)
    made = new_document(db, room.id)
    assert (made.workspace_id, made.tenant_id) == (room.id, room.tenant_id)
    assert (made.title, made.content) == ("Findings", "None so far.")
    assert made.vector_clock == {"ada": 1}
    assert (made.version, made.last_sequence, made.lock_owner) == (1, 0, None)
    assert (made.created_by, made.last_modified_by) == ("ada", "ada")
    assert db.documents.get(id=made.id) == made


def test_what_is_not_there(db: Database) -> None:
    room = new_workspace(db)
    with pytest.raises(NotFound):
        db.documents.get(id=NOBODY)
    with pytest.raises(NotFound):
        new_document(db, NOBODY)
    with pytest.raises(NotFound):
        record(db, NOBODY)
    with pytest.raises(NotFound):
        db.documents.update_with_lock(
            id=NOBODY, lock_owner="ada", expected_version=1, title="Gone"
        )
    assert db.documents.soft_delete(id=NOBODY) == 0
    db.workspaces.soft_delete(id=room.id)
    with pytest.raises(NotFound):
        new_document(db, room.id)


def test_what_is_refused(db: Database) -> None:
    made = new_document(db, (new_workspace(db)).id)
    with pytest.raises(SharedDocumentsTitleCheckViolation):
        db.documents.update_with_lock(
            id=made.id, lock_owner="ada", expected_version=1, title=""
        )
    with pytest.raises(DocumentOperationsOperationTypeCheckViolation):
        db.documents.record_operation(
            document_id=made.id,
            operation_type="",
            path="/",
            value=None,
            agent_id="ada",
            vector_clock={},
            applied_at=None,
        )
    # The refused operation left no gap.
    assert (record(db, made.id)).sequence == 1


def test_list_by_workspace(db: Database) -> None:
    room, attic = new_workspace(db), new_workspace(db, "Attic")
    made = [new_document(db, room.id) for _ in range(5)]
    new_document(db, attic.id)
    db.documents.soft_delete(id=made[2].id)
    first = db.documents.list_by_workspace(workspace_id=room.id, limit=3)
    rest = db.documents.list_by_workspace(
        workspace_id=room.id, limit=3, after=first.next
    )
    assert [*first.items, *rest.items] == [made[4], made[3], made[1], made[0]]


def test_update_of_the_expected_version(db: Database) -> None:
    made = new_document(db, (new_workspace(db)).id)
    changed = db.documents.update_with_lock(
        id=made.id, lock_owner="bob", expected_version=1, content="A leak."
    )
    assert (changed.content, changed.title) == ("A leak.", "Findings")
    assert (changed.version, changed.last_modified_by) == (2, "bob")
    with pytest.raises(StaleRow):
        db.documents.update_with_lock(
            id=made.id, lock_owner="ada", expected_version=1, content="Lost."
        )
    again = db.documents.update_with_lock(
        id=made.id,
        lock_owner="ada",
        expected_version=2,
        title="Report",
        content="# A leak",
        content_type="text/plain",
        vector_clock={"ada": 2, "bob": 1},
    )
    assert (again.title, again.content_type) == ("Report", "text/plain")
    assert db.documents.get(id=made.id) == again


def test_a_lock_keeps_others_from_changing(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    made = new_document(db, (new_workspace(db)).id)
    until = db.documents.acquire_lock(agent_id="bob", duration=HOUR, id=made.id)
    assert until is not None
    assert db.documents.acquire_lock(agent_id="ada", duration=HOUR, id=made.id) is None
    with pytest.raises(ConditionFailed):
        db.documents.update_with_lock(
            id=made.id, lock_owner="ada", expected_version=1, content="Lost."
        )
    changed = db.documents.update_with_lock(
        id=made.id, lock_owner="bob", expected_version=1, content="Kept."
    )
    assert (changed.content, changed.lock_owner) == ("Kept.", "bob")
    # A lock that has expired keeps nobody.
    admin.execute("UPDATE shared_documents SET lock_expires_at = now() - interval '1s'")
    db.documents.update_with_lock(
        id=made.id, lock_owner="ada", expected_version=2, content="Mine."
    )
    assert db.documents.renew_lock(duration=HOUR, id=made.id, agent_id="bob") is None
    assert db.documents.acquire_lock(agent_id="ada", duration=HOUR, id=made.id)


def test_renew_and_release_a_lock(db: Database) -> None:
    made = new_document(db, (new_workspace(db)).id)
    until = db.documents.acquire_lock(agent_id="bob", duration=HOUR, id=made.id)
    longer = db.documents.renew_lock(duration=2 * HOUR, id=made.id, agent_id="bob")
    assert until is not None
    assert longer is not None
    assert longer - until > 0.9 * HOUR
    assert db.documents.release_lock(id=made.id, agent_id="ada") == 0
    assert db.documents.release_lock(id=made.id, agent_id="bob") == 1
    free = db.documents.get(id=made.id)
    assert (free.lock_owner, free.lock_expires_at) == (None, None)


def test_one_of_many_gets_the_lock(db: Database) -> None:
    made = new_document(db, (new_workspace(db)).id)
    agents = [f"agent-{number}" for number in range(6)]
    results = at_once(
        *(
            lambda agent=agent: db.documents.acquire_lock(
                agent_id=agent, duration=HOUR, id=made.id
            )
            for agent in agents
        )
    )
    (holder,) = [
        agent for agent, until in zip(agents, results, strict=True) if until is not None
    ]
    assert (db.documents.get(id=made.id)).lock_owner == holder


def test_operations_are_numbered_without_gaps(db: Database) -> None:
    made = new_document(db, (new_workspace(db)).id)
    results = at_once(
        *(lambda path=f"/{n}": record(db, made.id, path) for n in range(12))
    )
    assert sorted(operation.sequence for operation in results) == list(range(1, 13))
    assert (db.documents.get(id=made.id)).last_sequence == 12
    found = db.documents.list_operations(document_id=made.id, since=4, limit=5)
    by_sequence = {operation.sequence: operation for operation in results}
    assert found == [by_sequence[sequence] for sequence in range(5, 10)]


def test_pending_operations(db: Database) -> None:
    made = new_document(db, (new_workspace(db)).id)
    operations = [record(db, made.id) for _ in range(4)]
    pending = db.documents.list_pending_operations(document_id=made.id)
    assert pending == operations
    assert db.documents.mark_operations_applied(document_id=made.id, up_to=3) == 3
    assert db.documents.mark_operations_applied(document_id=made.id, up_to=3) == 0
    left = db.documents.list_pending_operations(document_id=made.id)
    assert left == operations[3:]


def test_soft_delete_hides(db: Database) -> None:
    made = new_document(db, (new_workspace(db)).id)
    assert db.documents.soft_delete(id=made.id) == 1
    with pytest.raises(NotFound):
        db.documents.get(id=made.id)
    assert db.documents.acquire_lock(agent_id="ada", duration=HOUR, id=made.id) is None
