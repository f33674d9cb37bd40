# Derived from ../aio/test_organizations.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `organizations`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from generated.control_plane import (
    OrganizationsNameCheckViolation,
    OrganizationsSlugCheckViolation,
    OrganizationsSlugKeyViolation,
)
from generated.control_plane.models import Organization
from tests.systems.control_plane.sync.tenant import NOBODY, new_request, new_tenant
from tests.systems.data import fill
from tests.systems.databases import rows

from reposgen_runtime.errors import AlreadyExists, NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.control_plane.sync import Database


def test_create_and_get(db: Database) -> None:
    made = db.organizations.create_organization(name="Acme", slug="acme")
    assert (made.name, made.slug) == ("Acme", "acme")
    assert made.created_at == made.updated_at
    assert db.organizations.get_organization(id=made.id) == made
    assert db.organizations.get_organization_by_slug(slug="acme") == made


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound, match=r"^organizations\.get_organization: "):
        db.organizations.get_organization(id=NOBODY)
    with pytest.raises(NotFound):
        db.organizations.get_organization_by_slug(slug="acme")
    with pytest.raises(NotFound):
        db.organizations.update_organization(name="A", slug="a", id=NOBODY)
    assert db.organizations.delete_organization(id=NOBODY) == 0


def test_a_slug_is_taken_once(db: Database) -> None:
    db.organizations.create_organization(name="Acme", slug="acme")
    with pytest.raises(OrganizationsSlugKeyViolation) as caught:
        db.organizations.create_organization(name="Other", slug="acme")
    error = caught.value
    assert isinstance(error, AlreadyExists)
    assert error.constraint == "organizations_slug_key"
    assert error.query == "organizations.create_organization"
    assert error.sqlstate == "23505"
    # A row's data stands in the detail, for who may see it, not in the message.
    assert "acme" in (error.detail or "")
    assert "acme" not in str(error)


@pytest.mark.parametrize("slug", ["", "Acme", "acme robotics", "-acme", "a--b", "ä"])
def test_a_slug_is_lower_case_words(db: Database, slug: str) -> None:
    with pytest.raises(OrganizationsSlugCheckViolation):
        db.organizations.create_organization(name="Acme", slug=slug)


def test_a_name_is_not_empty(db: Database) -> None:
    with pytest.raises(OrganizationsNameCheckViolation):
        db.organizations.create_organization(name="", slug="acme")


def test_list_page_by_page(db: Database, admin: psycopg.Connection[Any]) -> None:
    fill(admin, "control_plane", 10)
    admin.execute("""
        INSERT INTO organizations (name, slug, created_at)
        SELECT 'Partner ' || i, 'partner-' || i,
               timestamptz '2024-02-01Z' + i / 2 * interval '1 day'
        FROM generate_series(1, 8) AS i
    """)
    first = db.organizations.list_organizations(limit=6)
    rest = db.organizations.list_organizations(limit=6, after=first.next)
    assert [*first.items, *rest.items] == rows(
        admin,
        Organization,
        "SELECT * FROM organizations ORDER BY created_at DESC, id DESC",
    )
    assert (len(first.items), len(rest.items)) == (6, 4)
    assert db.organizations.count_organizations() == 10
    back = db.organizations.list_organizations(
        limit=6, before=rest.previous, total=True
    )
    assert (back.items, back.total) == (first.items, 10)


def test_update(db: Database) -> None:
    made = db.organizations.create_organization(name="Acme", slug="acme")
    db.organizations.create_organization(name="Other", slug="other")
    changed = db.organizations.update_organization(
        name="Acme Robotics", slug="acme-robotics", id=made.id
    )
    assert (changed.name, changed.slug) == ("Acme Robotics", "acme-robotics")
    assert changed.created_at == made.created_at
    assert changed.updated_at > made.updated_at
    assert db.organizations.get_organization(id=made.id) == changed
    with pytest.raises(OrganizationsSlugKeyViolation):
        db.organizations.update_organization(slug="other", id=made.id)
    renamed = db.organizations.update_organization(name="Acme", id=made.id)
    assert (renamed.name, renamed.slug) == ("Acme", "acme-robotics")
    touched = db.organizations.update_organization(id=made.id)
    assert touched == replace(renamed, updated_at=touched.updated_at)


def test_delete_takes_everything_along(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    doomed, other = new_tenant(db, "doomed"), new_tenant(db, "other")
    for tenant in (doomed, other):
        new_request(db, tenant, f"request-{tenant.org}")
        db.policies.create_policy(
            org_id=tenant.org,
            app_id=tenant.app,
            user_id=tenant.user,
            policy_type="budget",
            config={"limit": 100},
            priority=0,
            enabled=True,
        )
        db.audit_logs.insert_audit_log(
            org_id=tenant.org,
            app_id=tenant.app,
            user_id=tenant.user,
            action="policy.created",
            resource_type="policy",
            resource_id=None,
            details={},
            request_id=None,
            ip_address=None,
            user_agent=None,
            model=None,
            provider=None,
            tokens_used=None,
            cost=None,
            latency_ms=None,
        )
    assert db.organizations.delete_organization(id=doomed.org) == 1
    left = admin.execute("""
        SELECT ARRAY(SELECT org_id FROM applications), ARRAY(SELECT org_id FROM users),
               ARRAY(SELECT org_id FROM policies), ARRAY(SELECT org_id FROM audit_logs),
               ARRAY(SELECT org_id FROM inference_requests)
    """).fetchone()
    assert left == ([other.org],) * 5
