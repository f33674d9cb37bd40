"""Packages planned on tables of given sizes, as one fixture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg
import pytest

from reposgen.analysis.directives import DIRECTIVES
from reposgen.config.model import PackageConfig
from reposgen.contracts.ignores import apply_ignores, judged_rules
from reposgen.contracts.plans.judge import judge_plans
from reposgen.contracts.plans.lockfile import lock_texts
from reposgen.database import read_migrations, schema_database
from reposgen.database.model import Server
from reposgen.live_schema.catalog import read_catalog
from reposgen.models import dataclass
from reposgen.pipeline import judge_of
from reposgen.planning import plan_package
from reposgen.project import Source
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reposgen.contracts.plans.model import PackagePlans
    from reposgen.diagnostics import Diagnostic

HERE = Path(__file__).parent
ROWS = {
    "customers": 1_000_000,
    "products": 200_000,
    "orders": 10_000_000,
    "order_items": 30_000_000,
    "refunds": 500_000,
    "categories": 200_000,
    "events": 50_000_000,
    "audit.entries": 5_000_000,
    "Stock Levels": 200_000,
    "daily_totals": 200_000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What is found out about the queries of one file.

    Attributes:
        found: warnings and errors of the analysis and of the rules.
    """

    plans: PackagePlans
    found: tuple[Diagnostic, ...]

    def codes(self, query: str) -> set[str]:
        """The codes of what is reported about a query."""
        spans = {
            planned.query.name: planned.query.query.span
            for several in self.plans.files.values()
            for planned in several
        }
        span = spans[query]
        return {
            one.code
            for one in self.found
            if one.span
            and one.span.source.path == span.source.path
            and span.start <= one.span.start < span.end
        }

    def plan(self, title: str) -> str:
        """The plan of a query, by its title in the lockfile."""
        (text,) = lock_texts(self.plans).values()
        return text.split(f"-- {title}\n")[1].split("\n\n")[0]


class PlanQueries(Protocol):
    """Plans one file of queries over a schema."""

    def __call__(
        self,
        sql: str,
        schema: str | None = None,
        rows: Mapping[str, int] = ...,
        **options: object,
    ) -> Judged: ...


@pytest.fixture
def plan_queries(server: str, tmp_path: Path) -> PlanQueries:
    """Judge queries over the shop's schema, or another."""

    def judge(
        sql: str,
        schema: str | None = None,
        rows: Mapping[str, int] = ROWS,
        **options: object,
    ) -> Judged:
        text = schema or (HERE / "schema.sql").read_text(encoding="utf-8")
        (tmp_path / "schema.sql").write_text(text, encoding="utf-8")
        (tmp_path / "queries.sql").write_text(sql, encoding="utf-8")
        package = PackageConfig.model_validate(
            {
                "name": "shop",
                "schema": "schema.sql",
                "queries": "queries.sql",
                "rows": rows,
                **options,
            }
        ).placed(lambda *_: None, tmp_path)  # type: ignore[arg-type] # nothing asks for a place
        with psycopg.connect(server) as link:
            version = link.info.server_version
        private = Server(conninfo=server, name="test", version=version, private=True)
        migrations = read_migrations(("schema.sql",), tmp_path)
        files = read_query_files(package.queries, tmp_path, directives=DIRECTIVES)
        with schema_database(private, migrations) as link:
            source = Source(options=package, files=files, migrations=migrations)
            analysis = judge_of(link, read_catalog(link), source)(files)
        planned = plan_package(private, migrations, package, analysis)
        schemas = [part.source for file in migrations.files for part in file.parts]
        plans = judge_plans(planned, [], schemas)
        return Judged(
            plans=plans,
            found=apply_ignores(
                analysis,
                [*analysis.diagnostics, *plans.diagnostics],
                judged_rules(plans=True, locks=False),
            ),
        )

    return judge
