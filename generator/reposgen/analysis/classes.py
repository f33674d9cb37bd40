"""Readers of `@json`, `@type` and `@row`: the classes of a query's values and rows."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from reposgen.analysis.model import ClassChoice, Column, RowName
from reposgen.analysis.types import base_of
from reposgen.diagnostics import Diagnostic, did_you_mean, error
from reposgen.live_schema.model import ArrayType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.analysis.directive_specs import Subject
    from reposgen.live_schema.model import PgType
    from reposgen.sql_source.model import Directive

_CHOICE = re.compile(r"(?P<name>[^=]*?)\s*=\s*(?P<target>.*)")
_JSON = ("json", "jsonb")


def read_class(line: Directive, subject: Subject) -> ClassChoice | Diagnostic:
    """Return the class of a column or parameter, or an error for an invalid line."""
    found = _CHOICE.fullmatch(line.argument)
    if not found or not found["name"] or not found["target"]:
        return error(
            "malformed-choice",
            f"@{line.word} needs a column or parameter, and its class",
            span=line.span,
            hint=f"write -- @{line.word} column = module.Class",
        )
    name = found["name"]
    types = _types(subject)
    start = line.argument_span.start
    source = line.span.source
    if name not in types:
        meant = did_you_mean(name, types)
        return error(
            "unknown-choice",
            f'the query has no column or parameter "{name}"',
            span=source.span(start, start + len(name)),
            hint=f"did you mean {meant}?"
            if meant
            else f"available: {', '.join(types)}",
        )
    if line.word == "json":
        other = next((t for t in types[name] if not _is_json(t)), None)
        if other is not None:
            return error(
                "no-json",
                f"{name} is of type {other.sql}, which is not JSON",
                span=source.span(start, start + len(name)),
                hint=f"use @type, or cast it to jsonb: {name}::jsonb",
            )
    return ClassChoice(
        name=name,
        target=found["target"],
        span=source.span(start + found.start("target"), start + found.end("target")),
    )


def repeated_classes(
    classes: Sequence[ClassChoice],
) -> tuple[Diagnostic, ...]:
    """Return an error for each column or parameter that has two classes."""
    seen: set[str] = set()
    mistakes = []
    for one in classes:
        if one.name in seen:
            mistakes.append(
                error(
                    "repeated-choice",
                    f"{one.name} is given more than one class",
                    span=one.span,
                    hint="remove one of the lines",
                )
            )
        seen.add(one.name)
    return tuple(mistakes)


def _types(subject: Subject) -> dict[str, list[PgType]]:
    """Return the types of the query's parameters and columns, by name."""
    types: dict[str, list[PgType]] = {}
    for parameter in subject.parameters:
        types.setdefault(parameter.name, []).append(parameter.type)
    for item in subject.items:
        if isinstance(item, Column):
            types.setdefault(item.name, []).append(item.type)
    return types


def _is_json(type_: PgType) -> bool:
    base = base_of(type_)
    if isinstance(base, ArrayType):
        return _is_json(base.element)
    return base.schema == "pg_catalog" and base.name in _JSON


def read_row_name(line: Directive, _: Subject) -> RowName | Diagnostic:
    """Return the name of the row class, or an error for an invalid line."""
    name = line.argument
    usable = name.isidentifier() and not keyword.iskeyword(name)
    if not usable or name.startswith("_"):
        return error(
            "malformed-row-name",
            "@row needs the name of a class",
            span=line.span,
            hint="write -- @row TaskSummary",
        )
    return RowName(name=name, span=line.argument_span)
