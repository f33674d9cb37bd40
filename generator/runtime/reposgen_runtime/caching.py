"""What a cache is asked to do, and how it names and packs what it keeps."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from hashlib import blake2b
from itertools import product
from json import dumps
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import UUID

from psycopg.pq import Format

from .statement import Argument, EachOf, Package, Result, Statement

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

    from psycopg.pq.abc import PGresult

    from .statement import Rows

Wire = list[list[bytes | None]]

EVERYTHING: Final = "*"
# Has no types, no tenant and no errors of its own.
NEUTRAL: Final = Package("cache")
_SETTINGS: Final = (
    *("search_path", "TimeZone", "DateStyle", "IntervalStyle", "bytea_output"),
    *("extra_float_digits", "lc_monetary", "lc_numeric", "lc_time", "row_security"),
    *("default_text_search_config", "xmlbinary", "server_encoding"),
)
# Which database it is, and what else decides about what a session is shown.
IDENTITY: Final = Statement[tuple[str, str, str]](
    "cache.identity",
    "SELECT (SELECT system_identifier::text FROM pg_catalog.pg_control_system())"
    " || ' ' || (SELECT oid::text FROM pg_catalog.pg_database"
    " WHERE datname = pg_catalog.current_database()),"
    " CURRENT_USER || ' ' || (SELECT pg_catalog.string_agg("
    "name || '=' || pg_catalog.current_setting(name, true), ' ' ORDER BY name)"
    " FROM pg_catalog.unnest($1) AS names(name)),"
    " pg_catalog.current_setting('default_transaction_isolation')",
    parameters=("text[]",),
    results=("text", "text", "text"),
    row=lambda *values: values,
    read_only=True,
    replica=False,
)
IDENTITY_ARGUMENTS: Final = ([*_SETTINGS],)

# What other writers have changed, and whether this process is to tell of it: one at a
# time is. What is taken is gone with the COMMIT, behind which all caches know of it.
TAKE_CHANGES: Final = Statement[tuple[bool, list[str] | None]](
    "cache.take_changes",
    "WITH turn AS MATERIALIZED (SELECT"
    " pg_catalog.pg_try_advisory_xact_lock(7308901651184183651) AS is_ours),"
    " taken AS (DELETE FROM reposgen_cache.changes WHERE id = ANY (ARRAY("
    "SELECT id FROM reposgen_cache.changes WHERE (SELECT is_ours FROM turn)"
    " ORDER BY id LIMIT 1000)) RETURNING parts)"
    " SELECT turn.is_ours, taken.parts FROM turn LEFT JOIN taken ON true",
    results=("bool", "text[]"),
    row=lambda *values: values,
)

_LEAST_PAUSE: Final = 0.01
_TAG_SIZE: Final = 12
_KEY_SIZE: Final = 16
_INTEGERS: Final = frozenset({20, 21, 23})
_UUID: Final = 2950
# Of a value in the length word of packed rows: NULL.
_NULL: Final = -1
_COUNTS: Final = struct.Struct("!BHI")
_LENGTH: Final = struct.Struct("!i")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """How much the first level keeps, in the process.

    Attributes:
        entries: results at most.
        size: bytes of values at most, as the server sent them.
        value: bytes of the largest result that is kept.
    """

    entries: int = 10_000
    size: int = 64 * 1024 * 1024
    value: int = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """A cache for the reads that are marked `-- @cache`.

    Attributes:
        l1: bounds of what the process keeps; None: it keeps nothing.
        redis: URL of a Redis server, 6.2 or newer: `redis://localhost`; None: there is
            no second level, and other processes' writes are not seen before `ttl`.
        timeout: seconds to wait for an answer of Redis.
        mark_ttl: seconds after which a mark expires that a writer has set before its
            COMMIT. A COMMIT that would take longer is refused. The same for all
            processes that share a Redis.
        lease: seconds for which other processes wait for the one that reads a value.
        value: bytes of the largest result that Redis keeps.
        follow: seconds between two looks for what other writers have changed, as the
            triggers note it that `reposgen cache triggers` prints; None: none.
    """

    l1: Memory | None = field(default_factory=Memory)
    redis: str | None = field(default=None, repr=False)
    timeout: float = 0.5
    mark_ttl: float = 10.0
    lease: float = 0.25
    value: int = 1024 * 1024
    follow: float | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ValueError: the message names the attribute.
        """
        for name, least in (("timeout", 0.01), ("mark_ttl", 0.1), ("lease", 0.0)):
            if not getattr(self, name) >= least:
                raise ValueError(f"{name} must be at least {least:g}")
        if self.follow is not None and not self.follow >= _LEAST_PAUSE:
            raise ValueError(f"follow must be at least {_LEAST_PAUSE:g}")
        if self.l1 is None and self.redis is None:
            raise ValueError("a cache needs l1 or redis")


class NotCacheable(Exception):  # noqa: N818 -- never seen outside the runtime
    """A value has no name that tells it from all others."""


def canonical(value: object) -> Hashable:
    """Return a value that is equal for arguments that the server takes as equal.

    Raises:
        NotCacheable: that is not known of values of its type.
    """
    kind = type(value)
    if kind is str or kind is int or value is None or kind is bytes:
        return value
    if kind is UUID:
        value = cast("UUID", value)
        return value.bytes
    return _canonical(value)


def _canonical(value: object) -> Hashable:
    # With their kinds: as JSON, true is not 1, and an object is not a text of it.
    match value:
        case Enum():
            return canonical(value.value)
        case bool() | float() | Decimal() | datetime() | date() | time() | timedelta():
            return type(value), repr(value)
        case int():
            return int(value)
        case str():
            return str.__str__(value)
        case list() | tuple():
            return tuple(map(canonical, value))
        case dict():
            try:
                return dict, dumps(value)
            except (TypeError, ValueError):
                raise NotCacheable from None
        case _:
            raise NotCacheable


def spelled(value: object) -> str | None:
    """Return a key's value as tags spell it; None for NULL, which no key equals.

    Raises:
        NotCacheable: it is none of the types that keys have.
    """
    match value:
        case None:
            return None
        case Enum():
            return spelled(value.value)
        case str():
            return str.__str__(value)
        case int():
            return str(int(value))
        case UUID():
            return str(value)
        case _:
            raise NotCacheable


def tag(*parts: str) -> bytes:
    """Return the name of what is invalidated at once; it shows no row data."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=_TAG_SIZE).digest()


ALL_TAG: Final = tag(EVERYTHING)


def tags_of_read(rows: Iterable[Rows], values: Sequence[Any]) -> tuple[bytes, ...]:
    """Return the tags that invalidate the result of a call.

    Raises:
        NotCacheable: an argument is of a type that keys do not have.
    """
    found = {ALL_TAG: None}
    for one in rows:
        if not one.values:
            found[tag(one.table)] = None
            continue
        found[tag(one.table, *one.columns)] = None
        for combination in _combinations(one, values, ()):
            found[tag(one.table, *one.columns, *combination)] = None
    return tuple(found)


def tags_of_write(
    changes: Iterable[Rows],
    values: Sequence[Any] | None,
    returned: Sequence[Sequence[str | None]] | None,
) -> Iterator[bytes]:
    """Yield the tags that a write invalidates.

    Args:
        changes: of its statement.
        values: the arguments; None where they are not known.
        returned: the values of each row of its result; None where it is not known.
    """
    for one in changes:
        by_result = any(isinstance(source, Result) for source in one.values)
        if values is None or (by_result and returned is None) or not one.values:
            yield tag(one.table, *one.columns)
            continue
        try:
            found = [
                tag(one.table, *one.columns, *combination)
                for row in ((returned or ()) if by_result else ((),))
                for combination in _combinations(one, values, row)
            ]
        except NotCacheable:
            found = [tag(one.table, *one.columns)]
        yield from found


def _combinations(
    rows: Rows, values: Sequence[Any], row: Sequence[str | None]
) -> Iterator[tuple[str, ...]]:
    """Yield the keys that are meant; none if a value is NULL."""
    sides: list[list[str | None]] = []
    for source in rows.values:
        match source:
            case Argument(index=index):
                sides.append([spelled(values[index])])
            case EachOf(index=index):
                given = values[index]
                if given is None:
                    return
                if not isinstance(given, (list, tuple)):
                    raise NotCacheable
                sides.append([spelled(element) for element in given])
            case Result(index=index):
                sides.append([row[index]])
            case str():
                sides.append([source])
    for combination in product(*sides):
        if None not in combination:
            yield combination  # type: ignore[misc] # none of them is None


def returned_keys(changes: Iterable[Rows], result: PGresult) -> list[list[str | None]]:
    """Return the rows of a write's result, as far as keys are read from them."""
    places = {
        source.index
        for one in changes
        for source in one.values
        if isinstance(source, Result)
    }
    width = max(places, default=-1) + 1
    return [
        [
            _spelled_result(result, row, column) if column in places else None
            for column in range(width)
        ]
        for row in range(result.ntuples)
    ]


def _spelled_result(result: PGresult, row: int, column: int) -> str | None:
    """Return a value of a result as tags spell it."""
    data = result.get_value(row, column)
    if data is None:
        return None
    if result.fformat(column) == Format.BINARY:
        oid = result.ftype(column)
        if oid in _INTEGERS:
            return str(int.from_bytes(data, "big", signed=True))
        if oid == _UUID:
            return str(UUID(bytes=bytes(data)))
    return bytes(data).decode("utf-8", "surrogatepass")


def needs_result(changes: Iterable[Rows]) -> bool:
    """Whether keys are read from the result of a write."""
    return any(isinstance(source, Result) for one in changes for source in one.values)


def entry_name(*parts: object) -> str:
    """Return the name of a result in the second level; it shows no row data."""
    text = repr(parts).encode("utf-8", "surrogatepass")
    return blake2b(text, digest_size=_KEY_SIZE).hexdigest()


def wire_rows(result: PGresult) -> Wire:
    """Return the values of a result as the server sent them."""
    columns = range(result.nfields)
    return [
        [
            None if (value := result.get_value(row, column)) is None else bytes(value)
            for column in columns
        ]
        for row in range(result.ntuples)
    ]


def size_of(rows: Wire) -> int:
    """Return about how many bytes rows take."""
    return sum(48 + sum(len(value or b"") + 16 for value in row) for row in rows)


def pack(rows: Wire, result_format: int) -> bytes:
    """Return rows as bytes: counts, then each value behind its length."""
    width = len(rows[0]) if rows else 0
    parts = [_COUNTS.pack(result_format, width, len(rows))]
    for row in rows:
        for value in row:
            if value is None:
                parts.append(_LENGTH.pack(_NULL))
            else:
                parts.append(_LENGTH.pack(len(value)))
                parts.append(value)
    return b"".join(parts)


def unpack(data: bytes) -> tuple[int, Wire]:
    """Return the format of the values, and the rows.

    Raises:
        ValueError: the bytes hold something else.
    """
    try:
        result_format, width, count = _COUNTS.unpack_from(data)
        place = _COUNTS.size
        rows: Wire = []
        for _ in range(count):
            row: list[bytes | None] = []
            for _ in range(width):
                (length,) = _LENGTH.unpack_from(data, place)
                place += _LENGTH.size
                if length == _NULL:
                    row.append(None)
                    continue
                if not 0 <= length <= len(data) - place:
                    raise ValueError("a value is cut off")
                row.append(data[place : place + length])
                place += length
            rows.append(row)
    except struct.error:
        raise ValueError("the bytes are no rows") from None
    if place != len(data):
        raise ValueError("there are bytes behind the rows")
    return result_format, rows
