"""Packages judged by the stage, as one fixture."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Protocol

import psycopg
import pytest

from reposgen.analysis.analyse import analyse
from reposgen.config.model import PackageConfig, TenantConfig
from reposgen.contracts.tenants import judge_tenants
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.live_schema.sql_functions import read_sql_functions
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reposgen.analysis.model import Analysis
    from reposgen.contracts.model import Tenancy

COLUMN = TenantConfig(column="tenant_id", setting="app.tenant_id")


class JudgeTenants(Protocol):
    """Judges the tenants of one file of queries over a schema."""

    def __call__(
        self, schema: str, sql: str, tenant: TenantConfig = ...
    ) -> tuple[Analysis, Tenancy]: ...


@pytest.fixture
def tenants(
    shared_database: Callable[[str], str], tmp_path: Path
) -> Iterator[JudgeTenants]:
    with ExitStack() as connections:

        def run(
            schema: str, sql: str, tenant: TenantConfig = COLUMN
        ) -> tuple[Analysis, Tenancy]:
            connection = connections.enter_context(
                psycopg.connect(shared_database(schema), autocommit=True)
            )
            ask = partial(describe, connection)
            functions = partial(read_sql_functions, connection)
            (tmp_path / "queries.sql").write_text(sql, encoding="utf-8", newline="")
            analysis = analyse(
                read_query_files(["queries.sql"], tmp_path),
                read_catalog(connection),
                describe=ask,
                read_system=partial(read_catalog, connection),
                read_functions=functions,
            )
            assert not [d for d in analysis.diagnostics if d.severity == "error"]
            options = PackageConfig(name="app", queries=("queries.sql",), tenant=tenant)
            tenancy = judge_tenants(analysis, options, ask, functions)
            assert tenancy is not None
            return analysis, tenancy

        yield run
