# Derived from ../aio/test_audit_logs.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""The repository `audit_logs`."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Any

import pytest
from generated.control_plane import (
    AuditLogsActionCheckViolation,
    AuditLogsAppIdFkeyViolation,
    AuditLogsCostCheckViolation,
    AuditLogsLatencyMsCheckViolation,
    AuditLogsOrgIdFkeyViolation,
    AuditLogsTokensUsedCheckViolation,
    AuditLogsUserIdFkeyViolation,
    InsertAuditLogsParams,
)
from generated.control_plane.audit_logs import ASYNC_INSERT_AUDIT_LOG
from generated.control_plane.models import AuditLog
from tests.systems.control_plane.sync.tenant import NOBODY, Tenant, new_tenant
from tests.systems.data import id_of
from tests.systems.databases import rows

from reposgen_runtime.errors import InvalidCursor, InvalidText, NotFound

if TYPE_CHECKING:
    import psycopg
    from generated.control_plane.sync import Database

    from reposgen_runtime import Page

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(tenant: Tenant, minute: int = 0) -> InsertAuditLogsParams:
    """What a model's call leaves behind."""
    return InsertAuditLogsParams(
        org_id=tenant.org,
        app_id=tenant.app,
        user_id=tenant.user,
        action="inference.completed",
        resource_type="inference_request",
        resource_id=f"request-{minute}",
        details={"stop": "length", "cached": False},
        request_id=f"request-{minute}",
        ip_address=IPv4Address("203.0.113.7"),
        user_agent="example/1.0",
        model="large",
        provider="north",
        tokens_used=1234,
        cost=Decimal("0.001234"),
        latency_ms=850,
        timestamp=NOON + timedelta(minutes=minute),
    )


def insert(db: Database, params: InsertAuditLogsParams) -> AuditLog:
    """Write one entry, at the server's time."""
    values = asdict(params)
    del values["timestamp"]
    return db.audit_logs.insert_audit_log(**values)


def test_insert_and_get(db: Database) -> None:
    params = entry(new_tenant(db))
    made = db.audit_logs.insert_audit_log(
        org_id=params.org_id,
        app_id=params.app_id,
        user_id=params.user_id,
        action=params.action,
        resource_type=params.resource_type,
        resource_id=params.resource_id,
        details=params.details,
        request_id=params.request_id,
        ip_address=IPv6Address("2001:db8::1"),
        user_agent=params.user_agent,
        model=params.model,
        provider=params.provider,
        tokens_used=params.tokens_used,
        cost=params.cost,
        latency_ms=params.latency_ms,
    )
    expected = asdict(replace(params, ip_address=IPv6Address("2001:db8::1")))
    assert asdict(made) == expected | {"id": made.id, "timestamp": made.timestamp}
    assert made.timestamp.tzinfo is not None
    assert db.audit_logs.get_audit_log(id=made.id) == made


def test_most_may_be_left_empty(db: Database) -> None:
    tenant = new_tenant(db)
    made = db.audit_logs.insert_audit_log(
        org_id=tenant.org,
        app_id=None,
        user_id=None,
        action="organization.created",
        resource_type="organization",
        resource_id=None,
        details={},
        request_id=None,
        ip_address=None,
        user_agent=None,
        model=None,
        provider=None,
        tokens_used=None,
        cost=None,
        latency_ms=None,
    )
    assert (made.app_id, made.ip_address, made.cost) == (None, None, None)


def test_what_is_not_there(db: Database) -> None:
    with pytest.raises(NotFound):
        db.audit_logs.get_audit_log(id=NOBODY)
    assert db.audit_logs.get_audit_logs_by_request_id(request_id="?") == []


def test_what_is_refused(db: Database) -> None:
    tenant, other = new_tenant(db), new_tenant(db, "other")
    good = entry(tenant)
    for wrong, error in (
        (replace(good, org_id=NOBODY), AuditLogsOrgIdFkeyViolation),
        (replace(good, app_id=other.app), AuditLogsAppIdFkeyViolation),
        (replace(good, user_id=other.user), AuditLogsUserIdFkeyViolation),
        (replace(good, action=""), AuditLogsActionCheckViolation),
        (replace(good, tokens_used=-1), AuditLogsTokensUsedCheckViolation),
        (replace(good, cost=Decimal("-0.01")), AuditLogsCostCheckViolation),
        (replace(good, latency_ms=-1), AuditLogsLatencyMsCheckViolation),
        (replace(good, action="a\0b"), InvalidText),
    ):
        with pytest.raises(error):
            insert(db, wrong)


def test_many_at_once(db: Database, admin: psycopg.Connection[Any]) -> None:
    tenant = new_tenant(db)
    entries = [entry(tenant, minute) for minute in range(1000)]
    entries[10] = replace(
        entries[10], user_id=None, cost=None, details={"a": ["ü", None]}
    )
    assert db.audit_logs.insert_audit_logs(iter(entries)) == 1000
    written = rows(admin, AuditLog, "SELECT * FROM audit_logs ORDER BY timestamp")
    assert [asdict(row) for row in written] == [
        asdict(params) | {"id": row.id}
        for params, row in zip(entries, written, strict=True)
    ]
    assert db.audit_logs.insert_audit_logs([]) == 0


def test_all_or_none_of_many(db: Database) -> None:
    tenant = new_tenant(db)
    entries = [entry(tenant), replace(entry(tenant), cost=Decimal(-1))]
    with pytest.raises(AuditLogsCostCheckViolation):
        db.audit_logs.insert_audit_logs(entries)
    assert db.audit_logs.get_audit_logs_by_request_id(request_id="request-0") == []


def test_insert_without_waiting(
    db: Database, admin: psycopg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    tenant = new_tenant(db)
    entries = [entry(tenant, minute) for minute in range(1200)]
    bad = replace(entries[700], user_id=NOBODY)
    for params in (*entries[:700], bad):
        db.audit_logs.async_insert_audit_log(**asdict(params))
    with pytest.raises(ZeroDivisionError):
        with db.transaction():
            for params in entries[700:]:
                db.audit_logs.async_insert_audit_log(**asdict(params))
            # What happened is on record, also if it is undone.
            raise ZeroDivisionError
    db.flush(ASYNC_INSERT_AUDIT_LOG)
    written = rows(admin, AuditLog, "SELECT * FROM audit_logs ORDER BY timestamp")
    assert [row.resource_id for row in written] == [e.resource_id for e in entries]
    numbers = db.buffers()["audit_logs.async_insert_audit_log"]
    assert (numbers.written, numbers.failed, numbers.pending) == (1200, 1, 0)
    (record,) = caplog.records
    assert "1 rows were given up" in record.getMessage()
    assert str(NOBODY) not in record.getMessage()


def test_list_by_organization(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    first = db.audit_logs.list_audit_logs_by_organization(org_id=org, limit=30)
    rest = db.audit_logs.list_audit_logs_by_organization(
        org_id=org, limit=30, after=first.next
    )
    assert [*first.items, *rest.items] == rows(
        filled,
        AuditLog,
        "SELECT * FROM audit_logs WHERE org_id = %s ORDER BY timestamp DESC, id DESC",
        org,
    )
    assert (len(first.items), len(rest.items)) == (30, 20)


def test_list_by_application(db: Database, filled: psycopg.Connection[Any]) -> None:
    org, app = id_of("organization", 1), id_of("application", 3)
    found = db.audit_logs.list_audit_logs_by_application(
        org_id=org, app_id=app, limit=100
    )
    assert found.items
    assert found.items == rows(
        filled,
        AuditLog,
        "SELECT * FROM audit_logs WHERE app_id = %s ORDER BY timestamp DESC, id DESC",
        app,
    )
    # Another organization learns nothing by naming the application.
    elsewhere = db.audit_logs.list_audit_logs_by_application(
        org_id=id_of("organization", 2), app_id=app, total=True
    )
    assert (elsewhere.items, elsewhere.total) == ([], 0)


def test_list_by_user(db: Database, filled: psycopg.Connection[Any]) -> None:
    org, user = id_of("organization", 1), id_of("user", 5)
    found = db.audit_logs.list_audit_logs_by_user(org_id=org, user_id=user, limit=100)
    assert found.items
    assert found.items == rows(
        filled,
        AuditLog,
        "SELECT * FROM audit_logs WHERE user_id = %s ORDER BY timestamp DESC, id DESC",
        user,
    )
    elsewhere = db.audit_logs.list_audit_logs_by_user(
        org_id=id_of("organization", 2), user_id=user
    )
    assert elsewhere.items == []


def test_list_by_action(db: Database, filled: psycopg.Connection[Any]) -> None:
    org = id_of("organization", 1)
    found = db.audit_logs.list_audit_logs_by_action(
        org_id=org, action="inference.failed", limit=100
    )
    assert found.items
    assert found.items == rows(
        filled,
        AuditLog,
        "SELECT * FROM audit_logs WHERE org_id = %s AND action = 'inference.failed'"
        " ORDER BY timestamp DESC, id DESC",
        org,
    )


def test_list_by_date_range(db: Database) -> None:
    tenant = new_tenant(db)
    db.audit_logs.insert_audit_logs(entry(tenant, m) for m in range(10))

    def page(after: str | None, before: str | None) -> Page[AuditLog]:
        return db.audit_logs.list_audit_logs_by_date_range(
            org_id=tenant.org,
            since=NOON + timedelta(minutes=3),
            until=NOON + timedelta(minutes=7),
            limit=3,
            after=after,
            before=before,
        )

    first = page(None, None)
    assert [row.resource_id for row in first.items] == [
        "request-6",
        "request-5",
        "request-4",
    ]
    assert first.previous is None
    # What is written meanwhile moves no page.
    late = replace(
        entry(tenant, 6), resource_id="late", timestamp=NOON + timedelta(minutes=6.5)
    )
    db.audit_logs.insert_audit_logs([late])
    second = page(first.next, None)
    assert [row.resource_id for row in second.items] == ["request-3"]
    assert second.next is None
    assert (page(None, second.previous)).items == first.items
    with pytest.raises(InvalidCursor):
        page("nonsense", None)
    with pytest.raises(InvalidCursor):
        db.audit_logs.list_audit_logs_by_organization(
            org_id=tenant.org, after=first.next
        )


def test_get_by_request_id(db: Database) -> None:
    tenant = new_tenant(db)
    steps = ["inference.received", "inference.started", "inference.completed"]
    entries = [
        replace(entry(tenant, minute), action=action, request_id="r-1")
        for minute, action in enumerate(steps)
    ]
    db.audit_logs.insert_audit_logs([*reversed(entries), entry(tenant)])
    found = db.audit_logs.get_audit_logs_by_request_id(request_id="r-1")
    assert [row.action for row in found] == steps


def test_stream_for_export(db: Database) -> None:
    tenant, other = new_tenant(db), new_tenant(db, "other")
    db.audit_logs.insert_audit_logs(entry(tenant, m) for m in range(2500))
    db.audit_logs.insert_audit_logs(entry(other, m) for m in range(10))
    since, until = NOON + timedelta(minutes=100), NOON + timedelta(minutes=2400)
    with db.audit_logs.stream_audit_logs(
        org_id=tenant.org, since=since, until=until
    ) as stream:
        seen = [row.timestamp for row in stream]
    assert seen == [NOON + timedelta(minutes=m) for m in range(100, 2400)]


def test_a_stream_may_be_left_early(db: Database) -> None:
    tenant = new_tenant(db)
    db.audit_logs.insert_audit_logs(entry(tenant, m) for m in range(2500))
    with db.audit_logs.stream_audit_logs(
        org_id=tenant.org, since=NOON, until=NOON + timedelta(days=9)
    ) as stream:
        for row in stream:
            assert row.resource_id == "request-0"
            break
    assert db.organizations.count_organizations() == 1
