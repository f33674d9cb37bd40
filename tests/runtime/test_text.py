"""What the runtime does to texts, without a server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reposgen_runtime.catalog import TypeName, builtin_oid, parse_name, sql_type
from reposgen_runtime.copy_commands import replace_parameters
from reposgen_runtime.statement import UNSET
from reposgen_runtime.transactions import begin

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("text", "schema", "name", "is_array"),
    [
        ("int4", "pg_catalog", "int4", False),
        ("text[]", "pg_catalog", "text", True),
        ("char", "pg_catalog", "char", False),
        ("public.status", "public", "status", False),
        ("public.My Type[]", "public", "My Type", True),
        ('"a.b"."c""d[]"[]', "a.b", 'c"d[]', True),
        ('public."x[]"', "public", "x[]", False),
    ],
)
def test_type_names(text: str, schema: str, name: str, *, is_array: bool) -> None:
    assert parse_name(text) == TypeName(schema, name, is_array)


def test_built_in_types() -> None:
    assert builtin_oid(parse_name("int4")) == 23
    assert builtin_oid(parse_name("int4[]")) == 1007
    assert builtin_oid(parse_name("char")) == 18
    assert builtin_oid(parse_name("public.int4")) is None
    assert builtin_oid(parse_name("pg_snapshot")) is None
    assert sql_type('public."a""b"[]') == '"public"."a""b"[]'
    assert sql_type("char") == '"pg_catalog"."char"'


@pytest.mark.parametrize(
    ("sql", "replaced"),
    [
        ("$1,$2 , $1", "<1>,<2> , <1>"),
        ("'$1' || $1", "'$1' || <1>"),
        ("'it''s $1' $1", "'it''s $1' <1>"),
        (r"E'\'$1' $1", r"E'\'$1' <1>"),
        (r"'\' $1 ''", r"'\' <1> ''"),
        ('"$1" $1', '"$1" <1>'),
        ("-- $1\n$1", "-- $1\n<1>"),
        ("/* $1 /* $1 */ $1 */ $1", "/* $1 /* $1 */ $1 */ <1>"),
        ("$$ $1 $$ $1", "$$ $1 $$ <1>"),
        ("$a$ $1 $$ $b$ $a$ $1", "$a$ $1 $$ $b$ $a$ <1>"),
        ("a$1 $1", "a$1 <1>"),
        ("x::int[$1:$2]", "x::int[<1>:<2>]"),
        ("name'$1'", "name'$1'"),
    ],
)
def test_parameters_are_replaced_where_they_are_some(sql: str, replaced: str) -> None:
    assert replace_parameters(sql, ["<1>", "<2>"]) == replaced


@given(st.text(alphabet="aE'\"$1/*-\n \\", max_size=40))
def test_nothing_but_parameters_changes(sql: str) -> None:
    literals = [f"${number}" for number in range(1, 10)]
    assume(re.search(r"\$(0|\d\d)", sql) is None)
    assert replace_parameters(sql, literals) == sql


def test_begin() -> None:
    assert begin(None) == "BEGIN"
    assert begin("serializable", read_only=True, deferrable=True) == (
        "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE"
    )


def test_unset_shows_what_it_is() -> None:
    assert repr(UNSET) == "UNSET"
