# Derived from ../aio/test_workspaces.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `workspaces`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.collaboration import (
    WorkspaceActivityActionCheckViolation,
    WorkspaceMembersAgentIdFkeyViolation,
    WorkspaceMembersPkeyViolation,
    WorkspacesNameCheckViolation,
    WorkspacesOwnerIdFkeyViolation,
)
from generated.collaboration.models import MemberRole, WorkspaceActivity
from tests.systems.collaboration.sync._compat import at_once
from tests.systems.collaboration.sync.work import (
    NOBODY,
    TENANT,
    new_agent,
    new_workspace,
)
from tests.systems.databases import rows

from reposgen_runtime.errors import AlreadyExists, NotFound, StaleRow

if TYPE_CHECKING:
    import psycopg
    from generated.collaboration.models import Workspace
    from generated.collaboration.sync import Database


def test_create_and_get(db: Database) -> None:
    made = new_workspace(db, "War room")
    assert (made.tenant_id, made.name, made.owner_id) == (TENANT, "War room", "ada")
    assert (made.state, made.state_version) == ({"phase": "triage"}, 1)
    assert db.workspaces.get(id=made.id) == made
    member = db.workspaces.get_member(workspace_id=made.id, agent_id="ada")
    assert member is not None
    assert member.role is MemberRole.OWNER


def test_what_is_refused(db: Database) -> None:
    room = new_workspace(db)
    with pytest.raises(WorkspacesNameCheckViolation):
        new_workspace(db, "")
    with pytest.raises(WorkspacesOwnerIdFkeyViolation):
        db.workspaces.create(
            tenant_id=TENANT,
            name="Room",
            description=None,
            owner_id="nobody",
            state={},
            metadata={},
        )
    with pytest.raises(WorkspaceMembersAgentIdFkeyViolation):
        db.workspaces.add_member(
            agent_id="nobody",
            role=MemberRole.EDITOR,
            permissions=[],
            workspace_id=room.id,
        )
    with pytest.raises(WorkspaceActivityActionCheckViolation):
        db.workspaces.record_activity(
            workspace_id=room.id, agent_id="ada", action="", details={}
        )


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        db.workspaces.get(id=NOBODY)
    new_agent(db, "Ada")
    with pytest.raises(NotFound):
        db.workspaces.add_member(
            agent_id="ada", role=MemberRole.EDITOR, permissions=[], workspace_id=NOBODY
        )
    with pytest.raises(NotFound):
        db.workspaces.record_activity(
            workspace_id=NOBODY, agent_id="ada", action="looked", details={}
        )
    assert db.workspaces.get_member(workspace_id=NOBODY, agent_id="ada") is None
    assert db.workspaces.remove_member(workspace_id=NOBODY, agent_id="ada") == 0
    assert db.workspaces.soft_delete(id=NOBODY) == 0


def test_add_member_once(db: Database) -> None:
    room = new_workspace(db)
    new_agent(db, "Bob")
    member = db.workspaces.add_member(
        agent_id="bob",
        role=MemberRole.EDITOR,
        permissions=["invite"],
        workspace_id=room.id,
    )
    assert (member.role, member.permissions) == (MemberRole.EDITOR, ["invite"])
    found = db.workspaces.get_member(workspace_id=room.id, agent_id="bob")
    assert found == member
    with pytest.raises(WorkspaceMembersPkeyViolation) as caught:
        db.workspaces.add_member(
            agent_id="bob", role=MemberRole.ADMIN, permissions=[], workspace_id=room.id
        )
    assert isinstance(caught.value, AlreadyExists)
    activity = db.workspaces.list_activity(workspace_id=room.id)
    assert [(a.agent_id, a.action, a.details) for a in activity.items] == [
        ("bob", "member_added", {"role": "editor"})
    ]


def test_list_members_and_their_workspaces(db: Database) -> None:
    room = new_workspace(db, "War room")
    attic = new_workspace(db, "Attic")
    for name, role in (
        ("Bob", MemberRole.VIEWER),
        ("Cleo", MemberRole.ADMIN),
        ("Dora", MemberRole.VIEWER),
    ):
        agent = new_agent(db, name)
        db.workspaces.add_member(
            agent_id=agent.id, role=role, permissions=[], workspace_id=room.id
        )
    members = db.workspaces.list_members(workspace_id=room.id)
    assert [row.member.agent_id for row in members] == ["ada", "cleo", "bob", "dora"]
    assert [row.agent.name for row in members] == ["Ada", "Cleo", "Bob", "Dora"]
    both = db.workspaces.list_by_agent(tenant_id=TENANT, agent_id="ada")
    assert [workspace.name for workspace in both] == ["Attic", "War room"]
    db.workspaces.soft_delete(id=attic.id)
    one = db.workspaces.list_by_agent(tenant_id=TENANT, agent_id="ada")
    assert one == [room]


def test_remove_member_but_the_owner(db: Database) -> None:
    room = new_workspace(db)
    new_agent(db, "Bob")
    db.workspaces.add_member(
        agent_id="bob", role=MemberRole.EDITOR, permissions=[], workspace_id=room.id
    )
    assert db.workspaces.remove_member(workspace_id=room.id, agent_id="bob") == 1
    assert db.workspaces.get_member(workspace_id=room.id, agent_id="bob") is None
    assert db.workspaces.remove_member(workspace_id=room.id, agent_id="bob") == 0
    assert db.workspaces.remove_member(workspace_id=room.id, agent_id="ada") == 0
    activity = db.workspaces.list_activity(workspace_id=room.id)
    assert [a.action for a in activity.items] == ["member_removed", "member_added"]


def test_record_and_list_activity(db: Database, admin: psycopg.Connection[Any]) -> None:
    room = new_workspace(db)
    before = db.workspaces.get_member(workspace_id=room.id, agent_id="ada")
    for number in range(7):
        made = db.workspaces.record_activity(
            workspace_id=room.id,
            agent_id="ada",
            action="edited" if number % 2 else "read",
            details={"line": number},
        )
        assert made.details == {"line": number}
    after = db.workspaces.get_member(workspace_id=room.id, agent_id="ada")
    assert before is not None
    assert after is not None
    assert after.last_activity_at > before.last_activity_at
    everything = rows(
        admin,
        WorkspaceActivity,
        "SELECT * FROM workspace_activity ORDER BY timestamp DESC, id DESC",
    )
    first = db.workspaces.list_activity(workspace_id=room.id, limit=5)
    rest = db.workspaces.list_activity(workspace_id=room.id, limit=5, after=first.next)
    assert [*first.items, *rest.items] == everything
    edits = db.workspaces.list_activity(
        workspace_id=room.id, agent_id="ada", action="edited"
    )
    assert [activity.details for activity in edits.items] == [
        {"line": line} for line in (5, 3, 1)
    ]
    recent = db.workspaces.list_activity(
        workspace_id=room.id, since=everything[1].timestamp
    )
    assert recent.items == everything[:2]


def test_update_state_of_the_expected_version(db: Database) -> None:
    room = new_workspace(db)
    changed = db.workspaces.update_state(
        state={"phase": "repair"}, id=room.id, expected_version=1
    )
    assert (changed.state, changed.state_version) == ({"phase": "repair"}, 2)
    with pytest.raises(StaleRow):
        db.workspaces.update_state(
            state={"phase": "done"}, id=room.id, expected_version=1
        )
    assert db.workspaces.get(id=room.id) == changed
    with pytest.raises(NotFound):
        db.workspaces.update_state(state={}, id=NOBODY, expected_version=1)


def test_one_of_two_changes_of_the_state_wins(db: Database) -> None:
    room = new_workspace(db)

    def change(phase: str) -> Workspace | None:
        try:
            return db.workspaces.update_state(
                state={"phase": phase}, id=room.id, expected_version=1
            )
        except StaleRow:
            return None

    results = at_once(*(lambda p=p: change(p) for p in ("a", "b", "c")))
    (winner,) = [workspace for workspace in results if workspace is not None]
    assert db.workspaces.get(id=room.id) == winner


def test_soft_delete_hides(db: Database) -> None:
    room = new_workspace(db)
    assert db.workspaces.soft_delete(id=room.id) == 1
    with pytest.raises(NotFound):
        db.workspaces.get(id=room.id)
    assert db.workspaces.soft_delete(id=room.id) == 0
