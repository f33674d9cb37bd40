"""Reader of `@buffered size=1000, interval=1s`: rows written later, in batches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.analysis.model import Buffering
from reposgen.analysis.timeouts import milliseconds
from reposgen.diagnostics import Diagnostic, did_you_mean, error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.directive_specs import Subject
    from reposgen.diagnostics import Span
    from reposgen.sql_source.model import Directive

_OPTIONS: Final = ("size", "interval", "max", "full")
_OPTION: Final = re.compile(r"(?P<name>\w+) *= *(?P<value>[^, ]+)")
_EXAMPLE: Final = "write -- @buffered size=1000, interval=1s, max=10000, full=wait"
# Largest values of `size` and `max`, since each waiting row takes memory.
_MOST: Final = 10_000_000
_ROOM: Final = 10


def read_buffering(line: Directive, _: Subject) -> Buffering | Diagnostic:
    """Return the options of a `@buffered` line, or an error if it is invalid."""
    options = [(place, _OPTION.fullmatch(place.text)) for place in _parts(line)]
    mistake = next(_mistakes(options), None)
    if mistake is not None:
        return mistake
    values = {option["name"]: option["value"] for _, option in options if option}
    plain = Buffering()
    size = _count(values["size"]) if "size" in values else plain.size
    limit = _count(values["max"]) if "max" in values else _ROOM * size
    if limit < size:
        return _invalid(
            f"max={limit} is less than size={size}",
            line.argument_span,
            "increase max, or reduce size",
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
            yield _invalid("an option is written name=value", place)
            continue
        name, value = option["name"], option["value"]
        if name in seen:
            yield _invalid(f"option {name} is given twice", place, "remove one of them")
        seen.add(name)
        match name:
            case "size" | "max":
                if not 0 < _count(value) <= _MOST:
                    why = f"{name} must be a number of rows from 1 to {_MOST}"
                    yield _invalid(why, place)
            case "interval":
                if milliseconds(value) is None:
                    hint = "write interval=500ms, 2s, 5min or 1h"
                    yield _invalid("interval needs a duration", place, hint)
            case "full":
                if value not in ("wait", "drop"):
                    hint = "full=wait waits for room; full=drop drops the row"
                    yield _invalid("full must be wait or drop", place, hint)
            case _:
                meant = did_you_mean(name, _OPTIONS)
                hint = f"did you mean {meant}?" if meant else _EXAMPLE
                yield _invalid(f'there is no option "{name}"', place, hint)


def _count(text: str) -> int:
    """Return a text as a number; 0 if it is not a number or has more than 9 digits."""
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
