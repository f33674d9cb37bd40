# Derived from ../aio/test_agents.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `agents`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from generated.collaboration import (
    AgentsIdCheckViolation,
    AgentsMaxTasksCheckViolation,
    WorkspacesOwnerIdFkeyViolation,
)
from generated.collaboration.models import Agent, AgentStatus, MemberRole
from tests.systems.collaboration.sync.work import (
    TENANT,
    new_agent,
    new_task,
    new_workspace,
)
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.collaboration.sync import Database


def test_register_and_get(db: Database) -> None:
    made = new_agent(db, "Ada", capabilities=["python", "sql"], max_tasks=4)
    assert (made.tenant_id, made.id, made.name) == (TENANT, "ada", "Ada")
    assert made.status is AgentStatus.ACTIVE
    assert (made.capabilities, made.max_tasks) == (["python", "sql"], 4)
    assert made.metadata == {"region": "eu"}
    assert db.agents.get(tenant_id=TENANT, id="ada") == made


def test_register_again_renews_what_is_known(db: Database) -> None:
    made = new_agent(db, "Ada")
    db.agents.set_status(status=AgentStatus.PAUSED, tenant_id=TENANT, id="ada")
    again = db.agents.register(
        tenant_id=TENANT,
        id="ada",
        name="Ada Byron",
        capabilities=[],
        max_tasks=1,
        metadata={},
    )
    assert (again.name, again.capabilities, again.max_tasks) == ("Ada Byron", [], 1)
    assert again.status is AgentStatus.PAUSED
    assert again.created_at == made.created_at
    assert again.last_seen_at > made.last_seen_at


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        db.agents.get(tenant_id=TENANT, id="nobody")
    with pytest.raises(NotFound):
        db.agents.set_status(status=AgentStatus.PAUSED, tenant_id=TENANT, id="nobody")
    assert db.agents.heartbeat(tenant_id=TENANT, id="nobody") == 0
    assert db.agents.remove(tenant_id=TENANT, id="nobody") == 0


def test_what_is_refused(db: Database) -> None:
    with pytest.raises(AgentsIdCheckViolation):
        new_agent(db, "")
    with pytest.raises(AgentsMaxTasksCheckViolation):
        new_agent(db, "Ada", max_tasks=0)


def test_set_status(db: Database) -> None:
    made = new_agent(db, "Ada")
    paused = db.agents.set_status(status=AgentStatus.PAUSED, tenant_id=TENANT, id="ada")
    assert paused.status is AgentStatus.PAUSED
    assert paused.updated_at > made.updated_at
    assert db.agents.get(tenant_id=TENANT, id="ada") == paused


def test_heartbeat(db: Database) -> None:
    made = new_agent(db, "Ada")
    assert db.agents.heartbeat(tenant_id=TENANT, id="ada") == 1
    found = db.agents.get(tenant_id=TENANT, id="ada")
    assert found.last_seen_at > made.last_seen_at
    assert found.updated_at == made.updated_at


def test_remove_leaves_workspaces_but_not_tasks(db: Database) -> None:
    room = new_workspace(db)
    new_agent(db, "Bob")
    db.workspaces.add_member(
        agent_id="bob", role=MemberRole.EDITOR, permissions=[], workspace_id=room.id
    )
    task = new_task(db, "Check the totals", assigned_to="bob")
    assert db.agents.remove(tenant_id=TENANT, id="bob") == 1
    assert db.workspaces.get_member(workspace_id=room.id, agent_id="bob") is None
    assert (db.tasks.get(id=task.id)).assigned_to == "bob"
    with pytest.raises(WorkspacesOwnerIdFkeyViolation):
        db.agents.remove(tenant_id=TENANT, id="ada")


def test_list_page_by_page(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled,
        Agent,
        "SELECT * FROM agents WHERE tenant_id = %s ORDER BY name, id",
        TENANT,
    )
    first = db.agents.list(tenant_id=TENANT, limit=12, total=True)
    rest = db.agents.list(tenant_id=TENANT, limit=12, after=first.next)
    assert [*first.items, *rest.items] == expected
    assert (len(first.items), len(rest.items)) == (12, 8)
    assert (first.total, rest.next) == (20, None)
    back = db.agents.list(tenant_id=TENANT, limit=12, before=rest.previous)
    assert back.items == first.items


def test_list_what_is_asked_for(db: Database, filled: psycopg.Connection[Any]) -> None:
    everyone = rows(filled, Agent, "SELECT * FROM agents WHERE tenant_id = %s", TENANT)
    for status in AgentStatus:
        found = db.agents.list(tenant_id=TENANT, status=status)
        assert found.items
        assert {agent.id for agent in found.items} == {
            agent.id for agent in everyone if agent.status == status
        }
    able = db.agents.list(
        tenant_id=TENANT, capabilities=["sql", "review"], sort="-name"
    )
    assert [agent.id for agent in able.items] == [
        agent.id
        for agent in sorted(everyone, key=lambda agent: agent.name, reverse=True)
        if {"sql", "review"} <= set(agent.capabilities)
    ]
    latest = db.agents.list(tenant_id=TENANT, sort="last_seen_at", limit=1)
    assert latest.items[0].last_seen_at - everyone[0].created_at > timedelta(days=300)
