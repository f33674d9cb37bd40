"""What the configuration's url of a database may be, and how messages show it."""

from __future__ import annotations

import re

_KINDS = re.compile(r"(embedded|system)(:\d+)?$|docker:.|postgres(ql)?://|\w+ *=")
# What other tools write before a URL or into its scheme.
_FOREIGN = re.compile(r"(?:jdbc:)?(postgres(?:ql)?)(\+\w+)?://")

_PASSWORD_IN_URL = re.compile(r"(?<=://)(?:([^:@/?\s]*):)?.*@", re.DOTALL)
_PASSWORD_SETTING = re.compile(
    r"\b((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&]+)", re.IGNORECASE
)


def masked(url: str) -> str:
    """Return a URL or connection string without passwords."""
    if "://" in url or "=" in url:
        shown = _PASSWORD_IN_URL.sub(_starred, url)
    else:
        # Whatever it is meant to be, a password may be in it.
        _, at, after = url.rpartition("@")
        first, *more = (f"***@{after}" if at else url).split(maxsplit=1) or [""]
        shown = f"{first} …" if more else first
    return _PASSWORD_SETTING.sub(r"\1***", shown)


def url_problem(url: str) -> tuple[str, str] | None:
    """Return what is wrong with a URL and how to mend it, or None."""
    if _KINDS.match(url):
        return None
    shown = masked(url)
    hint = (
        'write "embedded", "embedded:16", "system", "docker:postgres:17-alpine" or'
        ' "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"'
    )
    if foreign := _FOREIGN.match(url):
        extra = foreign[2] or "jdbc"
        plain = f"{foreign[1]}://{shown.partition('://')[2]}"
        hint = f'drop {extra}: "{plain}"'
    return f'"{shown}" does not name a PostgreSQL server', hint


def _starred(found: re.Match[str]) -> str:
    return f"{found[1]}:***@" if found[1] else "***@"
