"""Judges each case of the corpus once; says in the end how many agree."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from tests.conformance.corpus import Outcome, judge
from tests.quiet import without_notices

from reposgen.database.databases import create_database, drop_database
from reposgen.testing.databases import url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_THIS = "conformance/test_sqlc.py"


@pytest.fixture(scope="session")
def judged(server: str) -> Callable[[Path], Outcome]:
    """Judges a case in a database of its own, the first time it is asked for."""
    return cache(lambda folder: _judged(server, folder))


@pytest.fixture(scope="session")
def judged_quietly(server: str) -> Iterator[Callable[[Path], Outcome]]:
    """The same without the server's notices, and the trees in them."""
    with without_notices(server) as quiet:
        yield lambda folder: _judged(quiet, folder)


def _judged(server: str, folder: Path) -> Outcome:
    name = f"reposgen_case_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        create_database(admin, name, copy_files=True)
        try:
            url = url_of(server, name)
            with psycopg.connect(url, autocommit=True) as connection:
                return judge(connection, folder)
        finally:
            drop_database(admin, name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = {
        outcome: [
            report
            for report in terminalreporter.stats.get(outcome, ())
            if _THIS in report.nodeid and "test_case[" in report.nodeid
        ]
        for outcome in ("passed", "failed", "skipped")
    }
    if not any(counts.values()):
        return
    passed, failed = len(counts["passed"]), len(counts["failed"])
    terminalreporter.write_line(
        f"sqlc corpus: {passed} of {passed + failed} cases agree"
    )
    for report in counts["skipped"]:
        case = report.nodeid.partition("[")[2].rstrip("]")
        terminalreporter.write_line(f"  not counted: {case}: {_reason(report)}")


def _reason(report: pytest.TestReport) -> str:
    match report.longrepr:
        case (_, _, str(reason)):
            return reason.removeprefix("Skipped: ")
        case _:
            return "skipped"
