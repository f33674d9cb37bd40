"""The cursor path: cursors through psycopg's public API alone.

It takes over where the fast path must not go: in a pipeline of the caller's, on a
connection where psycopg prepares statements of its own (its DEALLOCATE ALL would take
ours with them), and where `use_cursors=True` asks for it.
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
    """An argument in its final form."""

    __slots__ = ("data", "format", "oid")

    def __init__(self, data: Buffer | None, oid: int, format_: Format) -> None:
        self.data = data
        self.oid = oid
        self.format = format_


class EncodedDumper(Dumper):
    """Hands an argument over as it is, type and all."""

    def get_key(self, obj: Encoded, format: PyFormat) -> DumperKey:  # noqa: A002, ARG002 -- psycopg's signature
        """Each type and format has a dumper of its own."""
        return (self.cls, obj.oid, obj.format)  # type: ignore[return-value] # any hashable will do

    def upgrade(self, obj: Encoded, format: PyFormat) -> EncodedDumper:  # noqa: A002, ARG002 -- psycopg's signature
        """The dumper for that type and format."""
        return _typed(obj.oid, obj.format)(Encoded)

    def dump(self, obj: Encoded) -> Buffer | None:
        """As it is."""
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
    """Make a cursor send what is encoded."""
    adapters.register_dumper(Encoded, EncodedDumper)


def keep_raw(adapters: AdaptersMap, codec: Codec[Any]) -> None:
    """Keep a cursor from decoding rows: the codec does that."""
    for oid in codec.result_oids:
        adapters.register_loader(oid, _RawLoader)
        adapters.register_loader(oid, _RawBinaryLoader)


def encoded(codec: Codec[Any], values: Sequence[Any]) -> list[Encoded]:
    """A statement's arguments."""
    return [
        Encoded(data, oid, format_)
        for data, oid, format_ in zip(
            codec.encode(values),
            codec.parameter_oids,
            codec.parameter_formats,
            strict=True,
        )
    ]
