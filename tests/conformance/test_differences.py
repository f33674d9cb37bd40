"""Each difference from sqlc has a reason that is not about one case alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conformance.corpus import CASES
from tests.conformance.differences import Difference, Found, differences, page, row

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.corpus import Outcome

_PAGE = Path(__file__).parents[2] / "docs" / "sqlc-differences.md"


@pytest.fixture
def found(judged: Callable[[Path], Outcome]) -> list[Found]:
    """The differences of all cases that need no extension."""
    if not CASES:
        pytest.skip("no corpus of cases beside the checkout")
    outcomes = [judged(folder) for folder in CASES]
    # The counts must not depend on what a server has installed.
    plain = [outcome for outcome in outcomes if not outcome.facts["extensions"]]
    return [one for outcome in plain for one in differences(outcome)]


def test_every_difference_has_a_class(found: list[Found]) -> None:
    assert [one.what for one in found if one.kind is None] == []
    assert {one.kind for one in found} == set(Difference)


def test_the_page_counts_them(
    found: list[Found], request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--update-golden"):
        _PAGE.write_text(page(found), encoding="utf-8")
    assert _PAGE.read_text(encoding="utf-8") == page(found)


def test_the_page_has_all_classes() -> None:
    text = _PAGE.read_text(encoding="utf-8")
    assert all(row(kind) in text for kind in Difference)
