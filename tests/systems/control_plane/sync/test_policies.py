# Derived from ../aio/test_policies.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `policies`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.control_plane import (
    PoliciesAppIdFkeyViolation,
    PoliciesConfigCheckViolation,
    PoliciesOrgIdFkeyViolation,
    PoliciesPolicyTypeCheckViolation,
    PoliciesUserIdFkeyViolation,
)
from generated.control_plane.models import Policy
from tests.systems.control_plane.sync.tenant import NOBODY, new_tenant
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.control_plane.sync import Database


def new_policy(
    db: Database,
    org_id: UUID,
    *,
    app_id: UUID | None = None,
    user_id: UUID | None = None,
    priority: int = 0,
    enabled: bool = True,
) -> Policy:
    return db.policies.create_policy(
        org_id=org_id,
        app_id=app_id,
        user_id=user_id,
        policy_type="rate_limit",
        config={"requests_per_minute": 60},
        priority=priority,
        enabled=enabled,
    )


def test_create_and_get(db: Database) -> None:
    tenant = new_tenant(db)
    made = db.policies.create_policy(
        org_id=tenant.org,
        app_id=tenant.app,
        user_id=None,
        policy_type="model_access",
        config={"models": ["small", "large"], "hours": {"from": 8, "to": 18.5}},
        priority=7,
        enabled=False,
    )
    assert (made.org_id, made.app_id, made.user_id) == (tenant.org, tenant.app, None)
    assert made.config == {
        "models": ["small", "large"],
        "hours": {"from": 8, "to": 18.5},
    }
    assert (made.policy_type, made.priority, made.enabled) == ("model_access", 7, False)
    assert db.policies.get_policy(id=made.id) == made


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        db.policies.get_policy(id=NOBODY)
    with pytest.raises(NotFound):
        db.policies.update_policy(
            policy_type="budget", config={}, priority=0, enabled=True, id=NOBODY
        )
    assert db.policies.delete_policy(id=NOBODY) == 0


def test_what_is_refused(db: Database) -> None:
    tenant, other = new_tenant(db), new_tenant(db, "other")
    with pytest.raises(PoliciesOrgIdFkeyViolation):
        new_policy(db, NOBODY)
    # Neither an application nor a user of another organization.
    with pytest.raises(PoliciesAppIdFkeyViolation):
        new_policy(db, tenant.org, app_id=other.app)
    with pytest.raises(PoliciesUserIdFkeyViolation):
        new_policy(db, tenant.org, user_id=other.user)
    with pytest.raises(PoliciesPolicyTypeCheckViolation):
        db.policies.create_policy(
            org_id=tenant.org,
            app_id=None,
            user_id=None,
            policy_type="",
            config={},
            priority=0,
            enabled=True,
        )
    with pytest.raises(PoliciesConfigCheckViolation):
        db.policies.create_policy(
            org_id=tenant.org,
            app_id=None,
            user_id=None,
            policy_type="budget",
            config=[1, 2],
            priority=0,
            enabled=True,
        )


def test_applicable_from_the_closest_to_the_widest(db: Database) -> None:
    tenant, other = new_tenant(db), new_tenant(db, "other")
    org, app, user = tenant.org, tenant.app, tenant.user
    for_all = new_policy(db, org, priority=9)
    for_app = new_policy(db, org, app_id=app, priority=1)
    for_user = new_policy(db, org, user_id=user)
    for_both = new_policy(db, org, app_id=app, user_id=user)
    urgent = new_policy(db, org, app_id=app, priority=5)
    later = new_policy(db, org, priority=9)
    new_policy(db, org, user_id=user, enabled=False)
    new_policy(db, other.org)
    new_policy(db, other.org, app_id=other.app, user_id=other.user)
    found = db.policies.get_applicable_policies(org_id=org, app_id=app, user_id=user)
    assert found == [for_both, for_user, urgent, for_app, for_all, later]
    without = db.policies.get_applicable_policies(org_id=org, app_id=app, user_id=None)
    assert without == [urgent, for_app, for_all, later]
    elsewhere = db.policies.get_applicable_policies(
        org_id=org, app_id=NOBODY, user_id=NOBODY
    )
    assert elsewhere == [for_all, later]


def test_applicable_agrees_with_the_rule(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    org, app = id_of("organization", 1), id_of("application", 1)
    user = id_of("user", 1)
    policies = rows(filled, Policy, "SELECT * FROM policies WHERE org_id = %s", org)
    expected = sorted(
        (
            policy
            for policy in policies
            if policy.enabled
            and policy.app_id in {None, app}
            and policy.user_id in {None, user}
        ),
        key=lambda policy: (
            policy.user_id is None,
            policy.app_id is None,
            -policy.priority,
            policy.created_at,
        ),
    )
    assert len({(p.app_id, p.user_id) for p in expected}) == 4
    found = db.policies.get_applicable_policies(org_id=org, app_id=app, user_id=user)
    assert found == expected


def test_list(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 2)
    first = db.policies.list_policies(org_id=org, limit=10)
    rest = db.policies.list_policies(org_id=org, limit=10, after=first.next)
    assert [*first.items, *rest.items] == rows(
        filled,
        Policy,
        "SELECT * FROM policies WHERE org_id = %s"
        " ORDER BY priority DESC, created_at DESC, id DESC",
        org,
    )
    assert (len(first.items), len(rest.items)) == (10, 6)


@pytest.mark.usefixtures("filled")
def test_list_what_is_asked_for(db: Database) -> None:
    org, app, user = id_of("organization", 1), id_of("application", 1), id_of("user", 1)
    everything = (db.policies.list_policies(org_id=org)).items
    by_app = db.policies.list_policies(org_id=org, app_id=app)
    assert by_app.items == [p for p in everything if p.app_id == app] != []
    by_user = db.policies.list_policies(org_id=org, user_id=user)
    assert by_user.items == [p for p in everything if p.user_id == user] != []
    for enabled in (True, False):
        found = db.policies.list_policies(org_id=org, enabled=enabled)
        assert found.items == [p for p in everything if p.enabled == enabled] != []
    budgets = db.policies.list_policies(
        org_id=org, app_id=app, user_id=user, policy_type="budget", enabled=True
    )
    assert budgets.items == [
        policy
        for policy in everything
        if (policy.app_id, policy.user_id) == (app, user)
        and policy.policy_type == "budget"
        and policy.enabled
    ]


def test_update(db: Database) -> None:
    tenant = new_tenant(db)
    made = new_policy(db, tenant.org)
    changed = db.policies.update_policy(
        policy_type="budget",
        config={"limit": 12.5, "currency": None},
        priority=3,
        enabled=False,
        id=made.id,
    )
    assert changed.config == {"limit": 12.5, "currency": None}
    assert (changed.policy_type, changed.priority, changed.enabled) == (
        "budget",
        3,
        False,
    )
    assert changed.updated_at > made.updated_at
    assert db.policies.get_policy(id=made.id) == changed
    with pytest.raises(PoliciesConfigCheckViolation):
        db.policies.update_policy(config="free", id=made.id)
    enabled = db.policies.update_policy(enabled=True, id=made.id)
    assert enabled.enabled
    assert (enabled.config, enabled.priority) == (changed.config, 3)


def test_delete(db: Database) -> None:
    tenant = new_tenant(db)
    made = new_policy(db, tenant.org)
    assert db.policies.delete_policy(id=made.id) == 1
    with pytest.raises(NotFound):
        db.policies.get_policy(id=made.id)
