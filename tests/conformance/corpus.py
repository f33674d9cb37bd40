"""The visible half of the corpus of sqlc's tests, and what analysis says of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.conformance.states import Runs, run_over_states

from reposgen.analysis.analyse import analyse
from reposgen.database import read_migrations
from reposgen.database.migrations import apply
from reposgen.diagnostics import Diagnostic, ReposgenError
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    import psycopg

    from reposgen.analysis.model import Analysis, TypedQuery

Facts: TypeAlias = "dict[str, Any]"

CORPUS = Path(__file__).parents[3] / "shared" / "conformance" / "sqlc"
CASES = sorted(path.parent for path in CORPUS.glob("*/case.json"))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A case, judged.

    Attributes:
        missing: extensions that the server lacks; then nothing was judged.
        analysis: None where the schema was refused.
        runs: of the queries over random states of the database.
    """

    facts: Facts
    missing: tuple[str, ...] = ()
    analysis: Analysis | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    runs: Runs = field(default_factory=Runs)

    @property
    def queries(self) -> dict[str, TypedQuery]:
        """Those without errors, by name."""
        files = self.analysis.files.values() if self.analysis else ()
        return {query.name: query for queries in files for query in queries}


def judge(connection: psycopg.Connection[Any], folder: Path) -> Outcome:
    """Apply a case's schema to an empty database, analyse its queries and run them."""
    facts: Facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    rows = connection.execute("SELECT name FROM pg_available_extensions").fetchall()
    if missing := set(facts["extensions"]) - {name for (name,) in rows}:
        return Outcome(facts=facts, missing=tuple(sorted(missing)))
    migrations = read_migrations(facts["schema"], folder)
    try:
        apply(connection, migrations)
    except ReposgenError as refused:
        return Outcome(facts=facts, diagnostics=tuple(refused.diagnostics))
    files = read_query_files(facts["queries_in"], folder)
    analysis = analyse(
        files,
        read_catalog(connection),
        describe=partial(describe, connection),
        read_system=partial(read_catalog, connection),
        read_functions=partial(read_sql_functions, connection),
    )
    own = [d for file in files for d in file.diagnostics]
    return Outcome(
        facts=facts,
        analysis=analysis,
        diagnostics=(*own, *analysis.diagnostics),
        runs=run_over_states(
            connection,
            analysis.catalog,
            [query for queries in analysis.files.values() for query in queries],
            Random(folder.name),
        ),
    )
