"""`@buffered size=1000, interval=1s`: rows that are written later, and together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.analysis.model import Buffering
from reposgen.analysis.timeouts import milliseconds
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.judged import Judged
    from reposgen.diagnostics import Span
    from reposgen.sql_source.model import Directive

_OPTIONS: Final = ("size", "interval", "max", "full")
_OPTION: Final = re.compile(r"(?P<name>\w+) *= *(?P<value>[^, ]+)")
_EXAMPLE: Final = "write -- @buffered size=1000, interval=1s, max=10000, full=wait"
# A row takes some memory as it waits.
_MOST: Final = 10_000_000
_ROOM: Final = 10


def read_buffering(judged: Judged) -> Buffering | Diagnostic | None:
    """How the query's rows wait, or what is wrong with that; None if they don't."""
    query = judged.query
    directives = [d for d in query.directives if d.word == "buffered"]
    if not directives:
        return None
    directive = directives[-1]
    if len(directives) > 1:
        return error(
            "repeated-buffered",
            "a query has one buffer",
            span=directive.span,
            hint="take one of them out",
        )
    if query.command is not Command.COPYFROM:
        return error(
            "buffered-command",
            f"@buffered is for :copyfrom; a :{query.command} gives its answer at once",
            span=directive.span,
            hint="write :copyfrom, of an INSERT of one VALUES row",
        )
    if judged.described.returns_rows:
        return error(
            "buffered-returning",
            "the call is over before RETURNING has anything to return",
            span=directive.span,
            hint="take RETURNING out, or @buffered",
        )
    return _read(directive)


def _read(directive: Directive) -> Buffering | Diagnostic:
    options = [(place, _OPTION.fullmatch(place.text)) for place in _parts(directive)]
    mistake = next(_mistakes(options), None)
    if mistake is not None:
        return mistake
    values = {option["name"]: option["value"] for _, option in options if option}
    plain = Buffering()
    size = _count(values["size"]) if "size" in values else plain.size
    limit = _count(values["max"]) if "max" in values else _ROOM * size
    if limit < size:
        return _invalid(
            f"with room for {limit} rows there are never {size} to be written",
            directive.argument_span,
            "make max greater, or size smaller",
        )
    return Buffering(
        size=size,
        interval_ms=milliseconds(values.get("interval", "")) or plain.interval_ms,
        limit=limit,
        drops=values.get("full") == "drop",
    )


def _mistakes(
    options: Sequence[tuple[Span, re.Match[str] | None]],
) -> Iterator[Diagnostic]:
    seen: set[str] = set()
    for place, option in options:
        if option is None:
            yield _invalid("an option is a name, = and a value", place)
            continue
        name, value = option["name"], option["value"]
        if name in seen:
            yield _invalid(f"{name} is there twice", place, "take one of them out")
        seen.add(name)
        match name:
            case "size" | "max":
                if not 0 < _count(value) <= _MOST:
                    why = f"{name} is a number of rows, up to {_MOST}"
                    yield _invalid(why, place)
            case "interval":
                if milliseconds(value) is None:
                    hint = "write interval=500ms, 2s, 5min or 1h"
                    yield _invalid("interval needs a duration", place, hint)
            case "full":
                if value not in ("wait", "drop"):
                    hint = "wait: a call waits for room; drop: its row is dropped"
                    yield _invalid("full is wait or drop", place, hint)
            case _:
                meant = did_you_mean(name, _OPTIONS)
                hint = f"did you mean {meant}?" if meant else _EXAMPLE
                yield _invalid(f'there is no option "{name}"', place, hint)


def _count(text: str) -> int:
    """The number; 0 if it is none, or one that is too large in any case."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _parts(directive: Directive) -> Iterator[Span]:
    source, start = directive.span.source, directive.argument_span.start
    if not directive.argument:
        return
    for text in directive.argument.split(","):
        first = start + len(text) - len(text.lstrip())
        part = source.span(first, first + len(text.strip()))
        yield part if part.text else directive.span
        start += len(text) + 1


def _invalid(message: str, place: Span, hint: str = _EXAMPLE) -> Diagnostic:
    return error("invalid-buffered", message, span=place, hint=hint)
