"""The repository `contexts`: finding documents by every operator of the criteria."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from generated.flows.models import Context, Criterion, CriterionOperator
from tests.systems.databases import rows
from tests.systems.flows.aio.work import TENANT

from reposgen_runtime.errors import DataRejected, InvalidCursor, RepositoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import psycopg
    from generated.flows import Database

    from reposgen_runtime import Json, JsonInput

DOCUMENTS: dict[str, JsonInput] = {
    "ann": {
        "user": {"name": "Ann Lee", "age": 41},
        "score": 10,
        "topics": ["orders", "refunds"],
        "seen": "2024-01-10T12:00:00Z",
        "agent": None,
    },
    "bob": {
        "user": {"name": "Bob 100%", "age": 17},
        "score": 2.5,
        "topics": [],
        "seen": "2024-02-01",
        "agent": "joe",
    },
    "eve": {
        "user": {"name": "anna"},
        "score": "10",
        "topics": "orders",
        "seen": 20240110,
    },
    "zoe": {},
}
EVERYBODY = [*DOCUMENTS]

CASES: tuple[tuple[str, str, Json, list[str]], ...] = (
    ("score", "eq", 10, ["ann"]),
    ("score", "eq", 10.0, ["ann"]),
    ("score", "eq", "10", ["eve"]),
    ("topics", "eq", ["orders", "refunds"], ["ann"]),
    ("user", "eq", {"age": 17, "name": "Bob 100%"}, ["bob"]),
    ("topics.0", "eq", "orders", ["ann"]),
    ("agent", "eq", None, ["ann", "eve", "zoe"]),
    ("score", "ne", 10, ["bob", "eve", "zoe"]),
    ("agent", "ne", None, ["bob"]),
    ("score", "gt", 2.5, ["ann"]),
    ("score", "gt", "1", ["eve"]),
    ("score", "gte", 2.5, ["ann", "bob"]),
    ("user.age", "lt", 41, ["bob"]),
    ("user.age", "lte", 41, ["ann", "bob"]),
    ("user.age", "lt", None, []),
    ("score", "in", [10, 2.5, True], ["ann", "bob"]),
    ("agent", "in", ["joe", None], EVERYBODY),
    ("score", "in", [], []),
    ("score", "not_in", [10, 2.5], ["eve", "zoe"]),
    ("agent", "not_in", [None], ["bob"]),
    ("score", "not_in", [], EVERYBODY),
    ("user.name", "like", "Ann", ["ann"]),
    ("user.name", "like", "b_1", ["bob"]),
    ("user.name", "ilike", "ANN", ["ann", "eve"]),
    ("user.name", "ilike", "x", []),
    ("user.name", "regex", "^ann(a| lee)$", ["ann", "eve"]),
    ("user.name", "regex", r"\d{3}", ["bob"]),
    ("agent", "exists", True, ["ann", "bob"]),
    ("agent", "exists", False, ["eve", "zoe"]),
    ("user.age", "exists", True, ["ann", "bob"]),
    ("topics", "size", 2, ["ann"]),
    ("topics", "size", 0, ["bob"]),
    ("seen", "date_range", {"start": "2024-01-10T12:00:00+00:00"}, ["ann", "bob"]),
    ("seen", "date_range", {"end": "2024-01-31"}, ["ann"]),
    ("seen", "date_range", {"start": "2024-01-11", "end": "2024-03-01"}, ["bob"]),
    ("seen", "date_range", {}, ["ann", "bob"]),
    ("agent", "is_null", None, ["ann", "eve", "zoe"]),
    ("agent", "is_not_null", None, ["bob"]),
    ("user.name.first", "is_not_null", None, []),
)


def criterion(field: str, operator: str, operand: Json) -> Criterion:
    return Criterion(field, CriterionOperator(operator), operand)


async def fill(db: Database) -> None:
    for name, document in DOCUMENTS.items():
        await db.contexts.create(
            tenant_id=TENANT, id=name, document=document, time_to_live=None
        )


async def found(db: Database, criteria: Sequence[Criterion]) -> list[str]:
    page = await db.contexts.get_by_criteria(
        tenant_id=TENANT, criteria=criteria, sort="id"
    )
    return [context.id for context in page.items]


async def test_get_by_criteria_and_count_by_every_operator(db: Database) -> None:
    await fill(db)
    for field, operator, operand, expected in CASES:
        criteria = [criterion(field, operator, operand)]
        assert await found(db, criteria) == expected, criteria
        count = await db.contexts.count(tenant_id=TENANT, criteria=criteria)
        assert count == len(expected)
    assert {operator for _, operator, _, _ in CASES} == set(CriterionOperator)


async def test_all_of_several(db: Database) -> None:
    await fill(db)
    grown_up = criterion("user.age", "gte", 18)
    named = criterion("user.name", "ilike", "ann")
    assert await found(db, [grown_up, named]) == ["ann"]
    assert await found(db, [named, criterion("score", "eq", "10")]) == ["eve"]
    assert await found(db, []) == EVERYBODY
    assert await db.contexts.count(tenant_id=TENANT) == 4


async def test_half_a_condition_is_never_met(
    db: Database, admin: psycopg.Connection[Any]
) -> None:
    """Or a slip in a condition would delete all there is."""
    await fill(db)
    for half in (
        Criterion("score", CriterionOperator.EXISTS, None),
        Criterion("score", CriterionOperator.EXISTS, "yes"),
        Criterion("score", CriterionOperator.SIZE, None),
        Criterion("user.name", CriterionOperator.LIKE, None),
    ):
        assert await found(db, [half]) == []
    for query in (
        "SELECT satisfies('{}', ARRAY[(NULL, 'is_null', NULL)]::criterion[])",
        "SELECT satisfies('{}', ARRAY[('score', NULL, '10')]::criterion[])",
        "SELECT satisfies('{}', ARRAY[NULL]::criterion[])",
    ):
        assert admin.execute(query.encode()).fetchone() == (False,)


async def test_an_operand_of_another_kind(db: Database) -> None:
    await fill(db)
    for wrong in (
        criterion("score", "in", 10),
        criterion("score", "not_in", None),
        criterion("user.name", "regex", "("),
        criterion("seen", "date_range", {"start": "soon"}),
    ):
        with pytest.raises(DataRejected):
            await found(db, [wrong])


async def test_what_a_document_contains(db: Database) -> None:
    await fill(db)
    for part, expected in (
        ({"user": {"age": 41}}, ["ann"]),
        ({"topics": ["refunds"]}, ["ann"]),
        ({"topics": []}, ["ann", "bob"]),
        ({}, EVERYBODY),
    ):
        page = await db.contexts.get_by_criteria(
            tenant_id=TENANT, contains=part, sort="id"
        )
        assert [context.id for context in page.items] == expected
        assert await db.contexts.count(tenant_id=TENANT, contains=part) == len(expected)
    both = await db.contexts.count(
        tenant_id=TENANT,
        contains={"topics": []},
        criteria=[criterion("score", "lt", 5)],
    )
    assert both == 1


async def test_criteria_agree_with_the_rule(
    db: Database, filled: psycopg.Connection[Any]
) -> None:
    everything = rows(
        filled,
        Context,
        "SELECT * FROM contexts WHERE tenant_id = %s AND expires_at IS NULL"
        " ORDER BY updated_at DESC, id DESC",
        TENANT,
    )
    assert len(everything) > 40
    since = datetime(2024, 1, 1, 0, 40, tzinfo=UTC)
    until = since + timedelta(minutes=30)
    cases: tuple[tuple[Criterion, Callable[[Mapping[str, Any]], bool]], ...] = (
        (criterion("score", "gte", 50), lambda d: d["score"] >= 50),
        (criterion("channel", "in", ["web"]), lambda d: d["channel"] == "web"),
        (criterion("user.name", "regex", "1$"), lambda d: d["user"]["name"][-1] == "1"),
        (criterion("topics", "size", 2), lambda d: len(d["topics"]) == 2),
        (criterion("agent", "is_null", None), lambda d: d["agent"] is None),
        (
            criterion(
                "seen_at",
                "date_range",
                {"start": since.isoformat(), "end": until.isoformat()},
            ),
            lambda d: since <= datetime.fromisoformat(d["seen_at"]) <= until,
        ),
    )
    for one, meets in cases:
        expected = [
            context
            for context in everything
            if isinstance(context.document, dict) and meets(context.document)
        ]
        assert 1 < len(expected) < len(everything)
        page = await db.contexts.get_by_criteria(
            tenant_id=TENANT, criteria=[one], limit=4, total=True
        )
        assert page.total == len(expected)
        items = page.items
        while page.next:
            page = await db.contexts.get_by_criteria(
                tenant_id=TENANT, criteria=[one], limit=4, after=page.next
            )
            items += page.items
        assert items == expected


@pytest.mark.usefixtures("filled")
async def test_pages_keep_to_their_sort(db: Database) -> None:
    page = await db.contexts.get_by_criteria(tenant_id=TENANT, limit=5, sort="-id")
    ids = [context.id for context in page.items]
    assert ids == sorted(ids, reverse=True)
    with pytest.raises(InvalidCursor):
        await db.contexts.get_by_criteria(tenant_id=TENANT, after=page.next, sort="id")


async def test_an_error_does_not_show_the_operand(db: Database) -> None:
    await fill(db)
    with pytest.raises(RepositoryError) as caught:
        await found(db, [criterion("seen", "date_range", {"start": "hush"})])
    assert "hush" not in str(caught.value)
