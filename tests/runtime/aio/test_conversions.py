"""Values as classes of the user's, there and back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from tests.runtime.conversions import (
    DOCUMENTS,
    Cents,
    Colour,
    Email,
    Note,
    Settings,
)
from tests.runtime.shop import Address, echo

from reposgen_runtime.conversions import AsText, Converted
from reposgen_runtime.documents import JsonOf
from reposgen_runtime.errors import InvalidArgument, Unrepresentable
from reposgen_runtime.secret import Hidden, Secret

if TYPE_CHECKING:
    from reposgen_runtime.aio import Runner

EMAIL = Email("a@b.example")
CENTS = Cents(1250)
HOME = Address('Road "1", \\', "(", None, ["{", '"'], None, None)


def in_cents(name: str, of: str | None = None) -> Converted:
    return Converted(name, Cents, of=of, load=Cents.of, dump=Cents.amount)


VALUES: tuple[tuple[Converted, Any], ...] = (
    (Converted("text", Email, dump=str), EMAIL),
    (Converted("public.email", Email, dump=str), EMAIL),
    (Converted("public.work_email", Email, dump=str), EMAIL),
    (Converted("public.citext", Email, dump=str), EMAIL),
    (Converted("text", Colour, dump=str), Colour.RED),
    (in_cents("numeric"), CENTS),
    (in_cents("numrange", of="numeric"), Range(CENTS, None)),
    (in_cents("nummultirange", of="numeric"), Multirange([Range(CENTS, Cents(2000))])),
    (AsText("numeric", float), 0.1),
    (AsText("numrange", float, of="numeric"), Range(0.5, 1.5)),
    (AsText("int8", Decimal), Decimal(7)),
    (AsText("timestamptz", str), "2026-01-02 00:00:00+00"),
    (AsText("public.place", str), "(1,2)"),
    (AsText("public.scores", Decimal, of="int4"), [Decimal(1), Decimal(2)]),
    (AsText("date", str), "infinity"),
)


async def test_every_conversion_comes_back_as_it_went(run: Runner) -> None:
    for name, value in VALUES:
        for given in (value, None):
            found = await run.one(echo(name), (given,))
            assert (found, type(found)) == (given, type(given)), name


async def test_arrays_of_converted_values_do_too(run: Runner) -> None:
    for name, value in VALUES:
        kind = type(name)
        more: dict[str, Any] = {"of": name.of, "dump": name.dump}
        if name.load is not name.python:
            more["load"] = name.load
        array = kind(f"{name}[]", name.python, **more)
        if isinstance(value, list):
            continue
        for given in ([value, None], [], [[value], [value]]):
            assert await run.one(echo(array), (given,)) == given, name


async def test_documents_of_every_kind_of_class(run: Runner) -> None:
    for type_name in ("json", "jsonb"):
        for python, value in DOCUMENTS:
            name = JsonOf(type_name, python)
            assert await run.one(echo(name), (value,)) == value, python
            many = JsonOf(f"{type_name}[]", python)
            found = await run.one(echo(many), ([value, None],))
            assert found == [value, None], python


async def test_wrong_values_are_refused_before_they_are_sent(run: Runner) -> None:
    wrong: tuple[tuple[Converted, Any], ...] = (
        (Converted("text", Email, dump=str), "plain"),
        (AsText("numeric", float), Decimal(1)),
        (JsonOf("jsonb", Settings), {"theme": "secret"}),
        (JsonOf("jsonb[]", Settings), [{"theme": "secret"}]),
        *((JsonOf("jsonb", python), object()) for python, _ in DOCUMENTS),
    )
    for name, value in wrong:
        with pytest.raises(InvalidArgument) as caught:
            await run.one(echo(name), (value,))
        assert "secret" not in str(caught.value)


async def test_what_does_not_fit_is_told_without_the_data(run: Runner) -> None:
    stored = echo("text", JsonOf("jsonb", Settings))
    stored.sql = "SELECT $1::jsonb"
    with pytest.raises(Unrepresentable) as caught:
        await run.one(stored, ('{"theme": "secret"}',))
    assert "jsonb is no Settings" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_composites_with_converted_fields(run: Runner) -> None:
    name = "public.note"
    values = (
        Note(EMAIL, Settings("dark"), Secret("s"), 0.5, HOME, date.max),
        Note(None, None, None, None, None, None),
    )
    for value in values:
        assert await run.one(echo(name), (value,)) == value
        many = [value, None, value]
        assert await run.one(echo(f"{name}[]"), (many,)) == many


async def test_a_secret_is_wrapped_as_a_whole(run: Runner) -> None:
    for name, inner in (
        (Hidden("text[]"), ["a", None]),
        (Hidden(JsonOf("jsonb", Settings)), Settings("dark")),
    ):
        assert await run.one(echo(name), (Secret(inner),)) == Secret(inner)
        assert await run.one(echo(name), (None,)) is None
