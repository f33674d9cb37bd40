"""What `verify` says of changed schemas, and what the generated package does on them."""

from __future__ import annotations

import asyncio
import importlib
import logging
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import uvloop
from tests.contracts.calls import outcomes
from tests.faults.drift import CHANGES
from tests.faults.drift import SCHEMA as DRIFT

from reposgen.config import Overrides, load_config
from reposgen.pipeline import analyse
from reposgen.render.render import render_output
from reposgen_runtime.contract import ContractBroken, FindingKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

CASE = Path(__file__).parent / "verify"
OUTPUT = "verified"
PACKAGE = f"{OUTPUT}.app"
SCHEMA = (
    DRIFT.replace("DROP SCHEMA IF EXISTS public CASCADE;\n", "")
    .replace("DROP SCHEMA IF EXISTS elsewhere CASCADE;\n", "")
    .replace("CREATE SCHEMA public;\n", "")
    .replace("(1, 7, 'label'", "(7, 7, 'label'")
    + "CREATE TABLE others (id int4 PRIMARY KEY, word text);\n"
)
# What every run tries; --all tries all.
SAMPLE = {
    "nothing",
    "int4 to int8",
    "int4 to text",
    "enum to text",
    "column dropped",
    "column added",
    "column added that needs a value",
    "column generated",
    "identity",
    "unique key dropped",
    "label added",
    "label renamed",
    "domain of another type",
    "attribute added",
    "attribute of another type",
    "type moved",
    "table dropped",
    "table replaced by a view that can't be written",
}


@pytest.fixture(scope="module")
def package(
    server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Any]]:
    """The modules of a package for the tables of the drift tests, by API."""
    root = tmp_path_factory.mktemp("verify")
    shutil.copytree(CASE, root, dirs_exist_ok=True)
    (root / "schema.sql").write_text(SCHEMA, encoding="utf-8")
    overrides = Overrides(database_url=server)
    config = load_config(root / "codegen.toml", environ={}, overrides=overrides)
    project = analyse(config, (), lambda _: None)
    assert not project.has_errors, [d.render() for d in project.diagnostics]
    for path, text in render_output(project.code).items():
        file = root / OUTPUT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root))
        yield {
            "aio": importlib.import_module(PACKAGE),
            "sync": importlib.import_module(f"{PACKAGE}.sync"),
        }


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "change" in metafunc.fixturenames:
        everything = metafunc.config.getoption("all")
        metafunc.parametrize(
            "change", [one for one in CHANGES if everything or one in SAMPLE]
        )


def changed(url: str, change: str) -> None:
    with psycopg.connect(url, autocommit=True) as link:
        for command in CHANGES[change].split(";"):
            link.execute(command.encode())


def found(database: Any, url: str, **options: Any) -> list[tuple[str, FindingKind]]:
    """The findings of opening a synchronous Database."""
    try:
        with database.open(url, verify="error", min_size=1, **options):
            return []
    except ContractBroken as broken:
        return [(one.method, one.kind) for one in broken.findings]


def test_what_breaks_is_found_and_nothing_else(
    change: str, package: Mapping[str, Any], make_database: Callable[[str], str]
) -> None:
    url = make_database(SCHEMA)
    before = outcomes(url, f"{PACKAGE}.sync")
    changed(url, change)
    after = outcomes(url, f"{PACKAGE}.sync")
    findings = found(package["sync"].Database, url)
    broken = {name for name, kind in findings if kind is FindingKind.BREAKS}
    happened = {
        f"{file}.{method}": why
        for (file, method), why in after.items()
        if why and not before[file, method]
    }
    # The columns of a stream are compared when a row arrives.
    if "items.walk" not in happened:
        broken.discard("items.walk")
    assert broken == happened.keys(), (findings, happened)


def test_the_sample_is_of_the_changes() -> None:
    assert len(CHANGES) >= 25
    assert CHANGES.keys() >= SAMPLE
