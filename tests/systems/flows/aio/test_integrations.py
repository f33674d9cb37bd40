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
from tests.systems.flows.aio.work import NOBODY, OTHER, TENANT

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from generated.flows import Database
    from generated.flows.models import Integration

    from reposgen_runtime import JsonInput


async def new_integration(
    db: Database,
    name: str,
    provider: str = "crm",
    *,
    configuration: JsonInput | None = None,
    enabled: bool = True,
    tenant: UUID = TENANT,
) -> Integration:
    return await db.integrations.create(
        tenant_id=tenant,
        name=name,
        provider=provider,
        configuration=configuration or {"url": "https://crm.example", "retries": 3},
        enabled=enabled,
    )


async def test_create_and_get(db: Database) -> None:
    made = await new_integration(db, "Customers")
    assert (made.tenant_id, made.name, made.provider) == (TENANT, "Customers", "crm")
    assert made.configuration == {"url": "https://crm.example", "retries": 3}
    assert (made.enabled, made.last_used_at) == (True, None)
    assert await db.integrations.get_by_id(tenant_id=TENANT, id=made.id) == made
    by_name = await db.integrations.get_by_name(tenant_id=TENANT, name="Customers")
    assert by_name == made
    assert await db.integrations.get_by_id(tenant_id=TENANT, id=NOBODY) is None
    assert await db.integrations.get_by_name(tenant_id=TENANT, name="Orders") is None


async def test_what_is_refused(db: Database) -> None:
    made = await new_integration(db, "Customers")
    await new_integration(db, "Customers", tenant=OTHER)
    with pytest.raises(IntegrationsTenantIdNameKeyViolation):
        await new_integration(db, "Customers")
    with pytest.raises(IntegrationsNameCheckViolation):
        await new_integration(db, "")
    with pytest.raises(IntegrationsProviderCheckViolation):
        await new_integration(db, "Orders", "")
    with pytest.raises(IntegrationsConfigurationCheckViolation):
        await db.integrations.update(configuration=[1], tenant_id=TENANT, id=made.id)
    with pytest.raises(NotFound):
        await db.integrations.update(enabled=False, tenant_id=TENANT, id=NOBODY)
    assert await db.integrations.get_by_id(tenant_id=TENANT, id=made.id) == made


async def test_list_the_newest_first(db: Database) -> None:
    mail = await new_integration(db, "Newsletter", "mail")
    old = await new_integration(db, "Old customers", enabled=False)
    new = await new_integration(db, "Customers")
    await new_integration(db, "Customers", tenant=OTHER)
    page = await db.integrations.list(tenant_id=TENANT, limit=2, total=True)
    assert (page.items, page.total) == ([new, old], 3)
    rest = await db.integrations.list(tenant_id=TENANT, limit=2, after=page.next)
    assert (rest.items, rest.next) == ([mail], None)
    by_provider = await db.integrations.list(tenant_id=TENANT, provider="crm")
    assert by_provider.items == [new, old]
    off = await db.integrations.list(tenant_id=TENANT, provider="crm", enabled=False)
    assert off.items == [old]
    on = await db.integrations.list(tenant_id=TENANT, enabled=True)
    assert on.items == [new, mail]


async def test_update_changes_what_is_given(db: Database) -> None:
    made = await new_integration(db, "Customers")
    off = await db.integrations.update(enabled=False, tenant_id=TENANT, id=made.id)
    assert (off.enabled, off.configuration) == (False, made.configuration)
    assert off.updated_at > made.updated_at
    moved = await db.integrations.update(
        name="Clients",
        provider="crm-2",
        configuration={"url": "https://crm-2.example"},
        tenant_id=TENANT,
        id=made.id,
    )
    assert (moved.name, moved.provider) == ("Clients", "crm-2")
    assert moved.configuration == {"url": "https://crm-2.example"}
    assert not moved.enabled


async def test_record_use(db: Database) -> None:
    made = await new_integration(db, "Customers")
    assert await db.integrations.record_use(tenant_id=TENANT, id=made.id) == 1
    used = await db.integrations.get_by_id(tenant_id=TENANT, id=made.id)
    assert used is not None
    assert used.last_used_at is not None
    assert used.last_used_at > made.created_at
    assert used.updated_at == made.updated_at
    assert await db.integrations.record_use(tenant_id=TENANT, id=NOBODY) == 0


async def test_delete(db: Database) -> None:
    made = await new_integration(db, "Customers")
    assert await db.integrations.delete(tenant_id=TENANT, id=made.id) == 1
    assert await db.integrations.delete(tenant_id=TENANT, id=made.id) == 0
    assert await db.integrations.get_by_id(tenant_id=TENANT, id=made.id) is None
