"""Enums, composites, domains and ranges, in both directions."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from reposgen_runtime.errors import CheckFailed
from golden_output.user_types import (
    Address,
    Amount,
    BillingMood,
    BillingPeopleAmountCheckViolation,
    Database,
    Email,
    Mood,
    Person,
    WorkEmail,
)
from psycopg.types.range import Range

HOME = Address('Road 1, "x"', None, Mood.VERY_HAPPY)
ANN = Person(
    id=1,
    email=Email("ann@example.org"),
    work=WorkEmail(Email("ann@work.example")),
    mood=Mood.VERY_HAPPY,
    moods=[Mood.A_B, Mood.SAD],
    home=HOME,
    others=[HOME, Address("", None, None)],
    settings={"theme": ["dark"]},
    pay=Range(Decimal("1.5"), None),
)


async def run(url: str) -> None:
    async with Database.open(url) as db:
        arguments = {field.name: getattr(ANN, field.name) for field in fields(ANN)}
        await db.people.create_person(**arguments)
        found = await db.people.get_person(id=1)
        assert found == ANN
        assert found.mood is Mood.VERY_HAPPY
        assert [row.id for row in await db.people.list_by_mood(moods=list(Mood))] == [1]
        (happy,) = await db.people.list_happy()
        assert (happy.email, happy.mood) == (ANN.email, ANN.mood)
        with pytest.raises(CheckFailed):
            await db.people.create_person(**{**arguments, "id": 2, "email": "nobody"})
        await db.billing.create_debtor(
            id=1, mood=BillingMood.DUE, amount=Amount(Decimal(5))
        )
        debtor = await db.billing.get_debtor(id=1)
        assert (debtor.mood, debtor.amount) == (BillingMood.DUE, Decimal(5))
        (total,) = await db.billing.sum_by_mood()
        assert (total.mood, total.total) == (BillingMood.DUE, Decimal(5))
        with pytest.raises(BillingPeopleAmountCheckViolation):
            await db.billing.create_debtor(
                id=2, mood=BillingMood.DUE, amount=Amount(Decimal(5000))
            )
