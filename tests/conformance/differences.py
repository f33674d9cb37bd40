"""Where analysis and sqlc differ, each difference put into a class by a rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tests.conformance.flat import flat_columns

from reposgen.analysis.types import base_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.conformance.corpus import Facts, Outcome

    from reposgen.analysis.model import Column, Parameter, TypedQuery
    from reposgen.live_schema.model import Catalog, PgType

_SERIALS = {
    "bigserial": "bigint",
    "serial": "integer",
    "smallserial": "smallint",
    "int": "integer",
}
_POLYMORPHIC = {"any", "anyarray", "anyelement", "anycompatible"}
_ROW_COUNTS = ("bigint", "integer")


class Difference(Enum):
    """A class of differences: what it is about, and why."""

    REFUSED_BY_POSTGRES = (
        "queries that PostgreSQL refuses",
        "sqlc accepts them, and they fail when they run. In reposgen, they are errors.",
    )
    REFUSED_BY_SQLC = (
        "queries that sqlc refuses",
        (
            "PostgreSQL accepts them. sqlc reads only the text and does not know all"
            " names and types in scope."
        ),
    )
    MISSING_COLUMN = (
        "columns that sqlc does not see",
        "sqlc ignores some expressions (`CURRENT_DATE`).",
    )
    ORDER = (
        "the order of columns",
        (
            "sqlc expands `*` in the order in which it finds the tables. reposgen uses"
            " PostgreSQL's order."
        ),
    )
    NAMELESS = (
        "names of expressions",
        "sqlc uses no name, or its own. reposgen uses PostgreSQL's name.",
    )
    NAME_OF_FUNCTION = (
        "names of function results",
        (
            "sqlc names the column after the function. PostgreSQL names it after the"
            " function's own column."
        ),
    )
    POLYMORPHIC = (
        "types that depend on arguments",
        "sqlc keeps `any` and similar types. PostgreSQL resolves them.",
    )
    OVERLOAD = (
        "overloaded functions",
        (
            "sqlc takes one of several functions that share a name. PostgreSQL selects"
            " one by the types of the arguments."
        ),
    )
    TYPE_OF_COLUMN = (
        "types of compared parameters",
        (
            "sqlc uses the column's type, and PostgreSQL the operator's: a `varchar`"
            " column is compared as `text`, and a field of a `jsonb` is not `jsonb`."
        ),
    )
    ROW_COUNT = (
        "types of LIMIT and OFFSET",
        "PostgreSQL types them as bigint.",
    )
    UNNAMED_PARAMETER = (
        "names of `$n`",
        (
            "If no column is compared, sqlc has no name. reposgen then uses the name of"
            " the function's argument, and finally `dollar_n`."
        ),
    )
    REPEATED_NAME = (
        "duplicate names",
        "sqlc numbers them later, when it writes code. The numbers are the same.",
    )
    COMPARED_NOT_NULL = (
        "parameters compared with nullable columns",
        (
            "sqlc allows NULL. A comparison with NULL is never true, so reposgen"
            " refuses None. Use `IS NOT DISTINCT FROM` or `sqlc.narg` to allow it."
        ),
    )
    DROPPED_BY_CONDITION = (
        "columns that a condition makes not null",
        (
            "sqlc does not analyse WHERE and ON. reposgen excludes rows for which they"
            " cannot be true."
        ),
    )
    PROVED = (
        "columns proved not null",
        "reposgen analyses views, CTEs, functions and CASE. sqlc does not.",
    )
    AGGREGATE = (
        "aggregates",
        (
            "An aggregate of no rows, or of NULLs only, is NULL. sqlc types it as NOT"
            " NULL."
        ),
    )
    FUNCTION = (
        "functions",
        (
            "A function can return NULL, unless something proves that it does not. sqlc"
            " types its result as NOT NULL."
        ),
    )
    NULLABLE_SHOWS_THROUGH = (
        "indirect columns",
        (
            "A nullable column stays nullable in an operator, a subquery, CREATE TABLE"
            " AS or an inheriting table. sqlc types it as NOT NULL."
        ),
    )


@dataclass(frozen=True)
class Found:
    """A difference; `kind` is None where no rule explains it."""

    kind: Difference | None
    what: str


def differences(outcome: Outcome) -> Iterator[Found]:
    """All differences between what analysis and what sqlc say of a case."""
    queries = outcome.queries
    for name, facts in outcome.facts["queries"].items():
        query, theirs = queries.get(name), facts["sqlc"]
        where = f"{outcome.facts['id']} {name}"
        match query, "error" in theirs:
            case None, False:
                yield Found(Difference.REFUSED_BY_POSTGRES, where)
            case None, True:
                pass
            case _, True:
                yield Found(Difference.REFUSED_BY_SQLC, where)
            case _:
                assert query is not None
                assert outcome.analysis is not None
                judge = _Query(query, theirs, outcome.analysis.catalog, where)
                yield from judge.columns()
                yield from judge.parameters()


@dataclass(frozen=True)
class _Query:
    query: TypedQuery
    theirs: Facts
    catalog: Catalog
    where: str

    def columns(self) -> Iterator[Found]:
        ours, theirs = tuple(flat_columns(self.query)), self.theirs["columns"]
        if any(fact.get("embed") for fact in theirs):
            # sqlc tells nothing of what is in them.
            return
        if len(ours) != len(theirs):
            kind = Difference.MISSING_COLUMN if len(theirs) < len(ours) else None
            yield Found(kind, f"{self.where}: {len(ours)} columns, not {len(theirs)}")
            return
        names, others = [c.name for c in ours], [fact["name"] for fact in theirs]
        if names != others and sorted(names) == sorted(others):
            yield Found(Difference.ORDER, self.where)
            theirs = sorted(theirs, key=lambda fact: names.index(fact["name"]))
        for column, fact in zip(ours, theirs, strict=True):
            yield from self._column(column, fact)

    def _column(self, column: Column, fact: Facts) -> Iterator[Found]:
        where = f"{self.where}.{column.name}"
        if column.name != fact["name"]:
            yield Found(self._kind_of_name(fact), f"{where}, not {fact['name']}")
        if not self._same_type(column.type, fact):
            yield Found(_kind_of_type(fact), f"{where}: not {fact['type']}")
        if column.nullable == fact["not_null"]:
            kind = _kind_of_null(column.why) if column.nullable else _proof(column.why)
            yield Found(kind, f"{where}: {'; '.join(column.why)}")

    def _kind_of_name(self, fact: Facts) -> Difference | None:
        if not fact["name"]:
            return Difference.NAMELESS
        names = {function.name for function in self.catalog.functions.values()}
        return Difference.NAME_OF_FUNCTION if fact["name"] in names else None

    def _same_type(self, ours: PgType, fact: Facts) -> bool:
        name = (fact["type"] or "").rpartition(".")[2]
        name = _SERIALS.get(name, name)
        listed = fact.get("is_array") or fact.get("is_sqlc_slice")
        own = {ours.sql, base_of(ours).sql}
        spelled = {t.sql for t in self.catalog.types.values() if t.name == name}
        theirs = {s + "[]" * bool(listed) for s in (name, *spelled)}
        return bool(own & theirs)

    def parameters(self) -> Iterator[Found]:
        theirs = {fact["number"]: fact for fact in self.theirs["params"]}
        for parameter in self.query.parameters:
            if fact := theirs.get(parameter.number):
                yield from self._parameter(parameter, fact)
            else:
                yield Found(None, f"{self.where}: ${parameter.number}")

    def _parameter(self, parameter: Parameter, fact: Facts) -> Iterator[Found]:
        where = f"{self.where} ${parameter.number}"
        if parameter.name != fact["name"]:
            stem = parameter.name.rpartition("_")[0]
            repeated = Difference.REPEATED_NAME if stem == fact["name"] else None
            kind = repeated if fact["name"] else Difference.UNNAMED_PARAMETER
            yield Found(kind, f"{where}: {parameter.name}, not {fact['name']}")
        if not self._same_type(parameter.type, fact):
            yield Found(
                _kind_of_parameter(parameter, fact),
                f"{where}: {parameter.type.sql}, not {fact['type']}",
            )
        if parameter.nullable == fact["not_null"]:
            yield Found(
                None if parameter.nullable else Difference.COMPARED_NOT_NULL,
                f"{where}: {parameter.name}",
            )


def _kind_of_type(fact: Facts) -> Difference | None:
    if fact["type"] in _POLYMORPHIC:
        return Difference.POLYMORPHIC
    return Difference.OVERLOAD if fact.get("is_func_call") else None


def _kind_of_parameter(parameter: Parameter, fact: Facts) -> Difference | None:
    if fact["type"] in _POLYMORPHIC:
        return Difference.POLYMORPHIC
    if fact.get("table"):
        return Difference.TYPE_OF_COLUMN
    return (
        Difference.ROW_COUNT
        if (parameter.type.sql, fact["type"]) == _ROW_COUNTS
        else None
    )


def _proof(why: tuple[str, ...]) -> Difference:
    dropped = any("drops the rows" in reason for reason in why)
    return Difference.DROPPED_BY_CONDITION if dropped else Difference.PROVED


def _kind_of_null(why: tuple[str, ...]) -> Difference | None:
    """By the reasons that the proof gives, the innermost of which decides."""
    told = "; ".join(why)
    if "of no rows is NULL" in told or "passes over NULLs" in told:
        return Difference.AGGREGATE
    if "function" in told or "can give NULL" in told or told.endswith("can be NULL"):
        return Difference.FUNCTION
    if "not declared NOT NULL" in told or "may be NULL" in told:
        return Difference.NULLABLE_SHOWS_THROUGH
    return None


_HEAD = """\
# Differences from sqlc

reposgen and sqlc read the same query files. The table lists the classes of differences
between their results for those queries of sqlc's own tests that this repository uses.
In each class, PostgreSQL agrees with reposgen.

`pytest tests/conformance --update-golden` writes this page.

| difference | reason | cases |
| --- | --- | --- |
"""


def page(found: Iterable[Found]) -> str:
    """The text of docs/sqlc-differences.md."""
    counts = Counter(one.kind for one in found)
    return _HEAD + "".join(row(kind, counts[kind]) for kind in Difference)


def row(kind: Difference, count: int | None = None) -> str:
    """A class's row, up to its count if that is not known."""
    about, why = kind.value
    start = f"| {about[0].upper()}{about[1:]} | {why} | "
    return start if count is None else f"{start}{count} |\n"
