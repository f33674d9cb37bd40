"""Which statements a replica may run."""

from __future__ import annotations

from decimal import Decimal

from golden_output.replicas import Database, orders, sync


def check_statements() -> None:
    assert orders.GET_ORDER.read_only
    assert orders.GET_ORDER.replica
    for statement in (orders.GET_AMOUNT, orders.LIST_ORDERS, orders.PAGE_OF_ORDERS):
        assert statement.read_only
        assert not statement.replica
    chosen, _ = orders.LIST_ORDERS.choose((Decimal(1),))
    assert not chosen.replica


async def run_async(url: str) -> None:
    check_statements()
    # No replica at all: it is the primary.
    async with Database.open(url, replicas=[url], replica_interval=0.01) as db:
        await db.orders.add_order(id=1, amount=Decimal(5))
        order = await db.orders.get_order(id=1)
        while db.statistics().replicas[0].state != "promoted":
            assert order.amount == await db.orders.get_amount(id=1)
        async with db.primary():
            assert await db.orders.list_orders(least=Decimal(5)) == [order]
        assert (await db.orders.page_of_orders(limit=1)).items == [order]


def run_sync(url: str) -> None:
    with sync.Database.open(url, replicas=[url], replica_interval=0.01) as db:
        db.orders.add_order(id=2, amount=Decimal(7))
        order = db.orders.get_order(id=2)
        with db.primary():
            assert db.orders.list_orders(least=Decimal(7)) == [order]
