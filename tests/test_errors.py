"""docs/errors.md: every code that there is, and as it is shown now."""

from __future__ import annotations

import ast

import pytest

from tools import errors


def test_every_code_has_an_example_or_a_reason() -> None:
    assert errors.gaps() == []


def test_the_document_is_up_to_date() -> None:
    found = errors.TARGET.read_text(encoding="utf-8")
    assert found == errors.document(), "run python generator/tools/errors.py"


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("error('no-rows', 'x')", ["no-rows"]),
        ("Diagnostic(message='x', code='no-rows')", ["no-rows"]),
        ("def make(code): error(code, 'x')\nmake('no-rows')", ["no-rows"]),
        ("_CODES = {'42': 'no-rows'}", ["no-rows"]),
        ("print('no-rows')", []),
    ],
)
def test_codes_are_found_in_source(source: str, codes: list[str]) -> None:
    assert list(errors.codes_in(ast.parse(source))) == codes
