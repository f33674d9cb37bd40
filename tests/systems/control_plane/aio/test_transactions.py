# ruff: noqa: PT012 -- the block as a whole is what raises
"""Several repositories in one transaction, which they join by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.control_plane import OrganizationsSlugKeyViolation
from generated.control_plane.models import InferenceStatus
from generated.control_plane.organizations import OrganizationRepository
from tests.systems.control_plane.aio.tenant import NOBODY, new_request, new_tenant

from reposgen_runtime.errors import (
    NotFound,
    ReadOnlyTransaction,
    RepositoryError,
    TransactionClosed,
    TransactionFailed,
    TransactionRequired,
)

if TYPE_CHECKING:
    from generated.control_plane import Database


class RefusedError(Exception):
    """What an application may raise in the midst of its work."""


async def test_committed_together(db: Database) -> None:
    async with db.transaction():
        tenant = await new_tenant(db)
        made = await new_request(db, tenant, "r-1")
        # now() is the transaction's: all was made at one moment.
        organization = await db.organizations.get_organization(id=tenant.org)
        assert made.created_at == organization.created_at
    assert await db.organizations.get_organization(id=tenant.org) == organization
    assert await db.inference_requests.get_inference_request(id=made.id) == made


async def test_nobody_sees_it_before(db: Database) -> None:
    async with db.connection() as outside:
        beside = OrganizationRepository(outside)
        async with db.transaction():
            await new_tenant(db)
            assert await db.organizations.count_organizations() == 1
            assert await beside.count_organizations() == 0
        assert await beside.count_organizations() == 1


async def test_an_exception_undoes_all_of_it(db: Database) -> None:
    with pytest.raises(RefusedError):
        async with db.transaction():
            tenant = await new_tenant(db)
            await new_request(db, tenant, "r-1")
            raise RefusedError
    assert await db.organizations.count_organizations() == 0
    with pytest.raises(NotFound):
        await db.inference_requests.get_inference_request_by_request_id(
            request_id="r-1"
        )


async def test_not_found_undoes_it_too(db: Database) -> None:
    with pytest.raises(NotFound):
        async with db.transaction():
            await new_tenant(db)
            await db.users.get_user(id=NOBODY)
    assert await db.organizations.count_organizations() == 0


async def test_a_savepoint_undoes_its_own_part(db: Database) -> None:
    async with db.transaction():
        tenant = await new_tenant(db)
        made = await new_request(db, tenant, "r-1")
        with pytest.raises(OrganizationsSlugKeyViolation):
            async with db.savepoint():
                await db.inference_requests.update_inference_request_status(
                    status=InferenceStatus.CANCELLED, id=made.id
                )
                await db.organizations.create_organization(name="Acme", slug="acme")
        # A block in a block is a savepoint as well.
        with pytest.raises(RefusedError):
            async with db.transaction():
                await db.users.delete_user(id=tenant.user)
                raise RefusedError
        async with db.transaction():
            await new_tenant(db, "other")
    assert await db.inference_requests.get_inference_request(id=made.id) == made
    assert (await db.users.get_user(id=tenant.user)).org_id == tenant.org
    assert await db.organizations.count_organizations() == 2


async def test_a_failure_that_was_swallowed(db: Database) -> None:
    with pytest.raises(TransactionFailed):
        async with db.transaction():
            await new_tenant(db)
            with pytest.raises(OrganizationsSlugKeyViolation):
                await new_tenant(db)
    assert await db.organizations.count_organizations() == 0


async def test_read_only(db: Database) -> None:
    with pytest.raises(ReadOnlyTransaction) as caught:
        async with db.transaction(isolation="repeatable read", read_only=True):
            assert await db.organizations.count_organizations() == 0
            await db.organizations.create_organization(name="Acme", slug="acme")
    assert caught.value.query == "organizations.create_organization"


async def test_a_snapshot_for_a_report(db: Database) -> None:
    async with db.connection() as outside:
        beside = OrganizationRepository(outside)
        async with db.transaction(isolation="repeatable read", read_only=True):
            assert await db.organizations.count_organizations() == 0
            await beside.create_organization(name="Acme", slug="acme")
            assert await db.organizations.count_organizations() == 0
        assert await db.organizations.count_organizations() == 1


async def test_handed_on_explicitly(db: Database) -> None:
    async with db.transaction() as transaction:
        organizations = OrganizationRepository(transaction)
        await organizations.create_organization(name="Acme", slug="acme")
        assert await db.organizations.count_organizations() == 1
    with pytest.raises(TransactionClosed):
        await organizations.count_organizations()


async def test_a_savepoint_alone(db: Database) -> None:
    with pytest.raises(TransactionRequired):
        async with db.savepoint():
            pass


async def test_a_copy_is_part_of_it(db: Database) -> None:
    with pytest.raises(RepositoryError):
        async with db.transaction():
            tenant = await new_tenant(db)
            await db.audit_logs.insert_audit_logs([])
            await db.users.get_user(id=tenant.org)
    assert await db.organizations.count_organizations() == 0
