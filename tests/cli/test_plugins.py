"""Plugins of pydantic: not for reposgen, but for programs that it runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

VARIABLE = "PYDANTIC_DISABLE_PLUGINS"
PROGRAM = f"""
import os, reposgen.cli.app
from reposgen.cli.plugins import environment_of_programs
print(os.environ.get({VARIABLE!r}), environment_of_programs().get({VARIABLE!r}))
"""


@pytest.mark.parametrize(
    ("given", "expected"), [(None, "__all__ None"), ("logfire", "logfire logfire")]
)
def test_who_loads_them(given: str | None, expected: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != VARIABLE}
    if given is not None:
        environment[VARIABLE] = given
    found = subprocess.check_output(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", PROGRAM], env=environment, text=True
    )
    assert found.strip() == expected
