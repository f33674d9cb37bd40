"""Says in the end how many cases of the corpus agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_THIS = "conformance/test_sqlc.py"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts = {
        outcome: [
            report
            for report in terminalreporter.stats.get(outcome, ())
            if _THIS in report.nodeid and "[" in report.nodeid
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
