"""import-sqlc: sqlc's configuration becomes ours."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reposgen.config import Api, Config, ModelKind, load_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

    Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("schema", "queries", "more"):
        (tmp_path / name).mkdir()
    return tmp_path


def imported(folder: Path, run: Run, text: str, name: str = "sqlc.yaml") -> Config:
    (folder / name).write_text(text)
    outcome = run("import-sqlc", str(folder / name))
    assert outcome.exit_code == 0, outcome.stderr
    return load_config(folder / "codegen.toml", environ={**os.environ, "PW": "x"})


def test_version_2(folder: Path, run: Run) -> None:
    config = imported(
        folder,
        run,
        """
        version: "2"
        sql:
          - engine: postgresql
            schema: schema
            queries: [queries, more]
            database:
              uri: postgresql://app:${PW}@db.example/app
            gen:
              go: {package: billing, out: internal/billing, emit_interface: true}
          - engine: postgresql
            schema: schema
            queries: more
            codegen:
              - {plugin: py, out: src/class, options: {package: billing}}
          - engine: mysql
            schema: schema
            queries: queries
        """,
    )
    assert config.database.url == "postgresql://app:x@db.example/app"
    assert [p.name for p in config.packages] == ["billing", "src_class"]
    assert config.packages[0].queries == ("queries", "more")
    assert config.packages[0].schema_paths == ("schema",)


def test_version_1_in_json(folder: Path, run: Run) -> None:
    config = imported(
        folder,
        run,
        '{"version": 1, "packages": [{"name": "db", "path": "internal/db",'
        ' "schema": "schema/", "queries": "queries/", "engine": "postgresql"}]}',
        "sqlc.json",
    )
    assert config.database.url == "embedded"
    assert [p.name for p in config.packages] == ["db"]


def test_what_sqlc_allows(folder: Path, run: Run) -> None:
    for name in ("schema/1.sql", "queries/a.sql"):
        (folder / name).touch()
    config = imported(
        folder,
        run,
        """
        version: "2"
        cloud: {project: "123"}
        servers: [{name: one, uri: "postgres://localhost"}]
        overrides:
          go:
            rename: {url: URL, spotify_id: SpotifyIdentifier}
            overrides:
              - {db_type: uuid, go_type: github.com/google/uuid.UUID}
              - {column: tasks.note, go_type: string}
        sql:
          - engine: postgresql
            schema: "schema/*.sql"
            queries: ["queries/**/*.sql"]
            database: {managed: true}
            rules: [sqlc/db-prepare]
            codegen:
              - plugin: py
                out: src/app
                options: {package: app.db, emit_pydantic_models: true,
                          emit_async_querier: true, emit_sync_querier: false}
          - engine: postgresql
            queries: more
            analyzer: {database: false}
            gen: {go: {package: more, out: internal/more}}
        """,
    )
    first, second = config.packages
    assert (first.name, second.name) == ("db", "more")
    assert first.models is ModelKind.PYDANTIC
    assert first.api == (Api.ASYNC,)
    assert first.rename == {"spotify_id": "spotify_identifier"}
    assert second.schema_paths is None
    text = (folder / "codegen.toml").read_text()
    assert '# "uuid" = "module.Class"' in text
    assert '# "tasks.note" = "str"' in text


def test_packages_called_alike_are_told_apart_by_their_folder(
    folder: Path, run: Run
) -> None:
    services = ("users", "orders", "users-v2")
    for service in services:
        (folder / service).mkdir()
    sets = "".join(
        f"""
          - engine: postgresql
            schema: schema
            queries: {service}
            gen: {{go: {{package: repo, out: services/{service}/repo}}}}"""
        for service in services
    )
    text = f'version: "2"\nsql:{sets}\n'
    config = imported(folder, run, text)
    assert [p.name for p in config.packages] == ["users", "orders", "users_v2"]


def test_overwrites_nothing(folder: Path, run: Run) -> None:
    (folder / "codegen.toml").write_text("# mine\n")
    (folder / "sqlc.yaml").write_text(
        "version: '2'\nsql: [{schema: schema, queries: queries}]\n"
    )
    assert run("import-sqlc", str(folder / "sqlc.yaml")).exit_code == 2
    assert (folder / "codegen.toml").read_text() == "# mine\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "is no YAML"),
        ("version: '2'\nsql: [{schema: s}]", "sql.0.queries"),
        ("version: '2'\nsql: []", "nothing for PostgreSQL"),
        ("- 1", "is no configuration of sqlc"),
    ],
)
def test_what_cannot_be_read(folder: Path, run: Run, text: str, message: str) -> None:
    (folder / "sqlc.yaml").write_text(text)
    outcome = run("import-sqlc", str(folder / "sqlc.yaml"))
    assert outcome.exit_code == 2
    assert message in outcome.stderr
    assert not (folder / "codegen.toml").exists()


def test_no_such_file(folder: Path, run: Run) -> None:
    assert run("import-sqlc", str(folder / "sqlc.yaml")).exit_code == 2
