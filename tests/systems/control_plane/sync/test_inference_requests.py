# Derived from ../aio/test_inference_requests.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `inference_requests`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from generated.control_plane import (
    InferenceRequestsAppIdFkeyViolation,
    InferenceRequestsCostCheckViolation,
    InferenceRequestsLatencyMsCheckViolation,
    InferenceRequestsOrgIdFkeyViolation,
    InferenceRequestsRequestIdKeyViolation,
    InferenceRequestsTokensCheckViolation,
    InferenceRequestsUserIdFkeyViolation,
)
from generated.control_plane.models import InferenceRequest, InferenceStatus
from tests.systems.control_plane.sync.tenant import (
    NOBODY,
    Tenant,
    new_request,
    new_tenant,
)
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.control_plane.sync import Database

NEW_YEAR = datetime(2024, 1, 1, tzinfo=UTC)
EVER = {"since": NEW_YEAR, "until": datetime(2100, 1, 1, tzinfo=UTC)}


def test_create_and_get(db: Database) -> None:
    tenant = new_tenant(db)
    made = db.inference_requests.create_inference_request(
        request_id="r-1",
        org_id=tenant.org,
        app_id=tenant.app,
        user_id=None,
        model="large",
        provider="north",
    )
    assert (made.request_id, made.model, made.provider) == ("r-1", "large", "north")
    assert made.status is InferenceStatus.PENDING
    assert (made.total_tokens, made.cost) == (0, Decimal(0))
    assert (made.user_id, made.latency_ms, made.completed_at) == (None, None, None)
    assert db.inference_requests.get_inference_request(id=made.id) == made
    by_key = db.inference_requests.get_inference_request_by_request_id(request_id="r-1")
    assert by_key == made


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        db.inference_requests.get_inference_request(id=NOBODY)
    with pytest.raises(NotFound):
        db.inference_requests.get_inference_request_by_request_id(request_id="?")
    assert db.inference_requests.delete_inference_request(id=NOBODY) == 0


def test_what_is_refused(db: Database) -> None:
    tenant, other = new_tenant(db), new_tenant(db, "other")
    new_request(db, tenant, "r-1")
    for wrong, error in (
        (tenant, InferenceRequestsRequestIdKeyViolation),
        (
            Tenant(org=tenant.org, app=other.app, user=tenant.user),
            InferenceRequestsAppIdFkeyViolation,
        ),
        (
            Tenant(org=tenant.org, app=tenant.app, user=other.user),
            InferenceRequestsUserIdFkeyViolation,
        ),
        (
            Tenant(org=NOBODY, app=tenant.app, user=tenant.user),
            InferenceRequestsOrgIdFkeyViolation,
        ),
    ):
        key = "r-1" if wrong is tenant else "r-2"
        with pytest.raises(error):
            new_request(db, wrong, key)


def test_the_way_of_a_request(db: Database) -> None:
    made = new_request(db, new_tenant(db), "r-1")
    started = db.inference_requests.update_inference_request_status(
        status=InferenceStatus.PROCESSING, id=made.id
    )
    assert started.status is InferenceStatus.PROCESSING
    assert started.completed_at is None
    done = db.inference_requests.complete_inference_request(
        prompt_tokens=900,
        completion_tokens=334,
        cost=Decimal("0.001234"),
        latency_ms=850,
        id=made.id,
    )
    assert done.status is InferenceStatus.COMPLETED
    assert done.total_tokens == 1234
    assert done.cost == Decimal("0.001234")
    assert done.completed_at is not None
    assert done.completed_at > made.created_at
    # What has ended stays as it is.
    with pytest.raises(NotFound):
        db.inference_requests.update_inference_request_status(
            status=InferenceStatus.PENDING, id=made.id
        )
    with pytest.raises(NotFound):
        db.inference_requests.fail_inference_request(
            error_message="too late", latency_ms=1, id=made.id
        )
    with pytest.raises(NotFound):
        db.inference_requests.complete_inference_request(
            prompt_tokens=1,
            completion_tokens=1,
            cost=Decimal(1),
            latency_ms=1,
            id=made.id,
        )
    assert db.inference_requests.get_inference_request(id=made.id) == done


def test_a_request_fails(db: Database) -> None:
    made = new_request(db, new_tenant(db), "r-1")
    failed = db.inference_requests.fail_inference_request(
        error_message="upstream timed out", latency_ms=30_000, id=made.id
    )
    assert failed.status is InferenceStatus.FAILED
    assert (failed.error_message, failed.latency_ms) == ("upstream timed out", 30_000)
    assert failed.completed_at is not None


def test_a_request_is_cancelled(db: Database) -> None:
    made = new_request(db, new_tenant(db), "r-1")
    cancelled = db.inference_requests.update_inference_request_status(
        status=InferenceStatus.CANCELLED, id=made.id
    )
    assert cancelled.status is InferenceStatus.CANCELLED
    assert cancelled.completed_at is not None


@pytest.mark.parametrize(
    ("prompt_tokens", "cost", "latency_ms", "error"),
    [
        (-1, 0, 1, InferenceRequestsTokensCheckViolation),
        (1, -1, 1, InferenceRequestsCostCheckViolation),
        (1, 0, -1, InferenceRequestsLatencyMsCheckViolation),
    ],
)
def test_use_is_never_negative(
    db: Database,
    prompt_tokens: int,
    cost: int,
    latency_ms: int,
    error: type[Exception],
) -> None:
    made = new_request(db, new_tenant(db), "r-1")
    with pytest.raises(error):
        db.inference_requests.complete_inference_request(
            prompt_tokens=prompt_tokens,
            completion_tokens=1,
            cost=Decimal(cost),
            latency_ms=latency_ms,
            id=made.id,
        )
    assert db.inference_requests.get_inference_request(id=made.id) == made


def test_delete(db: Database) -> None:
    made = new_request(db, new_tenant(db), "r-1")
    assert db.inference_requests.delete_inference_request(id=made.id) == 1
    with pytest.raises(NotFound):
        db.inference_requests.get_inference_request(id=made.id)


def test_list_by_organization(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    first = db.inference_requests.list_inference_requests_by_organization(
        org_id=org, limit=30
    )
    rest = db.inference_requests.list_inference_requests_by_organization(
        org_id=org, limit=30, after=first.next
    )
    assert [*first.items, *rest.items] == rows(
        filled,
        InferenceRequest,
        "SELECT * FROM inference_requests WHERE org_id = %s"
        " ORDER BY created_at DESC, id DESC",
        org,
    )
    assert (len(first.items), len(rest.items)) == (30, 20)


def test_list_what_is_asked_for(db: Database, filled: psycopg.Connection[Any]) -> None:
    org, app, user = id_of("organization", 1), id_of("application", 3), id_of("user", 5)
    whole = rows(
        filled,
        InferenceRequest,
        "SELECT * FROM inference_requests WHERE org_id = %s"
        " ORDER BY created_at DESC, id DESC",
        org,
    )
    by_app = db.inference_requests.list_inference_requests_by_organization(
        org_id=org, app_id=app
    )
    assert by_app.items == [r for r in whole if r.app_id == app] != []
    by_user = db.inference_requests.list_inference_requests_by_organization(
        org_id=org, user_id=user
    )
    assert by_user.items == [r for r in whole if r.user_id == user] != []
    by_model = db.inference_requests.list_inference_requests_by_organization(
        org_id=org, model="large", provider="south"
    )
    assert (
        by_model.items
        == [r for r in whole if (r.model, r.provider) == ("large", "south")]
        != []
    )


@pytest.mark.parametrize("status", InferenceStatus)
def test_list_by_status(
    db: Database, filled: psycopg.Connection[Any], status: InferenceStatus
) -> None:
    org = id_of("organization", 2)
    found = db.inference_requests.list_inference_requests_by_status(
        org_id=org, status=status, limit=100
    )
    assert found.items == rows(
        filled,
        InferenceRequest,
        "SELECT * FROM inference_requests WHERE org_id = %s AND status::text = %s"
        " ORDER BY created_at DESC, id DESC",
        org,
        status,
    )
    # The data have requests of all kinds, but none that was cancelled.
    assert bool(found.items) == (status is not InferenceStatus.CANCELLED)


def test_list_by_date_range(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    since, until = NEW_YEAR + timedelta(minutes=11), NEW_YEAR + timedelta(minutes=21)
    found = db.inference_requests.list_inference_requests_by_date_range(
        org_id=org, since=since, until=until, limit=4, total=True
    )
    # The i-th request arrived in the i-th minute; every other is the organization's.
    assert [row.request_id for row in found.items] == [
        "request-19",
        "request-17",
        "request-15",
        "request-13",
    ]
    assert found.total == 5
    assert found.items == rows(
        filled,
        InferenceRequest,
        "SELECT * FROM inference_requests WHERE request_id = ANY (%s)"
        " ORDER BY created_at DESC",
        [row.request_id for row in found.items],
    )


def test_metrics(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    metrics = db.inference_requests.get_metrics(org_id=org, **EVER)
    requests = rows(
        filled,
        InferenceRequest,
        "SELECT * FROM inference_requests WHERE org_id = %s",
        org,
    )
    statuses = [request.status for request in requests]
    latencies = [r.latency_ms for r in requests if r.latency_ms is not None]
    assert metrics.total_requests == len(requests) == 50
    assert metrics.completed_requests == statuses.count(InferenceStatus.COMPLETED)
    assert metrics.failed_requests == statuses.count(InferenceStatus.FAILED)
    assert metrics.cancelled_requests == 0
    assert metrics.open_requests == 50 - len(latencies)
    assert metrics.prompt_tokens == sum(r.prompt_tokens for r in requests)
    assert metrics.completion_tokens == sum(r.completion_tokens for r in requests)
    assert metrics.total_tokens == sum(r.total_tokens for r in requests)
    assert metrics.total_cost == sum(r.cost for r in requests)
    assert metrics.average_latency_ms == pytest.approx(sum(latencies) / len(latencies))


def test_metrics_of_nothing(db: Database) -> None:
    tenant = new_tenant(db)
    metrics = db.inference_requests.get_metrics(org_id=tenant.org, **EVER)
    assert (metrics.total_requests, metrics.total_tokens) == (0, 0)
    assert metrics.total_cost == 0
    assert metrics.average_latency_ms is None
    assert not db.inference_requests.get_metrics_by_model(org_id=tenant.org, **EVER)


def test_metrics_by_model(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    found = db.inference_requests.get_metrics_by_model(org_id=org, **EVER)
    requests = rows(
        filled,
        InferenceRequest,
        "SELECT * FROM inference_requests WHERE org_id = %s",
        org,
    )
    kinds = {(r.provider, r.model) for r in requests}
    assert {(m.provider, m.model) for m in found} == kinds
    assert len(found) == len(kinds) == 6
    costs = [m.total_cost for m in found]
    assert costs == sorted(costs, reverse=True)
    for metrics in found:
        own = [
            r
            for r in requests
            if (r.provider, r.model) == (metrics.provider, metrics.model)
        ]
        latencies = [r.latency_ms for r in own if r.latency_ms is not None]
        assert metrics.requests == len(own)
        assert metrics.total_tokens == sum(r.total_tokens for r in own)
        assert metrics.total_cost == sum(r.cost for r in own)
        assert metrics.average_latency_ms == pytest.approx(
            sum(latencies) / len(latencies)
        )
