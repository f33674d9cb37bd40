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
from tests.systems.flows.aio.work import (
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
    from generated.flows import Database

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


async def test_flows(db: Database, admin: psycopg.Connection[Any]) -> None:
    flow = await new_active_flow(db, "Support")
    await db.flows.set_default_flow(tenant_id=TENANT, flow_id=flow.id)
    before = snapshot(admin)
    repository = db.flows
    own = await new_active_flow(db, "Support", tenant=OTHER)
    for page in (
        await repository.get_by_tenant(tenant_id=OTHER),
        await repository.search_flows(tenant_id=OTHER, search_term=""),
    ):
        assert page.items == [own]
    assert await repository.get_active_flows(tenant_id=OTHER) == [own]
    assert await repository.count_by_tenant(tenant_id=OTHER) == 1
    assert await repository.get_default_flow(tenant_id=OTHER) is None
    by_name = await repository.get_flow_by_name_and_version(
        tenant_id=OTHER, name="Support", version="1.0"
    )
    assert by_name == own
    assert await repository.get_by_tenant_and_id(tenant_id=OTHER, id=flow.id) is None
    nested = await repository.get_flow_with_versions(tenant_id=OTHER, flow_id=flow.id)
    assert nested is None
    with pytest.raises(NotFound):
        await repository.set_default_flow(tenant_id=OTHER, flow_id=flow.id)
    with pytest.raises(NotFound):
        await repository.update(name="x", updated_by=ANN, tenant_id=OTHER, id=flow.id)
    with pytest.raises(NotFound):
        await repository.publish_flow(
            published_by=ANN, tenant_id=OTHER, flow_id=flow.id
        )
    with pytest.raises(NotFound):
        await repository.archive_flow(tenant_id=OTHER, flow_id=flow.id)
    with pytest.raises(NotFound):
        await repository.increment_flow_usage(tenant_id=OTHER, flow_id=flow.id)
    assert await repository.delete(tenant_id=OTHER, id=flow.id) == 0
    # A default of its own takes none away.
    await repository.set_default_flow(tenant_id=OTHER, flow_id=own.id)
    assert snapshot(admin) == before


async def test_versions_and_analytics(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    flow = await new_active_flow(db, "Support")

    async def keep(tenant: UUID, version: str) -> None:
        await db.flow_versions.create_flow_version(
            tenant_id=tenant,
            flow_id=flow.id,
            version=version,
            flow_definition={},
            change_description=None,
            change_type=ChangeType.MINOR,
            created_by=None,
        )

    async def record(tenant: UUID) -> None:
        await db.flow_analytics.record(
            tenant_id=tenant,
            flow_id=flow.id,
            metric_date=DAY,
            started=1,
            completed=1,
            abandoned=0,
            messages=1,
            duration_ms=1,
        )

    await keep(TENANT, "1.0")
    await record(TENANT)
    before = snapshot(admin)
    with pytest.raises(FlowVersionsFlowIdFkeyViolation):
        await keep(OTHER, "2.0")
    versions = await db.flow_versions.get_flow_versions(
        tenant_id=OTHER, flow_id=flow.id
    )
    assert versions == []
    version = await db.flow_versions.get_flow_version(
        tenant_id=OTHER, flow_id=flow.id, version="1.0"
    )
    assert version is None
    with pytest.raises(NotFound):
        await db.flow_versions.restore_flow_version(
            updated_by=ANN, tenant_id=OTHER, flow_id=flow.id, version="1.0"
        )
    with pytest.raises(FlowAnalyticsFlowIdFkeyViolation):
        await record(OTHER)
    days = await db.flow_analytics.get_flow_analytics(tenant_id=OTHER, flow_id=flow.id)
    assert days == []
    sums = await db.flow_analytics.get_tenant_analytics(
        tenant_id=OTHER, start_date=DAY, end_date=DAY
    )
    assert sums == []
    assert snapshot(admin) == before


async def test_contexts(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.contexts
    await repository.create(
        tenant_id=TENANT, id="chat", document={"a": 1}, time_to_live=None
    )
    before = snapshot(admin)
    assert await repository.get_by_id(tenant_id=OTHER, id="chat") is None
    for method in (repository.get_fields, repository.get_without_fields):
        assert await method(fields=["a"], tenant_id=OTHER, id="chat") is None
    assert (await repository.get_by_criteria(tenant_id=OTHER)).items == []
    assert await repository.count(tenant_id=OTHER) == 0
    assert await repository.aggregate(group_by="a", measure=None, tenant_id=OTHER) == []
    with pytest.raises(NotFound):
        await repository.update_by_id(changes={}, tenant_id=OTHER, id="chat")
    with pytest.raises(NotFound):
        await repository.unset_by_id(fields=["a"], tenant_id=OTHER, id="chat")
    changed = await repository.update_by_criteria(
        changes={"a": 2}, tenant_id=OTHER, criteria=[]
    )
    assert changed == 0
    assert await repository.delete_by_criteria(tenant_id=OTHER, criteria=[]) == 0
    for oldest in (
        await repository.update_one_by_criteria(
            changes={"a": 2}, tenant_id=OTHER, criteria=[]
        ),
        await repository.delete_one_by_criteria(tenant_id=OTHER, criteria=[]),
    ):
        assert oldest is None
    assert await repository.delete_by_id(tenant_id=OTHER, id="chat") == 0
    # The same id is another document.
    await repository.create(tenant_id=OTHER, id="chat", document={}, time_to_live=None)
    await repository.upsert(
        tenant_id=OTHER, id="chat", document={"a": 3}, time_to_live=HOUR
    )
    await repository.upsert_fields(tenant_id=OTHER, id="chat", changes={"a": 4})
    assert snapshot(admin) == before


async def test_states(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.states
    await repository.set(tenant_id=TENANT, key="k", value=1, time_to_live=None)
    before = snapshot(admin)
    assert await repository.get(tenant_id=OTHER, key="k") is None
    assert await repository.get_many(tenant_id=OTHER, keys=["k"]) == []
    page = await repository.list_by_prefix(tenant_id=OTHER, prefix="k")
    assert page.items == []
    swapped = await repository.compare_and_set(
        value=2, tenant_id=OTHER, key="k", expected=1
    )
    assert swapped is None
    with pytest.raises(NotFound):
        await repository.set_if_unchanged(
            value=2, tenant_id=OTHER, key="k", expected_version=1
        )
    until = await repository.expire(time_to_live=HOUR, tenant_id=OTHER, key="k")
    assert until is None
    assert await repository.delete(tenant_id=OTHER, key="k") == 0
    # The same key is another value.
    put = await repository.set_if_absent(
        tenant_id=OTHER, key="k", value=10, time_to_live=None
    )
    assert put is not None
    added = await repository.increment(
        tenant_id=OTHER, key="k", amount=1, time_to_live=None
    )
    assert added == 11
    await repository.set(tenant_id=OTHER, key="k", value=12, time_to_live=None)
    assert snapshot(admin) == before


async def test_experiments(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.experiments
    draft = await new_experiment(db, {"a": 1})
    flow = await new_active_flow(db, "Support")
    own = await repository.create(tenant_id=OTHER, name="Own", description=None)
    before = snapshot(admin)
    assert await repository.get_by_id(tenant_id=OTHER, id=draft.id) is None
    assert await repository.get_with_variants(tenant_id=OTHER, id=draft.id) is None
    assert (await repository.list(tenant_id=OTHER)).items == [own]
    with pytest.raises(NotFound):
        await repository.update(name="x", tenant_id=OTHER, id=draft.id)
    with pytest.raises(NotFound):
        await repository.set_variant(
            tenant_id=OTHER,
            experiment_id=draft.id,
            name="b",
            flow_id=flow.id,
            weight=1,
        )
    with pytest.raises(ExperimentVariantsFlowIdFkeyViolation):
        await repository.set_variant(
            tenant_id=OTHER, experiment_id=own.id, name="b", flow_id=flow.id, weight=1
        )
    removed = await repository.remove_variant(
        tenant_id=OTHER, experiment_id=draft.id, name="a"
    )
    assert removed == 0
    with pytest.raises(NotFound):
        await repository.start(tenant_id=OTHER, id=draft.id)
    assert snapshot(admin) == before
    await repository.start(tenant_id=TENANT, id=draft.id)
    await repository.assign(
        tenant_id=TENANT, experiment_id=draft.id, subject_id="user-1"
    )
    before = snapshot(admin)
    with pytest.raises(NotFound):
        await repository.assign(
            tenant_id=OTHER, experiment_id=draft.id, subject_id="user-1"
        )
    found = await repository.get_assignment(
        tenant_id=OTHER, experiment_id=draft.id, subject_id="user-1"
    )
    assert found is None
    counts = await repository.count_assignments(tenant_id=OTHER, experiment_id=draft.id)
    assert counts == []
    with pytest.raises(NotFound):
        await repository.complete(tenant_id=OTHER, id=draft.id)
    assert await repository.delete(tenant_id=OTHER, id=draft.id) == 0
    assert snapshot(admin) == before


async def test_integrations(db: Database, admin: psycopg.Connection[Any]) -> None:
    repository = db.integrations
    made = await repository.create(
        tenant_id=TENANT,
        name="Customers",
        provider="crm",
        configuration={},
        enabled=True,
    )
    before = snapshot(admin)
    assert await repository.get_by_id(tenant_id=OTHER, id=made.id) is None
    assert await repository.get_by_name(tenant_id=OTHER, name="Customers") is None
    assert (await repository.list(tenant_id=OTHER)).items == []
    with pytest.raises(NotFound):
        await repository.update(enabled=False, tenant_id=OTHER, id=made.id)
    assert await repository.record_use(tenant_id=OTHER, id=made.id) == 0
    assert await repository.delete(tenant_id=OTHER, id=made.id) == 0
    assert snapshot(admin) == before
