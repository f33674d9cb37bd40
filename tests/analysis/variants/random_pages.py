"""Random queries to page through, and random rows for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    import psycopg

_NULLS_NOT_DISTINCT_SINCE = 150000


@dataclass(frozen=True)
class _Folded:
    """A collation under which `a` and `A` are equal; only ICU has such ones."""

    create: str = (
        "CREATE COLLATION folded"
        " (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    )

    def is_there(self, connection: psycopg.Connection) -> bool:
        """Whether the server can have it."""
        found = connection.execute(
            "SELECT FROM pg_collation WHERE collname = 'und-x-icu'"
        )
        return found.fetchone() is not None


FOLDED: Final = _Folded()

# Each with values that are few, so that rows are alike in them, and odd.
_COLUMNS: Final = {
    "num": ("numeric", ("1.0", "1.00", "2", "NaN", "-1")),
    "fl": ("float8", ("0", "-0", "NaN", "Infinity", "0.1", "0.30000000000000004")),
    "fr": ("float4", ("0.1", "-0", "1e-30", "Infinity")),
    "at": (
        "timestamptz",
        (
            "2026-01-02 03:04:05.678901+01",
            "2026-01-02 02:04:05.678901Z",
            "infinity",
            "-infinity",
            "0044-03-15 10:00:00+00 BC",
            "1800-01-01 00:00:00+00",
            "12026-01-01 00:00:00+00",
        ),
    ),
    "ts": ("timestamp", ("2026-01-02 03:04:05.000001", "infinity", "0001-01-01 BC")),
    "day": ("date", ("2026-01-02", "infinity", "-infinity", "0044-03-15 BC")),
    "iv": ("interval", ("1 mon", "30 days", "-1 day +02:00", "1 year 3 us")),
    "en": ("mood", ("sad", "glad", "mad")),
    "sp": ("spot", ("(1,2)", "(,2)", "(,)", "(1,)")),
    "arr": ("integer[]", ("{1,2}", "{NULL}", "{}", "[0:1]={1,2}")),
    "ch": ("char(4)", ("a", "b   ", "a   ")),
    "tx": ("text", ("a", "A", "", "a b", "é")),
    "nm": ("name", ("a", "A", "b")),
    "by": ("bytea", (r"\x00ff", r"\x61", r"\x")),
    "js": ("jsonb", ('{"a": 1}', '{"a": 1.0}', "null", "[]")),
    "ra": ("int4range", ("[1,3)", "[1,2]", "empty", "(,5)")),
    "bi": ("bit varying", ("101", "1", "")),
    "bo": ("boolean", ("true", "false")),
    "ip": ("inet", ("10.0.0.1", "10.0.0.0/8")),
    "uu": ("uuid", ("00000000-0000-0000-0000-000000000001",)),
    "po": ("positive", ("1", "2")),
    "tz": ("timetz", ("10:00+01", "09:00+00", "11:00+02")),
    "ci": ("text", ("a", "A", "b", "B")),
}
_TABLES: Final = ("t", "u", "v", "p", "h")
# Where rows go that are in a table, too: ids are not unique over both.
_CHILD: Final = "h_child"


def schema(version: int, *, icu: bool) -> str:
    """Tables alike with other keys each; one is partitioned, another inherited from."""
    distinct = "NULLS NOT DISTINCT" if version >= _NULLS_NOT_DISTINCT_SINCE else ""
    folded = "folded" if icu else '"C"'
    columns = ", ".join(
        f"{name} {type_}{f' COLLATE {folded}' if name == 'ci' else ''}"
        for name, (type_, _) in _COLUMNS.items()
    )
    common = f"id integer NOT NULL, grp integer NOT NULL, other integer, {columns}"
    return f"""
    {FOLDED.create if icu else ""}
    CREATE TYPE mood AS ENUM ('sad', 'mad', 'glad');
    CREATE TYPE spot AS (x integer, y integer);
    CREATE DOMAIN positive AS integer CHECK (value > 0);
    CREATE TABLE t ({common}, PRIMARY KEY (id), UNIQUE (grp, ch));
    CREATE TABLE u ({common}, PRIMARY KEY (id, grp), UNIQUE (other));
    CREATE TABLE v ({common}, PRIMARY KEY (id), UNIQUE {distinct} (grp, num));
    CREATE UNIQUE INDEX ON t (ci COLLATE "C", grp);
    CREATE UNIQUE INDEX ON u (grp, ci);
    CREATE UNIQUE INDEX ON v (tx COLLATE {folded}, grp) WHERE tx IS NOT NULL;
    CREATE UNIQUE INDEX ON v (lower(tx), bo);
    CREATE TABLE p ({common}, PRIMARY KEY (id, grp)) PARTITION BY LIST (grp);
    CREATE TABLE p_1 PARTITION OF p (UNIQUE (id), UNIQUE (other)) FOR VALUES IN (1);
    CREATE TABLE p_rest PARTITION OF p (UNIQUE (id)) DEFAULT;
    CREATE TABLE h ({common}, PRIMARY KEY (id), UNIQUE (grp, ch));
    CREATE TABLE {_CHILD} (PRIMARY KEY (id)) INHERITS (h);
    CREATE VIEW w AS SELECT id, grp, tx, at FROM t WHERE grp > 0;
    """


def random_state(random: Random) -> str:
    """SQL that fills the tables anew; rows that break a key are left out."""
    statements = [f"TRUNCATE {', '.join(_TABLES)}"]
    for table in (*_TABLES, _CHILD):
        for _ in range(random.choice((0, 8, 25))):
            values = [
                str(random.randint(1, 20)),
                str(random.randint(0, 2)),
                random.choice(("NULL", "1", "2", "3", "4")),
            ]
            for type_, several in _COLUMNS.values():
                is_null = random.random() < 0.2
                values.append(
                    "NULL" if is_null else f"'{random.choice(several)}'::{type_}"
                )
            row = ", ".join(values)
            statements.append(
                f"INSERT INTO {table} VALUES ({row}) ON CONFLICT DO NOTHING"
            )
    return ";\n".join(statements)


def canonical(type_name: str, value: str | None) -> str | None:
    """A value's text, the same for values that are equal."""
    if value is None:
        return None
    change = _CANONICAL.get(type_name)
    return change(value) if change else value


def _number(value: str) -> str:
    number = Decimal(value)
    return str(number.normalize() + 0) if number.is_finite() else value


def _interval(value: str) -> str:
    days = Decimal(0)
    units = {"year": 360, "years": 360, "mon": 30, "mons": 30, "day": 1, "days": 1}
    for amount, unit in re.findall(r"([-+]?\d+) (years?|mons?|days?)", value):
        days += int(amount) * units[unit]
    if clock := re.search(r"([-+]?)(\d+):(\d+):([\d.]+)", value):
        seconds = int(clock[2]) * 3600 + int(clock[3]) * 60 + Decimal(clock[4])
        days += (-seconds if clock[1] == "-" else seconds) / 86400
    return str(days.normalize() + 0)


_CANONICAL: Final[dict[str, Callable[[str], str]]] = {
    **dict.fromkeys(("numeric", "float8", "float4"), _number),
    **dict.fromkeys(("text", "varchar", "name"), str.lower),
    "interval": _interval,
    "bpchar": str.rstrip,
    "jsonb": lambda value: re.sub(r"\.0\b", "", value),
}


class Queries:
    """Writes random queries that have an ORDER BY."""

    def __init__(self, random: Random, *, icu: bool) -> None:
        self._random = random
        self._collations = ("C", "folded", "POSIX") if icu else ("C", "POSIX")

    def query(self) -> str:
        """A query, with the `@sort` line before it."""
        random = self._random
        if random.random() < 0.08:
            return self._top_distinct_on()
        body, width, key = self._body()
        order = self._order(width, key)
        choices = random.sample(range(width), min(width, random.choice((0, 1, 2))))
        sort = ""
        if choices:
            named = (
                f"c{n}{random.choice(('', ' nulls last', ' nulls first'))}"
                for n in choices
            )
            sort = f"-- @sort {', '.join(named)}\n"
        return f"-- A query.\n{sort}-- Its rows.\n{body}\n{order};\n"

    def _order(self, width: int, key: list[int]) -> str:
        random = self._random
        columns = random.sample(range(width), random.randint(0, min(2, width)))
        if random.random() < 0.8:
            columns += [c for c in key if c not in columns]
        if not columns:
            columns = [0]
        return "ORDER BY " + ", ".join(f"c{c}{self._direction()}" for c in columns)

    def _direction(self) -> str:
        direction = self._random.choice(("", " ASC", " DESC"))
        return direction + self._random.choice(("", "", " NULLS FIRST", " NULLS LAST"))

    def _body(self) -> tuple[str, int, list[int]]:
        """A query's text, the number of its columns c0…, and columns to end with."""
        form = self._random.choice(
            (
                *(self._plain, self._joined, self._joined, self._joined, self._grouped),
                *(self._distinct, self._feed, self._feed, self._union, self._nested),
                *(self._first_of_each, self._numbered),
            )
        )
        return form()

    def _column(self, alias: str) -> str:
        return f"{alias}.{self._random.choice(('id', 'grp', 'other', *_COLUMNS))}"

    def _expression(self, alias: str) -> str:
        random = self._random
        if random.random() < 0.8:
            return self._column(alias)
        collation = random.choice(self._collations)
        text = f"{alias}.{random.choice(('tx', 'ci'))}"
        return random.choice(
            (
                f'{text} COLLATE "{collation}"',
                f"lower({text})",
                f"coalesce({alias}.other, 0)",
                f"{alias}.at::date",
                f"{alias}.id + {alias}.grp",
                f"{alias}.id::bigint",
                f"({alias}.sp).x",
                f"md5({alias}.tx)",
                f"{alias}.at > now()",
            )
        )

    def _some(self, alias: str, most: int = 4) -> list[str]:
        return [self._expression(alias) for _ in range(self._random.randint(1, most))]

    def _select(self, columns: list[str]) -> str:
        return ", ".join(f"{column} AS c{n}" for n, column in enumerate(columns))

    def _where(self, alias: str) -> str:
        collation = self._random.choice(self._collations)
        return self._random.choice(
            (
                *("", "", ""),
                f" WHERE {alias}.grp = 1",
                f" WHERE {alias}.tx IS NOT NULL",
                f" WHERE {alias}.other > 1",
                f" WHERE {alias}.ci = 'a'",
                f" WHERE {alias}.ci = 'a' COLLATE \"{collation}\"",
            )
        )

    def _plain(self) -> tuple[str, int, list[int]]:
        random = self._random
        table = random.choice(_TABLES)
        key = random.choice(
            (
                ["x.id"],
                ["x.id", "x.grp"],
                ["x.grp", "x.ch"],
                ["x.grp", "x.ci"],
                ["x.other"],
                ["x.tx", "x.grp"],
                ["x.num", "x.grp"],
            )
        )
        columns = [*key, *self._some("x")]
        text = f"SELECT {self._select(columns)} FROM {table} AS x{self._where('x')}"
        return text, len(columns), list(range(len(key)))

    def _joined(self) -> tuple[str, int, list[int]]:
        random = self._random
        aliases = ["x", "y", "z"][: random.choice((2, 2, 3))]
        tables = [
            random.choice((*_TABLES, "w") if a != "x" else _TABLES) for a in aliases
        ]
        text = f"{tables[0]} AS x"
        for before, alias, table in zip(aliases, aliases[1:], tables[1:], strict=False):
            kind = random.choice(
                ("JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN")
            )
            left = random.choice(aliases[: aliases.index(before) + 1])
            first = random.choice(("id", "grp", "other")) if left == "x" else "id"
            condition = f"{left}.{first} = {alias}.{random.choice(('id', 'grp'))}"
            if random.random() < 0.3:
                condition += f" AND {alias}.tx = 'a'"
            item = f"{table} AS {alias}"
            if random.random() < 0.2:
                item = f"(SELECT * FROM {table} WHERE grp > 0) AS {alias}"
            text += f" {kind} {item} ON {condition}"
        keys = [f"{alias}.id" for alias in aliases]
        keys += [
            f"{a}.grp"
            for a, table in zip(aliases, tables, strict=True)
            if table in {"u", "p"}
        ]
        columns = [*keys, *self._some("x")]
        if random.random() < 0.3:
            keys = keys[:-1]
        where = self._where("x")
        return (
            f"SELECT {self._select(columns)} FROM {text}{where}",
            len(columns),
            list(range(len(keys))),
        )

    def _grouped(self) -> tuple[str, int, list[int]]:
        by = self._some("x", 3)
        aggregate = self._random.choice(
            (
                "count(*)",
                "max(x.num)",
                "sum(x.other)",
                "min(x.tx)",
                "max(x.ci)",
                "sum(x.fl)",
                "string_agg(x.tx, ',')",
                "bool_or(x.bo)",
            )
        )
        columns = [*by, aggregate]
        numbers = ", ".join(str(n + 1) for n in range(len(by)))
        text = (
            f"SELECT {self._select(columns)} FROM {self._random.choice(_TABLES)} AS x"
            f"{self._where('x')} GROUP BY {numbers}"
        )
        return text, len(columns), list(range(len(by)))

    def _distinct(self) -> tuple[str, int, list[int]]:
        columns = self._some("x")
        table = self._random.choice(_TABLES)
        text = f"SELECT DISTINCT {self._select(columns)} FROM {table} AS x"
        return text, len(columns), list(range(len(columns)))

    def _feed(self) -> tuple[str, int, list[int]]:
        random = self._random
        tags = random.choice(
            (
                ("'a'", "'b'", "'A'"),
                ("'a'", "'a'", "'b'"),
                ("1", "2", "3"),
                ("'sad'::mood", "'mad'::mood", "NULL"),
                ("1.0", "1.00", "2.0"),
                ("'a'::bpchar", "'a '::bpchar", "'b'::bpchar"),
                ("true", "false", "true"),
            )
        )
        column = random.choice(("at", "tx", "num", "other", "ci", "sp"))
        branches = []
        for table, tag in zip(random.sample(_TABLES, 3), tags, strict=True):
            key = "x.id" if random.random() < 0.8 else "x.id::bigint"
            branches.append(
                f"SELECT {tag} AS c0, {key} AS c1, x.{column} AS c2, x.grp AS c3"
                f" FROM {table} AS x{self._where('x')}"
            )
        branches = branches[: random.choice((2, 3))]
        text = " UNION ALL ".join(branches)
        if random.random() < 0.3:
            text = f"SELECT f.* FROM ({text}) AS f"
        return text, 4, random.choice(([0, 1], [0, 1, 3], [1, 0, 3], [1]))

    def _union(self) -> tuple[str, int, list[int]]:
        random = self._random
        names = random.sample(("id", "grp", "other", *_COLUMNS), random.randint(1, 3))
        operator = random.choice(("UNION", "INTERSECT", "EXCEPT", "UNION ALL"))
        columns = self._select([f"x.{name}" for name in names])
        first, second, third = random.sample(_TABLES, 3)
        text = (
            f"SELECT {columns} FROM {first} AS x"
            f" {operator} SELECT {columns} FROM {second} AS x"
        )
        if random.random() < 0.3:
            text += (
                f" {random.choice(('UNION', 'EXCEPT'))}"
                f" SELECT {columns} FROM {third} AS x"
            )
        return text, len(names), list(range(len(names)))

    def _nested(self) -> tuple[str, int, list[int]]:
        random = self._random
        inner, width, key = random.choice(
            (
                self._plain,
                self._joined,
                self._grouped,
                self._distinct,
                self._first_of_each,
            )
        )()
        if random.random() < 0.4:
            inner += (
                f" {self._order(width, key)} LIMIT 9"
                if "DISTINCT ON" not in inner
                else ""
            )
        columns = [f"s.c{n}" for n in range(width)]
        if random.random() < 0.5:
            return f"SELECT {self._select(columns)} FROM ({inner}) AS s", width, key
        return (
            f"WITH s AS ({inner}) SELECT {self._select(columns)} FROM s",
            width,
            key,
        )

    def _first_of_each(self) -> tuple[str, int, list[int]]:
        random = self._random
        table = random.choice(_TABLES)
        of = self._some("x", 2)
        columns = [*of, "x.id", "x.num"]
        groups = ", ".join(of)
        rest = random.choice(("x.id", "x.num DESC, x.id", "x.num"))
        inner = (
            f"SELECT DISTINCT ON ({groups}) {self._select(columns)} FROM {table} AS x"
            f" ORDER BY {groups}, {rest}"
        )
        return f"SELECT * FROM ({inner}) AS d", len(columns), list(range(len(of)))

    def _top_distinct_on(self) -> str:
        random = self._random
        of = self._some("x", 2)
        columns = [*of, "x.id", "x.num"]
        groups = ", ".join(f"c{n}{self._direction()}" for n in range(len(of)))
        rest = random.choice(("x.id", "x.num DESC, x.id", "x.num"))
        sort = "-- @sort c0\n" if random.random() < 0.5 else ""
        return (
            f"-- A query.\n{sort}-- Its rows.\nSELECT DISTINCT ON ({', '.join(of)})"
            f" {self._select(columns)} FROM {random.choice(_TABLES)} AS x\n"
            f"ORDER BY {groups}, {rest};\n"
        )

    def _numbered(self) -> tuple[str, int, list[int]]:
        random = self._random
        function = random.choice(
            ("row_number()", "rank()", "sum(x.num)", "lag(x.id)", "count(*)")
        )
        order = random.choice(("x.id", "x.grp", "x.num, x.id", "x.grp, x.id"))
        columns = [f"{function} OVER (ORDER BY {order})", "x.id", "x.grp"]
        table = random.choice(_TABLES)
        return f"SELECT {self._select(columns)} FROM {table} AS x", 3, [0, 1, 2]
