"""The repository `flow_analytics`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from generated.flows import (
    FlowAnalyticsCountsCheckViolation,
    FlowAnalyticsFlowIdFkeyViolation,
    GetTenantAnalyticsRow,
)
from generated.flows.models import FlowAnalytics
from tests.systems.data import id_of
from tests.systems.databases import rows
from tests.systems.flows.aio._compat import at_once
from tests.systems.flows.aio.work import NOBODY, TENANT, new_flow

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from generated.flows import Database

DAY = date(2024, 6, 1)


async def record(
    db: Database, flow_id: UUID, *, started: int = 1, completed: int = 0
) -> FlowAnalytics:
    return await db.flow_analytics.record(
        tenant_id=TENANT,
        flow_id=flow_id,
        metric_date=DAY,
        started=started,
        completed=completed,
        abandoned=started - completed,
        messages=7,
        duration_ms=1500,
    )


async def test_record_adds_up_by_day(db: Database) -> None:
    flow = await new_flow(db, "Support")
    first = await record(db, flow.id, started=3, completed=2)
    assert (first.tenant_id, first.flow_id, first.metric_date) == (TENANT, flow.id, DAY)
    second = await record(db, flow.id, started=2, completed=2)
    assert (second.started, second.completed, second.abandoned) == (5, 4, 1)
    assert (second.messages, second.duration_ms) == (14, 3000)
    assert second.updated_at > first.updated_at
    found = await db.flow_analytics.get_flow_analytics(
        tenant_id=TENANT, flow_id=flow.id
    )
    assert found == [second]


async def test_record_by_many_at_once(db: Database) -> None:
    flow = await new_flow(db, "Support")
    sums = await at_once(*(lambda: record(db, flow.id) for _ in range(24)))
    assert sorted(day.started for day in sums) == list(range(1, 25))
    (day,) = await db.flow_analytics.get_flow_analytics(
        tenant_id=TENANT, flow_id=flow.id
    )
    assert (day.started, day.messages, day.duration_ms) == (24, 24 * 7, 24 * 1500)


async def test_what_is_refused(db: Database) -> None:
    flow = await new_flow(db, "Support")
    with pytest.raises(FlowAnalyticsFlowIdFkeyViolation):
        await record(db, NOBODY)
    with pytest.raises(FlowAnalyticsCountsCheckViolation):
        await record(db, flow.id, started=1, completed=2)
    found = await db.flow_analytics.get_flow_analytics(
        tenant_id=TENANT, flow_id=flow.id
    )
    assert found == []


async def test_get_flow_analytics_by_date_range(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    flow = id_of("flow", 1)
    everything = rows(
        filled,
        FlowAnalytics,
        "SELECT * FROM flow_analytics WHERE flow_id = %s ORDER BY metric_date DESC",
        flow,
    )
    assert len(everything) == 30
    first, last = DAY + timedelta(days=9), DAY + timedelta(days=19)
    for start, end in ((None, None), (first, None), (None, last), (first, last)):
        found = await db.flow_analytics.get_flow_analytics(
            tenant_id=TENANT, flow_id=flow, start_date=start, end_date=end
        )
        assert found == [
            day
            for day in everything
            if (start or date.min) <= day.metric_date <= (end or date.max)
        ]


async def test_get_tenant_analytics(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    start, end = DAY + timedelta(days=3), DAY + timedelta(days=12)
    expected = []
    for number in (1, 3):
        flow = id_of("flow", number)
        days = rows(
            filled,
            FlowAnalytics,
            "SELECT * FROM flow_analytics"
            " WHERE flow_id = %s AND metric_date BETWEEN %s AND %s",
            flow,
            start,
            end,
        )
        assert len(days) == 10
        named = await db.flows.get_by_tenant_and_id(tenant_id=TENANT, id=flow)
        assert named is not None
        started = sum(day.started for day in days)
        completed = sum(day.completed for day in days)
        expected.append(
            GetTenantAnalyticsRow(
                flow_id=flow,
                name=named.name,
                version=named.version,
                started=started,
                completed=completed,
                abandoned=sum(day.abandoned for day in days),
                messages=sum(day.messages for day in days),
                completion_rate=completed / started,
                average_duration_ms=sum(day.duration_ms for day in days) / started,
            )
        )
    found = await db.flow_analytics.get_tenant_analytics(
        tenant_id=TENANT, start_date=start, end_date=end
    )
    assert found == sorted(expected, key=lambda row: -row.started)


async def test_no_rate_where_nothing_was_started(db: Database) -> None:
    flow = await new_flow(db, "Support")
    await record(db, flow.id, started=0)
    (row,) = await db.flow_analytics.get_tenant_analytics(
        tenant_id=TENANT, start_date=DAY, end_date=DAY
    )
    assert (row.flow_id, row.started, row.messages) == (flow.id, 0, 7)
    assert (row.completion_rate, row.average_duration_ms) == (None, None)
