"""Transactions that can wait for each other: found, and seen in real sessions."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import pytest

from reposgen.analysis.analyse import analyse
from reposgen.analysis.directives import DIRECTIVES
from reposgen.config.model import LockRule, RuleConfig, RuleSeverity
from reposgen.contracts.locks.orders import judge_orders
from reposgen.contracts.locks.transactions import read_transactions
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.locking import read_package_locks
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reposgen.config.model import VetRule
    from reposgen.contracts.locks.model import PackageLocks
    from reposgen.diagnostics import Diagnostic
    from reposgen.live_schema.model import Catalog


class Find(Protocol):
    """Returns what is said of the transactions that lines declare."""

    def __call__(
        self, lines: str, options: Mapping[VetRule, RuleConfig] | None = None
    ) -> tuple[Diagnostic, ...]: ...


HERE = Path(__file__).parent
SCHEMA = (HERE / "schema.sql").read_text(encoding="utf-8")
QUERIES = (HERE / "queries.sql").read_text(encoding="utf-8")

ORDER = "UPDATE orders SET status = 'x' WHERE id = {}"
CUSTOMER = "UPDATE customers SET orders = 0 WHERE id = {}"
ACCOUNT = "UPDATE accounts SET balance = 0 WHERE id = {}"
UPSERT = "INSERT INTO accounts VALUES (1) ON CONFLICT (id) DO UPDATE SET balance = 1"
# What is declared, what the message says, and two steps each of two sessions that
# deadlock.
SEEDED = {
    "two tables": (
        ["a: SetStatus, CountUp", "b: CountUp, SetStatus"],
        "orders",
        [ORDER.format(1), CUSTOMER.format(1)],
        [CUSTOMER.format(1), ORDER.format(1)],
    ),
    "two rows": (
        ["transfer: Debit(id=source), Credit(id=target)"],
        "one row of accounts",
        [ACCOUNT.format(1), ACCOUNT.format(2)],
        [ACCOUNT.format(2), ACCOUNT.format(1)],
    ),
    "a query twice": (
        ["move: Credit, Credit"],
        "one row of accounts",
        [ACCOUNT.format(1), ACCOUNT.format(2)],
        [ACCOUNT.format(2), ACCOUNT.format(1)],
    ),
    "a stronger lock": (
        ["rename: ShareCustomer, Rename"],
        "FOR SHARE",
        ["SELECT FROM customers WHERE id = 1 FOR SHARE", CUSTOMER.format(1)],
        ["SELECT FROM customers WHERE id = 1 FOR SHARE", CUSTOMER.format(1)],
    ),
    "a child, then its parent": (
        ["order: AddOrder, LockCustomer"],
        "FOR KEY SHARE",
        [
            "INSERT INTO orders VALUES (7, 1)",
            "SELECT FROM customers WHERE id = 1 FOR UPDATE",
        ],
        [
            "INSERT INTO orders VALUES (8, 1)",
            "SELECT FROM customers WHERE id = 1 FOR UPDATE",
        ],
    ),
    "a parent by a foreign key": (
        ["a: LockCustomer, SetStatus", "b: SetStatus, AddOrder(order_id=other)"],
        "foreign key orders_customer_id_fkey",
        ["SELECT FROM customers WHERE id = 1 FOR UPDATE", ORDER.format(1)],
        [ORDER.format(1), "INSERT INTO orders VALUES (7, 1)"],
    ),
    "rows that are deleted as well": (
        ["drop: DropOrder", "fill: SetQuantity, SetStatus"],
        "foreign key lines_order_id_fkey",
        None,
        None,
    ),
    "no fixed order": (
        ["a: CloseAll", "b: LockNew"],
        "several rows of orders",
        None,
        None,
    ),
    "one fixed order": (
        ["a: CloseAll", "b: LockNewInOrder"],
        "several rows of orders",
        None,
        None,
    ),
    "the order of a batch": (
        ["a: SetStatuses"],
        "several rows of orders",
        [ORDER.format(1), ORDER.format(2)],
        [ORDER.format(2), ORDER.format(1)],
    ),
    "a write in WITH": (
        ["a: CloseAndCount", "b: CountUp, SetStatus"],
        "orders",
        [ORDER.format(1), CUSTOMER.format(1)],
        [CUSTOMER.format(1), ORDER.format(1)],
    ),
    "a row that may be there": (
        ["a: OpenAccount, SetStatus", "b: SetStatus, OpenAccount"],
        "accounts",
        [
            UPSERT,
            ORDER.format(1),
        ],
        [
            ORDER.format(1),
            UPSERT,
        ],
    ),
    "a whole table": (
        ["a: SetStatus, Empty", "b: SetStaged, SetStatus"],
        "staging",
        [ORDER.format(1), "TRUNCATE staging"],
        ["UPDATE staging SET id = 1", ORDER.format(1)],
    ),
    "two tables of one SELECT": (
        ["a: LockBoth", "b: LockCustomer, SetStatus"],
        "customers",
        [
            "SELECT FROM orders WHERE id = 1 FOR UPDATE",
            "SELECT FROM customers WHERE id = 1 FOR UPDATE",
        ],
        ["SELECT FROM customers WHERE id = 1 FOR UPDATE", ORDER.format(1)],
    ),
}
FINE = {
    "one order": ["a: SetStatus, CountUp", "b: LockOrder, CountUp"],
    "locked, then written": ["a: LockOrder, SetStatus, CountUp"],
    "the same row again": ["a: Debit, Credit"],
    "reads": ["a: GetCustomer, SetStatus", "b: SetStatus, GetCustomer"],
    "rows that are skipped": ["a: TakeNew, CountUp", "b: CountUp, TakeNew"],
    "a queue": ["a: TakeAndClose", "b: TakeAndClose, CountUp"],
    "one order of rows": ["a: LockNewInOrder", "b: LockOfCustomerInOrder"],
    "all rows first": ["a: LockLines, ClearLines", "b: LockLines, SetQuantity"],
    "both rows first": ["a: LockAccounts"],
    "the parent first": ["a: LockCustomer, AddOrder"],
    "a parent keeps its key": ["a: AddOrder, Debit", "b: Debit, Rename"],
    "rows of its own": ["a: AddOrder, AddLine"],
}


@pytest.fixture(scope="module")
def known(
    shared_database: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Catalog, PackageLocks]:
    """The folder of the queries, the catalog, and the locks of the queries."""
    folder = tmp_path_factory.mktemp("orders")
    (folder / "queries.sql").write_text(QUERIES, encoding="utf-8")
    with psycopg.connect(shared_database(SCHEMA), autocommit=True) as link:
        catalog = read_catalog(link)
        analysis = analyse(
            read_query_files(["queries.sql"], folder, directives=DIRECTIVES),
            catalog,
            describe=partial(describe, link),
            read_system=partial(read_catalog, link),
            read_functions=partial(read_sql_functions, link),
        )
        assert not [d for d in analysis.diagnostics if d.severity == "error"]
        return folder, catalog, read_package_locks(link, analysis, "app")


@pytest.fixture
def find(known: tuple[Path, Catalog, PackageLocks]) -> Find:
    """What is said of declared transactions."""
    folder, catalog, locks = known

    def run(
        lines: str, options: Mapping[VetRule, RuleConfig] | None = None
    ) -> tuple[Diagnostic, ...]:
        (folder / "queries.sql").write_text(f"{QUERIES}\n{lines}\n", encoding="utf-8")
        files = read_query_files(["queries.sql"], folder, directives=DIRECTIVES)
        transactions, problems = read_transactions(files)
        return (*problems, *judge_orders(transactions, locks, catalog, options or {}))

    return run


def declared(lines: list[str]) -> str:
    return "\n".join(f"-- @transaction {line}" for line in lines)


@pytest.mark.parametrize("name", SEEDED)
def test_opposite_orders_are_found(name: str, find: Find) -> None:
    lines, says, *_ = SEEDED[name]
    found = find(declared(lines))
    assert [one for one in found if says in one.message], found
    assert {one.code for one in found} == {"lock-order"}
    assert all(one.span and one.hint for one in found)


@pytest.mark.parametrize("name", FINE)
def test_what_cannot_deadlock_is_not_reported(name: str, find: Find) -> None:
    assert find(declared(FINE[name])) == ()


@pytest.mark.parametrize("name", [name for name, case in SEEDED.items() if case[2]])
def test_they_deadlock(name: str, shared_database: Callable[[str], str]) -> None:
    """Two sessions that do what the transactions do wait for each other."""
    *_, one, other = SEEDED[name]
    assert one
    assert other
    database = shared_database(SCHEMA)
    with psycopg.connect(database) as first, psycopg.connect(database) as second:
        for link in (first, second):
            link.execute("SET deadlock_timeout = '10ms'")
        first.execute(one[0].encode())
        second.execute(other[0].encode())
        failed: list[type[psycopg.Error]] = []

        def run(link: psycopg.Connection[Any], statement: str) -> None:
            try:
                link.execute(statement.encode())
            except psycopg.Error as problem:
                failed.append(type(problem))
            link.rollback()

        threads = [
            threading.Thread(target=run, args=pair)
            for pair in ((first, one[1]), (second, other[1]))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failed == [psycopg.errors.DeadlockDetected]


def test_severity_and_off(find: Find) -> None:
    lines = declared(SEEDED["two tables"][0])
    rule = LockRule.LOCK_ORDER
    (found,) = find(lines, {rule: RuleConfig(severity=RuleSeverity.ERROR)})
    assert found.severity == "error"
    assert find(lines, {rule: RuleConfig(severity=RuleSeverity.OFF)}) == ()


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("close", "malformed-transaction", "no name"),
        ("close: SetStatus CountUp", "malformed-transaction", "commas"),
        ("close: SetStats", "unknown-transaction-query", '"SetStats"'),
        ("close: SetStatus(id=x)", "unknown-transaction-query", '"id"'),
        ("close: SetStatus(order_id)", "malformed-transaction", "parameter=value"),
        ("a: SetStatus\n-- @transaction a: CountUp", "repeated-transaction", '"a"'),
    ],
)
def test_lines_that_are_wrong(line: str, code: str, says: str, find: Find) -> None:
    (found,) = find(declared([line]))
    assert (found.code, found.severity) == (code, "error")
    assert says in found.message
    assert found.span


def test_a_query_of_another_file_is_named_with_it(find: Find) -> None:
    assert find(declared(["a: queries.SetStatus, queries.CountUp"])) == ()
