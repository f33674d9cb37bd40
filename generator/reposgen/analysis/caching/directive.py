"""Reader of `@cache ttl=5m levels=l1,l2 key=id negative=30s stale=10s`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from reposgen.analysis.caching.accesses import read_accesses
from reposgen.analysis.caching.determinism import Determinism
from reposgen.analysis.caching.model import Caching
from reposgen.analysis.timeouts import milliseconds
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.live_schema.functions import builtin_functions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.analysis.caching.model import Access
    from reposgen.analysis.directive_specs import Subject
    from reposgen.diagnostics import Span
    from reposgen.sql_source.model import Directive

_OPTIONS: Final = ("ttl", "levels", "key", "negative", "stale")
_TIMES: Final = ("ttl", "negative", "stale")
_LEVELS: Final = ("l1", "l2")
_EXAMPLE: Final = "write -- @cache ttl=5m levels=l1,l2 key=id negative=30s stale=10s"
_REMOVE: Final = "remove the line"
_WORD: Final = re.compile(r"\S+")
# Longest duration: 30 days.
_LONGEST_MS: Final = 30 * 24 * 3600 * 1000


def read_cache(line: Directive, subject: Subject) -> Caching | Diagnostic:
    """Return the options of a `@cache` line, or why the query cannot be cached."""
    values: dict[str, str] = {}
    for place in _words(line):
        mistake = _take(place, values)
        if mistake is not None:
            return mistake
    if "ttl" not in values:
        return _invalid(
            "@cache needs a ttl", line.argument_span if line.argument else line.span
        )
    depends = _depends(line, subject)
    if isinstance(depends, Diagnostic):
        return depends
    key = tuple(values["key"].split(",")) if "key" in values else ()
    known = {pin.column for access in depends for pin in access.pins}
    for column in key:
        if column not in known:
            return error(
                "cache-key",
                f'the query does not compare column "{column}" with one value',
                span=line.argument_span,
                hint=_key_hint(known),
            )
    return Caching(
        ttl_ms=milliseconds(values["ttl"]) or 0,
        levels=tuple(values["levels"].split(",")) if "levels" in values else _LEVELS,
        key=key,
        negative_ms=milliseconds(values.get("negative", "")) or 0,
        stale_ms=milliseconds(values.get("stale", "")) or 0,
        depends=depends,
        span=line.span,
    )


def _key_hint(known: set[str]) -> str:
    if not known:
        return "remove key=: a change of any row invalidates the results"
    return f"the columns to choose from: {', '.join(sorted(known))}"


def _depends(line: Directive, subject: Subject) -> tuple[Access, ...] | Diagnostic:
    """Return the rows that the result depends on, or why it cannot be cached."""
    described, lineage = subject.described, subject.lineage
    tree = described.tree
    if tree is None or lineage is None or described.utility is not None:
        return _refused(line, "the server sends no tree of the statement", _REMOVE)
    if not lineage.read_only:
        return _refused(line, lineage.why_not_read_only or "it writes", _REMOVE)
    walker = Determinism(
        described.catalog,
        builtin_functions(described.catalog.major),
        subject.definitions,
        subject.tenant,
        described.text.text if described.has_places else None,
    )
    varying = walker.of(tree)
    if varying is not None:
        return _refused(line, varying.reason, varying.hint)
    for name in lineage.unknown_reads:
        if name not in walker.followed:
            return _refused(line, f"{name} can read tables that are not known", _REMOVE)
    return read_accesses(
        (tree, *walker.bodies), lineage, described.catalog, subject.optional
    )


def _refused(line: Directive, reason: str, hint: str) -> Diagnostic:
    return error(
        "cache-refused",
        f"the result cannot be cached: {reason}",
        span=line.span,
        hint=hint,
    )


def _words(line: Directive) -> Iterator[Span]:
    source, start = line.span.source, line.argument_span.start
    for word in _WORD.finditer(line.argument):
        yield source.span(start + word.start(), start + word.end())


def _take(  # noqa: PLR0911 - one return for each mistake
    place: Span, values: dict[str, str]
) -> Diagnostic | None:
    """Add an option to `values`, or return the error in it."""
    name, equals, value = place.text.partition("=")
    if not (name and equals and value):
        return _invalid("an option is written name=value", place)
    if name not in _OPTIONS:
        meant = did_you_mean(name, _OPTIONS)
        hint = f"did you mean {meant}?" if meant else _EXAMPLE
        return _invalid(f'there is no option "{name}"', place, hint)
    if name in values:
        return _invalid(f"option {name} is given twice", place, "remove one of them")
    values[name] = value
    if name in _TIMES and not 0 < (milliseconds(value) or 0) <= _LONGEST_MS:
        return _invalid(
            f"{name} needs a duration of at most 30 days",
            place,
            f"write {name}=500ms, 2s, 5min or 1h",
        )
    if name == "levels":
        levels = value.split(",")
        if not set(levels) <= set(_LEVELS) or len(levels) != len(set(levels)):
            return _invalid(
                "levels must be l1, l2 or both",
                place,
                "levels=l1 keeps results in the process, l2 in Redis",
            )
    if name == "key" and not all(value.split(",")):
        return _invalid("key needs columns, separated by commas", place)
    return None


def _invalid(message: str, place: Span, hint: str = _EXAMPLE) -> Diagnostic:
    return error("invalid-cache", message, span=place, hint=hint)
