"""Runs of pytest that are tests of something, in processes of their own."""

from __future__ import annotations

from typing import Final

# Plugins of other libraries that this repository's own tests have installed. They take
# more time to import than such a run needs otherwise.
_UNUSED: Final = (
    "faker",
    "hypothesispytest",
    "logfire",
    "platformdirs",
    "pytest_logfire",
    "timeout",
)
WITHOUT_UNUSED: Final = " ".join(f"-p no:{name}" for name in _UNUSED)
"""The value of PYTEST_ADDOPTS that keeps a run from importing them."""
