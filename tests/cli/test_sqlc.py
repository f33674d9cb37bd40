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
    outcome = run("import-sqlc", "--no-check", str(folder / name))
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
    # Every entry has a schema, which an embedded server can be given.
    assert config.database.url == "embedded"
    text = (folder / "codegen.toml").read_text()
    assert '# url = "postgresql://app:${PW}@db.example/app"' in text
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
    assert second.schema_paths is None
    text = (folder / "codegen.toml").read_text()
    # What it renames is known once the schema was read.
    assert '# "spotify_id" = "SpotifyIdentifier"' in text
    assert '# "uuid": UUID  (in Go github.com/google/uuid.UUID)' in text
    assert '# "tasks.note" = "str"  # in Go string' in text


def test_an_entry_without_a_schema_needs_its_server(folder: Path, run: Run) -> None:
    config = imported(
        folder,
        run,
        """
        version: "2"
        sql:
          - {engine: postgresql, queries: queries,
             database: {uri: "postgresql://app:${PW}@db.example/app"}}
          - {engine: postgresql, queries: more, schema: schema,
             database: {uri: "postgresql://other.example/app"}}
        """,
    )
    assert config.database.url == "postgresql://app:x@db.example/app"


SHOP = """
version: "2"
sql:
  - engine: postgresql
    schema: schema
    queries: queries
    gen:
      go:
        package: shop
        out: shop
        rename: {sku: StockNumber, product: Article, product_kind: Kind, nothing: X}
        overrides:
          - {column: products.details, go_type: {import: example.com/d, type: Details}}
          - {column: products.price, go_type: example.com/decimal.Decimal}
          - {column: products.made, go_type: database/sql.NullTime}
"""
SCHEMA = """
CREATE TYPE product_kind AS ENUM ('a', 'b');
CREATE TABLE products (sku text PRIMARY KEY, kind product_kind NOT NULL,
    details jsonb, price numeric, made timestamptz);
"""


def imported_shop(
    folder: Path, run: Run, server: str, queries: str, schema: str = SCHEMA
) -> Result:
    (folder / "schema/1.sql").write_text(schema)
    (folder / "queries/products.sql").write_text(queries)
    (folder / "sqlc.yaml").write_text(SHOP)
    outcome = run("import-sqlc", "--database", server, str(folder))
    assert outcome.exit_code == 0, outcome.stderr
    return outcome


def test_renames_and_overrides(folder: Path, run: Run, server: str) -> None:
    outcome = imported_shop(
        folder,
        run,
        server,
        "-- name: Get :one\nSELECT * FROM products WHERE sku = $1;\n",
    )
    assert "to do:\n  1. read the comments in" in outcome.stderr
    config = load_config(folder / "codegen.toml", environ={})
    assert config.packages[0].rename == {
        "*.sku": "stock_number",
        "products": "Article",
        "product_kind": "Kind",
    }
    text = (folder / "codegen.toml").read_text()
    assert (
        '# "products.details" = "yourapp.types.Details"  # jsonb, in Go'
        " example.com/d.Details\n"
    ) in text
    assert (
        '# "products.price": Decimal  (numeric, in Go example.com/decimal.Decimal)\n'
    ) in text
    assert '# "products.made": datetime  (timestamp with time zone, in Go' in text
    generated = run(
        "generate", "--database", server, "--config", str(folder / "codegen.toml")
    )
    assert generated.exit_code == 0, generated.stderr
    code = (folder / "generated/shop/products.py").read_text()
    assert "async def get(self, *, stock_number: str) -> Article:" in code


def test_what_is_left_to_do(folder: Path, run: Run, server: str) -> None:
    outcome = imported_shop(
        folder,
        run,
        server,
        """
-- name: Get :one
SELECT * FROM products WHERE kind = $1;
-- name: Wrong :one
SELECT skew FROM products;
""",
    )
    target = folder / "codegen.toml"
    assert 'column "skew" does not exist' in outcome.stderr
    assert outcome.stderr.endswith(
        f"""to do:
  1. correct the queries: 1 error in 1 file
  2. decide about :one: 1 may find several rows and raise TooManyRows; one = "first" \
in [[package]] takes the first row as sqlc does
  3. read the comments in {target}: types and names chosen for Go
  4. reposgen generate --config {target}
""".replace("\\\n", "")
    )


def test_a_schema_that_fails(folder: Path, run: Run, server: str) -> None:
    outcome = imported_shop(
        folder, run, server, "-- name: A :one\nSELECT 1;", "CREATE TABLE t (a blob);"
    )
    assert "hint: PostgreSQL's is bytea" in outcome.stderr
    assert "to do:\n  1. make the schema run: 1 error\n" in outcome.stderr


def test_transpile(folder: Path, run: Run, server: str) -> None:
    (folder / "schema/1.sql").write_text(
        "PRAGMA foreign_keys = ON;\n-- Who writes.\nCREATE TABLE authors"
        " (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, photo BLOB,"
        " active BOOLEAN NOT NULL DEFAULT 1, made DATETIME) STRICT;\n"
    )
    (folder / "queries/authors.sql").write_text(
        """-- name: GetAuthor :one
SELECT * FROM authors WHERE id = ? AND name LIKE '%?%' LIMIT ?2;
-- name: PutAuthor :one
REPLACE INTO authors (id, name) VALUES (?, @name) RETURNING id;
-- name: AddAuthor :exec
INSERT OR IGNORE INTO authors (name) VALUES (?);
"""
    )
    (folder / "more/q.sql").write_text(
        """# MySQL
-- name: Upsert :exec
INSERT INTO `users` (id, nick) VALUES (?, ?)
ON DUPLICATE KEY UPDATE nick = VALUES(nick);
-- name: Page :many
SELECT * FROM `users` WHERE state = 'on' LIMIT ?, ?;
"""
    )
    (folder / "users.sql").write_text(
        "CREATE TABLE `users` (`id` bigint unsigned NOT NULL AUTO_INCREMENT,"
        " nick varchar(20), state enum('on','off') NOT NULL, vip tinyint(1) DEFAULT 0,"
        " at datetime(6) ON UPDATE CURRENT_TIMESTAMP(6) COMMENT 'x', level int(11),"
        " PRIMARY KEY (`id`), KEY `ix` (`nick`)) ENGINE=InnoDB;\n"
        "ALTER TABLE `users` ADD COLUMN note mediumtext AFTER `nick`;\n"
    )
    (folder / "sqlc.yaml").write_text(
        """
        version: "2"
        sql:
          - {engine: sqlite, schema: schema, queries: queries,
             gen: {go: {package: lite, out: lite}}}
          - {engine: mysql, schema: users.sql, queries: more,
             gen: {go: {package: my, out: my}}}
        """
    )
    outcome = run(
        "import-sqlc", "--transpile", "--database", server, str(folder / "sqlc.yaml")
    )
    assert outcome.exit_code == 0, outcome.stderr
    assert "error" not in outcome.stderr
    target = str(folder / "codegen.toml")
    generated = run("generate", "--database", server, "--config", target)
    assert generated.exit_code == 0, generated.stderr
    lite = (folder / "generated/lite/authors.py").read_text()
    assert "def put_author(self, *, id: int, name: str) -> int:" in lite
    model = (folder / "generated/my/models.py").read_text()
    assert "vip: bool | None" in model
    assert "class UsersState(StrEnum)" in model
    review = (folder / "postgresql/lite/REVIEW.md").read_text()
    assert "- schema/1.sql:1: removed: `PRAGMA foreign_keys = ON`\n" in review
    assert "- schema/1.sql:3: `BLOB` → `BYTEA`\n" in review
    assert (
        "ON UPDATE needs a trigger" in (folder / "postgresql/my/REVIEW.md").read_text()
    )
    # The copies are the user's to change: they are not written again.
    (folder / "codegen.toml").unlink()
    again = run("import-sqlc", "--transpile", str(folder / "sqlc.yaml"))
    assert again.exit_code == 2
    assert "overwrites nothing" in again.stderr


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
