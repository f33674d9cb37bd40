"""Possible values of columns, in PostgreSQL's text format.

They are candidates, among which the server's checks select.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from itertools import pairwise
from typing import TYPE_CHECKING

from reposgen.live_schema.model import (
    ArrayType,
    BaseType,
    CompositeType,
    DomainType,
    EnumType,
    MultirangeType,
    RangeType,
)
from reposgen.testing.factories.patterns import like, matching

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from random import Random

    from reposgen.live_schema.model import PgType
    from reposgen.testing.factories.tables import Column

_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.])|'(-?\d+(?:\.\d+)?)'")
_STRING = re.compile(r"(~~\*|!~~|~~|~\*|!~|~)?[( ]*'((?:[^']|'')*)'")
_START = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
_LONGEST = 2000
_VARCHAR = ("varchar", "bpchar")
_HEADER = 4

_INTEGERS = {"int2": 2**15 - 1, "int4": 2**31 - 1, "int8": 2**63 - 1, "oid": 2**32 - 1}
_NUMERIC = ("numeric", "float4", "float8", "money")
_TEXTS = ("text", "varchar", "bpchar", "citext", "name", "char")
# Of types of which one value is as good as another.
_SAMPLES = {
    "inet": ("10.0.{1}.{0}", "::1"),
    "cidr": ("10.{1}.{0}.0/24", "10.0.0.0/8"),
    "macaddr": ("08:00:2b:01:{1:02x}:{0:02x}",),
    "macaddr8": ("08:00:2b:01:02:03:{1:02x}:{0:02x}",),
    "point": ("({0},{1})",),
    "line": ("{{1,-1,0}}",),
    "lseg": ("[(0,0),({0},1)]",),
    "box": ("({0},1),(0,0)",),
    "path": ("[(0,0),({0},1)]",),
    "polygon": ("((0,0),({0},1),(1,0))",),
    "circle": ("<(0,0),{0}>",),
    "xml": ("<a>{0}</a>",),
    "tsvector": ("'word{0}'",),
    "tsquery": ("'word{0}'",),
    "pg_lsn": ("0/{0:X}",),
    "ltree": ("node{0}",),
    "lquery": ("node{0}",),
    "hstore": ('"key"=>"{0}"',),
    "cube": ("({0},1)",),
    "jsonpath": ("$.key",),
    "regclass": ("pg_class",),
    "regtype": ("integer",),
    "regproc": ("pg_backend_pid",),
    "regrole": ("pg_monitor",),
    "regnamespace": ("pg_catalog",),
    "regconfig": ("simple",),
    "xid": ("3",),
    "cid": ("0",),
    "tid": ("(0,1)",),
    "int2vector": ("1",),
    "oidvector": ("1",),
    "txid_snapshot": ("10:20:10",),
    "pg_snapshot": ("10:20:10",),
    "isbn": ("978-0-393-04002-9",),
}


class Values:
    """Candidates for the values of the row with a number.

    Args:
        random: source of random parts.
        number: number of the row, by which its values differ from those of other rows.
    """

    def __init__(self, random: Random, number: int) -> None:
        self._random = random
        self._number = number

    def of_column(self, column: Column, conditions: Iterable[str]) -> list[str]:
        """Return values of a column's base type, the most natural one first.

        Values at the same index have the same form in rows with different numbers.

        Args:
            column: a column of a table.
            conditions: SQL of the conditions that refer to it.
        """
        text = " ".join(conditions)
        return [*self._of_type(column.base, column.name, text, column.modifier)]

    def natural(self, column: Column, conditions: Iterable[str]) -> str | None:
        """Return the most natural value of a column; None if there is none."""
        text = " ".join(conditions)
        found = self._of_type(column.base, column.name, text, column.modifier)
        return next(found, None)

    def _of_type(
        self, type_: PgType, name: str, conditions: str, modifier: int = -1
    ) -> Iterator[str]:
        match type_:
            case EnumType(labels=labels):
                yield from labels
            case DomainType(base=base, checks=checks):
                more = " ".join(check.definition for check in checks)
                yield from self._of_type(base, name, f"{conditions} {more}")
            case ArrayType(element=element):
                yield from self._arrays(element, name, conditions)
            case CompositeType(fields=fields):
                first = (next(self._of_type(f.type, f.name, ""), "") for f in fields)
                yield f"({','.join(map(_quoted, first))})"
                yield f"({',' * (len(fields) - 1)})"
            case RangeType(subtype=subtype):
                yield from self._ranges(subtype)
                yield "empty"
            case MultirangeType(range=range_):
                yield from (f"{{{one}}}" for one in self._ranges(range_.subtype))
                yield "{}"
            case BaseType(name=kind):
                yield from self._base(kind, name, conditions, modifier)
            case _:
                return

    def _base(  # noqa: C901, PLR0912 -- a branch for each kind of type
        self, kind: str, name: str, conditions: str, modifier: int
    ) -> Iterator[str]:
        number = self._number
        if kind in _INTEGERS:
            limit = _INTEGERS[kind]
            yield str((number - 1) % limit + 1)
            yield from (str(int(n)) for n in _numbers(conditions) if abs(n) <= limit)
        elif kind in _NUMERIC:
            yield _decimal(number, modifier if kind == "numeric" else -1)
            yield from (f"{n:.10g}" for n in _numbers(conditions))
            yield "0.5"
        elif kind == "bool":
            yield from ("false", "true")
        elif kind in _TEXTS:
            longest = modifier - _HEADER if modifier > _HEADER else _LONGEST
            if kind in _VARCHAR and modifier > 0:
                yield from self._texts(name, conditions, longest)
            else:
                yield from self._texts(name, conditions, 1 if kind == "char" else 63)
        elif kind == "uuid":
            yield str(uuid.UUID(int=self._random.getrandbits(128), version=4))
            yield from _strings(conditions)
        elif kind in ("date", "timestamp", "timestamptz", "time", "timetz"):
            yield from self._times(kind, conditions)
        elif kind == "interval":
            yield from (f"{number} minutes", "1 day", "0", "1 month", "-1 day")
            yield from _strings(conditions)
        elif kind in ("json", "jsonb"):
            yield from _documents(conditions)
        elif kind == "bytea":
            yield f"\\x{number:08x}"
            yield from (f"\\x{'00' * int(n)}" for n in _lengths(conditions))
        elif kind in ("bit", "varbit"):
            yield format(number, "b").zfill(max(modifier, 1))[-max(modifier, 1) :]
        elif kind in ("vector", "halfvec"):
            yield json.dumps([number, *[0] * (modifier - 1)] if modifier > 0 else [1])
        elif kind == "sparsevec":
            yield f"{{1:{number}}}/{max(modifier, 1)}"
        else:
            low, high = number % 250 + 1, number // 250 % 250
            for sample in _SAMPLES.get(kind, ("{0}", "a", "")):
                yield sample.format(low, high)

    def _texts(self, name: str, conditions: str, longest: int) -> Iterator[str]:
        number = self._number
        usual = f"{name} {number}"
        short = str(number)
        yield usual if len(usual) <= longest else _packed(number, longest)
        for pattern in _patterns(conditions):
            yield matching(pattern, self._random) or usual
        yield from _strings(conditions)
        slug = name.lower().replace("_", "-")
        yield from (f"{slug}-{number}", f"{name.lower()}{number}@example.com")
        yield from (f"https://example.com/{number}", short, f"a{short}", "")
        yield from (like(pattern) for pattern in _like_patterns(conditions))
        letter = chr(ord("a") + number % 26)
        for length in sorted({*_lengths(conditions), 2, 3, 32, 40, 64}):
            yield (letter * length)[: length - len(short)] + short
            yield letter * length
            yield letter.upper() * length
            yield short.zfill(length)

    def _times(self, kind: str, conditions: str) -> Iterator[str]:
        moment = _START + dt.timedelta(minutes=self._number)
        if kind.startswith("time") and not kind.startswith("timestamp"):
            yield from (f"{moment:%H:%M:%S}", "00:00", "12:00", "23:59")
        elif kind == "date":
            yield f"{_START + dt.timedelta(days=self._number):%Y-%m-%d}"
        else:
            yield moment.isoformat()
        yield from ("now", "yesterday", "tomorrow")
        for text in _strings(conditions):
            yield text
            try:
                at = dt.datetime.fromisoformat(text)
            except ValueError:
                continue
            days = dt.timedelta(days=1)
            yield from ((at - days).isoformat(), (at + days).isoformat())

    def _arrays(self, element: PgType, name: str, conditions: str) -> Iterator[str]:
        items = [*self._of_type(element, name, conditions)][:5]
        yield "{}"
        yield from (f"{{{_quoted(item)}}}" for item in items)
        for length in sorted({2, 3, *_lengths(conditions)}):
            if items and length < _LONGEST:
                yield f"{{{','.join([_quoted(items[0])] * length)}}}"

    def _ranges(self, subtype: PgType) -> Iterator[str]:
        number = self._number
        match subtype.name:
            case "int4" | "int8" | "numeric" | "float8":
                yield f"[{number * 10},{number * 10 + 5})"
            case "date" | "timestamp" | "timestamptz":
                day = _START + dt.timedelta(days=number)
                yield f"[{day:%Y-%m-%d},{day + dt.timedelta(days=1):%Y-%m-%d})"
            case _:
                items = [*self._of_type(subtype, "", "")]
                if items:
                    yield f"[{_quoted(items[0])},{_quoted(items[0])}]"


def _packed(number: int, longest: int) -> str:
    """Return a short text that differs from number to number."""
    digits = "abcdefghijklmnopqrstuvwxyz0123456789"
    text = ""
    while number:
        number, digit = divmod(number, len(digits))
        text = digits[digit] + text
    return text[-longest:] if longest else ""


def _decimal(number: int, modifier: int) -> str:
    """Return a number that fits the precision and scale of numeric(p, s)."""
    if modifier < _HEADER:
        return str(number)
    precision, scale = (modifier - _HEADER) >> 16, (modifier - _HEADER) & 0x3FF
    if precision > scale:
        return str(number % 10 ** (precision - scale) or 1)
    return f"0.{number % 10**precision:0{scale}}"


def _numbers(conditions: str) -> Iterator[float]:
    yield from (0, 1, -1)
    found = sorted({float(n[1] or n[0]) for n in _NUMBER.finditer(conditions)})
    for before, after in pairwise(found):
        yield (before + after) / 2
    for number in found:
        yield from (number, number + 1, number - 1, number + 2)


def _lengths(conditions: str) -> list[int]:
    found = {int(n) for n in _numbers(conditions) if n == int(n)}
    return sorted(n for n in found if 0 < n <= _LONGEST)


def _strings(conditions: str) -> list[str]:
    return [found[2].replace("''", "'") for found in _STRING.finditer(conditions)]


def _patterns(conditions: str) -> list[str]:
    return [
        found[2].replace("''", "'")
        for found in _STRING.finditer(conditions)
        if found[1] in ("~", "~*")
    ]


def _like_patterns(conditions: str) -> list[str]:
    return [
        found[2].replace("''", "'")
        for found in _STRING.finditer(conditions)
        if found[1] in ("~~", "~~*")
    ]


def _documents(conditions: str) -> Iterator[str]:
    yield from ("{}", "[]")
    names = [*dict.fromkeys(_strings(conditions))]
    for value in ('"x"', "1", "true", "[]", "{}"):
        fields = (f"{json.dumps(name)}: {value}" for name in names)
        yield f"{{{', '.join(fields)}}}"
    yield from ('"text"', "1", "true", "null", '["x"]', '{"key": "value"}')


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
