# Derived from ../aio/test_database.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The package as a whole: protocols, and several repositories in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.flows.models import ChangeType, FlowStatus
from tests.systems.flows.sync.work import ANN, NOBODY, TENANT, new_flow

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.flows.sync import (
        ContextRepositoryProtocol,
        Database,
        ExperimentRepositoryProtocol,
        FlowAnalyticsRepositoryProtocol,
        FlowRepositoryProtocol,
        FlowVersionRepositoryProtocol,
        IntegrationRepositoryProtocol,
        StateRepositoryProtocol,
    )


class Desk:
    """Part of an application, which knows repositories by their protocols alone."""

    def __init__(
        self,
        *,
        flows: FlowRepositoryProtocol,
        flow_versions: FlowVersionRepositoryProtocol,
        flow_analytics: FlowAnalyticsRepositoryProtocol,
        contexts: ContextRepositoryProtocol,
        states: StateRepositoryProtocol,
        experiments: ExperimentRepositoryProtocol,
        integrations: IntegrationRepositoryProtocol,
    ) -> None:
        self.flows = flows
        self.flow_versions = flow_versions
        self.flow_analytics = flow_analytics
        self.contexts = contexts
        self.states = states
        self.experiments = experiments
        self.integrations = integrations

    def publish(self, flow_id: UUID) -> None:
        """Keep a flow as it is, and let it be used."""
        flow = self.flows.get_by_tenant_and_id(tenant_id=TENANT, id=flow_id)
        if flow is None or flow.flow_definition is None:
            raise LookupError
        self.flow_versions.create_flow_version(
            tenant_id=TENANT,
            flow_id=flow.id,
            version=flow.version,
            flow_definition=flow.flow_definition,
            change_description=None,
            change_type=ChangeType.MAJOR,
            created_by=ANN,
        )
        self.flows.publish_flow(published_by=ANN, tenant_id=TENANT, flow_id=flow.id)


def desk_of(db: Database) -> Desk:
    return Desk(
        flows=db.flows,
        flow_versions=db.flow_versions,
        flow_analytics=db.flow_analytics,
        contexts=db.contexts,
        states=db.states,
        experiments=db.experiments,
        integrations=db.integrations,
    )


def test_repositories_are_what_their_protocols_say(db: Database) -> None:
    made = new_flow(db, "Support")
    desk_of(db).publish(made.id)
    found = db.flows.get_flow_with_versions(tenant_id=TENANT, flow_id=made.id)
    assert found is not None
    assert found.flow.status is FlowStatus.ACTIVE
    assert [kept.version for kept in found.versions] == ["1.0"]
    with pytest.raises(LookupError):
        desk_of(db).publish(NOBODY)


def test_published_together_or_not_at_all(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    made = new_flow(db, "Support")

    def publish_in_place_of(former: UUID) -> None:
        with db.transaction():
            desk_of(db).publish(made.id)
            db.flows.set_default_flow(tenant_id=TENANT, flow_id=made.id)
            db.flows.archive_flow(tenant_id=TENANT, flow_id=former)

    with pytest.raises(NotFound):
        publish_in_place_of(NOBODY)
    found = db.flows.get_flow_with_versions(tenant_id=TENANT, flow_id=made.id)
    assert found is not None
    assert (found.flow, found.versions) == (made, [])
    former = new_flow(db, "Help")
    publish_in_place_of(former.id)
    query = "SELECT name, status::text, is_default FROM conversation_flows ORDER BY 1"
    assert admin.execute(query).fetchall() == [
        ("Help", "archived", False),
        ("Support", "active", True),
    ]
