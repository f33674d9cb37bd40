"""A project whose tests use the plugin, run in processes of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, TypeAlias

import pytest
from tests.support.pytest_runs import WITHOUT_UNUSED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Project: TypeAlias = Callable[..., pytest.RunResult]

pytest_plugins = ["pytester"]

CONFIG = """
[database]
url = "${SERVER_OF_TESTS}"
[[package]]
name = "shop"
schema = "schema.sql"
queries = "queries"
factories = true

"""
SCHEMA = """
CREATE TYPE state AS ENUM ('open', 'sent');
CREATE TABLE customers (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL UNIQUE CHECK (email LIKE '_%@_%')
);
CREATE TABLE orders (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    customer_id bigint NOT NULL REFERENCES customers,
    state state NOT NULL DEFAULT 'open',
    total numeric(10, 2) NOT NULL CHECK (total > 0)
);
"""
QUERIES = """
-- name: AddCustomer :one
INSERT INTO customers (email) VALUES (@email) RETURNING *;
-- name: GetCustomer :opt
SELECT * FROM customers WHERE id = @id;
-- name: CountCustomers :one
SELECT count(*) FROM customers;
-- name: ListOrders :many
SELECT * FROM orders ORDER BY id;
"""


@pytest.fixture(scope="session")
def shop(server: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with its generated code."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "queries").mkdir()
    (folder / "codegen.toml").write_text(CONFIG, encoding="utf-8")
    (folder / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    (folder / "queries" / "customers.sql").write_text(QUERIES, encoding="utf-8")
    subprocess.run(
        [sys.executable, "-m", "reposgen", "generate"],
        cwd=folder,
        env={**os.environ, "SERVER_OF_TESTS": server},
        check=True,
    )
    return folder


@pytest.fixture
def project(
    pytester: pytest.Pytester,
    shop: Path,
    server: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """Copies the project; returns what runs its tests.

    The function takes the tests' text, arguments for pytest and, by name, lines of
    pytest's configuration, and returns pytest's result.
    """
    monkeypatch.setenv("SERVER_OF_TESTS", server)
    monkeypatch.setenv("PYTEST_ADDOPTS", WITHOUT_UNUSED)
    shutil.copytree(shop, pytester.path, dirs_exist_ok=True)

    def run(tests: str, *arguments: str, **settings: object) -> pytest.RunResult:
        settings = {
            "pythonpath": ".",
            "filterwarnings": "error",
            **settings,
        }
        if "no:asyncio" not in arguments:
            settings.setdefault("asyncio_default_fixture_loop_scope", "function")
        lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
        pytester.makeini(f"[pytest]\n{lines}\n")
        pytester.makepyfile(test_shop=tests)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *arguments)

    return run
