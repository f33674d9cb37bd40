"""What a generated package loads, and what only those load that use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEATURES = (
    "batch",
    "buffer",
    "buffered",
    "cache",
    "cache_following",
    "cache_redis",
    "cached",
    "cached_pipeline",
    "cached_read",
    "cached_transaction",
    "cached_warming",
    "copying",
    "listener",
    "migration",
    "observed",
    "pipeline",
    "recording",
    "staging",
    "stream",
)
# A package whose queries are all `:one`, `:many` and `:exec`.
PROGRAM = """
import sys
from tests.runtime.{api}.repositories import Database
print(*(name for name in sys.modules if name.startswith("reposgen_runtime")))
"""


@pytest.mark.parametrize("api", ["aio", "sync"])
def test_features_are_not_loaded_unless_they_are_used(api: str) -> None:
    outcome = subprocess.run(  # noqa: S603 -- our own interpreter
        [sys.executable, "-c", PROGRAM.format(api=api)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    loaded = set(outcome.stdout.split())
    assert f"reposgen_runtime.{api}.database" in loaded
    features = {f"reposgen_runtime.{api}.{feature}" for feature in FEATURES}
    features |= {
        f"reposgen_runtime.{shared}"
        for shared in ("observe", "observing", "paging", "caching", "cache_memory")
    }
    assert not loaded & features
