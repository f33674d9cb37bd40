"""Connecting, with error messages that do not contain passwords."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from reposgen.diagnostics import Diagnostic, ReposgenError, error
from reposgen.urls import masked

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST_VERSION = 140000
CONNECT_SECONDS = 10

# What says a url, unless something else is named.
URL = "[database] url"
_URL_HINT = 'write "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"'


def connect(
    conninfo: str, *, options: str | None = None, origin: str = URL
) -> psycopg.Connection:
    """Connect in autocommit mode.

    Args:
        conninfo: a URL or `key=value` string.
        options: command-line options for the session: `-c search_path=app`.
        origin: where the connection string comes from, for messages.

    Raises:
        ReposgenError: the connection failed.
    """
    parameters = _parse(conninfo, origin)
    if options:
        parameters["options"] = f"{parameters.get('options', '')} {options}".strip()
    if not os.environ.get("PGCONNECT_TIMEOUT"):
        parameters.setdefault("connect_timeout", str(CONNECT_SECONDS))
    try:
        return psycopg.connect(
            make_conninfo("", **parameters),
            autocommit=True,
            client_encoding="utf8",
            # Of what psycopg prepares, DISCARD ALL in a user's migrations would be the
            # end, and several commands in one string can't be prepared at all.
            prepare_threshold=None,
        )
    except psycopg.Error as problem:
        # The exception's own context carries the password.
        failure = ReposgenError([_connection_failed(str(problem), parameters, origin)])
    raise failure


def _parse(conninfo: str, origin: str) -> dict[str, str]:
    try:
        parsed = conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError:
        parsed = None
    if parsed is None:
        raise ReposgenError(
            [
                error(
                    "invalid-url",
                    f'"{masked(conninfo)}" is not a PostgreSQL connection string',
                    path=origin,
                    hint=_URL_HINT,
                )
            ]
        )
    parameters = {k: str(value) for k, value in parsed.items() if value is not None}
    # A password with a bare @ or / in it lets the rest of it pass for a host.
    if any("@" in parameters.get(key, "") for key in ("host", "port", "dbname")):
        raise ReposgenError(
            [
                error(
                    "invalid-url",
                    "the host or database of the url has an @ in it",
                    path=origin,
                    hint="in a user or password write @ as %40, / as %2F, : as %3A",
                )
            ]
        )
    return parameters


def place(conninfo: str) -> str:
    """Return a server's address for messages: `db.example:5432`."""
    return _place(conninfo_to_dict(conninfo))


def _place(parameters: Mapping[str, object]) -> str:
    host = str(
        parameters.get("host")
        or parameters.get("hostaddr")
        or os.environ.get("PGHOST")
        or "localhost"
    )
    port = str(parameters.get("port") or os.environ.get("PGPORT") or "5432")
    if "," in host:
        return host
    return f"{host}, port {port}" if host.startswith("/") else f"{host}:{port}"


def _connection_failed(
    message: str, parameters: Mapping[str, str], origin: str
) -> Diagnostic:
    where = _place(parameters)
    reason = _reason(message, parameters)
    if "password authentication failed" in message or "no password" in message:
        return error(
            "wrong-password",
            f"the server at {where} says: {reason}",
            hint=f"check user and password of {origin}"
            + (" and the environment variables in it" if origin == URL else ""),
        )
    if re.search(r'database ".*" does not exist', message):
        return error(
            "unknown-database",
            f"the server at {where} says: {reason}",
            hint=f"create it, or correct {origin}",
        )
    if re.search(r"FATAL: ", message):
        return error(
            "connection-refused",
            f"the server at {where} says: {reason}",
            hint=f"check {origin}",
        )
    return error(
        "no-server",
        f"no PostgreSQL answers at {where}: {reason}",
        hint=f'start it, or correct {origin}; "embedded" needs no server',
    )


def _reason(message: str, parameters: Mapping[str, str]) -> str:
    """Return the essence of libpq's message on one line."""
    first = message.splitlines()[0] if message else "no reason given"
    gist = re.split(r"failed: (?:FATAL:\s*)?", first)[-1].strip()
    secrets = [
        parameters.get("password"),
        parameters.get("sslpassword"),
        os.environ.get("PGPASSWORD"),
    ]
    for secret in filter(None, secrets):
        for form in {secret, unquote(secret)}:
            gist = gist.replace(form, "***")
    return gist
