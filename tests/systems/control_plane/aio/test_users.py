"""The repository `users`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.control_plane import (
    UsersCognitoSubKeyViolation,
    UsersEmailCheckViolation,
    UsersEmailKeyViolation,
    UsersOrgIdFkeyViolation,
)
from generated.control_plane.models import User, UserRole
from tests.systems.control_plane.aio.tenant import NOBODY, new_request, new_tenant
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.control_plane import Database


async def test_create_and_get(db: Database) -> None:
    org = await db.organizations.create_organization(name="Acme", slug="acme")
    made = await db.users.create_user(
        org_id=org.id,
        email="Grace@Acme.Example",
        cognito_sub="acme|grace",
        role=UserRole.OWNER,
    )
    assert made.email == "grace@acme.example"
    assert made.role is UserRole.OWNER
    assert await db.users.get_user(id=made.id) == made
    assert await db.users.get_user_by_cognito_sub(cognito_sub="acme|grace") == made
    assert await db.users.get_user_by_email(email="GRACE@acme.example") == made


async def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        await db.users.get_user(id=NOBODY)
    assert await db.users.get_user_by_cognito_sub(cognito_sub="nobody") is None
    assert await db.users.get_user_by_email(email="nobody@acme.example") is None
    with pytest.raises(NotFound):
        await db.users.update_user(email="a@b", role=UserRole.OWNER, id=NOBODY)
    assert await db.users.delete_user(id=NOBODY) == 0


async def test_what_is_refused(db: Database) -> None:
    tenant = await new_tenant(db)

    async def create(*, email: str, cognito_sub: str) -> User:
        return await db.users.create_user(
            org_id=tenant.org,
            email=email,
            cognito_sub=cognito_sub,
            role=UserRole.VIEWER,
        )

    with pytest.raises(UsersEmailKeyViolation):
        await create(email="ADA@acme.example", cognito_sub="acme|other")
    with pytest.raises(UsersCognitoSubKeyViolation):
        await create(email="other@acme.example", cognito_sub="acme|ada")
    with pytest.raises(UsersEmailCheckViolation):
        await create(email="no address", cognito_sub="acme|other")
    with pytest.raises(UsersOrgIdFkeyViolation):
        await db.users.create_user(
            org_id=NOBODY, email="a@b", cognito_sub="a", role=UserRole.OWNER
        )


async def test_list_by_organization(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    org = id_of("organization", 1)
    first = await db.users.list_users_by_organization(org_id=org, limit=15)
    rest = await db.users.list_users_by_organization(
        org_id=org, limit=15, after=first.next
    )
    assert [*first.items, *rest.items] == rows(
        filled,
        User,
        "SELECT * FROM users WHERE org_id = %s ORDER BY created_at DESC, id DESC",
        org,
    )
    assert (len(first.items), len(rest.items)) == (15, 5)


async def test_list_by_role(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    for role in UserRole:
        found = await db.users.list_users_by_organization(org_id=org, role=role)
        assert found.items == rows(
            filled,
            User,
            "SELECT * FROM users WHERE org_id = %s AND role::text = %s"
            " ORDER BY created_at DESC, id DESC",
            org,
            role,
        )


async def test_count_by_role(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    counts = await db.users.count_users_by_role(org_id=org)
    found = filled.execute("SELECT role FROM users WHERE org_id = %s", [org]).fetchall()
    roles = [UserRole(role) for (role,) in found]
    assert [(c.role, c.users) for c in counts] == [
        (role, roles.count(role)) for role in UserRole if role in roles
    ]
    assert await db.users.count_users_by_role(org_id=NOBODY) == []


async def test_update(db: Database) -> None:
    tenant = await new_tenant(db)
    before = await db.users.get_user(id=tenant.user)
    changed = await db.users.update_user(
        email="Ada.Byron@acme.example", role=UserRole.VIEWER, id=tenant.user
    )
    assert (changed.email, changed.role) == ("ada.byron@acme.example", UserRole.VIEWER)
    assert changed.cognito_sub == before.cognito_sub
    assert changed.updated_at > before.updated_at
    assert await db.users.get_user(id=tenant.user) == changed
    await new_tenant(db, "other")
    with pytest.raises(UsersEmailKeyViolation):
        await db.users.update_user(
            email="ada@other.example", role=UserRole.VIEWER, id=tenant.user
        )
    with pytest.raises(UsersEmailCheckViolation):
        await db.users.update_user(email="ada", id=tenant.user)
    promoted = await db.users.update_user(role=UserRole.OWNER, id=tenant.user)
    assert (promoted.email, promoted.role) == (changed.email, UserRole.OWNER)


async def test_delete_keeps_what_the_user_did(db: Database) -> None:
    tenant = await new_tenant(db)
    policy = await db.policies.create_policy(
        org_id=tenant.org,
        app_id=None,
        user_id=tenant.user,
        policy_type="budget",
        config={},
        priority=0,
        enabled=True,
    )
    made = await new_request(db, tenant, "r-1")
    assert await db.users.delete_user(id=tenant.user) == 1
    with pytest.raises(NotFound):
        await db.policies.get_policy(id=policy.id)
    kept = await db.inference_requests.get_inference_request(id=made.id)
    assert (kept.org_id, kept.user_id) == (tenant.org, None)
