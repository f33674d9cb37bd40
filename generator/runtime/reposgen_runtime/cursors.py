"""Page cursors: strings that mark the end of a page, for clients to send back."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from typing import TYPE_CHECKING, Any, Final

from .errors import InvalidCursor
from .limits import is_storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .pages import Key

_VERSION: Final = bytes([1])
_BINDING_BYTES: Final = 8
_CHECKSUM_BYTES: Final = 4
_HEAD_BYTES: Final = len(_VERSION) + _BINDING_BYTES


def binding_of(query: str, results: Sequence[str], keys: Sequence[Key]) -> bytes:
    """Return a digest of a query and sort, which ties cursors to them."""
    parts = [query]
    for key in keys:
        parts += [key.name, results[key.column], repr((key.descending, key.nulls))]
    digest = hashlib.blake2b(
        "\0".join(parts).encode(), digest_size=_BINDING_BYTES, usedforsecurity=False
    )
    return digest.digest()


def encode_cursor(binding: bytes, values: Sequence[str | None]) -> str:
    """Return a cursor for the row with these key values, given as PostgreSQL's text."""
    payload = json.dumps(values, separators=(",", ":")).encode()
    head = _VERSION + binding
    data = head + _checksum(head + payload) + payload
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def decode_cursor(
    cursor: str, binding: bytes, keys: Sequence[Key], query: str
) -> list[str | None]:
    """Return the key values that a cursor contains.

    Raises:
        InvalidCursor: the cursor is damaged, or belongs to another version, query or
            sort.
    """
    try:
        data = base64.b64decode(
            cursor.encode("ascii") + b"=" * (-len(cursor) % 4),
            altchars=b"-_",
            validate=True,
        )
    # Objects other than strings have no `encode`, or a different one.
    except (AttributeError, TypeError, UnicodeEncodeError, binascii.Error):
        raise InvalidCursor("this is no page cursor", query=query) from None
    if not data.startswith(_VERSION):
        raise InvalidCursor("this is no page cursor of this version", query=query)
    head, rest = data[:_HEAD_BYTES], data[_HEAD_BYTES:]
    checksum, payload = rest[:_CHECKSUM_BYTES], rest[_CHECKSUM_BYTES:]
    if checksum != _checksum(head + payload):
        raise InvalidCursor("the cursor is damaged", query=query)
    if head != _VERSION + binding:
        raise InvalidCursor("the cursor is of another query or sort", query=query)
    try:
        values: Any = json.loads(payload)
    # Invalid JSON or UTF-8, a number with too many digits, or too many brackets.
    except (ValueError, RecursionError):
        raise forged(query) from None
    if not _fit(values, keys):
        raise InvalidCursor("the cursor is of another query or sort", query=query)
    if not all(value is None or is_storable(value) for value in values):
        raise forged(query)
    return list(values)


def forged(query: str) -> InvalidCursor:
    """Return the error for an intact cursor that the query cannot have produced."""
    return InvalidCursor("the cursor holds no key of this query", query=query)


def _checksum(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(_CHECKSUM_BYTES, "big")


def _fit(values: Any, keys: Sequence[Key]) -> bool:  # noqa: ANN401 -- what JSON may be
    """Return True if a row can have these key values: nullability can have changed."""
    return (
        isinstance(values, list)
        and len(values) == len(keys)
        and all(
            isinstance(value, str) or (value is None and key.nullable)
            for value, key in zip(values, keys, strict=True)
        )
    )
