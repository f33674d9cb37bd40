"""The run time says so where it does not fit generated code or psycopg."""

from __future__ import annotations

import warnings

import psycopg
import pytest

from reposgen_runtime.compatibility import (
    API_LEVEL,
    OLDEST_API_LEVEL,
    TESTED_PSYCOPG,
    IncompatibleRuntime,
    check_psycopg,
    require_api,
)


@pytest.mark.parametrize("level", range(OLDEST_API_LEVEL, API_LEVEL + 1))
def test_supported_levels_pass(level: int) -> None:
    require_api(level)


def test_a_package_that_is_newer_than_the_run_time() -> None:
    with pytest.raises(IncompatibleRuntime, match="pip install --upgrade"):
        require_api(API_LEVEL + 1)


def test_a_package_that_is_too_old_for_the_run_time() -> None:
    with pytest.raises(IncompatibleRuntime, match="run reposgen generate"):
        require_api(OLDEST_API_LEVEL - 1)


def test_the_installed_psycopg_is_the_tested_one() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_psycopg(psycopg.__version__)
        check_psycopg(f"{TESTED_PSYCOPG}.999")


@pytest.mark.parametrize("version", ["3.2.1", "3.30.0", "4.0"])
def test_another_psycopg_is_warned_of(version: str) -> None:
    with pytest.warns(RuntimeWarning, match=f"psycopg {version} is installed"):
        check_psycopg(version)
