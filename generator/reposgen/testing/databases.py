"""Databases of tests: clones of a template, and removal of leftovers."""

from __future__ import annotations

import contextlib
import itertools
import re
from typing import TYPE_CHECKING, Any, LiteralString
from urllib.parse import quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reposgen.database.databases import (
    create_database,
    drop_database,
    set_search_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.testing.run import Template

# Followed by twelve hexadecimal digits, which are the run's, and an underscore.
PREFIX = "reposgen_test_"

_OWN: LiteralString = (
    "SELECT datname FROM pg_catalog.pg_database"
    " WHERE pg_catalog.starts_with(datname, %s)"
    # A template that an embedded server keeps has a comment.
    " AND pg_catalog.shobj_description(oid, 'pg_database') IS NULL"
)
_DATABASE = re.compile(rf"({PREFIX}[0-9a-f]{{12}})_")
# application_name is shown to every role.
_ALIVE: LiteralString = (
    "SELECT application_name FROM pg_catalog.pg_stat_activity"
    " WHERE pg_catalog.starts_with(application_name, %s)"
)
_numbers = itertools.count(1)


def sweep(admin: psycopg.Connection[Any]) -> None:
    """Drop the databases of runs that have ended without dropping them."""
    found = [name for (name,) in admin.execute(_OWN, (PREFIX,))]
    # Asked after that: what a new run makes meanwhile is not among those found.
    alive = {name for (name,) in admin.execute(_ALIVE, (PREFIX,))}
    for name in found:
        run = _DATABASE.match(name)
        if run is not None and run[1] not in alive:
            # Another role's cannot be dropped; another run may have done it.
            with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                drop_database(admin, name)


def drop_prefixed(admin: psycopg.Connection[Any], prefix: str) -> None:
    """Drop all databases whose names have a prefix."""
    for (name,) in admin.execute(_OWN, (prefix,)).fetchall():
        drop_database(admin, name)


@contextlib.contextmanager
def clone(
    admin: psycopg.Connection[Any], template: Template, worker: str
) -> Iterator[str]:
    """Provide a copy of a template during the block.

    Args:
        admin: a connection to the server, in autocommit mode.
        template: the template.
        worker: part of the name that distinguishes processes.

    Yields:
        The URL of the copy.
    """
    name = f"{template.prefix}_{worker}_{next(_numbers)}"
    create_database(admin, name, template=template.name, copy_files=template.copy_files)
    try:
        if template.search_path:
            # CREATE DATABASE does not copy it.
            set_search_path(admin, name, template.search_path)
        yield url_of(template.conninfo, name)
    finally:
        drop_database(admin, name)


def url_of(conninfo: str, database: str | None = None) -> str:
    """Return a connection string as a URL, which every client accepts.

    Args:
        conninfo: a URL or `key=value …`.
        database: replaces the database in it; None keeps the latter.
    """
    parts = {k: str(v) for k, v in conninfo_to_dict(conninfo).items() if v is not None}
    if database is not None:
        parts["dbname"] = database
    user = quote(parts.pop("user", ""), safe="")
    if password := parts.pop("password", ""):
        user = f"{user}:{quote(password, safe='')}"
    name = quote(parts.pop("dbname", ""), safe="")
    # A socket's folder is not a host name: with the rest it goes behind the path.
    return f"postgresql://{user}@/{name}?{urlencode(parts)}"
