"""Values of every type, there and back."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

import pytest
from psycopg.errors import FeatureNotSupported
from tests.runtime.shop import COUNT, Place, Single, Status, Wrapped, echo
from tests.runtime.values import REFUSED, VALUES, spelled

from reposgen_runtime import Statement
from reposgen_runtime.errors import (
    DataRejected,
    InvalidArgument,
    InvalidText,
    SchemaChanged,
    Unrepresentable,
)

if TYPE_CHECKING:
    from tests.runtime.aio.repositories import Database

    from reposgen_runtime.aio import Runner


async def test_every_type_comes_back_as_it_went(run: Runner) -> None:
    for name, values in VALUES:
        statement = echo(name)
        for value in (*values, None):
            assert spelled(await run.one(statement, (value,))) == spelled(value), name


async def test_arrays_of_every_type_do_too(run: Runner) -> None:
    for name, values in VALUES:
        statement = echo(f"{name}[]")
        full = [*values, None]
        # A list of lists: another dimension, unless the values are lists themselves.
        nested = () if any(isinstance(v, list) for v in values) else ([full, full],)
        for value in (full, [], [None], None, *nested):
            assert spelled(await run.one(statement, (value,))) == spelled(value), name
        as_list = await run.one(statement, (tuple(values),))
        assert spelled(as_list) == spelled([*values]), name


async def test_mixed_columns_share_one_format(run: Runner) -> None:
    names = tuple(name for name, _ in VALUES)
    for chosen in (names, names[:9], names[20:]):
        statement = Statement(
            "mixed",
            "SELECT " + ", ".join(f"${n}" for n, _ in enumerate(chosen, 1)),
            parameters=chosen,
            results=chosen,
            row=lambda *row: row,
        )
        by_name = dict(VALUES)
        arguments = tuple(by_name[name][0] for name in chosen)
        assert spelled(await run.one(statement, arguments)) == spelled(arguments)


async def test_a_composite_whose_only_field_is_null(run: Runner) -> None:
    for beside in ("numeric", "int4"):  # as text, and in binary
        statement = Statement(
            "single",
            f"SELECT $1, ARRAY[$1, NULL], NULL::{beside}",
            parameters=("public.single",),
            results=("public.single", "public.single[]", beside),
            row=lambda *row: row,
        )
        single = Single(None)
        assert await run.one(statement, (single,)) == (single, [single, None], None)


async def test_a_wrong_value_never_reaches_the_server(run: Runner) -> None:
    for name, values in REFUSED:
        for value in values:
            with pytest.raises(InvalidArgument, match=r"^echo: [$]1 ") as caught:
                await run.one(echo(name), (value,))
            assert "secret" not in str(caught.value)


async def test_the_number_of_arguments_is_checked(run: Runner) -> None:
    with pytest.raises(InvalidArgument, match="2 values for 1 parameters"):
        await run.one(echo("int4"), (1, 2))


async def test_nul_characters_are_refused(run: Runner) -> None:
    for name in ("text", "text[]", "public.email", "jsonb"):
        value = ["a\0b"] if name == "text[]" else "a\0@b"
        with pytest.raises(InvalidText) as caught:
            await run.one(echo(name), (value,))
        assert "@b" not in str(caught.value)


async def test_what_the_server_refuses_is_not_repeated(run: Runner) -> None:
    with pytest.raises(DataRejected) as caught:
        await run.one(echo("macaddr"), ("geheim",))
    assert "geheim" not in f"{caught.value!r} {caught.value}"
    assert caught.value.sqlstate == "22P02"
    assert caught.value.__suppress_context__


async def test_dates_before_christ_have_no_python_value(run: Runner) -> None:
    statement = Statement[date](
        "caesar", "SELECT DATE '0044-03-15 BC'", results=("date",), read_only=True
    )
    with pytest.raises(Unrepresentable):
        await run.one(statement)


async def test_json_null_and_null_are_both_none(run: Runner) -> None:
    statement = Statement(
        "nulls",
        "SELECT 'null'::jsonb, NULL::jsonb",
        results=("jsonb", "jsonb"),
        row=lambda *row: row,
    )
    assert await run.one(statement) == (None, None)


async def test_json_beyond_64_bits_goes_out_whole(run: Runner) -> None:
    statement = Statement[str](
        "big", "SELECT $1::text", parameters=("jsonb",), results=("text",)
    )
    assert await run.one(statement, ({"n": 10**30},)) == f'{{"n": {10**30}}}'


async def test_time_zone_of_the_session_is_followed(db: Database, run: Runner) -> None:
    statement = Statement[datetime](
        "zone", "SELECT TIMESTAMPTZ '2026-01-01 00:00Z'", results=("timestamptz",)
    )
    async with db.transaction(), db.connection() as connection:
        for zone, hour in (("UTC", 0), ("Asia/Tokyo", 9), ("UTC", 0)):
            await connection.execute(f"SET LOCAL TimeZone = '{zone}'".encode())
            assert (await run.one(statement)).hour == hour


@pytest.mark.usefixtures("own_database")
async def test_an_enum_label_that_is_new_is_named(db: Database, run: Runner) -> None:
    statement = Statement[list[Status]](
        "status",
        "SELECT enum_range(NULL::status)",
        results=("public.status[]",),
        read_only=True,
    )
    assert len(await run.one(statement)) == 3
    async with db.connection() as connection:
        await connection.execute("ALTER TYPE status ADD VALUE 'someday'")
    with pytest.raises(SchemaChanged, match="'someday'"):
        await run.one(statement)
    assert await run.one(COUNT) == 0


@pytest.mark.usefixtures("own_database")
async def test_a_composite_may_grow(db: Database, run: Runner) -> None:
    async with db.connection() as connection:
        await connection.execute("ALTER TYPE place ADD ATTRIBUTE z float8")
    statement = Statement[Place](
        "grown", "SELECT ROW(1, 2, 3)::place", results=("public.place",)
    )
    grown = await run.one(statement)
    assert (grown.x, grown.y) == (1, 2)


async def test_a_composite_may_be_built_by_a_function(run: Runner) -> None:
    statement = Statement[Wrapped](
        "wrapped",
        "SELECT ROW(1, 'x')::wrapped",
        results=("public.wrapped",),
    )
    assert await run.one(statement) == Wrapped((1, "x"))


@pytest.mark.usefixtures("own_database")
async def test_hstore(db: Database, run: Runner) -> None:
    async with db.connection() as connection:
        try:
            await connection.execute("CREATE EXTENSION hstore")
        except FeatureNotSupported:
            pytest.skip("this server has no hstore")
    for value in ({"a": "1", "b": None}, {}):
        assert await run.one(echo("public.hstore"), (value,)) == value


async def test_missing_and_changed_types_are_errors(run: Runner) -> None:
    with pytest.raises(SchemaChanged, match=r"^echo: .*no type public.gone"):
        await run.one(echo("public.gone"), (1,))
    with pytest.raises(SchemaChanged, match=r"^echo: column .* is int4"):
        await run.one(echo("int4", "int8"), (1,))
    with pytest.raises(SchemaChanged, match=r"^none: the result has 1 col"):
        await run.many(Statement("none", "SELECT 1", results=("int4", "int4")))
