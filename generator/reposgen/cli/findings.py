"""Findings of a command, in formats for other programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, assert_never
from xml.etree import ElementTree as ET

from reposgen import __version__
from reposgen.cli.document import diagnostics as diagnostics_document
from reposgen.cli.sarif import sarif
from reposgen.cli.terminal import FindingsFormat, github_annotation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.diagnostics import Diagnostic

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = {
    code: "\N{REPLACEMENT CHARACTER}" for code in range(32) if code not in (9, 10, 13)
}


def written(
    found: Sequence[Diagnostic], findings_format: FindingsFormat, command: str
) -> str:
    """Return the findings of a command as text.

    Args:
        found: the findings, sorted.
        findings_format: the format.
        command: `check` or `vet`.
    """
    match findings_format:
        case FindingsFormat.TEXT:
            return "\n".join(one.render() for one in found)
        case FindingsFormat.GITHUB:
            return "\n".join(github_annotation(one) for one in found)
        case FindingsFormat.JSON:
            return json.dumps(diagnostics_document(found), ensure_ascii=False, indent=2)
        case FindingsFormat.SARIF:
            return json.dumps(sarif(found, __version__), ensure_ascii=False, indent=2)
        case FindingsFormat.JUNIT:
            return _junit(found, f"reposgen {command}")
        case _:
            assert_never(findings_format)


def _junit(found: Sequence[Diagnostic], name: str) -> str:
    """Return a failing test case for each finding, or one passing test case."""
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(found) or 1),
        failures=str(len(found)),
        errors="0",
        skipped="0",
    )
    if not found:
        ET.SubElement(suite, "testcase", classname="reposgen", name=name)
    for one in found:
        place = one.file or name
        case = ET.SubElement(
            suite,
            "testcase",
            classname=one.code,
            name=f"{place}:{one.span.line}" if one.span else place,
        )
        case.set("file", place)
        message = one.message.translate(_NOT_XML)
        failure = ET.SubElement(case, "failure", type=one.code, message=message)
        failure.text = one.render().translate(_NOT_XML)
    suites = ET.Element("testsuites")
    suites.append(suite)
    ET.indent(suites)
    return ET.tostring(suites, encoding="unicode", xml_declaration=True)
