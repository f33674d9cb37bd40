"""Values of the user's classes, by every command, asynchronous and synchronous, on both paths."""

from __future__ import annotations

import io
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from golden_output.overrides import (
    Address,
    CopyAccountsParams,
    CopyRoutesParams,
    Counted,
    Customer,
    Database,
    OnlyCode,
    Price,
    Prices,
    PutRoutesParams,
    PutRoutesRow,
    SaveAccountsParams,
    sync,
)
from reposgen_runtime.errors import InvalidArgument, Unrepresentable
from reposgen_runtime.secret import Secret
from golden_overrides import (
    Cents,
    Code,
    Email,
    Event,
    Limits,
    Mood,
    Point,
    Profile,
    Settings,
)
from psycopg import connect
from psycopg.types.range import Range

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SETTINGS = Settings("dark", NOW, Limits(3))


def account(id: int) -> Customer:
    return Customer(
        id=id,
        mail=Email(f"{id}@example.org"),
        mood=Mood.UP,
        code=Code(f'c"{id}'),
        balance=Cents(1250),
        rate=Price(0.5),
        rates=Prices([0.25, 1.5]),
        rating=Range(0.5, None),
        settings=Secret(SETTINGS),
        history=[Event(name="made", at=NOW)],
        profiles=[Profile("p", ["a", "b"]), Profile("q")],
        home=Address("Road", None, {"x": 1.5, "y": 2.0}, 0.1, Email("a@b")),
        token=Secret("hush"),
        remark="r",
    )


BARE = Customer(
    id=9,
    mail=Email("9@example.org"),
    mood=Mood.DOWN,
    code=None,
    balance=Cents(0),
    rate=Price(0.0),
    rates=None,
    rating=None,
    settings=Secret(SETTINGS),
    history=None,
    profiles=[],
    home=None,
    token=Secret(""),
    remark=None,
)


def arguments(value: Customer) -> dict[str, object]:
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {"email": found.pop("mail"), **found}


def item(value: Customer) -> CopyAccountsParams:
    return CopyAccountsParams(**arguments(value))  # type: ignore[arg-type] # of many types


async def check_async(db: Database, start: int) -> None:
    one, two = account(start), account(start + 1)
    await db.accounts.create_account(**arguments(one))  # type: ignore[arg-type] # of many types
    assert await db.accounts.copy_accounts([item(two)]) == 1
    assert await db.accounts.get_account(id=one.id) == one
    assert await db.accounts.get_account(id=two.id) == two
    emails = [one.mail, Email("no@body")]
    assert await db.accounts.list_by_email(emails=emails) == [one.id]
    found = await db.accounts.search_settings(part=Secret({"limits": {"daily": 3}}))
    assert found[0].settings == Secret(SETTINGS)
    embedded = await db.accounts.embed_account(id=one.id)
    assert (embedded.account, embedded.next) == (one, one.id + 1)
    nested = await db.accounts.nest_accounts()
    assert nested is not None
    assert [row for row in nested if row.id in (one.id, two.id)] == [one, two]
    assert "hush" not in repr(nested)
    sums = await db.accounts.sum_balances()
    assert (type(sums.total), type(sums.mean)) == (Decimal, float)
    codes = await db.accounts.save_accounts(
        [SaveAccountsParams(Secret(Settings("light", NOW)), Code("new"), one.id)]
    )
    assert codes == [Code("new")]
    assert type(codes[0]) is Code
    async with db.accounts.stream_settings() as rows:
        assert {row.settings.reveal().theme async for row in rows} == {"dark", "light"}
    file = io.StringIO()
    export = db.accounts.export_accounts(mood=Mood.UP, email=two.mail)
    assert await export.write_to(file) == 1
    await check_plain(db, one.id)


async def check_plain(db: Database, id: int) -> None:
    assert await db.plain.make_point(given=Point(1)) == Point(1)
    points = await db.plain.make_points(given=[Point(2, 3)], code=Code("x"))
    assert (points.points, points.given) == ({"a": Point(1)}, [Point(2, 3)])
    assert type(points.code) is Code
    assert type(await db.plain.find_by_label(label=Code("l"))) is Code
    assert await db.plain.list_labels(names=["a"]) == ["a"]
    every = await db.plain.count_all()
    some = await db.plain.count_some(mood=Mood.UP)
    assert isinstance(every, Counted)
    assert isinstance(some, Counted)
    assert await db.plain.get_code(id=id) == OnlyCode(Code("new"))
    route = CopyRoutesParams(id, Point(1), [Point(2, 3)])
    assert await db.plain.copy_routes([route]) == 1
    again = PutRoutesParams(id, Point(4), [])
    kept = PutRoutesRow(id, Point(4), [Point(2, 3)])
    assert await db.plain.put_routes([again]) == [kept]
    with pytest.raises(InvalidArgument, match="jsonb of Point, which this dict"):
        await db.plain.make_point(given={"x": 1})  # type: ignore[arg-type] # that is what is tested


async def run_async(url: str) -> None:
    async with Database.open(url) as db:
        await check_async(db, 1)
        await db.accounts.create_account(**arguments(BARE))  # type: ignore[arg-type] # of many types
        assert await db.accounts.get_account(id=9) == BARE
        nested = await db.accounts.nest_accounts()
        assert nested is not None
        assert nested[-1] == BARE
        with connect(url) as connection:
            connection.execute('UPDATE accounts SET settings = \'{"theme": "hush"}\'')
        with pytest.raises(Unrepresentable) as caught:
            await db.accounts.get_account(id=9)
        assert "hush" not in str(caught.value)
        with connect(url) as connection:
            connection.execute("DELETE FROM accounts")


async def run_plain(url: str) -> None:
    async with Database.open(url, use_cursors=True) as db:
        await check_async(db, 11)


def run_sync(url: str) -> None:
    for use_cursors, start in ((False, 21), (True, 31)):
        with sync.Database.open(url, use_cursors=use_cursors) as db:
            one, two = account(start), account(start + 1)
            db.accounts.create_account(**arguments(one))  # type: ignore[arg-type] # of many types
            assert db.accounts.copy_accounts([item(two)]) == 1
            assert db.accounts.get_account(id=one.id) == one
            nested = db.accounts.nest_accounts()
            assert nested is not None
            assert nested[-2:] == [one, two]
            assert db.plain.make_point(given=Point(1)) == Point(1)
            kept = PutRoutesRow(start, Point(5), [Point(6)])
            put = PutRoutesParams(start, Point(5), [Point(6)])
            assert db.plain.put_routes([put]) == [kept]
