"""camelCase in SQL, snake_case in Python; of several rows `:one` takes the first."""

from __future__ import annotations

import psycopg
import pytest
from golden_output.from_elsewhere import (
    AccountState,
    Database,
    LogInParams,
    PostalAddress,
    UserAccount,
    UserAccountRepository,
    sync,
)

from reposgen_runtime.errors import InvalidArgument, NotFound, StaleRow, TooManyRows


async def run(url: str) -> None:
    home = PostalAddress(street_line="Long Lane 1", zip_code="123")
    async with Database.open(url) as db:
        accounts = db.user_accounts
        first, second = [
            await accounts.create_account(
                display_name="Kim", external_id="x", home_address=home
            )
            for _ in range(2)
        ]
        kim = await accounts.account_named(display_name="Kim")
        assert (kim.account_id, kim.external, kim.home_address) == (first, "x", home)
        state = await accounts.state_of_name(display_name="Kim")
        assert state is AccountState.WAITING_FOR_MAIL
        with pytest.raises(NotFound):
            await accounts.account_named(display_name="nobody")
        with pytest.raises(TooManyRows):
            await accounts.state_or_nothing(display_name="Kim")
        assert await accounts.namesakes_of(["Kim", "Kim"]) == [first, first]
        with pytest.raises(NotFound) as caught:
            await accounts.namesakes_of(["Kim", "nobody"])
        assert caught.value.item == 1
        with pytest.raises(InvalidArgument, match="account_id is a int8") as wrong:
            await accounts.logins_of(account_id="x")  # type: ignore[arg-type] # on purpose
        assert wrong.value.argument == "account_id"
        with pytest.raises(InvalidArgument, match="display_name") as wrong:
            await accounts.namesakes_of(["Kim", 5])  # type: ignore[list-item] # as above
        assert (wrong.value.item, wrong.value.argument) == (1, "display_name")
        too_many = [LogInParams(account_id=2**70, ip_address="::1")]
        with pytest.raises(InvalidArgument, match="account_id is out of") as wrong:
            await accounts.log_in(too_many)
        assert (wrong.value.item, wrong.value.argument) == (0, "account_id")
        logins = [LogInParams(account_id=first, ip_address="::1")]
        assert await accounts.log_in(logins) == 1
        (login,) = await accounts.logins_of(account_id=first)
        assert (login.a, login.sent_from) == (kim, "::1")
        move = accounts.move_account
        assert await move(account_id=first, row_version=1, home_address=None) == 2
        with pytest.raises(StaleRow):
            await move(account_id=first, row_version=1, home_address=home)
        with pytest.raises(NotFound):
            await move(account_id=0, row_version=1, home_address=home)
        kim = await accounts.account_named(display_name="Kim")
        async with db.pipeline() as pipeline:
            named = pipeline.add(accounts.account_named, display_name="Kim")
            renamed = pipeline.add(accounts.rename_all, old_name="Kim", new_name="Jo")
        assert named.result() == kim
        assert renamed.result() in (first, second)
        assert len(await accounts.namesakes_of(["Jo"])) == 1
    connection = await psycopg.AsyncConnection.connect(url)
    async with connection:
        use_cursors = UserAccountRepository(connection)
        assert (await use_cursors.account_named(display_name="Jo")).account_id == first


def run_sync(url: str) -> None:
    with sync.Database.open(url) as db:
        accounts = db.user_accounts
        for _ in range(2):
            accounts.create_account(
                display_name="Lu", external_id=None, home_address=None
            )
        lu = accounts.account_named(display_name="Lu")
        assert isinstance(lu, UserAccount)
        assert accounts.namesakes_of(["Lu"]) == [lu.account_id]
        with pytest.raises(NotFound):
            accounts.account_named(display_name="nobody")
