# Derived from ../aio/test_partitions.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""Errors of partitions and inheriting tables: the class is the documented one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import Connection, sql
from tests.runtime import sales

from reposgen_runtime import Settings, errors
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def conninfo(make_database: Callable[[str], str]) -> str:
    return make_database(sales.SCHEMA)


@pytest.fixture
def partitioned(conninfo: str, *, use_cursors: bool) -> Iterator[Database]:
    settings = Settings(
        conninfo=conninfo, min_size=1, max_size=1, use_cursors=use_cursors
    )
    with Database(settings, package=sales.PACKAGE) as database:
        yield database


def sale(region: str, row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments of a sale in a region."""
    return (row[0], region, *row[1:])


def add_south(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sales.SOUTH.encode())


@pytest.mark.parametrize("region", ["north", "south"])
def test_each_constraint(partitioned: Database, conninfo: str, region: str) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    if region == "south":
        # The connection was there before the partition.
        run.exec(sales.ADD, (1, "north", "a", 1, None))
        add_south(conninfo)
    run.exec(sales.ADD, (1, region, "a", 1, None))
    for kind, row in sales.VIOLATIONS:
        with pytest.raises(errors.RepositoryError) as caught:
            run.exec(sales.ADD, sale(region, row))
        assert type(caught.value) is kind
        # In a transaction, which refuses every question after that.
        with pytest.raises(errors.RepositoryError) as caught:
            with partitioned.transaction():
                run.exec(sales.ADD, sale(region, row))
        assert type(caught.value) is kind


@pytest.mark.parametrize("region", ["north", "south"])
def test_a_foreign_key_to_a_partitioned_table(
    partitioned: Database, conninfo: str, region: str
) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    if region == "south":
        add_south(conninfo)
    run.exec(sales.ADD, (1, region, "a", 1, None))
    with pytest.raises(sales.OfSaleViolation):
        run.exec(sales.REFUND, (2, region))
    run.exec(sales.REFUND, (1, region))
    # The server names the constraint that it made for the partition.
    with pytest.raises(sales.OfSaleViolation):
        run.exec(sales.REMOVE, (region,))


def test_the_first_violation_comes_in_a_savepoint(
    partitioned: Database, conninfo: str
) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    add_south(conninfo)
    with partitioned.transaction() as transaction:
        run.exec(sales.ADD, (1, "south", "a", 1, None))
        for kind, row in sales.VIOLATIONS:
            with pytest.raises(kind):
                with transaction.savepoint():
                    run.exec(sales.ADD, sale("south", row))


def test_batches_copies_and_pipelines(partitioned: Database, conninfo: str) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    add_south(conninfo)
    run.exec(sales.ADD, (1, "south", "a", 1, None))
    taken = [sales.Sale(5, "south", "y"), sales.Sale(1, "south", "z")]
    with pytest.raises(sales.SalesKeyViolation):
        run.batch_exec(sales.ADD_EACH, taken)
    with pytest.raises(sales.SalesKeyViolation):
        run.copy_from(sales.COPY, taken)
    with pytest.raises(sales.SalesCodeViolation):
        with partitioned.pipeline() as pipeline:
            pipeline.add(run.exec, sales.ADD, (9, "south", "a", 1, None))


def test_a_deferred_constraint_at_commit(partitioned: Database, conninfo: str) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    add_south(conninfo)

    def add_deferred() -> None:
        with partitioned.transaction():
            run.exec(sales.DEFER)
            run.exec(sales.ADD, (1, "south", "a", 1, 77))

    with pytest.raises(sales.OfCustomerViolation):
        add_deferred()


def test_no_partition(partitioned: Database) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    with pytest.raises(errors.PartitionMissing):
        run.exec(sales.ADD, (1, "west", "a", 1, None))


def test_a_constraint_that_only_the_partition_has(
    partitioned: Database, conninfo: str
) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    add_south(conninfo)
    with pytest.raises(errors.CheckFailed) as caught:
        run.exec(sales.ADD, (13, "south", "a", 1, None))
    assert type(caught.value) is errors.CheckFailed


def test_an_inheriting_table(partitioned: Database) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    with pytest.raises(sales.VSmallViolation):
        run.exec(sales.SET_V, (1000,))


def test_a_domain(partitioned: Database) -> None:
    run = Runner(partitioned, sales.PACKAGE)
    with pytest.raises(sales.IsPositiveViolation):
        run.one(sales.CHECK_POSITIVE, (-1,))


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_connection_of_the_callers(conninfo: str, *, autocommit: bool) -> None:
    add_south(conninfo)
    with Connection.connect(conninfo, autocommit=autocommit) as connection:
        run = Runner(connection, sales.PACKAGE)
        run.exec(sales.ADD, (1, "south", "a", 1, None))
        with pytest.raises(sales.SalesKeyViolation):
            run.exec(sales.ADD, (1, "south", "z", 1, None))
        connection.rollback()


def test_a_server_that_takes_no_other_connection(server: str, conninfo: str) -> None:
    add_south(conninfo)
    with psycopg.connect(server, autocommit=True) as admin:
        with Connection.connect(conninfo) as connection:
            name = sql.Identifier(connection.info.dbname)
            allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
            run = Runner(connection, sales.PACKAGE)
            run.exec(sales.ADD, (1, "south", "a", 1, None))
            admin.execute(allow.format(name, sql.SQL("false")))
            # What it cannot ask for it does not guess.
            with pytest.raises(errors.AlreadyExists) as caught:
                run.exec(sales.ADD, (1, "south", "z", 1, None))
            assert type(caught.value) is errors.AlreadyExists
            assert caught.value.constraint == "s1"
            admin.execute(allow.format(name, sql.SQL("true")))
            connection.rollback()
            run.exec(sales.ADD, (1, "south", "a", 1, None))
            with pytest.raises(sales.SalesKeyViolation):
                run.exec(sales.ADD, (1, "south", "z", 1, None))
