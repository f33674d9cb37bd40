"""Places in source text, and what there is to say about them.

Every mistake a user can make becomes a `Diagnostic`; the stages collect them as
values, so that one run lists them all. `cli.py` alone prints them.
"""

from __future__ import annotations

import bisect
import re
import unicodedata
from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

_OURS = "<<<<<<<"
_CONFLICT = re.compile(
    rf"^{_OURS}(?: .*)?\r?\n(?:.*\n)*?=======\r?\n(?:.*\n)*?>>>>>>>(?: .*)?$",
    re.MULTILINE,
)
TAB_WIDTH = 4
_NEWLINE = re.compile(r"\r\n|\r|\n")


class Severity(StrEnum):
    """How much a diagnostic weighs: only an error stops a run, a note is no finding."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A text file as it was read: its newlines and tabs are those on disk.

    Attributes:
        path: as the user would type it, relative to the project: `queries/tasks.sql`.
        text: the whole file, without a byte order mark.
    """

    path: str
    text: str

    @cached_property
    def _line_starts(self) -> tuple[int, ...]:
        # Only \n, \r\n and \r end a line: editors agree on those and no others.
        return (0, *(newline.end() for newline in _NEWLINE.finditer(self.text)))

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1, in characters."""
        index = bisect.bisect_right(self._line_starts, offset) - 1
        return index + 1, offset - self._line_starts[index] + 1

    def line_text(self, line: int) -> str:
        """Return the text of a line, counted from 1, without its newline."""
        start = self._line_starts[line - 1]
        end = (
            self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        )
        return self.text[start:end].rstrip("\r\n")

    def span(self, start: int, end: int | None = None) -> Span:
        """Return the span from `start` to `end`; one character without `end`."""
        return Span(source=self, start=start, end=start + 1 if end is None else end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a source file, in characters: `start` included, `end` not."""

    source: SourceFile = field(repr=False)
    start: int
    end: int

    @property
    def text(self) -> str:
        """The characters the span covers."""
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        """The line it starts on, counted from 1."""
        return self.source.line_and_column(self.start)[0]

    @property
    def column(self) -> int:
        """The column it starts at, counted from 1, in characters."""
        return self.source.line_and_column(self.start)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing to tell the user.

    Attributes:
        code: stable and documented in docs/errors.md: `unknown-column`.
        message: what is wrong, in one sentence, lower case, no full stop.
        span: where; None where no source text is concerned (a server, a folder).
        path: the file or folder concerned where there is no span.
        hint: how to mend it.
    """

    code: str
    message: str
    severity: Severity = Severity.ERROR
    span: Span | None = None
    path: str | None = None
    hint: str | None = None

    @property
    def file(self) -> str | None:
        """The file it is about, or None."""
        return self.span.source.path if self.span else self.path

    def render(self) -> str:
        """Return the message as the user reads it.

        `file:line:col: error: message [code]`, the source line with a caret below
        it, and the hint, as far as each is known.
        """
        head = f"{self.severity}: {self.message} [{self.code}]"
        lines = []
        if self.span:
            line, column = self.span.source.line_and_column(self.span.start)
            lines.append(f"{self.span.source.path}:{line}:{column}: {head}")
            lines += _excerpt(self.span, line, column)
        elif self.path:
            lines.append(f"{self.path}: {head}")
        else:
            lines.append(head)
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class ReposgenError(Exception):
    """A run that cannot go on, with everything there is to say about it."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(d.render() for d in self.diagnostics))


def error(
    code: str,
    message: str,
    *,
    span: Span | None = None,
    path: str | None = None,
    hint: str | None = None,
) -> Diagnostic:
    """Return an error diagnostic."""
    return Diagnostic(code=code, message=message, span=span, path=path, hint=hint)


def warning(
    code: str,
    message: str,
    *,
    span: Span | None = None,
    path: str | None = None,
    hint: str | None = None,
) -> Diagnostic:
    """Return a warning diagnostic."""
    return Diagnostic(
        code=code,
        message=message,
        severity=Severity.WARNING,
        span=span,
        path=path,
        hint=hint,
    )


def note(code: str, message: str, *, hint: str | None = None) -> Diagnostic:
    """Return a note: information that asks for no change."""
    return Diagnostic(code=code, message=message, severity=Severity.NOTE, hint=hint)


def conflict_markers(source: SourceFile) -> Diagnostic | None:
    """Return an error if git left a conflict in the file."""
    found = _CONFLICT.search(source.text)
    if found is None:
        return None
    return error(
        "conflict-markers",
        "the file contains an unresolved merge conflict",
        span=source.span(found.start(), found.start() + len(_OURS)),
        hint="resolve the conflict and remove the lines with <<<<<<<, ======= and"
        " >>>>>>>",
    )


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that `word` was most likely meant to be, or None."""
    import difflib  # noqa: PLC0415 -- few runs need it

    candidates = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.7)
    return candidates[close[0]] if close else None


def sorted_diagnostics(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file and place; what has no place comes first."""
    return tuple(
        sorted(
            diagnostics,
            key=lambda d: (d.file or "", d.span.start if d.span else -1, d.code),
        )
    )


def _excerpt(span: Span, line: int, column: int) -> list[str]:
    source_line = span.source.line_text(line)
    before, rest = source_line[: column - 1], source_line[column - 1 :]
    shown_before = _shown(before, 0)
    shown_rest = _shown(rest, _width(shown_before))
    marked = _shown(rest[: span.end - span.start], _width(shown_before))
    gutter = f"{line:>5} | "
    return [
        f"{gutter}{shown_before}{shown_rest}".rstrip(),
        f"{' ' * 5} | {' ' * _width(shown_before)}{'^' * max(1, _width(marked))}",
    ]


def _shown(text: str, at: int) -> str:
    """Return the text as a terminal shows it from cell `at` on, tabs expanded.

    Other control characters would move the cursor, or recolour the screen.
    """
    shown = ""
    for character in text:
        if character == "\t":
            shown += " " * (TAB_WIDTH - (at + _width(shown)) % TAB_WIDTH)
        elif unicodedata.category(character) == "Cc":
            shown += "\N{REPLACEMENT CHARACTER}"
        else:
            shown += character
    return shown


def _width(text: str) -> int:
    """How many cells a terminal gives the text."""
    if text.isascii():
        return len(text)
    return sum(
        0
        if unicodedata.category(character) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(character) in "WF"
        else 1
        for character in text
    )
