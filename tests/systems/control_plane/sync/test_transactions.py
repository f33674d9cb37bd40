# Derived from ../aio/test_transactions.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""Several repositories in one transaction, which they join by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.control_plane import OrganizationsSlugKeyViolation
from generated.control_plane.models import InferenceStatus
from generated.control_plane.sync.organizations import OrganizationRepository
from tests.systems.control_plane.sync.tenant import NOBODY, new_request, new_tenant

from reposgen_runtime.errors import (
    NotFound,
    ReadOnlyTransaction,
    RepositoryError,
    TransactionClosed,
    TransactionFailed,
    TransactionRequired,
)

if TYPE_CHECKING:
    from generated.control_plane.sync import Database


class RefusedError(Exception):
    """What an application may raise in the midst of its work."""


def test_committed_together(db: Database) -> None:
    with db.transaction():
        tenant = new_tenant(db)
        made = new_request(db, tenant, "r-1")
        # now() is the transaction's: all was made at one moment.
        organization = db.organizations.get_organization(id=tenant.org)
        assert made.created_at == organization.created_at
    assert db.organizations.get_organization(id=tenant.org) == organization
    assert db.inference_requests.get_inference_request(id=made.id) == made


def test_nobody_sees_it_before(db: Database) -> None:
    with db.connection() as outside:
        beside = OrganizationRepository(outside)
        with db.transaction():
            new_tenant(db)
            assert db.organizations.count_organizations() == 1
            assert beside.count_organizations() == 0
        assert beside.count_organizations() == 1


def test_an_exception_undoes_all_of_it(db: Database) -> None:
    with pytest.raises(RefusedError):
        with db.transaction():
            tenant = new_tenant(db)
            new_request(db, tenant, "r-1")
            raise RefusedError
    assert db.organizations.count_organizations() == 0
    with pytest.raises(NotFound):
        db.inference_requests.get_inference_request_by_request_id(request_id="r-1")


def test_not_found_undoes_it_too(db: Database) -> None:
    with pytest.raises(NotFound):
        with db.transaction():
            new_tenant(db)
            db.users.get_user(id=NOBODY)
    assert db.organizations.count_organizations() == 0


def test_a_savepoint_undoes_its_own_part(db: Database) -> None:
    with db.transaction():
        tenant = new_tenant(db)
        made = new_request(db, tenant, "r-1")
        with pytest.raises(OrganizationsSlugKeyViolation):
            with db.savepoint():
                db.inference_requests.update_inference_request_status(
                    status=InferenceStatus.CANCELLED, id=made.id
                )
                db.organizations.create_organization(name="Acme", slug="acme")
        # A block in a block is a savepoint as well.
        with pytest.raises(RefusedError):
            with db.transaction():
                db.users.delete_user(id=tenant.user)
                raise RefusedError
        with db.transaction():
            new_tenant(db, "other")
    assert db.inference_requests.get_inference_request(id=made.id) == made
    assert (db.users.get_user(id=tenant.user)).org_id == tenant.org
    assert db.organizations.count_organizations() == 2


def test_a_failure_that_was_swallowed(db: Database) -> None:
    with pytest.raises(TransactionFailed):
        with db.transaction():
            new_tenant(db)
            with pytest.raises(OrganizationsSlugKeyViolation):
                new_tenant(db)
    assert db.organizations.count_organizations() == 0


def test_read_only(db: Database) -> None:
    with pytest.raises(ReadOnlyTransaction) as caught:
        with db.transaction(isolation="repeatable read", read_only=True):
            assert db.organizations.count_organizations() == 0
            db.organizations.create_organization(name="Acme", slug="acme")
    assert caught.value.query == "organizations.create_organization"


def test_a_snapshot_for_a_report(db: Database) -> None:
    with db.connection() as outside:
        beside = OrganizationRepository(outside)
        with db.transaction(isolation="repeatable read", read_only=True):
            assert db.organizations.count_organizations() == 0
            beside.create_organization(name="Acme", slug="acme")
            assert db.organizations.count_organizations() == 0
        assert db.organizations.count_organizations() == 1


def test_handed_on_explicitly(db: Database) -> None:
    with db.transaction() as transaction:
        organizations = OrganizationRepository(transaction)
        organizations.create_organization(name="Acme", slug="acme")
        assert db.organizations.count_organizations() == 1
    with pytest.raises(TransactionClosed):
        organizations.count_organizations()


def test_a_savepoint_alone(db: Database) -> None:
    with pytest.raises(TransactionRequired):
        with db.savepoint():
            pass


def test_a_copy_is_part_of_it(db: Database) -> None:
    with pytest.raises(RepositoryError):
        with db.transaction():
            tenant = new_tenant(db)
            db.audit_logs.insert_audit_logs([])
            db.users.get_user(id=tenant.org)
    assert db.organizations.count_organizations() == 0
