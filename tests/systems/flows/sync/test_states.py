# Derived from ../aio/test_states.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""The repository `states`: values by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from generated.flows import StatesKeyCheckViolation
from generated.flows.models import State
from generated.flows.states import PURGE_EXPIRED
from tests.systems.databases import rows
from tests.systems.flows.sync._compat import at_once
from tests.systems.flows.sync.work import HOUR, OTHER, PAST, TENANT

from reposgen_runtime.errors import (
    ConditionFailed,
    DataRejected,
    NotFound,
    NotNullMissing,
    StaleRow,
)

if TYPE_CHECKING:
    from datetime import timedelta

    import psycopg
    from generated.flows.sync import Database

    from reposgen_runtime import JsonInput


def put(
    db: Database, key: str, value: JsonInput, *, time_to_live: timedelta | None = None
) -> State:
    return db.states.set(
        tenant_id=TENANT, key=key, value=value, time_to_live=time_to_live
    )


def get(db: Database, key: str) -> State | None:
    return db.states.get(tenant_id=TENANT, key=key)


@pytest.mark.parametrize(
    "value", [{"step": 3, "path": ["a", "b"]}, [1, 2.5], "text", 7, True]
)
def test_set_and_get_any_value(db: Database, value: JsonInput) -> None:
    made = put(db, "session:1", value)
    assert (made.tenant_id, made.key, made.value) == (TENANT, "session:1", value)
    assert (made.version, made.expires_at) == (1, None)
    assert get(db, "session:1") == made


def test_set_again(db: Database) -> None:
    first = put(db, "k", 1, time_to_live=HOUR)
    assert first.expires_at == first.updated_at + HOUR
    second = put(db, "k", 2)
    assert (second.value, second.version, second.expires_at) == (2, 2, None)
    assert second.created_at == first.created_at
    assert second.updated_at > first.updated_at
    with pytest.raises(StatesKeyCheckViolation):
        put(db, "", 1)
    with pytest.raises(NotNullMissing):
        put(db, "k", None)  # type: ignore[arg-type] # the column is NOT NULL
    assert get(db, "k") == second


def test_what_has_expired_counts_as_gone(db: Database) -> None:
    put(db, "gone", 1, time_to_live=PAST)
    there = put(db, "there", 1, time_to_live=HOUR)
    assert get(db, "gone") is None
    found = db.states.get_many(tenant_id=TENANT, keys=["gone", "there", "none"])
    assert found == [there]
    page = db.states.list_by_prefix(tenant_id=TENANT, prefix="")
    assert page.items == [there]
    swapped = db.states.compare_and_set(
        value=2, tenant_id=TENANT, key="gone", expected=1
    )
    assert swapped is None
    with pytest.raises(ConditionFailed):
        db.states.set_if_unchanged(
            value=2, tenant_id=TENANT, key="gone", expected_version=1
        )
    assert db.states.expire(time_to_live=HOUR, tenant_id=TENANT, key="gone") is None
    assert db.states.delete(tenant_id=TENANT, key="gone") == 0


def test_get_many(db: Database, filled: psycopg.Connection[Any]) -> None:
    keys = [f"session:{number}" for number in range(1, 30)]
    expected = rows(
        filled,
        State,
        "SELECT * FROM states WHERE tenant_id = %s AND key = ANY (%s)"
        " AND expires_at IS NULL ORDER BY key",
        TENANT,
        keys,
    )
    assert 0 < len(expected) < 15
    assert db.states.get_many(tenant_id=TENANT, keys=keys) == expected
    assert db.states.get_many(tenant_id=TENANT, keys=[]) == []


def test_list_by_prefix(db: Database, filled: psycopg.Connection[Any]) -> None:
    expected = rows(
        filled,
        State,
        "SELECT * FROM states WHERE tenant_id = %s AND key LIKE 'session:5%%'"
        " AND expires_at IS NULL ORDER BY key",
        TENANT,
    )
    assert len(expected) > 3
    page = db.states.list_by_prefix(
        tenant_id=TENANT, prefix="session:5", limit=3, total=True
    )
    assert (page.items, page.total) == (expected[:3], len(expected))
    rest = db.states.list_by_prefix(
        tenant_id=TENANT, prefix="session:5", after=page.next
    )
    assert rest.items == expected[3:]
    # It is no pattern.
    none = db.states.list_by_prefix(tenant_id=TENANT, prefix="session_")
    assert none.items == []


def test_set_if_absent(db: Database) -> None:
    def put_if_absent(value: int) -> State | None:
        return db.states.set_if_absent(
            tenant_id=TENANT, key="leader", value=value, time_to_live=HOUR
        )

    made = put_if_absent(1)
    assert made is not None
    assert (made.value, made.expires_at) == (1, made.updated_at + HOUR)
    assert put_if_absent(2) is None
    assert get(db, "leader") == made
    put(db, "leader", 3, time_to_live=PAST)
    taken = put_if_absent(4)
    assert taken is not None
    assert (taken.value, taken.version) == (4, 3)
    db.states.delete(tenant_id=TENANT, key="leader")
    won = at_once(*(lambda number=number: put_if_absent(number) for number in range(8)))
    (winner,) = [state for state in won if state is not None]
    assert get(db, "leader") == winner


def test_compare_and_set(db: Database) -> None:
    made = put(db, "k", {"step": 1, "by": None}, time_to_live=HOUR)
    swapped = db.states.compare_and_set(
        value={"step": 2},
        tenant_id=TENANT,
        key="k",
        expected={"by": None, "step": 1},
    )
    assert swapped is not None
    assert (swapped.value, swapped.version) == ({"step": 2}, 2)
    assert swapped.expires_at == made.expires_at
    for key, expected in (("k", {"step": 1, "by": None}), ("other", {})):
        refused = db.states.compare_and_set(
            value=3, tenant_id=TENANT, key=key, expected=expected
        )
        assert refused is None
    assert get(db, "k") == swapped


def test_one_of_many_wins_compare_and_set(db: Database) -> None:
    for step in range(6):
        key = f"door:{step}"
        put(db, key, "closed")
        results = at_once(
            *(
                lambda number=number: db.states.compare_and_set(
                    value=f"opened by {number}",
                    tenant_id=TENANT,
                    key=key,  # noqa: B023 -- called before the loop goes on
                    expected="closed",
                )
                for number in range(8)
            )
        )
        (winner,) = [state for state in results if state is not None]
        assert winner.version == 2
        assert get(db, key) == winner


def test_nothing_is_lost_by_compare_and_set(db: Database) -> None:
    put(db, "ids", [])

    def append(number: int) -> int:
        tries = 1
        while True:
            seen = get(db, "ids")
            assert seen is not None
            assert isinstance(seen.value, list)
            if db.states.compare_and_set(
                value=[*seen.value, number],
                tenant_id=TENANT,
                key="ids",
                expected=seen.value,
            ):
                return tries
            tries += 1

    at_once(*(lambda number=number: append(number) for number in range(12)))
    found = get(db, "ids")
    assert found is not None
    assert isinstance(found.value, list)
    assert sorted(map(str, found.value)) == sorted(map(str, range(12)))
    assert found.version == 13


def test_set_if_unchanged(db: Database) -> None:
    made = put(db, "k", "a")
    changed = db.states.set_if_unchanged(
        value="b", tenant_id=TENANT, key="k", expected_version=made.version
    )
    assert (changed.value, changed.version) == ("b", 2)
    with pytest.raises(StaleRow) as stale:
        db.states.set_if_unchanged(
            value="c", tenant_id=TENANT, key="k", expected_version=made.version
        )
    assert (stale.value.expected, stale.value.actual) == (1, 2)
    with pytest.raises(NotFound):
        db.states.set_if_unchanged(
            value="c", tenant_id=TENANT, key="none", expected_version=1
        )
    assert get(db, "k") == changed


def test_increment(db: Database) -> None:
    def add(
        amount: int, key: str = "n", *, time_to_live: timedelta | None = None
    ) -> int:
        return db.states.increment(
            tenant_id=TENANT, key=key, amount=amount, time_to_live=time_to_live
        )

    assert add(5, time_to_live=HOUR) == 5
    made = get(db, "n")
    assert made is not None
    assert (made.value, made.expires_at) == (5, made.updated_at + HOUR)
    # A counter's time runs from its beginning.
    assert add(-7, time_to_live=PAST) == -2
    counted = get(db, "n")
    assert counted is not None
    assert (counted.version, counted.expires_at) == (2, made.expires_at)
    put(db, "n", 100, time_to_live=PAST)
    assert add(1) == 1
    put(db, "word", "seven")
    with pytest.raises(DataRejected):
        add(1, "word")
    with pytest.raises(StatesKeyCheckViolation):
        add(1, "")
    sums = at_once(*(lambda: add(1, "hits") for _ in range(24)))
    assert sorted(sums) == list(range(1, 25))


def test_expire(db: Database) -> None:
    put(db, "k", 1)
    until = db.states.expire(time_to_live=HOUR, tenant_id=TENANT, key="k")
    found = get(db, "k")
    assert found is not None
    assert until is not None
    assert found.expires_at == until > found.updated_at
    assert found.version == 1
    db.states.expire(time_to_live=PAST, tenant_id=TENANT, key="k")
    assert get(db, "k") is None


def test_delete(db: Database) -> None:
    put(db, "k", 1)
    assert db.states.delete(tenant_id=TENANT, key="k") == 1
    assert db.states.delete(tenant_id=TENANT, key="k") == 0
    assert get(db, "k") is None


def test_purge_expired(db: Database, admin: psycopg.Connection[Any]) -> None:
    for number in range(5):
        tenant = (TENANT, OTHER)[number % 2]
        db.states.set(
            tenant_id=tenant,
            key=f"gone:{number}",
            value=number,
            time_to_live=PAST * (number + 1),
        )
    kept = [
        put(db, "forever", 1),
        put(db, "later", 1, time_to_live=HOUR),
    ]
    assert db.states.purge_expired(limit=2) == 2
    # The oldest went first.
    left = admin.execute("SELECT key FROM states WHERE key LIKE 'gone:%' ORDER BY key")
    assert left.fetchall() == [("gone:0",), ("gone:1",), ("gone:2",)]
    counts = at_once(*(lambda: db.states.purge_expired(limit=2) for _ in range(4)))
    assert sum(counts) == 3
    assert db.states.purge_expired(limit=10) == 0
    page = db.states.list_by_prefix(tenant_id=TENANT, prefix="")
    assert page.items == kept


def test_an_index_finds_what_has_expired(
    filled: psycopg.Connection[Any],
) -> None:
    with filled.transaction():
        filled.execute("SET LOCAL enable_seqscan = off")
        plan = filled.execute(f"EXPLAIN (GENERIC_PLAN) {PURGE_EXPIRED.sql}".encode())
        assert any("states_expires_at_idx" in line for (line,) in plan)
