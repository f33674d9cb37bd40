"""Rows for tests, of tables that no query returns as well."""

from __future__ import annotations

from datetime import date

from golden_output.factories import Account, Address, Database, Event, Plan
from golden_output.factories.factories import Make
import psycopg

from reposgen.testing.factories import Session
from reposgen.testing.factories.tables import read_tables


async def run(url: str) -> None:
    async with Database.open(url) as db:
        with psycopg.connect(url, autocommit=True) as connection:
            tables = read_tables(connection)
            make = Make(Session(connection=connection, tables=tables, seed="1"))
            account = make.account(token="abc", address=Address("Elm", None))
            assert isinstance(account, Account)
            assert account.token.reveal() == "abc"
            assert "abc" not in repr(account)
            assert account.address == Address("Elm", None)
            assert account.plan is Plan.FREE
            assert "@" in account.email
            event = make.event(account_id=account.id, kind="login", import_=3)
            assert isinstance(event, Event)
            assert (event.kind, event.import_) == ("login", 3)
            assert event.at.year == 2024
            events = make.event.many(100, at=date(2024, 5, 5))
            assert len({event.account_id for event in events}) == 1
        assert await db.accounts.count_accounts() == 2
