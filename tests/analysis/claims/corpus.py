"""Statements of all kinds, and the server's answers about them, which can be kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from tests.analysis.claims.text import claims

from reposgen.analysis.analyse import analyse
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from reposgen.analysis.model import Analysis
    from reposgen.live_schema.model import Catalog, Description, Function, Statement

_HERE: Final = Path(__file__).parent
_TESTS: Final = _HERE.parents[1]
# Cases of other tests, with the schema and the queries that these have.
_ELSEWHERE: Final = (
    "analysis/nullability/realistic",
    "diagnostics/optional_inserts",
    "diagnostics/optional_misuse",
    "diagnostics/optional_surprises",
    "diagnostics/page_misuse",
    "diagnostics/sort_misuse",
    "golden/cached",
    "golden/insert_defaults",
    "golden/json_documents",
    "golden/made_up_rows",
    "golden/nesting",
    "golden/optimistic",
    "golden/variants",
)


class Answers:
    """What a server says of a schema and statements, asked once.

    The same analysis on the same answers needs no server a second time. So it is
    repeated in milliseconds, as `generator/tools/mutate.py` does for each change.
    """

    def __init__(self, find_url: Callable[[], str]) -> None:
        self._find_url = find_url
        self._catalogs: dict[frozenset[int] | None, Catalog] = {}
        self._descriptions: dict[Statement, Description] = {}
        self._bodies: dict[int, Mapping[int, str]] = {}

    @cached_property
    def _connection(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._find_url(), autocommit=True)

    def close(self) -> None:
        """Close the connection, if there is one; the next question opens another."""
        if "_connection" in self.__dict__:
            self._connection.close()
            del self._connection

    def catalog(self, system: Collection[int] | None = None) -> Catalog:
        """Return the catalog, with some system relations if they are asked for."""
        key = None if system is None else frozenset(system)
        if key not in self._catalogs:
            asked = () if system is None else (system,)
            self._catalogs[key] = read_catalog(self._connection, *asked)
        return self._catalogs[key]

    def describe(self, statements: Sequence[Statement]) -> tuple[Description, ...]:
        """Return the server's description of each statement."""
        unknown = [one for one in statements if one not in self._descriptions]
        if unknown:
            found = describe(self._connection, unknown)
            self._descriptions.update(zip(unknown, found, strict=True))
        return tuple(self._descriptions[one] for one in statements)

    def functions(self, functions: Sequence[Function]) -> Mapping[int, str]:
        """Return the trees of SQL functions."""
        for one in functions:
            if one.oid not in self._bodies:
                self._bodies[one.oid] = read_sql_functions(self._connection, [one])
        return {o: t for f in functions for o, t in self._bodies[f.oid].items()}


@dataclass(frozen=True)
class Case:
    """A folder with a schema and queries, and what is claimed of these.

    Attributes:
        folder: has `schema.sql`, and `queries.sql` or a folder of that name.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Name of the case."""
        return self.folder.name

    @property
    def schema(self) -> str:
        """The SQL that makes the tables."""
        return (self.folder / "schema.sql").read_text(encoding="utf-8")

    @property
    def expected(self) -> Path:
        """The file with the claims."""
        return _HERE / "expected" / f"{self.name}.txt"

    def analyse(self, answers: Answers) -> Analysis:
        """Analyse the queries with the answers of a server."""
        file = self.folder / "queries.sql"
        return analyse(
            read_query_files([file.name if file.exists() else "queries"], self.folder),
            answers.catalog(),
            describe=answers.describe,
            read_system=answers.catalog,
            read_functions=answers.functions,
        )

    def claims(self, answers: Answers) -> str:
        """Return the claims as text."""
        return claims(self.analyse(answers))


CASES: Final = tuple(
    Case(folder)
    for folder in (
        *sorted(path.parent for path in _HERE.glob("*/queries.sql")),
        *(_TESTS / name for name in _ELSEWHERE),
    )
)
