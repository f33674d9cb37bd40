# Derived from ../aio/test_tenants.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""No method of the system lets a tenant see or change what is another one's."""

from __future__ import annotations

import inspect
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from generated import flows as package
from generated.flows import (
    ExperimentVariantsFlowIdFkeyViolation,
    FlowAnalyticsFlowIdFkeyViolation,
    FlowVersionsFlowIdFkeyViolation,
)
from generated.flows.models import ChangeType
from tests.systems.flows.sync.work import (
    ANN,
    HOUR,
    OTHER,
    TENANT,
    new_active_flow,
    new_experiment,
)

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.flows.sync import Database

DAY = date(2024, 6, 1)
EVERYTHING = (
    "SELECT json_agg(row ORDER BY row::text)::text FROM ("
    "SELECT to_json(t) FROM conversation_flows t UNION ALL"
    " SELECT to_json(t) FROM flow_versions t UNION ALL"
    " SELECT to_json(t) FROM flow_analytics t UNION ALL"
    " SELECT to_json(t) FROM contexts t UNION ALL"
    " SELECT to_json(t) FROM states t UNION ALL"
    " SELECT to_json(t) FROM experiments t UNION ALL"
    " SELECT to_json(t) FROM experiment_variants t UNION ALL"
    " SELECT to_json(t) FROM experiment_assignments t UNION ALL"
    " SELECT to_json(t) FROM integrations t"
    ") AS all_of_it (row) WHERE row ->> 'tenant_id' = %s"
)


def snapshot(admin: psycopg.Connection[Any]) -> object:
    """All that the first tenant has."""
    return admin.execute(EVERYTHING, [str(TENANT)]).fetchone()


def test_every_method_asks_for_the_tenant() -> None:
    """But for the upkeep of whole tables."""
    without = {
        f"{name}.{method}"
        for name, cls in vars(package).items()
        if name.endswith("Repository")
        for method, member in inspect.getmembers(cls, inspect.isfunction)
        if not method.startswith("_")
        and "tenant_id" not in inspect.signature(member).parameters
    }
    assert without == {
        "ContextRepository.get_collection_stats",
        "ContextRepository.purge_expired",
        "StateRepository.purge_expired",
    }


def test_flows(db: Database, admin: psycopg.Connection[Any]) -> None:
    flow = new_active_flow(db, "Support")
    db.flows.set_default_flow(tenant_id=TENANT, flow_id=flow.id)
    before = snapshot(admin)
    repository = db.flows
    own = new_active_flow(db, "Support", tenant=OTHER)
    for page in (
        repository.get_by_tenant(tenant_id=OTHER),
        repository.search_flows(tenant_id=OTHER, search_term=""),
    ):
        assert page.items == [own]
    assert repository.get_active_flows(tenant_id=OTHER) == [own]
    assert repository.count_by_tenant(tenant_id=OTHER) == 1
    assert repository.get_default_flow(tenant_id=OTHER) is None
    by_name = repository.get_flow_by_name_and_version(
        tenant_id=OTHER, name="Support", version="1.0"
    )
    assert by_name == own
    assert repository.get_by_tenant_and_id(tenant_id=OTHER, id=flow.id) is None
    nested = repository.get_flow_with_versions(tenant_id=OTHER, flow_id=flow.id)
    assert nested is None
    with pytest.raises(NotFound):
        repository.set_default_flow(tenant_id=OTHER, flow_id=flow.id)
    with pytest.raises(NotFound):
        repository.update(name="x", updated_by=ANN, tenant_id=OTHER, id=flow.id)
    with pytest.raises(NotFound):
        repository.publish_flow(published_by=ANN, tenant_id=OTHER, flow_id=flow.id)
    with pytest.raises(NotFound):
        repository.archive_flow(tenant_id=OTHER, flow_id=flow.id)
    with pytest.raises(NotFound):
        repository.increment_flow_usage(tenant_id=OTHER, flow_id=flow.id)
    assert repository.delete(tenant_id=OTHER, id=flow.id) == 0
    # A default of its own takes none away.
    repository.set_default_flow(tenant_id=OTHER, flow_id=own.id)
    assert snapshot(admin) == before


def test_versions_and_analytics(db: Database, admin: psycopg.Connection[Any]) -> None:
    flow = new_active_flow(db, "Support")

    def keep(tenant: UUID, version: str) -> None:
        db.flow_versions.create_flow_version(
            tenant_id=tenant,
            flow_id=flow.id,
            version=version,
            flow_definition={},
            change_description=None,
            change_type=ChangeType.MINOR,
            created_by=None,
        )

    def record(tenant: UUID) -> None:
        db.flow_analytics.record(
            tenant_id=tenant,
            flow_id=flow.id,
            metric_date=DAY,
            started=1,
            completed=1,
            abandoned=0,
            messages=1,
            duration_ms=1,
        )

    keep(TENANT, "1.0")
    record(TENANT)
    before = snapshot(admin)
    with pytest.raises(FlowVersionsFlowIdFkeyViolation):
        keep(OTHER, "2.0")
    versions = db.flow_versions.get_flow_versions(tenant_id=OTHER, flow_id=flow.id)
    assert versions == []
    version = db.flow_versions.get_flow_version(
        tenant_id=OTHER, flow_id=flow.id, version="1.0"
    )
    assert version is None
    with pytest.raises(NotFound):
        db.flow_versions.restore_flow_version(
            updated_by=ANN, tenant_id=OTHER, flow_id=flow.id, version="1.0"
        )
    with pytest.raises(FlowAnalyticsFlowIdFkeyViolation):
        record(OTHER)
    days = db.flow_analytics.get_flow_analytics(tenant_id=OTHER, flow_id=flow.id)
    assert days == []
    sums = db.flow_analytics.get_tenant_analytics(
        tenant_id=OTHER, start_date=DAY, end_date=DAY
    )
    assert sums == []
    assert snapshot(admin) == before


def test_contexts(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.contexts
    repository.create(tenant_id=TENANT, id="chat", document={"a": 1}, time_to_live=None)
    before = snapshot(admin)
    assert repository.get_by_id(tenant_id=OTHER, id="chat") is None
    for method in (repository.get_fields, repository.get_without_fields):
        assert method(fields=["a"], tenant_id=OTHER, id="chat") is None
    assert (repository.get_by_criteria(tenant_id=OTHER)).items == []
    assert repository.count(tenant_id=OTHER) == 0
    assert repository.aggregate(group_by="a", measure=None, tenant_id=OTHER) == []
    with pytest.raises(NotFound):
        repository.update_by_id(changes={}, tenant_id=OTHER, id="chat")
    with pytest.raises(NotFound):
        repository.unset_by_id(fields=["a"], tenant_id=OTHER, id="chat")
    changed = repository.update_by_criteria(
        changes={"a": 2}, tenant_id=OTHER, criteria=[]
    )
    assert changed == 0
    assert repository.delete_by_criteria(tenant_id=OTHER, criteria=[]) == 0
    for oldest in (
        repository.update_one_by_criteria(
            changes={"a": 2}, tenant_id=OTHER, criteria=[]
        ),
        repository.delete_one_by_criteria(tenant_id=OTHER, criteria=[]),
    ):
        assert oldest is None
    assert repository.delete_by_id(tenant_id=OTHER, id="chat") == 0
    # The same id is another document.
    repository.create(tenant_id=OTHER, id="chat", document={}, time_to_live=None)
    repository.upsert(tenant_id=OTHER, id="chat", document={"a": 3}, time_to_live=HOUR)
    repository.upsert_fields(tenant_id=OTHER, id="chat", changes={"a": 4})
    assert snapshot(admin) == before


def test_states(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.states
    repository.set(tenant_id=TENANT, key="k", value=1, time_to_live=None)
    before = snapshot(admin)
    assert repository.get(tenant_id=OTHER, key="k") is None
    assert repository.get_many(tenant_id=OTHER, keys=["k"]) == []
    page = repository.list_by_prefix(tenant_id=OTHER, prefix="k")
    assert page.items == []
    swapped = repository.compare_and_set(value=2, tenant_id=OTHER, key="k", expected=1)
    assert swapped is None
    with pytest.raises(NotFound):
        repository.set_if_unchanged(
            value=2, tenant_id=OTHER, key="k", expected_version=1
        )
    until = repository.expire(time_to_live=HOUR, tenant_id=OTHER, key="k")
    assert until is None
    assert repository.delete(tenant_id=OTHER, key="k") == 0
    # The same key is another value.
    put = repository.set_if_absent(
        tenant_id=OTHER, key="k", value=10, time_to_live=None
    )
    assert put is not None
    added = repository.increment(tenant_id=OTHER, key="k", amount=1, time_to_live=None)
    assert added == 11
    repository.set(tenant_id=OTHER, key="k", value=12, time_to_live=None)
    assert snapshot(admin) == before


def test_experiments(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.experiments
    draft = new_experiment(db, {"a": 1})
    flow = new_active_flow(db, "Support")
    own = repository.create(tenant_id=OTHER, name="Own", description=None)
    before = snapshot(admin)
    assert repository.get_by_id(tenant_id=OTHER, id=draft.id) is None
    assert repository.get_with_variants(tenant_id=OTHER, id=draft.id) is None
    assert (repository.list(tenant_id=OTHER)).items == [own]
    with pytest.raises(NotFound):
        repository.update(name="x", tenant_id=OTHER, id=draft.id)
    with pytest.raises(NotFound):
        repository.set_variant(
            tenant_id=OTHER,
            experiment_id=draft.id,
            name="b",
            flow_id=flow.id,
            weight=1,
        )
    with pytest.raises(ExperimentVariantsFlowIdFkeyViolation):
        repository.set_variant(
            tenant_id=OTHER, experiment_id=own.id, name="b", flow_id=flow.id, weight=1
        )
    removed = repository.remove_variant(
        tenant_id=OTHER, experiment_id=draft.id, name="a"
    )
    assert removed == 0
    with pytest.raises(NotFound):
        repository.start(tenant_id=OTHER, id=draft.id)
    assert snapshot(admin) == before
    repository.start(tenant_id=TENANT, id=draft.id)
    repository.assign(tenant_id=TENANT, experiment_id=draft.id, subject_id="user-1")
    before = snapshot(admin)
    with pytest.raises(NotFound):
        repository.assign(tenant_id=OTHER, experiment_id=draft.id, subject_id="user-1")
    found = repository.get_assignment(
        tenant_id=OTHER, experiment_id=draft.id, subject_id="user-1"
    )
    assert found is None
    counts = repository.count_assignments(tenant_id=OTHER, experiment_id=draft.id)
    assert counts == []
    with pytest.raises(NotFound):
        repository.complete(tenant_id=OTHER, id=draft.id)
    assert repository.delete(tenant_id=OTHER, id=draft.id) == 0
    assert snapshot(admin) == before


def test_integrations(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.integrations
    made = repository.create(
        tenant_id=TENANT,
        name="Customers",
        provider="crm",
        configuration={},
        enabled=True,
    )
    before = snapshot(admin)
    assert repository.get_by_id(tenant_id=OTHER, id=made.id) is None
    assert repository.get_by_name(tenant_id=OTHER, name="Customers") is None
    assert (repository.list(tenant_id=OTHER)).items == []
    with pytest.raises(NotFound):
        repository.update(enabled=False, tenant_id=OTHER, id=made.id)
    assert repository.record_use(tenant_id=OTHER, id=made.id) == 0
    assert repository.delete(tenant_id=OTHER, id=made.id) == 0
    assert snapshot(admin) == before
