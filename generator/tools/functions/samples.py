"""Arguments to call functions with: the usual, the empty, and the extremes."""

from __future__ import annotations

from itertools import islice, product
from math import gcd

_NUMBERS = ("0", "1", "-1", "2", "7", "100")

# SQL literals' text by type name; polymorphic types stand for one that fits.
SAMPLES: dict[str, tuple[str, ...]] = {
    "bool": ("t", "f"),
    "bytea": ("", r"\x00", r"\x6162", "abcdef"),
    "char": ("a", "", "A"),
    "name": ("", "a", "pg_class", "UTF8", "LATIN1"),
    "int2": (*_NUMBERS, "32767", "-32768"),
    "int4": (*_NUMBERS, "2147483647", "-2147483648"),
    "int8": (*_NUMBERS, "9223372036854775807", "-9223372036854775808"),
    "float4": (*_NUMBERS, "0.5", "NaN", "Infinity", "-Infinity"),
    "float8": (*_NUMBERS, "0.5", "NaN", "Infinity", "-Infinity"),
    "numeric": (*_NUMBERS, "0.5", "1.250", "NaN", "Infinity", "-Infinity"),
    "money": ("0", "1", "-1", "12.34"),
    "text": (
        "",
        "a",
        "abc",
        "A b c",
        "a.c",
        "month",
        "epoch",
        "hour",
        "UTC",
        "UTF8",
        "{}",
        "1",
        "YYYY",
        "9",
        "(",
        "<a/>",
        "base64",
        "(a)b",
        "x",
        "public.t",
        "Europe/Rome",
        'a#"b#"c',
        "[]",
        "i",
        "'",
        "NFC",
        "integer",
        "work_mem",
        "//a",
    ),
    "bpchar": ("", "a", "abc "),
    "varchar": ("", "a", "abc"),
    "cstring": ("", "a", "1"),
    "bit": ("", "1", "0101"),
    "varbit": ("", "1", "0101"),
    "date": ("2020-02-29", "infinity", "-infinity", "4713-01-01 BC", "1970-01-01"),
    "time": ("00:00", "24:00", "12:34:56.789"),
    "timetz": ("00:00+00", "24:00-12", "12:34:56.789+02"),
    "timestamp": ("2020-02-29 12:34:56", "infinity", "-infinity", "1970-01-01"),
    "timestamptz": ("2020-02-29 12:34:56+02", "infinity", "-infinity", "1970-01-01"),
    "interval": ("0", "1 day", "-1 month", "1 year 2 days 3 hours", "infinity"),
    "uuid": (
        "00000000-0000-0000-0000-000000000000",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    "json": ("null", "1", '"a"', "true", "[]", "{}", "[1,null]", '{"a":null,"b":[1]}'),
    "jsonb": ("null", "1", '"a"', "true", "[]", "{}", "[1,null]", '{"a":null,"b":[1]}'),
    "jsonpath": ("$", "$.a", "$[*]", "$.a == 1", "strict $.a", "$.b[*]"),
    "xml": ("<a/>", "text", "<a>b</a>"),
    "inet": ("127.0.0.1", "10.0.0.0/8", "::1", "0.0.0.0/0"),
    "cidr": ("10.0.0.0/8", "::/0"),
    "macaddr": ("08:00:2b:01:02:03", "00:00:00:00:00:00"),
    "macaddr8": ("08:00:2b:ff:fe:02:03:04", "08:00:2b:01:02:03:04:05"),
    "point": ("(0,0)", "(1,2)", "(NaN,Infinity)"),
    "line": ("{1,2,3}", "{1,0,0}", "{0,1,0}"),
    "lseg": ("[(0,0),(1,1)]", "[(5,5),(6,7)]", "[(0,0),(0,0)]", "[(0,1),(1,0)]"),
    "box": ("(1,1),(0,0)", "(9,9),(8,8)", "(0,0),(0,0)"),
    "path": ("[(0,0),(1,1)]", "((0,0),(1,1),(1,0))", "[(5,5)]"),
    "polygon": ("((0,0),(1,1),(1,0))", "((5,5))"),
    "circle": ("<(0,0),1>", "<(9,9),0>"),
    "tsvector": ("", "a", "a:1A b:2"),
    "tsquery": ("", "a", "!a & b", "a <-> b"),
    "gtsvector": (),
    "oid": ("0", "1", "1259", "23", "4294967295"),
    "regclass": ("pg_class", "0", "999999"),
    "regtype": ("int4", "0", "999999"),
    "regproc": ("now", "0"),
    "regconfig": ("english", "simple"),
    "regdictionary": ("simple", "english_stem"),
    "xid": ("0", "1", "2", "3", "4294967295"),
    "xid8": ("0", "3", "700"),
    "cid": ("0", "1"),
    "tid": ("(0,0)", "(1,2)"),
    "pg_lsn": ("0/0", "16/B374D848"),
    "txid_snapshot": ("1:1:", "10:20:10,14,15"),
    "pg_snapshot": ("1:1:", "10:20:10,14,15"),
    "int2vector": ("", "1 2"),
    "oidvector": ("", "1 2"),
    "refcursor": ("c",),
    "aclitem": ("postgres=r/postgres",),
    "int4range": ("empty", "(,)", "[1,2)", "[1,)"),
    "int8range": ("empty", "(,)", "[1,2)", "[1,)"),
    "numrange": ("empty", "(,)", "[1,2)", "[1,)"),
    "daterange": ("empty", "(,)", "[2020-01-01,2020-01-02)"),
    "tsrange": ("empty", "(,)", "[2020-01-01,2020-01-02)"),
    "tstzrange": ("empty", "(,)", "[2020-01-01,2020-01-02)"),
    "int4multirange": ("{}", "{(,)}", "{[1,2),[5,6)}"),
    "int8multirange": ("{}", "{(,)}", "{[1,2),[5,6)}"),
    "nummultirange": ("{}", "{(,)}", "{[1,2),[5,6)}"),
    "datemultirange": ("{}", "{(,)}", "{[2020-01-01,2020-01-02)}"),
    "tsmultirange": ("{}", "{(,)}", "{[2020-01-01,2020-01-02)}"),
    "tstzmultirange": ("{}", "{(,)}", "{[2020-01-01,2020-01-02)}"),
    "record": ("ROW(1,'a')", "ROW(1,NULL)", "ROW(NULL,NULL)", "ROW(2,'b')"),
    "any": ("1",),
    "void": (),
    "regnamespace": ("pg_catalog", "0"),
    "regrole": ("0",),
    "regcollation": ('"C"', "0"),
    "regprocedure": ("now()", "0"),
    "regoper": ("0",),
    "regoperator": ("+(int4,int4)", "0"),
}
_ARRAYS = ("{}", "{1}", "{1,2,3}", "{NULL}", "{{1,2},{3,4}}")
_TEXT_ARRAYS = (*_ARRAYS, "{a,b}", "{a,NULL}", "{b,0}")
_OTHER_ARRAYS: dict[str, tuple[str, ...]] = {
    "_text": _TEXT_ARRAYS,
    "_varchar": _TEXT_ARRAYS,
    "_name": _TEXT_ARRAYS,
    "_float4": ("{0.1,0.2,0.4,1.0}",),
    "_aclitem": ("{}", "{postgres=r/postgres}"),
    "_int4range": ("{}", '{"[1,2)"}'),
    "_int8range": ("{}", '{"[1,2)"}'),
    "_numrange": ("{}", '{"[1,2)"}'),
    "_daterange": ("{}", '{"[2020-01-01,2020-01-02)"}'),
    "_tsrange": ("{}", '{"[2020-01-01,2020-01-02)"}'),
    "_tstzrange": ("{}", '{"[2020-01-01,2020-01-02)"}'),
}
_POLYMORPHIC = {
    "anyelement": "int4",
    "anynonarray": "int4",
    "anycompatible": "int4",
    "anycompatiblenonarray": "int4",
    "anyarray": "_int4",
    "anycompatiblearray": "_int4",
    "anyrange": "int4range",
    "anycompatiblerange": "int4range",
    "anymultirange": "int4multirange",
    "anycompatiblemultirange": "int4multirange",
    "anyenum": "sample_mood",
}
SAMPLES["sample_mood"] = ("sad", "happy")
_MOST = 400
# Arguments that may be of any number and type.
_ANY_NUMBER = ("'a'::text, 1", "'a'::text, NULL::int", "'a'::text, '{}'::jsonb")


def literals(type_name: str) -> tuple[str, ...]:
    """Return SQL expressions of that type, none of them NULL."""
    name = _POLYMORPHIC.get(type_name, type_name)
    if name == "record":
        return SAMPLES["record"]
    if name.startswith("_") and name not in SAMPLES:
        texts = _OTHER_ARRAYS.get(name, _ARRAYS)
    else:
        texts = SAMPLES.get(name, ())
    return tuple("'" + t.replace("'", "''") + f"'::{_quoted(name)}" for t in texts)


def argument_lists(type_names: tuple[str, ...], *, variadic: bool) -> list[str]:
    """Argument lists, spread evenly over all combinations of the samples."""
    if type_names[-1:] == ("any",) and variadic:
        first = ", ".join(c[0] for c in map(literals, type_names[:-1]))
        return [f"{first}, {rest}" if first else rest for rest in _ANY_NUMBER]
    choices = [literals(name) for name in type_names]
    total = 1
    for choice in choices:
        total *= len(choice)
    # A step that shares no factor with the counts visits values of every position.
    step = max(1, total // _MOST)
    while any(gcd(step, len(choice)) > 1 for choice in choices):
        step += 1
    chosen = islice(product(*choices), 0, None, step)
    if variadic:
        return [", ".join((*c[:-1], f"VARIADIC {c[-1]}")) for c in chosen]
    return [", ".join(c) for c in chosen]


def _quoted(name: str) -> str:
    return f'pg_catalog."{name}"' if name != "sample_mood" else name
