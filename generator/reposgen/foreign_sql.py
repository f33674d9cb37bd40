"""Words of MySQL, SQLite, SQL Server and Oracle, and what PostgreSQL has instead."""

from __future__ import annotations

import re
from typing import Final

_TYPES: Final = {
    **dict.fromkeys(("blob", "tinyblob", "mediumblob", "longblob"), "bytea"),
    **dict.fromkeys(("binary", "varbinary", "image", "raw"), "bytea"),
    **dict.fromkeys(("tinytext", "mediumtext", "longtext", "clob", "nclob"), "text"),
    **dict.fromkeys(("nvarchar", "varchar2", "nvarchar2", "nchar", "string"), "text"),
    **dict.fromkeys(("datetime", "datetime2", "smalldatetime"), "timestamptz"),
    "datetimeoffset": "timestamptz",
    "tinyint": "smallint, or boolean for tinyint(1)",
    "mediumint": "integer",
    "number": "numeric",
    "double": "double precision",
    "unsigned": "a wider type with a CHECK",
    "year": "integer",
    "uniqueidentifier": "uuid",
    **dict.fromkeys(("enum", "set"), "CREATE TYPE … AS ENUM"),
    **dict.fromkeys(("int32", "uint32", "int64", "uint64"), "bigint"),
}
_FUNCTIONS: Final = {
    **dict.fromkeys(("ifnull", "nvl", "isnull"), "coalesce(a, b)"),
    "iif": "CASE WHEN a THEN b ELSE c END",
    "if": "CASE WHEN a THEN b ELSE c END",
    "group_concat": "string_agg(a, ',')",
    **dict.fromkeys(("strftime", "date_format"), "to_char(a, 'YYYY-MM-DD')"),
    **dict.fromkeys(("datetime", "getdate", "sysdate", "utc_timestamp"), "now()"),
    "unixepoch": "extract(epoch FROM a)",
    "unix_timestamp": "extract(epoch FROM a)",
    "julianday": "extract(julian FROM a)",
    "last_insert_rowid": "INSERT … RETURNING id",
    "last_insert_id": "INSERT … RETURNING id",
    "json_extract": "a -> 'key' or a ->> 'key'",
    "instr": "strpos(a, b)",
    "charindex": "strpos(b, a)",
    "rand": "random()",
    "len": "length(a)",
    "uuid": "gen_random_uuid()",
    "newid": "gen_random_uuid()",
    "date_add": "a + interval '1 day'",
    "date_sub": "a - interval '1 day'",
    "datediff": "a - b",
}
# What a syntax error can be about, and the hint.
_WORDS: Final = {
    **dict.fromkeys(
        ("auto_increment", "autoincrement", "identity"),
        "PostgreSQL has GENERATED ALWAYS AS IDENTITY",
    ),
    **dict.fromkeys(
        ("engine", "charset", "strict", "rowid", "on", "character"),
        "PostgreSQL has no such option: remove it",
    ),
    "unsigned": "PostgreSQL has no unsigned types: use a wider type with a CHECK",
    "pragma": "PostgreSQL has no PRAGMA: remove the statement",
    "ignore": "PostgreSQL has INSERT … ON CONFLICT DO NOTHING",
    "or": "PostgreSQL has ON CONFLICT DO NOTHING and ON CONFLICT (…) DO UPDATE",
    **dict.fromkeys(
        ("replace", "duplicate"),
        "PostgreSQL has INSERT … ON CONFLICT (…) DO UPDATE",
    ),
    "(": "PostgreSQL's integer types have no width: remove it",
    "comment": "PostgreSQL has COMMENT ON COLUMN … IS '…'",
    "key": "PostgreSQL has UNIQUE (…) and, for other indexes, CREATE INDEX",
    **dict.fromkeys(("`", "["), 'PostgreSQL quotes names like this: "name"'),
}
# Words that PostgreSQL has too: only these contexts are another system's.
_CONTEXTS: Final = {
    word: re.compile(pattern, re.IGNORECASE)
    for word, pattern in {
        "or": r"\b(?:insert|update)\s+or\s+(?:ignore|replace|abort|fail)",
        "rowid": r"\bwithout\s+rowid\b",
        "replace": r"^\s*replace\s+into\b",
        "on": r"\bon\s+update\s+(?:current_timestamp|now)\b",
        "key": r"[,(]\s*(?:unique|fulltext)\s+key\b",
        "comment": r"\bcomment\s*=?\s*'",
        "strict": r"\)\s*strict\b",
        "character": r"\bcharacter\s+set\b",
        "(": r"\b(?:big|small|medium)?int\s*\(\d+\)",
        "[": r"\[\w+\]",
    }.items()
}
_TYPE = re.compile(r'type "(?:\w+\.)?(\w+)" does not exist')
_FUNCTION = re.compile(r"function (?:\w+\.)?(\w+)\(.*\) does not exist")
_NEAR = re.compile(r'syntax error at or near "(.+)"$')


def foreign_hint(message: str, statement: str) -> str | None:
    """Return what PostgreSQL has instead of a word that it does not know.

    Args:
        message: the server's, in English.
        statement: that it is about.
    """
    if found := _TYPE.search(message):
        known = _TYPES.get(found[1].lower())
        return f"PostgreSQL's is {known}" if known else None
    if found := _FUNCTION.search(message):
        known = _FUNCTIONS.get(found[1].lower())
        return f"PostgreSQL has {known}" if known else None
    if not (found := _NEAR.search(message)):
        return None
    word = found[1].lower()
    context = _CONTEXTS.get(word)
    if context is not None and not context.search(statement):
        return None
    return _WORDS.get(word)
