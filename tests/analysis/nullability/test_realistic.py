"""Queries as applications have them: what is proved is so, and nearly all that is so.

What is so is seen by running them over random states of the database.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.conformance.states import Runs, run_over_states

from reposgen.analysis.analyse import analyse
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable

_FOLDER = Path(__file__).parent / "realistic"
_STATES = 40
_FOUND_AT_LEAST = 0.97


@pytest.fixture(scope="module")
def runs(shared_database: Callable[[str], str]) -> Runs:
    url = shared_database((_FOLDER / "schema.sql").read_text(encoding="utf-8"))
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.info.server_version < 170000:
            pytest.skip("JSON_TABLE is among the queries, which came with 17")
        analysis = analyse(
            read_query_files(["queries.sql"], _FOLDER),
            read_catalog(connection),
            describe=partial(describe, connection),
            read_system=partial(read_catalog, connection),
            read_functions=partial(read_sql_functions, connection),
        )
        assert [d for d in analysis.diagnostics if d.code != "missing-where"] == []
        queries = [q for several in analysis.files.values() for q in several]
        return run_over_states(
            connection, analysis.catalog, queries, Random(7), states=_STATES
        )


def test_nothing_is_claimed_that_is_not_so(runs: Runs) -> None:
    assert runs.wrong == set()


def test_nearly_all_that_is_so_is_proved(runs: Runs) -> None:
    found, missed = len(runs.claims), runs.missed
    assert found > 140
    assert found >= (found + len(missed)) * _FOUND_AT_LEAST, missed
