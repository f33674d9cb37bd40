"""The SQL that the hand-written peers use, in each driver's placeholders."""

from __future__ import annotations

from tests.benchmarks.tasks import COLUMNS

NAMES = ", ".join(COLUMNS)
GET = f"SELECT {NAMES} FROM tasks WHERE id = ?"
LIST = f"SELECT {NAMES} FROM tasks WHERE tenant_id = ? LIMIT ?"
INSERT = f"INSERT INTO tasks ({NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"
INSERT_RETURNING = f"{INSERT} RETURNING {NAMES}"
INSERT_IN = INSERT.replace("INTO tasks", "INTO tasks_in")
RENAME = (
    "UPDATE tasks SET title = ?, version = version + 1, updated_at = now()"
    f" WHERE id = ? AND version = ? RETURNING {NAMES}"
)
RETRY = "UPDATE tasks SET retry_count = retry_count + 1 WHERE id = ?"
PAGE = (
    f"SELECT {NAMES} FROM tasks WHERE tenant_id = ?"
    " AND (created_at, id) < (?, ?) ORDER BY created_at DESC, id DESC LIMIT ?"
)
COPY = f"COPY tasks_in ({NAMES}) FROM STDIN"
FILL = f"COPY tasks ({NAMES}) FROM STDIN"
COPY_POINTS = "COPY points_in FROM STDIN"
STREAM = "SELECT id, x, label FROM points"


def percent(sql: str) -> str:
    """With psycopg's placeholders."""
    return sql.replace("?", "%s")


def dollars(sql: str) -> str:
    """With PostgreSQL's own placeholders."""
    first, *parts = sql.split("?")
    return first + "".join(f"${n}{part}" for n, part in enumerate(parts, start=1))


def named(sql: str, *names: str) -> str:
    """With aiosql's placeholders."""
    first, *parts = sql.split("?")
    return first + "".join(
        f":{name}{part}" for name, part in zip(names, parts, strict=True)
    )


AIOSQL = f"""
-- name: get(key)^
{named(GET, "key")};
-- name: list(tenant, limit)
{named(LIST, "tenant", "limit")};
-- name: insert({NAMES})^
{named(INSERT_RETURNING, *COLUMNS)};
-- name: insert_all*!
{named(INSERT, *COLUMNS)};
-- name: rename(title, key, version)^
{named(RENAME, "title", "key", "version")};
-- name: retry(key)!
{named(RETRY, "key")};
"""
