"""Checks that the run time, the generated packages and psycopg are compatible."""

from __future__ import annotations

import warnings
from typing import Final

import psycopg

__version__ = "0.1.0"

# The level that the generator writes today, and the oldest that still works. A change
# that breaks packages generated before raises both.
API_LEVEL: Final = 1
OLDEST_API_LEVEL: Final = 1

# The feature release that the tests run with.
TESTED_PSYCOPG: Final = "3.3"


class IncompatibleRuntime(ImportError):  # noqa: N818 - named as the other errors
    """The generated package needs another version of the installed run time."""


def require_api(level: int) -> None:
    """Check that this run time supports a package.

    Args:
        level: the API level that the package was generated for.

    Raises:
        IncompatibleRuntime: the run time is too old or too new for the package.
    """
    if level > API_LEVEL:
        raise IncompatibleRuntime(
            f"this package needs API level {level} of reposgen-runtime, and the"
            f" installed version {__version__} has level {API_LEVEL}: run"
            " pip install --upgrade reposgen-runtime"
        )
    if level < OLDEST_API_LEVEL:
        raise IncompatibleRuntime(
            f"this package was generated for API level {level} of reposgen-runtime,"
            f" and the installed version {__version__} supports level"
            f" {OLDEST_API_LEVEL} and newer: run reposgen generate"
        )


def check_psycopg(found: str) -> None:
    """Warn if psycopg has another feature release than the tested one.

    Args:
        found: psycopg's version, such as `3.3.9`.
    """
    if found.split(".")[:2] != TESTED_PSYCOPG.split("."):
        warnings.warn(
            f"reposgen-runtime {__version__} was tested with psycopg {TESTED_PSYCOPG},"
            f" and psycopg {found} is installed",
            RuntimeWarning,
            stacklevel=2,
        )


check_psycopg(psycopg.__version__)
