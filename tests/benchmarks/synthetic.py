"""A project of any size, for measuring generators; sqlc accepts it as well.

Each table refers to the one before it, so that the queries can join; with five
queries a table, those are the plain ones that every project repeats.
"""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLE = """
CREATE TABLE {name} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id bigint {parent},
    tenant_id uuid NOT NULL,
    title text NOT NULL,
    note text,
    amount numeric(12, 2) NOT NULL DEFAULT 0,
    ratio double precision,
    payload jsonb NOT NULL DEFAULT '{{}}',
    tags text[] NOT NULL DEFAULT '{{}}',
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (tenant_id, title)
);
CREATE INDEX {name}_created ON {name} (tenant_id, created_at);
"""

QUERIES = (
    """-- name: Get{n} :one
-- One row by its key.
SELECT * FROM {t} WHERE id = sqlc.arg(id)""",
    """-- name: List{n} :many
-- The living rows of a tenant, the newest first.
SELECT * FROM {t}
WHERE tenant_id = sqlc.arg(tenant_id) AND deleted_at IS NULL
ORDER BY created_at DESC
LIMIT sqlc.arg(limit_rows)""",
    """-- name: Create{n} :one
-- A new row, as it stands after its defaults.
INSERT INTO {t} (parent_id, tenant_id, title, note, amount, payload, tags)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING *""",
    """-- name: Update{n} :execrows
-- Changes what may change.
UPDATE {t} SET title = sqlc.arg(title), note = sqlc.narg(note), active = $1
WHERE id = sqlc.arg(id)""",
    """-- name: Delete{n} :exec
-- Removes a row.
DELETE FROM {t} WHERE id = $1""",
    """-- name: List{n}WithParent :many
-- Rows with their parents, where they have one.
SELECT c.id, c.title, p.id AS parent_id, p.title AS parent_title, p.amount
FROM {t} c LEFT JOIN {p} p ON p.id = c.parent_id
WHERE c.tenant_id = $1""",
    """-- name: Total{n} :one
-- Totals of a tenant.
SELECT count(*) AS rows, coalesce(sum(amount), 0)::numeric AS amount,
       max(created_at)::timestamptz AS newest
FROM {t} WHERE tenant_id = $1""",
    """-- name: Largest{n} :many
-- The largest rows of each tenant.
WITH ranked AS (
    SELECT id, tenant_id, amount,
           row_number() OVER (PARTITION BY tenant_id ORDER BY amount DESC) AS place
    FROM {t} WHERE active
)
SELECT id, tenant_id, amount, place FROM ranked WHERE place <= 10""",
    """-- name: Find{n} :many
-- Rows that match a text, with the number of rows that they are the parent of.
SELECT c.id, c.title, c.note,
       (SELECT count(*) FROM {t} k WHERE k.parent_id = c.id) AS children
FROM {t} c
WHERE c.title ILIKE sqlc.arg(pattern)
   OR (c.note IS NOT NULL AND c.note ILIKE sqlc.arg(pattern))""",
    """-- name: Archive{n} :many
-- Marks old rows as deleted and says which they were.
UPDATE {t} SET deleted_at = now()
WHERE created_at < sqlc.arg(before) AND deleted_at IS NULL
RETURNING id, title""",
)

CODEGEN = """\
[output]
directory = "generated"

[[package]]
name = "synthetic"
schema = "schema.sql"
queries = "queries"
api = ["async"]
"""

SQLC = """\
version: "2"
sql:
  - engine: postgresql
    schema: schema.sql
    queries: queries
    gen:
      go:
        package: db
        out: db
        sql_package: pgx/v5
"""


def table_names(tables: int) -> tuple[str, ...]:
    """The names of that many tables."""
    return tuple(f"record_{index:04}" for index in range(tables))


def queries_of(tables: int, queries: int) -> Iterator[tuple[str, str]]:
    """(table, annotated query) for that many queries, spread over the tables."""
    names = table_names(tables)
    copies = range(-(-queries // (tables * len(QUERIES))))
    rounds = product(copies, QUERIES, range(tables))
    for copy, template, index in islice(rounds, queries):
        suffix = f"{index:04}" + (f"Copy{copy}" if copy else "")
        yield (
            names[index],
            template.format(
                n=f"Record{suffix}", t=names[index], p=names[max(0, index - 1)]
            ),
        )


def write_project(folder: Path, *, tables: int, queries: int) -> None:
    """Write schema, queries and both generators' configuration into the folder."""
    names = table_names(tables)
    schema = [
        TABLE.format(
            name=name, parent=f"REFERENCES {names[index - 1]}" if index else ""
        )
        for index, name in enumerate(names)
    ]
    (folder / "queries").mkdir(parents=True)
    (folder / "schema.sql").write_text("".join(schema))
    files: dict[str, list[str]] = {name: [] for name in names}
    for name, query in queries_of(tables, queries):
        files[name].append(f"{query};\n")
    for name, texts in files.items():
        if texts:
            (folder / "queries" / f"{name}.sql").write_text("\n".join(texts))
    (folder / "codegen.toml").write_text(CODEGEN)
    (folder / "sqlc.yaml").write_text(SQLC)
