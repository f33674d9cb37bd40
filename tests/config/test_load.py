"""What a configuration file becomes, and what is said about a wrong one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reposgen.config import (
    Api,
    Config,
    ModelKind,
    Overrides,
    find_config,
    load_config,
)
from reposgen.config.model import TypeOverride
from reposgen.diagnostics import ReposgenError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PACKAGE = '[[package]]\nname = "app"\nqueries = "queries"\n'


def write(folder: Path, text: str, name: str = "codegen.toml") -> Path:
    (folder / "queries").mkdir(exist_ok=True)
    (folder / name).write_bytes(text.encode())
    return folder / name


def load(
    folder: Path,
    text: str,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Overrides | None = None,
) -> Config:
    return load_config(write(folder, text), environ=environ or {}, overrides=overrides)


def to_diagnostics(folder: Path, text: str) -> list[tuple[str, str]]:
    with pytest.raises(ReposgenError) as raised:
        load(folder, text)
    return [(d.code, d.span.text if d.span else "") for d in raised.value.diagnostics]


def test_defaults(tmp_path: Path) -> None:
    config = load(tmp_path, PACKAGE)
    (package,) = config.packages
    assert config.root == tmp_path
    assert config.file == "codegen.toml"
    assert config.database.url == "embedded"
    assert config.output.directory == "generated"
    assert package.schema_paths is None
    assert package.queries == ("queries",)
    assert package.api == (Api.ASYNC, Api.SYNC)
    assert package.models is ModelKind.DATACLASS
    assert dict(package.types) == {}
    assert package.secrets == ()
    assert package.tenant.setting is package.tenant.column is None


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "a.sql").touch()
    config = load(
        tmp_path,
        """
        database.url = "docker:postgres:17-alpine"
        output = { directory = "src/my/db" }
        [[package]]
        name = "one"
        schema = ["a.sql", "queries"]
        queries = ["queries"]
        api = "sync"
        models = "pydantic"
        types = { "tasks.parameters" = "myapp.models.TaskParameters" }
        rename.tasks = "Job"
        secrets = ["users.password_hash"]
        tenant = "app.tenant_id"
        [[package]]
        name = "two"
        queries = "queries"
        """,
    )
    one, two = config.packages
    assert config.output.directory == "src/my/db"
    assert one.schema_paths == ("a.sql", "queries")
    assert one.api == (Api.SYNC,)
    assert one.models is ModelKind.PYDANTIC
    override = TypeOverride(type="myapp.models.TaskParameters")
    assert dict(one.types) == {"tasks.parameters": override}
    assert dict(one.rename) == {"tasks": "Job"}
    assert one.secrets == ("users.password_hash",)
    assert one.tenant.setting == "app.tenant_id"
    assert two.name == "two"


def test_a_package_knows_where_its_keys_stand(tmp_path: Path) -> None:
    config = load(tmp_path, f'{PACKAGE}types = {{ citext = "str" }}\nsecrets = ["a.b"]')
    (package,) = config.packages
    place = package.place("types", "citext")
    assert place
    assert (place.text, place.line, place.column) == ("citext", 4, 11)
    secret = package.place("secrets", 0)
    assert secret
    assert secret.text == '"a.b"'


def test_precedence_and_environment(tmp_path: Path) -> None:
    text = f'database.url = "${{SCHEME}}://${{HOST}}/db"\n{PACKAGE}'
    environ = {"SCHEME": "postgresql", "HOST": "example.test"}
    assert (
        load(tmp_path, text, environ=environ).database.url
        == "postgresql://example.test/db"
    )
    overridden = load(
        tmp_path,
        text,
        overrides=Overrides(database_url="embedded:16", output_directory="out"),
    )
    assert overridden.database.url == "embedded:16"
    assert overridden.output.directory == "out"


def test_a_variable_that_is_not_set(tmp_path: Path) -> None:
    text = f'database.url = "postgresql://u:${{PASSWORD}}@h/${{DB}}"\n{PACKAGE}'
    assert to_diagnostics(tmp_path, text) == [
        ("config-missing-variable", "${PASSWORD}"),
        ("config-missing-variable", "${DB}"),
    ]


def test_the_url_shows_nowhere(tmp_path: Path) -> None:
    environ = {"URL": "mysql://user:hunter2@host"}
    with pytest.raises(ReposgenError) as raised:
        load(tmp_path, f'database.url = "${{URL}}"\n{PACKAGE}', environ=environ)
    assert "hunter2" not in str(raised.value)
    config = load(
        tmp_path, PACKAGE, overrides=Overrides(database_url="postgresql://u:hunter2@h")
    )
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mysql://me:hunter2@host/db", '"mysql://me:*******@host/db"'),
        ("mysql://me:hun@ter2@host", '"mysql://me:********@host"'),
        ("mysql://:hunter2${A}@host", '"mysql://:*******${A}@host"'),
        ("my:host=x password=hunter2 port=1", '"my:host=x password=******* port=1"'),
    ],
)
def test_a_password_in_the_file_is_not_quoted(
    tmp_path: Path, url: str, shown: str
) -> None:
    text = f'database.url = "{url}" # here\n{PACKAGE}'
    with pytest.raises(ReposgenError) as raised:
        load(tmp_path, text, environ={"A": "b"})
    (found,) = raised.value.diagnostics
    assert found.span
    assert found.span.text == shown
    assert "hunter2" not in found.render()
    with pytest.raises(ReposgenError) as raised:
        load(tmp_path, f'database.url = "{url}" here\n{PACKAGE}')
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"output.directry = 'x'\n{PACKAGE}", ("config-unknown-key", "directry")),
        (f"{PACKAGE}url = 'x'\n", ("config-unknown-key", "url")),
        ("[[package]]\nname = 'a'", ("config-missing-key", "package")),
        (f"database.url = 5\n{PACKAGE}", ("config-invalid-value", "5")),
        (f"database.url = 'maria'\n{PACKAGE}", ("config-invalid-value", "'maria'")),
        (f"output.directory = 'a-b'\n{PACKAGE}", ("config-invalid-value", "'a-b'")),
        (f"output.directory = '..'\n{PACKAGE}", ("config-invalid-value", "'..'")),
        (f"{PACKAGE}api = ['sink']", ("config-invalid-value", "'sink'")),
        (f"{PACKAGE}api = []", ("config-invalid-value", "[]")),
        (f"{PACKAGE}schema = ['']", ("config-invalid-value", "''")),
        (f"{PACKAGE}types = 1", ("config-invalid-value", "1")),
        (f"{PACKAGE}secrets = ['hash']", ("config-invalid-value", "'hash'")),
        (f"{PACKAGE}schema = 'no/such'", ("config-missing-schema", "'no/such'")),
        (f"{PACKAGE}{PACKAGE}", ("config-duplicate-package", '"app"')),
        ("package = []", ("config-invalid-value", "[]")),
        ("a = 1\nb == 2", ("config-syntax", "=")),
        ("a = '", ("config-syntax", "")),
        ("ä = 1", ("config-syntax", "ä")),
    ],
)
def test_mistakes_have_their_place(
    tmp_path: Path, text: str, expected: tuple[str, str]
) -> None:
    assert to_diagnostics(tmp_path, text) == [expected]


@pytest.mark.parametrize("name", ["class", "a-b", "1st", "_x", "runtime", "", "a b"])
def test_names_that_no_package_can_have(tmp_path: Path, name: str) -> None:
    text = f"[[package]]\nname = '{name}'\nqueries = 'queries'\n"
    assert to_diagnostics(tmp_path, text) == [("config-invalid-value", f"'{name}'")]


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    text = f"colour = 1\n{PACKAGE}nmae = 1\n[[package]]\n"
    assert [code for code, _ in to_diagnostics(tmp_path, text)] == [
        "config-unknown-key",
        "config-unknown-key",
        "config-missing-key",
        "config-missing-key",
    ]


def test_not_utf_8(tmp_path: Path) -> None:
    (tmp_path / "codegen.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(ReposgenError, match="not UTF-8: byte 6"):
        load_config(tmp_path / "codegen.toml", environ={})


def test_byte_order_mark(tmp_path: Path) -> None:
    assert load(tmp_path, f"\ufeff{PACKAGE}").packages[0].name == "app"


def test_found_by_walking_up(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    write(tmp_path, "[tool.reposgen]\n", "pyproject.toml")
    assert find_config(inner) == tmp_path / "pyproject.toml"
    write(tmp_path, PACKAGE)
    assert find_config(inner) == tmp_path / "codegen.toml"
    write(inner, "[tool.other]\n", "pyproject.toml")
    assert find_config(inner) == tmp_path / "codegen.toml"


def test_in_pyproject(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\n[[tool.reposgen.package]]\nname = 'app'\n{more}"
    path = write(tmp_path, text.format(more="queries = 'queries'"), "pyproject.toml")
    assert load_config(path, environ={}).packages[0].name == "app"
    write(tmp_path, text.format(more="qeries = 'queries'"), "pyproject.toml")
    with pytest.raises(ReposgenError, match=r"pyproject\.toml:5:1: .*\"qeries\""):
        load_config(path, environ={})
