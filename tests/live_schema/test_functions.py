"""The tables of built-in functions, against the server they speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from reposgen.live_schema.functions import NullRule, builtin_functions

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMEZONE = 2037


@pytest.fixture
def connection(server: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(server, autocommit=True) as made:
        yield made


def test_the_table_is_the_server_s(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    major = connection.info.server_version // 10000
    if major not in {16, 18}:
        pytest.skip("the table is that of a later version")
    functions = builtin_functions(major)
    rows = connection.execute(
        "SELECT oid::int8, proname, prokind::text, proisstrict, provolatile::text,"
        " proretset FROM pg_proc WHERE oid < 16384"
    ).fetchall()
    known = 0
    for oid, *facts in rows:
        assert isinstance(oid, int)
        if found := functions.get(oid):
            known += 1
            assert facts == [
                found.name,
                found.kind,
                found.strict,
                found.volatility,
                found.returns_set,
            ]
    assert known == len(functions)


def test_an_earlier_server_differs_from_the_table_in_nothing_that_counts(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    functions = builtin_functions(connection.info.server_version // 10000)
    rows = connection.execute(
        "SELECT oid::int8, prokind::text, proisstrict, provolatile = 'v'"
        " FROM pg_proc WHERE oid < 16384"
    ).fetchall()
    assert len(rows) > 2000
    for oid, kind, strict, writes in rows:
        assert isinstance(oid, int)
        if found := functions.get(oid):
            assert found.kind == kind
            assert found.strict == strict or found.rule is NullRule.MAYBE
            # timezone(text, timetz), before 16, for the clock that it reads
            assert (found.volatility == "v") == writes or oid == TIMEZONE


def _oid(connection: psycopg.Connection[tuple[object, ...]], signature: str) -> int:
    row = connection.execute("SELECT %s::regprocedure::oid::int8", (signature,))
    (oid,) = row.fetchone() or (None,)
    assert isinstance(oid, int)
    return oid


@pytest.mark.parametrize(
    ("signature", "rule"),
    [
        ("lower(text)", NullRule.ARGUMENTS),
        ("int4pl(int4,int4)", NullRule.ARGUMENTS),
        ('concat("any")', NullRule.NEVER),
        ('concat_ws(text,"any")', NullRule.FIRST),
        ("jsonb_object_field(jsonb,text)", NullRule.MAYBE),
        ("substring(text,text)", NullRule.MAYBE),
        ("to_char(timestamptz,text)", NullRule.MAYBE),
        ("to_number(text,text)", NullRule.MAYBE),
        ("timestamp_larger(timestamp,timestamp)", NullRule.MAYBE),
        ("time(timestamp)", NullRule.MAYBE),
        ("area(path)", NullRule.MAYBE),
        ("array_length(anyarray,int4)", NullRule.MAYBE),
        ('count("any")', NullRule.NEVER),
        ("sum(int4)", NullRule.ARGUMENTS),
        ("array_agg(anynonarray)", NullRule.ROWS),
        ("string_agg(text,text)", NullRule.FIRST),
        ("stddev_samp(int4)", NullRule.MAYBE),
        ("row_number()", NullRule.NEVER),
        ("lag(anyelement)", NullRule.MAYBE),
        ("first_value(anyelement)", NullRule.FRAME),
        ("pg_get_viewdef(oid)", NullRule.MAYBE),
    ],
)
def test_rules(
    connection: psycopg.Connection[tuple[object, ...]],
    signature: str,
    rule: NullRule,
) -> None:
    functions = builtin_functions(connection.info.server_version // 10000)
    found = functions.get(_oid(connection, signature))
    assert found is not None
    assert found.rule is rule


def test_names_of_arguments(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    functions = builtin_functions(connection.info.server_version // 10000)
    found = functions.get(
        _oid(connection, "make_date(int4,int4,int4)"),
    )
    assert found is not None
    assert found.argument_names == ("year", "month", "day")


def test_rows_of_several_columns(
    connection: psycopg.Connection[tuple[object, ...]],
) -> None:
    functions = builtin_functions(connection.info.server_version // 10000)
    found = functions.get(_oid(connection, "jsonb_each_text(jsonb)"))
    assert found is not None
    assert (found.rule, found.columns) == (NullRule.COLUMNS, (True, False))


def test_a_user_s_function_is_not_in_it() -> None:
    assert builtin_functions(18).get(16_384) is None
    assert builtin_functions(18).get(0) is None


def test_other_majors_use_the_nearest_table() -> None:
    assert builtin_functions(14) is not builtin_functions(17)
    assert len(builtin_functions(14)) == len(builtin_functions(16))
    assert len(builtin_functions(17)) == len(builtin_functions(18))
