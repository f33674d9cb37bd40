# Derived from ../aio/test_flow_versions.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `flow_versions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from generated.flows import (
    ConversationFlowsTenantIdNameVersionKeyViolation,
    FlowVersionsFlowIdFkeyViolation,
    FlowVersionsFlowIdVersionKeyViolation,
    FlowVersionsVersionCheckViolation,
)
from generated.flows.models import ChangeType
from tests.systems.flows.sync.work import (
    ANN,
    BOB,
    DEFINITION,
    NOBODY,
    TENANT,
    new_flow,
)

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    from generated.flows.models import FlowVersion
    from generated.flows.sync import Database

    from reposgen_runtime import JsonInput

SHORT: JsonInput = {"start": "end", "states": {"end": {"say": "Goodbye."}}}


def keep(
    db: Database, flow_id: UUID, version: str, *, change_type: ChangeType
) -> FlowVersion:
    return db.flow_versions.create_flow_version(
        tenant_id=TENANT,
        flow_id=flow_id,
        version=version,
        flow_definition=SHORT,
        change_description=f"What is new in {version}",
        change_type=change_type,
        created_by=ANN,
    )


def test_create_flow_version_and_get(db: Database) -> None:
    flow, other = new_flow(db, "Support"), new_flow(db, "Sales")
    made = [
        keep(db, flow.id, version, change_type=change_type)
        for version, change_type in (
            ("1.0", ChangeType.MINOR),
            ("1.0.1", ChangeType.PATCH),
            ("2.0", ChangeType.MAJOR),
        )
    ]
    elsewhere = keep(db, other.id, "1.0", change_type=ChangeType.MINOR)
    first = made[0]
    assert (first.tenant_id, first.flow_id, first.version) == (TENANT, flow.id, "1.0")
    assert (first.change_type, first.flow_definition) == (ChangeType.MINOR, SHORT)
    assert first.change_description == "What is new in 1.0"
    assert first.created_by == ANN
    found = db.flow_versions.get_flow_versions(tenant_id=TENANT, flow_id=flow.id)
    assert found == made[::-1]
    for kept in (*made, elsewhere):
        one = db.flow_versions.get_flow_version(
            tenant_id=TENANT, flow_id=kept.flow_id, version=kept.version
        )
        assert one == kept
    missing = db.flow_versions.get_flow_version(
        tenant_id=TENANT, flow_id=other.id, version="2.0"
    )
    assert missing is None


def test_what_is_refused(db: Database) -> None:
    flow = new_flow(db, "Support")
    keep(db, flow.id, "1.0", change_type=ChangeType.MINOR)
    with pytest.raises(FlowVersionsFlowIdVersionKeyViolation):
        keep(db, flow.id, "1.0", change_type=ChangeType.MAJOR)
    with pytest.raises(FlowVersionsVersionCheckViolation):
        keep(db, flow.id, "", change_type=ChangeType.MINOR)
    with pytest.raises(FlowVersionsFlowIdFkeyViolation):
        keep(db, NOBODY, "1.0", change_type=ChangeType.MINOR)


def test_restore_flow_version(db: Database) -> None:
    flow = new_flow(db, "Support", version="2.0", created_by=ANN)
    kept = keep(db, flow.id, "1.0", change_type=ChangeType.MINOR)
    restored = db.flow_versions.restore_flow_version(
        updated_by=BOB, tenant_id=TENANT, flow_id=flow.id, version="1.0"
    )
    assert flow.flow_definition == DEFINITION
    assert (restored.version, restored.flow_definition) == ("1.0", SHORT)
    assert (restored.id, restored.name, restored.updated_by) == (
        flow.id,
        "Support",
        BOB,
    )
    assert restored.updated_at > flow.updated_at
    found = db.flows.get_by_tenant_and_id(tenant_id=TENANT, id=flow.id)
    assert found == restored
    versions = db.flow_versions.get_flow_versions(tenant_id=TENANT, flow_id=flow.id)
    assert versions == [kept]
    with pytest.raises(NotFound):
        db.flow_versions.restore_flow_version(
            updated_by=BOB, tenant_id=TENANT, flow_id=flow.id, version="3.0"
        )


def test_restoring_makes_no_second_flow_of_a_version(db: Database) -> None:
    new_flow(db, "Support", version="1.0")
    flow = new_flow(db, "Support", version="2.0")
    keep(db, flow.id, "1.0", change_type=ChangeType.MINOR)
    with pytest.raises(ConversationFlowsTenantIdNameVersionKeyViolation):
        db.flow_versions.restore_flow_version(
            updated_by=BOB, tenant_id=TENANT, flow_id=flow.id, version="1.0"
        )
