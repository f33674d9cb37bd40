"""Diagnostics as SARIF 2.1.0, for code scanning services."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.cli.document import Json
    from reposgen.diagnostics import Diagnostic

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(found: Sequence[Diagnostic], version: str) -> Json:
    """Return one run with a result for each diagnostic."""
    codes = sorted({one.code for one in found})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "reposgen",
                        "version": version,
                        "rules": [{"id": code} for code in codes],
                    }
                },
                "results": [_result(one) for one in found],
            }
        ],
    }


def _result(one: Diagnostic) -> Json:
    text = f"{one.message}; {one.hint}" if one.hint else one.message
    return {
        "ruleId": one.code,
        "level": one.severity.value,
        "message": {"text": text},
        "locations": [_location(one)] if one.file else [],
    }


def _location(one: Diagnostic) -> Json:
    place: dict[str, Json] = {"artifactLocation": {"uri": one.file}}
    if one.span:
        source = one.span.source
        end_line, end_column = source.line_and_column(one.span.end)
        place["region"] = {
            "startLine": one.span.line,
            "startColumn": one.span.column,
            "endLine": end_line,
            "endColumn": end_column,
        }
    return {"physicalLocation": place}
