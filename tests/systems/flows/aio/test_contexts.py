"""The repository `contexts`: documents by id, and what is done to many of them."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from generated.flows import (
    AggregateRow,
    ContextsDocumentCheckViolation,
    ContextsIdCheckViolation,
    ContextsPkeyViolation,
)
from generated.flows.contexts import PURGE_EXPIRED
from generated.flows.models import Context, Criterion, CriterionOperator
from tests.systems.flows.aio._compat import at_once
from tests.systems.flows.aio.work import HOUR, OTHER, PAST, TENANT

from reposgen_runtime.errors import NotFound

if TYPE_CHECKING:
    from datetime import timedelta

    import psycopg
    from generated.flows import Database

    from reposgen_runtime import Json, JsonInput

CHAT: JsonInput = {
    "user": {"name": "Ann", "age": 41},
    "topics": ["orders", "refunds"],
    "score": 12.5,
    "agent": None,
}


async def new_context(
    db: Database,
    name: str | None = None,
    document: JsonInput = CHAT,
    *,
    time_to_live: timedelta | None = None,
) -> Context:
    return await db.contexts.create(
        tenant_id=TENANT, id=name, document=document, time_to_live=time_to_live
    )


async def get(db: Database, name: str) -> Context | None:
    return await db.contexts.get_by_id(tenant_id=TENANT, id=name)


def where(field: str, operator: CriterionOperator, operand: Json = None) -> Criterion:
    return Criterion(field, operator, operand)


def is_called(name: str) -> list[Criterion]:
    return [where("user.name", CriterionOperator.EQ, name)]


async def test_create_and_get_by_id(db: Database) -> None:
    made = await new_context(db, "chat-1", time_to_live=HOUR)
    assert (made.tenant_id, made.id, made.document) == (TENANT, "chat-1", CHAT)
    assert made.expires_at == made.created_at + HOUR
    assert await get(db, "chat-1") == made
    assert await get(db, "chat-2") is None
    nameless, another = await new_context(db), await new_context(db)
    assert nameless.expires_at is None
    assert nameless.id != another.id
    assert await get(db, nameless.id) == nameless


async def test_what_is_refused(db: Database) -> None:
    made = await new_context(db, "chat-1")
    with pytest.raises(ContextsPkeyViolation):
        await new_context(db, "chat-1", {})
    with pytest.raises(ContextsIdCheckViolation):
        await new_context(db, "")
    with pytest.raises(ContextsDocumentCheckViolation):
        await new_context(db, "chat-2", [1])
    with pytest.raises(ContextsDocumentCheckViolation):
        await db.contexts.update_by_id(changes=[1], tenant_id=TENANT, id="chat-1")
    with pytest.raises(NotFound):
        await db.contexts.update_by_id(changes={}, tenant_id=TENANT, id="chat-2")
    with pytest.raises(NotFound):
        await db.contexts.unset_by_id(fields=[], tenant_id=TENANT, id="chat-2")
    assert await get(db, "chat-1") == made


async def test_upsert_replaces_the_document(db: Database) -> None:
    async def put(document: JsonInput, time_to_live: timedelta | None) -> Context:
        return await db.contexts.upsert(
            tenant_id=TENANT, id="chat", document=document, time_to_live=time_to_live
        )

    first = await put(CHAT, HOUR)
    assert (first.document, first.expires_at) == (CHAT, first.created_at + HOUR)
    second = await put({"score": 1}, None)
    assert (second.document, second.expires_at) == ({"score": 1}, None)
    assert second.created_at == first.created_at < second.updated_at
    assert await get(db, "chat") == second


async def test_projection(db: Database) -> None:
    await new_context(db, "chat")
    some = await db.contexts.get_fields(
        fields=["score", "agent", "none"], tenant_id=TENANT, id="chat"
    )
    assert some == {"score": 12.5, "agent": None}
    none = await db.contexts.get_fields(fields=[], tenant_id=TENANT, id="chat")
    assert none == {}
    rest = await db.contexts.get_without_fields(
        fields=["user", "topics", "none"], tenant_id=TENANT, id="chat"
    )
    assert rest == {"score": 12.5, "agent": None}
    for method in (db.contexts.get_fields, db.contexts.get_without_fields):
        assert await method(fields=["score"], tenant_id=TENANT, id="x") is None


async def test_what_has_expired_counts_as_gone(db: Database) -> None:
    await new_context(db, "chat", time_to_live=PAST)
    there = await new_context(db, "there")
    assert await get(db, "chat") is None
    assert (await db.contexts.get_by_criteria(tenant_id=TENANT)).items == [there]
    assert await db.contexts.count(tenant_id=TENANT) == 1
    (row,) = await db.contexts.aggregate(
        group_by="user.name", measure=None, tenant_id=TENANT
    )
    assert row.documents == 1
    for method in (db.contexts.get_fields, db.contexts.get_without_fields):
        assert await method(fields=["score"], tenant_id=TENANT, id="chat") is None
    with pytest.raises(NotFound):
        await db.contexts.update_by_id(changes={}, tenant_id=TENANT, id="chat")
    with pytest.raises(NotFound):
        await db.contexts.unset_by_id(fields=["user"], tenant_id=TENANT, id="chat")
    assert await db.contexts.delete_by_id(tenant_id=TENANT, id="chat") == 0
    changed = await db.contexts.update_by_criteria(
        changes={}, tenant_id=TENANT, criteria=[]
    )
    assert changed == 1
    assert await db.contexts.delete_by_criteria(tenant_id=TENANT, criteria=[]) == 1
    for oldest in (
        await db.contexts.update_one_by_criteria(
            changes={}, tenant_id=TENANT, criteria=[]
        ),
        await db.contexts.delete_one_by_criteria(tenant_id=TENANT, criteria=[]),
    ):
        assert oldest is None
    # Its place is free.
    made = await new_context(db, "chat", {"score": 1})
    assert await get(db, "chat") == made


async def test_update_by_id_sets_fields(db: Database) -> None:
    made = await new_context(db, "chat", time_to_live=HOUR)
    changed = await db.contexts.update_by_id(
        changes={"score": 13, "user": {"name": "Bob"}, "language": "en"},
        tenant_id=TENANT,
        id="chat",
    )
    assert changed.document == {
        "user": {"name": "Bob"},
        "topics": ["orders", "refunds"],
        "score": 13,
        "agent": None,
        "language": "en",
    }
    assert changed.expires_at == made.expires_at
    assert changed.updated_at > made.updated_at
    assert await get(db, "chat") == changed


async def test_updates_of_other_fields_do_not_undo_each_other(db: Database) -> None:
    await new_context(db, "chat", {})
    await at_once(
        *(
            lambda number=number: db.contexts.update_by_id(
                changes={f"field-{number}": number}, tenant_id=TENANT, id="chat"
            )
            for number in range(12)
        )
    )
    found = await get(db, "chat")
    assert found is not None
    assert found.document == {f"field-{number}": number for number in range(12)}


async def test_upsert_fields(db: Database) -> None:
    async def put(changes: JsonInput) -> Context:
        return await db.contexts.upsert_fields(
            tenant_id=TENANT, id="chat", changes=changes
        )

    made = await put({"score": 1, "agent": "Joe"})
    assert (made.document, made.expires_at) == ({"score": 1, "agent": "Joe"}, None)
    changed = await put({"score": 2})
    assert changed.document == {"score": 2, "agent": "Joe"}
    await db.contexts.upsert(
        tenant_id=TENANT, id="chat", document={"score": 3}, time_to_live=HOUR
    )
    lively = await put({"agent": "Jim"})
    assert lively.document == {"score": 3, "agent": "Jim"}
    assert lively.expires_at is not None
    # From what has expired nothing is left.
    await db.contexts.upsert(
        tenant_id=TENANT, id="chat", document={"score": 4}, time_to_live=PAST
    )
    fresh = await put({"agent": "Jil"})
    assert (fresh.document, fresh.expires_at) == ({"agent": "Jil"}, None)
    assert await get(db, "chat") == fresh


async def test_unset_by_id(db: Database) -> None:
    made = await new_context(db, "chat")
    changed = await db.contexts.unset_by_id(
        fields=["user", "topics", "none"], tenant_id=TENANT, id="chat"
    )
    assert changed.document == {"score": 12.5, "agent": None}
    assert changed.updated_at > made.updated_at


async def test_update_by_criteria(db: Database) -> None:
    for name in ("Ann", "Bob", "Ann"):
        await new_context(db, None, {"user": {"name": name}, "score": 1})
    changed = await db.contexts.update_by_criteria(
        changes={"score": 2}, tenant_id=TENANT, criteria=is_called("Ann")
    )
    assert changed == 2
    page = await db.contexts.get_by_criteria(tenant_id=TENANT, sort="created_at")
    assert [context.document for context in page.items] == [
        {"user": {"name": "Ann"}, "score": 2},
        {"user": {"name": "Bob"}, "score": 1},
        {"user": {"name": "Ann"}, "score": 2},
    ]
    none = await db.contexts.update_by_criteria(
        changes={"score": 3}, tenant_id=TENANT, criteria=is_called("Zoe")
    )
    assert none == 0


async def test_update_one_by_criteria_takes_the_oldest(db: Database) -> None:
    made = [
        await new_context(db, None, {"user": {"name": name}})
        for name in ("Bob", "Ann", "Ann")
    ]
    changed = await db.contexts.update_one_by_criteria(
        changes={"seen": True}, tenant_id=TENANT, criteria=is_called("Ann")
    )
    assert changed is not None
    assert changed.id == made[1].id
    assert changed.document == {"user": {"name": "Ann"}, "seen": True}
    assert await get(db, changed.id) == changed
    assert await get(db, made[2].id) == made[2]
    none = await db.contexts.update_one_by_criteria(
        changes={}, tenant_id=TENANT, criteria=is_called("Zoe")
    )
    assert none is None


async def test_delete_by_id(db: Database) -> None:
    await new_context(db, "chat")
    assert await db.contexts.delete_by_id(tenant_id=TENANT, id="chat") == 1
    assert await db.contexts.delete_by_id(tenant_id=TENANT, id="chat") == 0
    assert await get(db, "chat") is None


async def test_delete_by_criteria(db: Database) -> None:
    made = [
        await new_context(db, None, {"user": {"name": name}})
        for name in ("Bob", "Ann", "Ann", "Ann")
    ]
    one = await db.contexts.delete_one_by_criteria(
        tenant_id=TENANT, criteria=is_called("Ann")
    )
    assert one == made[1]
    deleted = await db.contexts.delete_by_criteria(
        tenant_id=TENANT, criteria=is_called("Ann")
    )
    assert deleted == 2
    assert (await db.contexts.get_by_criteria(tenant_id=TENANT)).items == [made[0]]
    none = await db.contexts.delete_one_by_criteria(
        tenant_id=TENANT, criteria=is_called("Ann")
    )
    assert none is None


async def test_aggregate(db: Database) -> None:
    for channel, score in (
        ("web", 1),
        ("web", 2.5),
        ("web", "high"),
        ("phone", 10),
        (None, 7),
    ):
        await new_context(
            db, None, {"user": {"channel": channel}, "score": {"of": score}}
        )
    await new_context(db, None, {"score": {"of": None}})
    found = await db.contexts.aggregate(
        group_by="user.channel", measure="score.of", tenant_id=TENANT
    )
    three, ten, seven = Decimal("3.5"), Decimal(10), Decimal(7)
    assert found == [
        AggregateRow("web", 3, 2, three, three / 2, Decimal(1), Decimal("2.5")),
        AggregateRow(None, 2, 1, seven, seven, seven, seven),
        AggregateRow("phone", 1, 1, ten, ten, ten, ten),
    ]
    some = await db.contexts.aggregate(
        group_by="user.channel",
        measure=None,
        tenant_id=TENANT,
        contains={"user": {}},
        criteria=[where("score.of", CriterionOperator.GTE, 2)],
    )
    assert some == [
        AggregateRow(value, 1, 0, None, None, None, None)
        for value in ("phone", "web", None)
    ]


async def test_aggregate_the_data_set(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    ages: dict[str, list[int]] = {}
    query = (
        "SELECT document ->> 'channel', (document #>> '{user,age}')::integer"
        " FROM contexts WHERE tenant_id = %s AND expires_at IS NULL"
    )
    for channel, age in filled.execute(query, [TENANT]):
        ages.setdefault(channel, []).append(age)
    assert set(ages) == {"web", "phone", "chat"}
    found = await db.contexts.aggregate(
        group_by="channel", measure="user.age", tenant_id=TENANT
    )
    in_order = sorted(ages, key=lambda channel: (-len(ages[channel]), channel))
    assert [row.value for row in found] == in_order
    for row in found:
        own = ages[row.value or ""]
        assert (row.documents, row.measured) == (len(own), len(own))
        assert row.total == Decimal(sum(own))
        assert row.average == pytest.approx(Decimal(sum(own)) / len(own))
        assert (row.minimum, row.maximum) == (Decimal(min(own)), Decimal(max(own)))


async def test_purge_expired(db: Database, admin: psycopg.Connection[Any]) -> None:
    for number in range(5):
        await db.contexts.create(
            tenant_id=(TENANT, OTHER)[number % 2],
            id=f"gone-{number}",
            document={},
            time_to_live=PAST * (number + 1),
        )
    there = await new_context(db, "there", time_to_live=HOUR)
    assert await db.contexts.purge_expired(limit=2) == 2
    # The oldest went first.
    left = admin.execute("SELECT id FROM contexts WHERE expires_at < now() ORDER BY id")
    assert left.fetchall() == [("gone-0",), ("gone-1",), ("gone-2",)]
    counts = await at_once(
        *(lambda: db.contexts.purge_expired(limit=2) for _ in range(4))
    )
    assert sum(counts) == 3
    assert (await db.contexts.get_by_criteria(tenant_id=TENANT)).items == [there]


async def test_get_collection_stats(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    stats = await db.contexts.get_collection_stats()
    assert (stats.document_count, stats.index_count) == (100, 4)
    sizes = filled.execute(
        "SELECT pg_table_size('contexts'), pg_indexes_size('contexts'),"
        " avg(pg_column_size(document))::double precision FROM contexts"
    ).fetchone()
    assert sizes == (
        stats.storage_size,
        stats.total_index_size,
        stats.average_object_size,
    )
    assert stats.average_object_size > 50


async def test_get_collection_stats_of_nothing(db: Database) -> None:
    stats = await db.contexts.get_collection_stats()
    assert (stats.document_count, stats.average_object_size) == (0, 0.0)


async def test_indexes(filled: psycopg.Connection[Any]) -> None:
    """One finds what has expired, another one what a document has to contain."""
    with filled.transaction():
        filled.execute("SET LOCAL enable_seqscan = off")
        plan = filled.execute(f"EXPLAIN (GENERIC_PLAN) {PURGE_EXPIRED.sql}".encode())
        assert any("contexts_expires_at_idx" in line for (line,) in plan)
        plan = filled.execute(
            'EXPLAIN SELECT FROM contexts WHERE document @> \'{"channel": "web"}\''
        )
        assert any("contexts_document_idx" in line for (line,) in plan)
