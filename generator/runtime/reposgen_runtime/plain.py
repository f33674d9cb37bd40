"""The cursor path: statements run through psycopg's public cursors.

It is used if the libpq path is not possible: in a pipeline of the caller, and on a
connection where psycopg prepares statements itself, since its DEALLOCATE ALL would drop
the run time's. The option `use_cursors=True` requests it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg.adapt import Dumper, Loader, PyFormat
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg.abc import Buffer, DumperKey
    from psycopg.adapt import AdaptersMap

    from .codec import Codec


class Encoded:
    """An argument that is already encoded."""

    __slots__ = ("data", "format", "oid")

    def __init__(self, data: Buffer | None, oid: int, format_: Format) -> None:
        self.data = data
        self.oid = oid
        self.format = format_


class EncodedDumper(Dumper):
    """Dumper that returns the encoded argument with its own type and format."""

    def get_key(self, obj: Encoded, format: PyFormat) -> DumperKey:  # noqa: A002, ARG002 -- psycopg's signature
        """Return a key that distinguishes dumpers by type and format."""
        return (self.cls, obj.oid, obj.format)  # type: ignore[return-value] # any hashable will do

    def upgrade(self, obj: Encoded, format: PyFormat) -> EncodedDumper:  # noqa: A002, ARG002 -- psycopg's signature
        """Return the dumper for the argument's type and format."""
        return _typed(obj.oid, obj.format)(Encoded)

    def dump(self, obj: Encoded) -> Buffer | None:
        """Return the encoded data."""
        return obj.data


@cache
def _typed(oid: int, format_: Format) -> type[EncodedDumper]:
    return type("TypedDumper", (EncodedDumper,), {"oid": oid, "format": format_})


class _RawLoader(Loader):
    def load(self, data: Buffer) -> bytes:
        return bytes(data)


class _RawBinaryLoader(_RawLoader):
    format = Format.BINARY


def adapt(adapters: AdaptersMap) -> None:
    """Register the dumper that makes a cursor send encoded arguments."""
    adapters.register_dumper(Encoded, EncodedDumper)


def keep_raw(adapters: AdaptersMap, codec: Codec[Any]) -> None:
    """Register loaders that leave rows undecoded, since the codec decodes them."""
    for oid in codec.result_oids:
        adapters.register_loader(oid, _RawLoader)
        adapters.register_loader(oid, _RawBinaryLoader)


def encoded(codec: Codec[Any], values: Sequence[Any]) -> list[Encoded]:
    """Return a statement's arguments, encoded."""
    return [
        Encoded(data, oid, format_)
        for data, oid, format_ in zip(
            codec.encode(values),
            codec.parameter_oids,
            codec.parameter_formats,
            strict=True,
        )
    ]
