"""The repository `applications`, and its secret."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from generated.control_plane import (
    ApplicationsApiKeyHashCheckViolation,
    ApplicationsApiKeyHashKeyViolation,
    ApplicationsNameCheckViolation,
    ApplicationsOrgIdFkeyViolation,
)
from tests.systems.control_plane.aio.tenant import (
    NOBODY,
    key_hash,
    new_request,
    new_tenant,
)
from tests.systems.data import fill, id_of

from reposgen_runtime.errors import ForeignKeyMissing, NotFound
from reposgen_runtime.secret import Secret

if TYPE_CHECKING:
    import psycopg
    from generated.control_plane import Database


async def test_create_and_get(db: Database) -> None:
    org = await db.organizations.create_organization(name="Acme", slug="acme")
    made = await db.applications.create_application(
        org_id=org.id, name="Help desk", api_key_hash=key_hash("k-1")
    )
    assert (made.org_id, made.name) == (org.id, "Help desk")
    found = await db.applications.get_application(id=made.id)
    assert asdict(found) == asdict(made)


async def test_the_key_leads_to_the_application(db: Database) -> None:
    tenant = await new_tenant(db)
    other = await new_tenant(db, "other")
    found = await db.applications.get_application_by_api_key_hash(
        api_key_hash=key_hash("other-help-desk")
    )
    assert found is not None
    assert found.id == other.app != tenant.app
    unknown = key_hash("guessed")
    assert (
        await db.applications.get_application_by_api_key_hash(api_key_hash=unknown)
        is None
    )


async def test_the_hash_shows_itself_nowhere(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = key_hash("acme-help-desk")
    tenant = await new_tenant(db)
    plain = await db.applications.get_application(id=tenant.app)
    assert not hasattr(plain, "api_key_hash")
    full = await db.applications.get_application_with_key(id=tenant.app)
    assert full.api_key_hash == secret
    assert full.api_key_hash.reveal() == secret.reveal()
    shown = [
        repr(full),
        str(full),
        f"{full}",
        f"{secret!r} {secret}",
        repr(asdict(full)),
    ]
    with pytest.raises(TypeError):
        json.dumps(full.api_key_hash)
    shown.append(json.dumps(asdict(full), default=str))
    with pytest.raises(ApplicationsApiKeyHashKeyViolation) as caught:
        await db.applications.create_application(
            org_id=tenant.org, name="Thief", api_key_hash=secret
        )
    shown += [str(caught.value), repr(caught.value), caplog.text]
    assert all(secret.reveal() not in text for text in shown)


async def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        await db.applications.get_application(id=NOBODY)
    with pytest.raises(NotFound):
        await db.applications.get_application_with_key(id=NOBODY)
    with pytest.raises(NotFound):
        await db.applications.update_application(name="A", id=NOBODY)
    with pytest.raises(NotFound):
        await db.applications.rotate_api_key(api_key_hash=key_hash("k"), id=NOBODY)
    assert await db.applications.delete_application(id=NOBODY) == 0


async def test_what_is_refused(db: Database) -> None:
    tenant = await new_tenant(db)
    with pytest.raises(ApplicationsOrgIdFkeyViolation) as caught:
        await db.applications.create_application(
            org_id=NOBODY, name="A", api_key_hash=key_hash("k")
        )
    assert isinstance(caught.value, ForeignKeyMissing)
    with pytest.raises(ApplicationsNameCheckViolation):
        await db.applications.create_application(
            org_id=tenant.org, name="", api_key_hash=key_hash("k")
        )
    with pytest.raises(ApplicationsApiKeyHashCheckViolation):
        await db.applications.create_application(
            org_id=tenant.org, name="A", api_key_hash=Secret("")
        )
    with pytest.raises(ApplicationsNameCheckViolation):
        await db.applications.update_application(name="", id=tenant.app)


async def test_list_by_organization(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    org = id_of("organization", 2)
    first = await db.applications.list_applications_by_organization(org_id=org, limit=3)
    rest = await db.applications.list_applications_by_organization(
        org_id=org, limit=3, after=first.next
    )
    expected = filled.execute(
        "SELECT id, org_id, name, created_at, updated_at FROM applications"
        " WHERE org_id = %s ORDER BY created_at DESC, id DESC",
        [org],
    ).fetchall()
    assert [
        tuple(asdict(row).values()) for row in (*first.items, *rest.items)
    ] == expected
    assert (len(first.items), len(rest.items)) == (3, 2)


async def test_update_leaves_the_key_alone(db: Database) -> None:
    tenant = await new_tenant(db)
    before = await db.applications.get_application_with_key(id=tenant.app)
    changed = await db.applications.update_application(name="Desk", id=tenant.app)
    assert changed.name == "Desk"
    assert changed.updated_at > before.updated_at
    after = await db.applications.get_application_with_key(id=tenant.app)
    assert after.api_key_hash == before.api_key_hash


async def test_a_rotated_key_is_the_only_one(db: Database) -> None:
    tenant = await new_tenant(db)
    old, new = key_hash("acme-help-desk"), key_hash("acme-help-desk-2")
    rotated = await db.applications.rotate_api_key(api_key_hash=new, id=tenant.app)
    assert rotated.id == tenant.app
    by_hash = db.applications.get_application_by_api_key_hash
    assert await by_hash(api_key_hash=old) is None
    found = await by_hash(api_key_hash=new)
    assert found is not None
    assert found.id == tenant.app
    other = await new_tenant(db, "other")
    with pytest.raises(ApplicationsApiKeyHashKeyViolation):
        await db.applications.rotate_api_key(api_key_hash=new, id=other.app)


async def test_delete_takes_requests_along_but_no_audit_log(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    fill(admin, "control_plane", 100)
    app = id_of("application", 1)
    org = id_of("organization", 1)
    logged = await db.audit_logs.list_audit_logs_by_application(
        org_id=org, app_id=app, limit=100
    )
    assert logged.items
    assert await db.applications.delete_application(id=app) == 1
    left = admin.execute(
        "SELECT (SELECT count(*) FROM inference_requests WHERE app_id = %(app)s),"
        " (SELECT count(*) FROM policies WHERE app_id = %(app)s)",
        {"app": app},
    ).fetchone()
    assert left == (0, 0)
    for entry in logged.items:
        kept = await db.audit_logs.get_audit_log(id=entry.id)
        assert (kept.org_id, kept.app_id) == (org, None)


async def test_requests_of_another_organization_are_refused(db: Database) -> None:
    tenant, other = await new_tenant(db), await new_tenant(db, "other")
    await new_request(db, tenant, "r-1")
    assert await db.applications.delete_application(id=other.app) == 1
    kept = await db.inference_requests.get_inference_request_by_request_id(
        request_id="r-1"
    )
    assert kept.app_id == tenant.app
