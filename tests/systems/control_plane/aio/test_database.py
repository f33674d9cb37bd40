"""What hands out pool, transactions and repositories, from one configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.control_plane.models import UserRole
from tests.systems.control_plane.aio.tenant import new_tenant

from reposgen_runtime import Settings
from reposgen_runtime.errors import PoolClosed

if TYPE_CHECKING:
    from uuid import UUID

    from generated.control_plane import (
        ApplicationRepositoryProtocol,
        AuditLogRepositoryProtocol,
        Database,
        InferenceRequestRepositoryProtocol,
        OrganizationRepositoryProtocol,
        PolicyRepositoryProtocol,
        UserRepositoryProtocol,
    )


class Directory:
    """Part of an application, which knows repositories by their protocols alone."""

    def __init__(
        self,
        *,
        organizations: OrganizationRepositoryProtocol,
        applications: ApplicationRepositoryProtocol,
        users: UserRepositoryProtocol,
        policies: PolicyRepositoryProtocol,
        audit_logs: AuditLogRepositoryProtocol,
        inference_requests: InferenceRequestRepositoryProtocol,
    ) -> None:
        self.organizations = organizations
        self.applications = applications
        self.users = users
        self.policies = policies
        self.audit_logs = audit_logs
        self.inference_requests = inference_requests

    async def describe(self, user: UUID, app: UUID) -> tuple[str, str, UserRole]:
        """What organization and application are called, and the user's role."""
        found = await self.users.get_user(id=user)
        organization = await self.organizations.get_organization(id=found.org_id)
        application = await self.applications.get_application(id=app)
        return organization.name, application.name, found.role


async def test_repositories_are_what_their_protocols_say(db: Database) -> None:
    directory = Directory(
        organizations=db.organizations,
        applications=db.applications,
        users=db.users,
        policies=db.policies,
        audit_logs=db.audit_logs,
        inference_requests=db.inference_requests,
    )
    tenant = await new_tenant(db)
    described = await directory.describe(tenant.user, tenant.app)
    assert described == ("Acme", "Help desk", UserRole.ADMIN)


async def test_one_configuration_makes_all(db: Database, url: str) -> None:
    tenant = await new_tenant(db)
    async with type(db)(Settings(conninfo=url, max_size=1)) as other:
        assert (await other.users.get_user(id=tenant.user)).org_id == tenant.org
        async with other.transaction():
            assert await other.organizations.count_organizations() == 1
    with pytest.raises(PoolClosed):
        await other.organizations.count_organizations()
