"""Properties of PostgreSQL's built-in functions.

The oids of built-in functions never change, so one table for each major version serves
every server. `generator/tools/functions` makes the tables from the catalog of a server
and from calls of the functions with many arguments.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files

from reposgen.models import dataclass

# Major versions that have a table. Others use that of the next newer version.
_TABLES = (16, 18)


class NullRule(StrEnum):
    """Condition under which a function's result is not NULL."""

    MAYBE = "-"  # nothing is known
    NEVER = "a"  # never NULL, whatever the arguments
    ARGUMENTS = "n"  # not NULL unless an argument is
    FIRST = "1"  # not NULL unless the first argument is
    ROWS = "g"  # an aggregate over at least one row
    FRAME = "f"  # a window function over a frame's row: first_value, last_value
    COLUMNS = "c"  # a set of rows; see `columns`


@dataclass(frozen=True, slots=True)
class BuiltinFunction:
    """Built-in function.

    Attributes:
        oid: `pg_proc.oid`.
        kind: `prokind`: f, a, w, p.
        strict: True if the result is NULL, or an empty set, for any NULL argument.
        volatility: `provolatile`: i, s, v.
        rule: when the result is not NULL: for an aggregate, over a group that is not
            empty; for a function that returns a set, the value in each row.
        columns: for NullRule.COLUMNS, whether each column of a row is never NULL.
        argument_names: names of the input arguments; empty strings for unnamed ones.
    """

    oid: int
    name: str
    kind: str
    strict: bool
    volatility: str
    returns_set: bool
    rule: NullRule
    columns: tuple[bool, ...]
    argument_names: tuple[str, ...]


class BuiltinFunctions:
    """Built-in functions of one major version, by oid."""

    def __init__(self, table: str) -> None:
        """Read a table's text, which has one line for each function."""
        self._lines = {line[: line.index("\t")]: line for line in table.splitlines()}
        self._functions: dict[int, BuiltinFunction | None] = {}

    def __len__(self) -> int:
        return len(self._lines)

    def names(self) -> frozenset[str]:
        """Return the names of all functions."""
        return frozenset(line.split("\t", 2)[1] for line in self._lines.values())

    def get(self, oid: int) -> BuiltinFunction | None:
        """Return the function with an oid, or None if it is not built in."""
        try:
            return self._functions[oid]
        except KeyError:
            line = self._lines.get(str(oid))
            function = None if line is None else _parse(line)
            return self._functions.setdefault(oid, function)


def _parse(line: str) -> BuiltinFunction:
    oid, name, flags, rule, arguments = line.split("\t")
    kind, strict, volatility, returns_set = tuple(flags)
    return BuiltinFunction(
        oid=int(oid),
        name=name,
        kind=kind,
        strict=strict == "t",
        volatility=volatility,
        returns_set=returns_set == "t",
        rule=NullRule(rule[0]),
        columns=tuple(flag == "1" for flag in rule[1:]),
        argument_names=tuple(arguments.split(",")) if arguments else (),
    )


@cache
def builtin_functions(major: int) -> BuiltinFunctions:
    """Return the built-in functions of a major version.

    A version without a table of its own uses the next newer one, else the newest.
    """
    table = next((t for t in _TABLES if t >= major), _TABLES[-1])
    path = files("reposgen.live_schema.functions") / f"builtin-{table}.tsv"
    return BuiltinFunctions(path.read_text(encoding="utf-8"))
