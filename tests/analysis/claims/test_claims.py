"""What is claimed of a corpus of statements, all of it, is what was reviewed.

Other tests show that claims are true. This one shows that none changes unseen, in
either direction. `pytest --update-golden` rewrites the expected files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.analysis.claims.corpus import CASES, Answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.analysis.claims.corpus import Case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_claims(
    case: Case,
    shared_database: Callable[[str], str],
    request: pytest.FixtureRequest,
) -> None:
    url = shared_database(case.schema)
    with psycopg.connect(url) as connection:
        if connection.info.server_version < 180000:
            pytest.skip("the claims are those of PostgreSQL 18")
    answers = Answers(lambda: url)
    try:
        found = case.claims(answers)
    finally:
        answers.close()
    if request.config.getoption("--update-golden"):
        case.expected.write_text(found, encoding="utf-8")
    assert found == case.expected.read_text(encoding="utf-8")
