# Derived from ../aio/test_integrations.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `integrations`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.flows import (
    IntegrationsConfigurationCheckViolation,
    IntegrationsNameCheckViolation,
    IntegrationsProviderCheckViolation,
    IntegrationsTenantIdNameKeyViolation,
)
from tests.systems.flows.sync.work import NOBODY, OTHER, TENANT

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from generated.flows.models import Integration
    from generated.flows.sync import Database

    from reposgen_runtime import JsonInput


def new_integration(
    db: Database,
    name: str,
    provider: str = "crm",
    *,
    configuration: JsonInput | None = None,
    enabled: bool = True,
    tenant: UUID = TENANT,
) -> Integration:
    return db.integrations.create(
        tenant_id=tenant,
        name=name,
        provider=provider,
        configuration=configuration or {"url": "https://crm.example", "retries": 3},
        enabled=enabled,
    )


def test_create_and_get(db: Database) -> None:
    made = new_integration(db, "Customers")
    assert (made.tenant_id, made.name, made.provider) == (TENANT, "Customers", "crm")
    assert made.configuration == {"url": "https://crm.example", "retries": 3}
    assert (made.enabled, made.last_used_at) == (True, None)
    assert db.integrations.get_by_id(tenant_id=TENANT, id=made.id) == made
    by_name = db.integrations.get_by_name(tenant_id=TENANT, name="Customers")
    assert by_name == made
    assert db.integrations.get_by_id(tenant_id=TENANT, id=NOBODY) is None
    assert db.integrations.get_by_name(tenant_id=TENANT, name="Orders") is None


def test_what_is_refused(db: Database) -> None:
    made = new_integration(db, "Customers")
    new_integration(db, "Customers", tenant=OTHER)
    with pytest.raises(IntegrationsTenantIdNameKeyViolation):
        new_integration(db, "Customers")
    with pytest.raises(IntegrationsNameCheckViolation):
        new_integration(db, "")
    with pytest.raises(IntegrationsProviderCheckViolation):
        new_integration(db, "Orders", "")
    with pytest.raises(IntegrationsConfigurationCheckViolation):
        db.integrations.update(configuration=[1], tenant_id=TENANT, id=made.id)
    with pytest.raises(NotFound):
        db.integrations.update(enabled=False, tenant_id=TENANT, id=NOBODY)
    assert db.integrations.get_by_id(tenant_id=TENANT, id=made.id) == made


def test_list_the_newest_first(db: Database) -> None:
    mail = new_integration(db, "Newsletter", "mail")
    old = new_integration(db, "Old customers", enabled=False)
    new = new_integration(db, "Customers")
    new_integration(db, "Customers", tenant=OTHER)
    page = db.integrations.list(tenant_id=TENANT, limit=2, total=True)
    assert (page.items, page.total) == ([new, old], 3)
    rest = db.integrations.list(tenant_id=TENANT, limit=2, after=page.next)
    assert (rest.items, rest.next) == ([mail], None)
    by_provider = db.integrations.list(tenant_id=TENANT, provider="crm")
    assert by_provider.items == [new, old]
    off = db.integrations.list(tenant_id=TENANT, provider="crm", enabled=False)
    assert off.items == [old]
    on = db.integrations.list(tenant_id=TENANT, enabled=True)
    assert on.items == [new, mail]


def test_update_changes_what_is_given(db: Database) -> None:
    made = new_integration(db, "Customers")
    off = db.integrations.update(enabled=False, tenant_id=TENANT, id=made.id)
    assert (off.enabled, off.configuration) == (False, made.configuration)
    assert off.updated_at > made.updated_at
    moved = db.integrations.update(
        name="Clients",
        provider="crm-2",
        configuration={"url": "https://crm-2.example"},
        tenant_id=TENANT,
        id=made.id,
    )
    assert (moved.name, moved.provider) == ("Clients", "crm-2")
    assert moved.configuration == {"url": "https://crm-2.example"}
    assert not moved.enabled


def test_record_use(db: Database) -> None:
    made = new_integration(db, "Customers")
    assert db.integrations.record_use(tenant_id=TENANT, id=made.id) == 1
    used = db.integrations.get_by_id(tenant_id=TENANT, id=made.id)
    assert used is not None
    assert used.last_used_at is not None
    assert used.last_used_at > made.created_at
    assert used.updated_at == made.updated_at
    assert db.integrations.record_use(tenant_id=TENANT, id=NOBODY) == 0


def test_delete(db: Database) -> None:
    made = new_integration(db, "Customers")
    assert db.integrations.delete(tenant_id=TENANT, id=made.id) == 1
    assert db.integrations.delete(tenant_id=TENANT, id=made.id) == 0
    assert db.integrations.get_by_id(tenant_id=TENANT, id=made.id) is None
