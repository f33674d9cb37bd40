"""Printing of segments as SQL, and mapping of offsets back to the file."""

from __future__ import annotations

import bisect
import re
from itertools import pairwise
from typing import TYPE_CHECKING, assert_never

from reposgen.models import dataclass
from reposgen.sql_source.lexer import tokenize
from reposgen.sql_source.model import EmbedUse, ParameterKind, ParameterUse, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.diagnostics import SourceFile, Span
    from reposgen.sql_source.model import Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Text that is printed instead of a part of the source.

    Attributes:
        span: the replaced source: whole segments, or a part of a `Text`, or both; an
            empty span inserts text.
        text: the new text; empty to omit the source.
    """

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Printed text from the offset `at`, which corresponds to a part of the source.

    Attributes:
        verbatim: True if the text is that part, so that offsets within it correspond.
    """

    at: int
    start: int
    end: int
    verbatim: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerText:
    """Printed SQL with the source of each part."""

    text: str
    source: SourceFile
    pieces: tuple[Piece, ...]

    def to_source(self, offset: int) -> int:
        """Return the file's offset for an offset in `text`, in characters from 0."""
        piece = self._piece(offset)
        if piece.verbatim:
            return min(piece.start + offset - piece.at, piece.end)
        return piece.start

    def source_span(self, offset: int) -> Span:
        """Return the span in the file of the token at an offset in `text`.

        For a parameter or a replacement, it is the whole source of it. At the end of
        the text, it is the position after the last character.
        """
        piece = self._piece(offset)
        if not piece.verbatim:
            return self.source.span(piece.start, piece.end)
        start = self.to_source(offset)
        end = next((t.end for t in tokenize(self.source.text, start, piece.end)), start)
        return self.source.span(start, end)

    def _piece(self, offset: int) -> Piece:
        index = bisect.bisect_right(self.pieces, offset, key=lambda piece: piece.at)
        return self.pieces[max(0, index - 1)]


def print_sql(
    segments: Sequence[Segment], replacements: Sequence[Replacement] = ()
) -> ServerText:
    """Print a query's segments as SQL for PostgreSQL.

    Parameters become `$n`, slices `= ANY ($n)` or `<> ALL ($n)`, embeds `table.*`,
    unless a replacement covers them. A space separates words that would otherwise
    touch.

    Args:
        segments: segments of a `Query`; not empty.
        replacements: replacements in any order.

    Raises:
        ValueError: replacements overlap each other or a part of a segment.
    """
    source = segments[0].span.source
    own = [
        *(
            Replacement(span=source.span(before.span.end, after.span.start), text="")
            for before, after in pairwise(segments)
            if before.span.end < after.span.start
        ),
        *(
            Replacement(span=use.span, text=_printed(use))
            for use in segments
            if not isinstance(use, Text)
        ),
    ]
    edits = [*replacements, *(e for e in own if not _is_covered(e.span, replacements))]
    edits.sort(key=lambda edit: (edit.span.start, edit.span.end))

    writer = _SqlWriter(source)
    position = segments[0].span.start
    for edit in edits:
        if edit.span.start < position:
            raise ValueError(f"overlapping replacements at offset {edit.span.start}")
        writer.put_source(position, edit.span.start)
        writer.put(edit.text, edit.span.start, edit.span.end, verbatim=False)
        position = edit.span.end
    writer.put_source(position, segments[-1].span.end)
    return ServerText(
        text="".join(writer.texts), source=source, pieces=tuple(writer.pieces)
    )


def _is_covered(span: Span, replacements: Sequence[Replacement]) -> bool:
    return any(
        r.span.start <= span.start and span.end <= r.span.end for r in replacements
    )


def _printed(use: ParameterUse | EmbedUse) -> str:
    match use:
        case ParameterUse(kind=ParameterKind.SLICE, negated=False):
            return f"= ANY (${use.number})"
        case ParameterUse(kind=ParameterKind.SLICE):
            return f"<> ALL (${use.number})"
        case ParameterUse():
            return f"${use.number}"
        case EmbedUse():
            return f"{use.table}.*"
        case _:
            assert_never(use)


# A letter, a digit, _ or $; every character beyond ASCII is a letter.
_WORD_CHARACTER = re.compile(r"[^\x00-#%-/:-@\[-^`{-\x7f]")


class _SqlWriter:
    """Writer of SQL text that records the source of each part."""

    def __init__(self, source: SourceFile) -> None:
        self.texts: list[str] = []
        self.pieces: list[Piece] = []
        self._source = source
        self._length = 0

    def put_source(self, start: int, end: int) -> None:
        self.put(self._source.text[start:end], start, end, verbatim=True)

    def put(self, text: str, start: int, end: int, *, verbatim: bool) -> None:
        if not text:
            return
        if (
            _WORD_CHARACTER.match(text)
            and self.texts
            and _WORD_CHARACTER.match(self.texts[-1][-1])
        ):
            self.texts.append(" ")
            self._length += 1
        self.texts.append(text)
        piece = Piece(at=self._length, start=start, end=end, verbatim=verbatim)
        self.pieces.append(piece)
        self._length += len(text)
