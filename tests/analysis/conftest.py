"""Queries judged against a schema, as one fixture."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

import psycopg
import pytest
from tests.quiet import without_notices

from reposgen.analysis.analyse import analyse
from reposgen.analysis.declarations import Declared
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.model import Described
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from reposgen.analysis.model import Analysis
    from reposgen.live_schema.model import Description, Statement

NOTHING = Declared()


class Judge(Protocol):
    """Analyses one file of queries over a schema."""

    def __call__(
        self,
        schema: str,
        sql: str,
        *,
        trees: bool = True,
        notices: bool = True,
        declared: Declared = ...,
    ) -> Analysis: ...


@pytest.fixture
def judge(shared_database: Callable[[str], str], tmp_path: Path) -> Iterator[Judge]:
    with ExitStack() as connections:

        def run(
            schema: str,
            sql: str,
            *,
            trees: bool = True,
            notices: bool = True,
            declared: Declared = NOTHING,
        ) -> Analysis:
            url = shared_database(schema)
            if not notices:
                url = connections.enter_context(without_notices(url))
            connection = connections.enter_context(
                psycopg.connect(url, autocommit=True)
            )

            def ask(statements: Sequence[Statement]) -> tuple[Description, ...]:
                found = describe(connection, statements)
                if trees:
                    return found
                return tuple(
                    replace(one, tree=None) if isinstance(one, Described) else one
                    for one in found
                )

            (tmp_path / "queries.sql").write_text(sql, encoding="utf-8", newline="")
            return analyse(
                read_query_files(["queries.sql"], tmp_path),
                read_catalog(connection),
                describe=ask,
                read_system=partial(read_catalog, connection),
                read_functions=partial(read_sql_functions, connection),
                declared=declared,
            )

        yield run
