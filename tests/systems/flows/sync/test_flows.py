# Derived from ../aio/test_flows.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `flows`."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypedDict

import psycopg
import pytest
from generated.flows import (
    ConversationFlowsFlowDefinitionCheckViolation,
    ConversationFlowsNameCheckViolation,
    ConversationFlowsTenantIdNameVersionKeyViolation,
    ConversationFlowsVersionCheckViolation,
    ExperimentVariantsFlowIdFkeyViolation,
    GetFlowWithVersionsRow,
)
from generated.flows.models import ChangeType, ConversationFlow, FlowStatus, FlowVersion
from tests.systems.data import id_of
from tests.systems.databases import rows
from tests.systems.flows.sync._compat import at_once
from tests.systems.flows.sync.work import (
    ANN,
    BOB,
    DEFINITION,
    NOBODY,
    TENANT,
    new_active_flow,
    new_experiment,
    new_flow,
)

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from uuid import UUID

    from generated.flows.sync import Database


class Filters(TypedDict, total=False):
    """What can be asked of a tenant's flows."""

    name: str
    status: list[FlowStatus]
    tags: list[str]
    created_by: UUID
    updated_after: datetime


def test_create_flow(db: Database) -> None:
    made = db.flows.create_flow(
        tenant_id=TENANT,
        name="Support",
        version="2.0",
        description=None,
        flow_definition=DEFINITION,
        tags=["web", "vip"],
        created_by=ANN,
    )
    assert (made.tenant_id, made.name, made.version) == (TENANT, "Support", "2.0")
    assert (made.description, made.flow_definition) == (None, DEFINITION)
    assert (made.tags, made.created_by, made.updated_by) == (["web", "vip"], ANN, ANN)
    assert (made.status, made.is_default) == (FlowStatus.DRAFT, False)
    assert (made.usage_count, made.last_used_at, made.published_at) == (0, None, None)
    assert db.flows.get_by_tenant_and_id(tenant_id=TENANT, id=made.id) == made
    assert db.flows.get_by_tenant_and_id(tenant_id=TENANT, id=NOBODY) is None


def test_get_flow_by_name_and_version(db: Database) -> None:
    first = new_flow(db, "Sales")
    second = new_flow(db, "Sales", version="1.1")
    for made in (first, second):
        found = db.flows.get_flow_by_name_and_version(
            tenant_id=TENANT, name="Sales", version=made.version
        )
        assert found == made
    missing = db.flows.get_flow_by_name_and_version(
        tenant_id=TENANT, name="Sales", version="1.2"
    )
    assert missing is None


def test_what_is_refused(db: Database) -> None:
    made = new_flow(db, "Sales")
    with pytest.raises(ConversationFlowsTenantIdNameVersionKeyViolation):
        new_flow(db, "Sales")
    with pytest.raises(ConversationFlowsNameCheckViolation):
        new_flow(db, "")
    with pytest.raises(ConversationFlowsVersionCheckViolation):
        new_flow(db, "Support", version="")
    with pytest.raises(ConversationFlowsFlowDefinitionCheckViolation):
        db.flows.update(
            flow_definition=["greet"], updated_by=ANN, tenant_id=TENANT, id=made.id
        )
    with pytest.raises(NotFound):
        db.flows.update(name="x", updated_by=ANN, tenant_id=TENANT, id=NOBODY)
    with pytest.raises(NotFound):
        db.flows.publish_flow(published_by=ANN, tenant_id=TENANT, flow_id=NOBODY)
    with pytest.raises(NotFound):
        db.flows.archive_flow(tenant_id=TENANT, flow_id=NOBODY)
    with pytest.raises(NotFound):
        db.flows.increment_flow_usage(tenant_id=TENANT, flow_id=NOBODY)
    assert db.flows.delete(tenant_id=TENANT, id=NOBODY) == 0
    found = db.flows.get_by_tenant_and_id(tenant_id=TENANT, id=made.id)
    assert found == made


def test_update_changes_what_is_given(db: Database) -> None:
    made = new_flow(db, "Sales", description="Sells.", tags=["web"], created_by=ANN)
    renamed = db.flows.update(
        name="Shop",
        description=None,
        updated_by=BOB,
        tenant_id=TENANT,
        id=made.id,
    )
    assert (renamed.name, renamed.description) == ("Shop", None)
    assert (renamed.created_by, renamed.updated_by) == (ANN, BOB)
    assert (renamed.version, renamed.tags) == (made.version, made.tags)
    assert renamed.flow_definition == DEFINITION
    assert renamed.updated_at > made.updated_at
    grown = db.flows.update(
        version="1.1",
        flow_definition={"start": "end", "states": {"end": {}}},
        tags=[],
        updated_by=None,
        tenant_id=TENANT,
        id=made.id,
    )
    assert (grown.name, grown.version, grown.tags) == ("Shop", "1.1", [])
    assert grown.flow_definition == {"start": "end", "states": {"end": {}}}
    assert grown.updated_by is None


def test_publish_flow_and_archive_flow(db: Database) -> None:
    made = new_flow(db, "Sales", created_by=ANN)
    active = db.flows.publish_flow(published_by=BOB, tenant_id=TENANT, flow_id=made.id)
    assert (active.status, active.published_by) == (FlowStatus.ACTIVE, BOB)
    assert active.updated_by == BOB
    assert active.published_at == active.updated_at > made.updated_at
    db.flows.set_default_flow(tenant_id=TENANT, flow_id=made.id)
    archived = db.flows.archive_flow(tenant_id=TENANT, flow_id=made.id)
    assert (archived.status, archived.is_default) == (FlowStatus.ARCHIVED, False)
    assert archived.published_at == active.published_at
    assert db.flows.get_default_flow(tenant_id=TENANT) is None
    again = db.flows.publish_flow(published_by=None, tenant_id=TENANT, flow_id=made.id)
    assert (again.status, again.published_by) == (FlowStatus.ACTIVE, None)
    assert not again.is_default


def test_get_active_flows_used_last_first(db: Database) -> None:
    new_flow(db, "Draft")
    flows = [new_active_flow(db, name) for name in ("A", "B", "C", "D")]
    for flow in (flows[2], flows[0]):
        db.flows.increment_flow_usage(tenant_id=TENANT, flow_id=flow.id)
    db.flows.archive_flow(tenant_id=TENANT, flow_id=flows[1].id)
    found = db.flows.get_active_flows(tenant_id=TENANT)
    assert [flow.name for flow in found] == ["A", "C", "D"]


def test_set_default_flow(db: Database) -> None:
    assert db.flows.get_default_flow(tenant_id=TENANT) is None
    first, second = new_active_flow(db, "A"), new_active_flow(db, "B")
    for flow in (first, second, second, first):
        chosen = db.flows.set_default_flow(tenant_id=TENANT, flow_id=flow.id)
        assert (chosen.id, chosen.is_default) == (flow.id, True)
        assert db.flows.get_default_flow(tenant_id=TENANT) == chosen
    former = db.flows.get_by_tenant_and_id(tenant_id=TENANT, id=second.id)
    assert former is not None
    assert (former.is_default, former.status) == (False, FlowStatus.ACTIVE)
    draft = new_flow(db, "C")
    for missing in (draft.id, NOBODY):
        with pytest.raises(NotFound):
            db.flows.set_default_flow(tenant_id=TENANT, flow_id=missing)
    assert db.flows.get_default_flow(tenant_id=TENANT) == chosen


def test_set_default_flow_by_many_at_once(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    flows = [new_active_flow(db, name) for name in "ABCD"]
    for _ in range(8):
        chosen = at_once(
            *(
                lambda flow=flow: db.flows.set_default_flow(
                    tenant_id=TENANT, flow_id=flow.id
                )
                for flow in flows
            )
        )
        assert [flow.id for flow in chosen] == [flow.id for flow in flows]
        assert all(flow.is_default for flow in chosen)
        query = "SELECT id FROM conversation_flows WHERE is_default"
        ((last,),) = admin.execute(query)
        default = db.flows.get_default_flow(tenant_id=TENANT)
        assert default is not None
        assert default.id == last


def test_a_second_default_is_refused_by_the_schema(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    flow = new_active_flow(db, "A")
    db.flows.set_default_flow(tenant_id=TENANT, flow_id=flow.id)
    with pytest.raises(
        psycopg.errors.UniqueViolation, match="conversation_flows_default_key"
    ):
        admin.execute(
            "INSERT INTO conversation_flows (tenant_id, name, flow_definition, status,"
            " published_at, is_default) VALUES (%s, 'B', '{}', 'active', now(), true)",
            [TENANT],
        )
    draft = new_flow(db, "C")
    with pytest.raises(
        psycopg.errors.CheckViolation, match="conversation_flows_is_default_check"
    ):
        admin.execute(
            "UPDATE conversation_flows SET is_default = true WHERE id = %s", [draft.id]
        )


def test_increment_flow_usage_by_many_at_once(db: Database) -> None:
    made = new_active_flow(db, "Support")
    counts = at_once(
        *(
            lambda: db.flows.increment_flow_usage(tenant_id=TENANT, flow_id=made.id)
            for _ in range(24)
        )
    )
    assert sorted(counts) == list(range(1, 25))
    used = db.flows.get_by_tenant_and_id(tenant_id=TENANT, id=made.id)
    assert used is not None
    assert used.usage_count == 24
    assert used.last_used_at == used.updated_at > made.updated_at


def test_search_flows_in_name_description_and_tags(db: Database) -> None:
    orders = new_flow(db, "Order 66", tags=["web"])
    refunds = new_flow(db, "Refunds", description="Takes back an ORDER.")
    tagged = new_flow(db, "Übersicht", tags=["vip", "pre-order"])
    new_flow(db, "Survey", description="50% off?", tags=["or", "der"])
    db.flows.publish_flow(published_by=ANN, tenant_id=TENANT, flow_id=refunds.id)

    def found(term: str, *status: FlowStatus) -> list[str]:
        page = db.flows.search_flows(
            tenant_id=TENANT, search_term=term, status=status or None
        )
        return [flow.name for flow in page.items]

    assert found("order") == [refunds.name, tagged.name, orders.name]
    assert found("OrDeR", FlowStatus.DRAFT) == [tagged.name, orders.name]
    assert found("order", FlowStatus.ARCHIVED) == []
    assert found("Übersicht") == [tagged.name]
    assert found("50% o") == ["Survey"]
    # Neither a pattern nor across two fields.
    assert found("o_der") == []
    assert found("66web") == []
    assert len(found("")) == 4


def test_search_flows_page_by_page(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    expected = rows(
        filled,
        ConversationFlow,
        "SELECT * FROM conversation_flows WHERE tenant_id = %s"
        " AND (name ILIKE '%%s%%' OR description ILIKE '%%s%%'"
        " OR EXISTS (SELECT FROM unnest(tags) AS tag WHERE tag ILIKE '%%s%%'))"
        " ORDER BY updated_at DESC, id DESC",
        TENANT,
    )
    assert len(expected) > 2
    page = db.flows.search_flows(tenant_id=TENANT, search_term="S", limit=2, total=True)
    assert page.total == len(expected)
    found = page.items
    while page.next:
        page = db.flows.search_flows(
            tenant_id=TENANT, search_term="S", limit=2, after=page.next
        )
        found += page.items
    assert found == expected


def test_get_by_tenant_and_count_by_tenant(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    everything = rows(
        filled,
        ConversationFlow,
        "SELECT * FROM conversation_flows WHERE tenant_id = %s"
        " ORDER BY updated_at DESC, id DESC",
        TENANT,
    )
    assert len(everything) == 5
    page = db.flows.get_by_tenant(tenant_id=TENANT, limit=3, total=True)
    assert (page.items, page.total) == (everything[:3], 5)
    rest = db.flows.get_by_tenant(tenant_id=TENANT, limit=3, after=page.next)
    assert rest.items == everything[3:]
    assert db.flows.count_by_tenant(tenant_id=TENANT) == 5
    by_use = db.flows.get_by_tenant(tenant_id=TENANT, sort="-usage_count")
    assert by_use.items == sorted(
        everything, key=attrgetter("usage_count"), reverse=True
    )
    third = everything[2]
    cases: tuple[tuple[Filters, Callable[[ConversationFlow], bool]], ...] = (
        (Filters(name=third.name), lambda f: f.name == third.name),
        (Filters(status=[FlowStatus.DRAFT]), lambda f: f.status == FlowStatus.DRAFT),
        (Filters(status=list(FlowStatus)), lambda _: True),
        (Filters(status=[]), lambda _: False),
        (Filters(tags=["phone", "web"]), lambda f: {"phone", "web"} <= {*f.tags}),
        (Filters(created_by=ANN), lambda f: f.created_by == ANN),
        (
            Filters(updated_after=third.updated_at, tags=["web"]),
            lambda f: f.updated_at > third.updated_at and "web" in f.tags,
        ),
    )
    for filters, meets in cases:
        expected = [flow for flow in everything if meets(flow)]
        found = db.flows.get_by_tenant(tenant_id=TENANT, **filters)
        assert found.items == expected
        count = db.flows.count_by_tenant(tenant_id=TENANT, **filters)
        assert count == len(expected)


def test_get_flow_with_versions(db: Database) -> None:
    made = new_flow(db, "Support")
    alone = db.flows.get_flow_with_versions(tenant_id=TENANT, flow_id=made.id)
    assert alone == GetFlowWithVersionsRow(made, [])
    kept = [
        db.flow_versions.create_flow_version(
            tenant_id=TENANT,
            flow_id=made.id,
            version=version,
            flow_definition=DEFINITION,
            change_description=None,
            change_type=ChangeType.MINOR,
            created_by=None,
        )
        for version in ("1.0", "1.1", "1.2")
    ]
    found = db.flows.get_flow_with_versions(tenant_id=TENANT, flow_id=made.id)
    assert found == GetFlowWithVersionsRow(made, kept[::-1])
    missing = db.flows.get_flow_with_versions(tenant_id=TENANT, flow_id=NOBODY)
    assert missing is None


def test_get_flow_with_versions_of_the_data_set(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    flow = id_of("flow", 1)
    found = db.flows.get_flow_with_versions(tenant_id=TENANT, flow_id=flow)
    assert found is not None
    assert found.flow.id == flow
    assert found.versions == rows(
        filled,
        FlowVersion,
        "SELECT * FROM flow_versions WHERE flow_id = %s ORDER BY created_at DESC",
        flow,
    )
    assert [kept.version for kept in found.versions] == ["1.2", "1.1", "1.0"]


def test_delete_takes_versions_along_but_no_experiment(db: Database) -> None:
    made = new_flow(db, "Support")
    db.flow_versions.create_flow_version(
        tenant_id=TENANT,
        flow_id=made.id,
        version="1.0",
        flow_definition=DEFINITION,
        change_description=None,
        change_type=ChangeType.MAJOR,
        created_by=None,
    )
    assert db.flows.delete(tenant_id=TENANT, id=made.id) == 1
    versions = db.flow_versions.get_flow_versions(tenant_id=TENANT, flow_id=made.id)
    assert versions == []
    experiment = new_experiment(db, {"a": 1})
    found = db.experiments.get_with_variants(tenant_id=TENANT, id=experiment.id)
    assert found is not None
    with pytest.raises(ExperimentVariantsFlowIdFkeyViolation):
        db.flows.delete(tenant_id=TENANT, id=found.variants[0].flow_id)
