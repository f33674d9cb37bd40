"""Counting the calls of repository methods, and transactions in place of clones."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.testing.conftest import Project


def test_assert_queries(project: Project) -> None:
    tests = """
import asyncio, pytest

pytestmark = pytest.mark.asyncio

async def test_few(reposgen_database, assert_queries):
    with assert_queries(max=2) as calls:
        await reposgen_database.customers.count_customers()
        async with reposgen_database.pipeline() as pipeline:
            pipeline.add(reposgen_database.customers.count_customers)
    assert [call.method for call in calls] == ["customers.count_customers"] * 2
    # Nothing is left of it.
    assert not reposgen_database.observers.active

async def test_many(reposgen_database, assert_queries):
    with assert_queries(max=2):
        await asyncio.gather(
            *(reposgen_database.customers.get_customer(id=i) for i in range(3))
        )

async def test_errors_go_first(reposgen_database, assert_queries):
    with assert_queries(max=0):
        await reposgen_database.customers.count_customers()
        raise LookupError("mine")
"""
    result = project(tests)
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(
        [
            "3 queries, but at most 2 were expected:",
            "  3 x customers.get_customer at *test_shop.py:17 in <genexpr>",
        ]
    )
    result.stdout.fnmatch_lines(["*LookupError: mine"])


def test_n_plus_one(project: Project) -> None:
    tests = """
import pytest

def load(db, numbers):
    return [db.customers.get_customer(id=number) for number in numbers]

def test_often(reposgen_database_sync):
    load(reposgen_database_sync, range(3))

def test_seldom(reposgen_database_sync):
    load(reposgen_database_sync, range(2))

@pytest.mark.reposgen(n_plus_one=3)
def test_marked(reposgen_database_sync):
    load(reposgen_database_sync, range(3))

def test_block(reposgen_database_sync, n_plus_one_guard):
    with n_plus_one_guard(max=1):
        load(reposgen_database_sync, range(2))
"""
    result = project(tests, reposgen_n_plus_one=2)
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "the same repository method was called more than 2 times (N+1 queries?):",
            "  3 x customers.get_customer at *test_shop.py:4 in *",
            "hint: query all rows at once, *",
        ]
    )


def test_transaction_per_test(project: Project) -> None:
    tests = """
import psycopg, pytest

@pytest.mark.parametrize("_", range(2))
def test_sync(reposgen_database_sync, reposgen_make, reposgen_url, _):
    db = reposgen_database_sync
    assert db.customers.count_customers() == 0
    made = reposgen_make.customer()
    assert db.customers.get_customer(id=made.id) == made
    with pytest.raises(ValueError):
        with db.transaction():
            db.customers.add_customer(email="c@d")
            raise ValueError
    assert db.customers.count_customers() == 1
    with psycopg.connect(reposgen_url) as other:
        assert other.execute("SELECT count(*) FROM customers").fetchone() == (0,)

@pytest.mark.asyncio
@pytest.mark.parametrize("_", range(2))
async def test_async(reposgen_database, reposgen_make, _):
    db = reposgen_database
    assert await db.customers.count_customers() == 0
    made = reposgen_make.customer()
    assert await db.customers.get_customer(id=made.id) == made
    async with db.transaction():
        await db.customers.add_customer(email="c@d")
    assert len(reposgen_make.order.many(20)) == 20
    assert await db.customers.count_customers() == 3

@pytest.mark.reposgen(mode="clone")
def test_clone(reposgen_database_sync, reposgen_url):
    reposgen_database_sync.customers.add_customer(email="a@b")
    with psycopg.connect(reposgen_url) as other:
        assert other.execute("SELECT count(*) FROM customers").fetchone() == (1,)

@pytest.mark.asyncio
async def test_both(reposgen_database, reposgen_database_sync): pass
"""
    result = project(tests, reposgen_mode="transaction")
    result.assert_outcomes(passed=5, errors=1)
    result.stdout.fnmatch_lines(
        ["*reposgen_database and reposgen_database_sync cannot be combined"]
    )


def test_factories(project: Project) -> None:
    tests = """
import pytest
from decimal import Decimal
from generated.shop import Order, State

def test_typed(reposgen_make, reposgen_database_sync):
    order = reposgen_make.order(total=Decimal("1.50"), state=State.SENT)
    assert isinstance(order, Order)
    assert (order.total, order.state) == (Decimal("1.50"), State.SENT)
    again = reposgen_make.order(customer_id=order.customer_id)
    assert reposgen_database_sync.customers.list_orders() == [order, again]
    many = reposgen_make.order.many(1000, customer_id=order.customer_id)
    assert len({one.id for one in many}) == 1000
    assert reposgen_database_sync.customers.count_customers() == 1

@pytest.mark.asyncio
async def test_async(reposgen_make, reposgen_database):
    made = reposgen_make.customer()
    assert await reposgen_database.customers.get_customer(id=made.id) == made

def test_wrong(reposgen_make):
    with pytest.raises(TypeError, match="customers has no column 'mail'"):
        reposgen_make.customer(mail="a@b")

def test_seed(reposgen_make):
    assert False, reposgen_make.customer().email
"""
    result = project(tests, "--reposgen-seed=7")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["made with --reposgen-seed=7"])
