"""Queries of which it is known, for each column, whether it can ever be NULL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.analysis.nullability.conftest import Schema, Schemas

_FILE = Path(__file__).with_name("nullability_truth.json")
_TRUTH = json.loads(_FILE.read_text(encoding="utf-8"))
_FOUND_AT_LEAST = 0.98


@dataclass(frozen=True)
class Column:
    """A column, what is true of it, and what was proved."""

    sql: str
    number: int
    not_null: bool
    proved: bool
    why: tuple[str, ...]


@pytest.fixture(scope="module")
def columns(schemas: Schemas) -> list[Column]:
    schema: Schema = schemas(_TRUTH["schema"])
    cases = [case for case in _TRUTH["cases"] if case["min_pg"] <= schema.major]
    trees = schema.trees([case["sql"] for case in cases])
    return [
        Column(case["sql"], number, truth, proof.not_null, proof.why)
        for case in cases
        for number, (truth, proof) in enumerate(
            zip(case["not_null"], schema.prove(trees[case["sql"]]), strict=True)
        )
    ]


def test_nothing_is_claimed_that_is_not_so(columns: list[Column]) -> None:
    assert [c for c in columns if c.proved and not c.not_null] == []


def test_nearly_all_that_is_so_is_proved(columns: list[Column]) -> None:
    true = [c for c in columns if c.not_null]
    missed = [c for c in true if not c.proved]
    assert len(missed) <= len(true) * (1 - _FOUND_AT_LEAST), missed


def test_every_verdict_has_reasons(columns: list[Column]) -> None:
    assert all(column.why and all(column.why) for column in columns)
