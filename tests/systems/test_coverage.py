"""The systems' tests execute every line of every generated repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.systems.coverage_of_generated import missing_lines, packages

HERE = Path(__file__).parent


# In pytest's order a file called `test…` comes behind the systems' folders.
@pytest.mark.parametrize("package", packages())
def test_every_line_is_executed(package: str, request: pytest.FixtureRequest) -> None:
    here = {item.path for item in request.session.items}
    absent = set((HERE / package).rglob("test_*.py")) - here
    config = request.config
    if absent or config.option.keyword or any("::" in a for a in config.args):
        pytest.skip(f"needs a run of all of tests/systems/{package}")
    assert not missing_lines(package)
