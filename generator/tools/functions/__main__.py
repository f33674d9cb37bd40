"""Asks a server for its built-in functions, calls them, and writes the table."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, NamedTuple

import psycopg
from psycopg.rows import args_row, class_row

from tools.functions import rules
from tools.functions.samples import argument_lists

_TARGET = Path(__file__).parents[2] / "reposgen/live_schema/functions"
_CHUNK = 500

_FUNCTIONS: LiteralString = """
SELECT p.oid::int8 AS oid, p.proname AS name, p.prokind::text AS kind,
       p.proisstrict AS strict, p.provolatile::text AS volatility,
       p.proretset AS returns_set,
       ARRAY(SELECT t.typname::text
             FROM unnest(p.proargtypes) WITH ORDINALITY a(oid, n)
             JOIN pg_type t ON t.oid = a.oid ORDER BY n) AS types,
       coalesce(p.proargnames[:p.pronargs], '{}') AS argument_names,
       p.provariadic <> 0 AS variadic,
       EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid) AS operator,
       EXISTS (SELECT FROM pg_cast c WHERE c.castfunc = p.oid) AS of_cast,
       EXISTS (SELECT FROM pg_type t
               WHERE p.oid IN (t.typoutput, t.typsend)) AS output
FROM pg_proc p
WHERE p.oid < 16384
  AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype,
                           'event_trigger'::regtype)
  AND NOT 'internal'::regtype = ANY (p.proargtypes)
ORDER BY p.oid
"""

_PROBE: LiteralString = """
CREATE TYPE pg_temp.sample_mood AS ENUM ('sad', 'ok', 'happy');
CREATE FUNCTION pg_temp.probe(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    nulls bigint;
BEGIN
    EXECUTE 'SELECT coalesce(max(num_nulls(x)), -1) FROM (SELECT '
            || call || ' LIMIT 20) s(x)' INTO nulls;
    RETURN CASE nulls WHEN 1 THEN 'null' WHEN 0 THEN 'value' ELSE 'nothing' END;
EXCEPTION WHEN others THEN
    RETURN 'error';
END $$;
SET search_path = pg_catalog, pg_temp;
SET client_min_messages = error;
SET statement_timeout = '60s';
SET xmloption = content;
"""


_COUNTED: LiteralString = (
    "SELECT pg_temp.probe(c), count(*) FROM unnest(%s::text[]) c GROUP BY 1"
)


class _Outcome(NamedTuple):
    outcome: str
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Function:
    oid: int
    name: str
    kind: str
    strict: bool
    volatility: str
    returns_set: bool
    types: list[str]
    argument_names: list[str]
    variadic: bool
    operator: bool
    of_cast: bool
    output: bool

    @property
    def signature(self) -> str:
        return f"{self.name}({','.join(self.types)})"

    def within(self, names: dict[str, str]) -> str | None:
        return names.get(self.signature) or names.get(self.name)


class _Rules:
    never = rules.names(rules.NEVER_NULL)
    maybe = rules.names(rules.MAY_BE_NULL)
    not_strict = rules.names(rules.NOT_STRICT)
    columns = rules.names(rules.COLUMNS)
    aggregates = rules.names(rules.AGGREGATES)
    windows = rules.names(rules.WINDOW_FUNCTIONS)
    not_called = frozenset(rules.NOT_CALLED.split())


def _claim(function: _Function) -> str:
    """Return the rule that a reason suggests, before it is tried."""
    match function.kind:
        case "a":
            return function.within(_Rules.aggregates) or "-"
        case "w":
            return function.within(_Rules.windows) or "-"
        case "f" if not function.within(_Rules.maybe):
            return function.within(_Rules.columns) or _scalar_claim(function)
        case _:
            return "-"


def _scalar_claim(function: _Function) -> str:
    if not function.strict:
        return function.within(_Rules.not_strict) or "-"
    total = function.operator or function.of_cast or function.output
    if function.within(_Rules.never) or (total and function.volatility != "v"):
        return "n"
    return "-"


def _outcomes(
    connection: psycopg.Connection[object], function: _Function
) -> dict[str, int]:
    """How often calls gave a value, NULL, no row, or an error."""
    name = f'pg_catalog."{function.name}"'
    lists = argument_lists(tuple(function.types), variadic=function.variadic)
    calls = [f"{name}({args})" for args in lists]
    counts: dict[str, int] = {}
    for start in range(0, len(calls), _CHUNK):
        with connection.cursor(row_factory=args_row(_Outcome)) as cursor:
            cursor.execute(_COUNTED, (calls[start : start + _CHUNK],))
            for row in cursor:
                counts[row.outcome] = counts.get(row.outcome, 0) + row.times
    return counts


def _tried(connection: psycopg.Connection[object], function: _Function) -> str:
    claim = _claim(function)
    if (
        claim[0] not in "n1a"
        or function.kind != "f"
        or function.name in _Rules.not_called
    ):
        return claim
    counts = _outcomes(connection, function)
    if counts.get("null"):
        if function.within(_Rules.never) or not function.strict:
            raise SystemExit(f"{function.signature} is NULL for a sample: {claim}")
        _say(f"NULL for a sample: {function.signature}")
        return "-"
    if not counts.get("value"):
        _say(f"no sample fits: {function.signature}: {counts}")
        return claim if function.within(_Rules.never) else "-"
    return claim


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _line(function: _Function, rule: str) -> str:
    flags = (
        function.kind
        + ("t" if function.strict else "f")
        + function.volatility
        + ("t" if function.returns_set else "f")
    )
    names = ",".join(function.argument_names)
    return f"{function.oid}\t{function.name}\t{flags}\t{rule}\t{names}\n"


def main(url: str) -> None:
    """Write the table of the server's major version."""
    with psycopg.connect(url) as connection:
        major = connection.info.server_version // 10000
        connection.execute(_PROBE)
        with connection.cursor(row_factory=class_row(_Function)) as cursor:
            functions = cursor.execute(_FUNCTIONS).fetchall()
        lines = [_line(f, _tried(connection, f)) for f in functions]
        connection.rollback()
    (_TARGET / f"builtin-{major}.tsv").write_text("".join(lines), encoding="utf-8")
    known = sum(line.split("\t")[3] != "-" for line in lines)
    _say(f"{major}: {len(lines)} functions, {known} with a rule")


main(sys.argv[1])
