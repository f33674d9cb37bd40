"""`@json`, `@type` and `@row`: the classes that a query's values and rows become."""

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

    from reposgen.analysis.model import Parameter, ResultItem
    from reposgen.live_schema.model import PgType
    from reposgen.sql_source.model import Directive, Query

_CHOICE = re.compile(r"(?P<name>[^=]*?)\s*=\s*(?P<target>.*)")
_WORDS = ("json", "type")
_JSON = ("json", "jsonb")


def read_classes(
    query: Query, parameters: Sequence[Parameter], items: Sequence[ResultItem]
) -> tuple[tuple[ClassChoice, ...], tuple[Diagnostic, ...]]:
    """The query's `@json` and `@type` lines, and what is wrong with them."""
    types: dict[str, list[PgType]] = {}
    for parameter in parameters:
        types.setdefault(parameter.name, []).append(parameter.type)
    for item in items:
        if isinstance(item, Column):
            types.setdefault(item.name, []).append(item.type)
    choices: dict[str, ClassChoice] = {}
    mistakes: list[Diagnostic] = []
    for directive in query.directives:
        if directive.word not in _WORDS:
            continue
        choice = _read(directive, types)
        if isinstance(choice, Diagnostic):
            mistakes.append(choice)
        elif choice.name in choices:
            mistakes.append(
                error(
                    "repeated-choice",
                    f"{choice.name} has a class already",
                    span=directive.span,
                    hint="leave one of the lines out",
                )
            )
        else:
            choices[choice.name] = choice
    return tuple(choices.values()), tuple(mistakes)


def _read(
    directive: Directive, types: dict[str, list[PgType]]
) -> ClassChoice | Diagnostic:
    found = _CHOICE.fullmatch(directive.argument)
    if not found or not found["name"] or not found["target"]:
        return error(
            "malformed-choice",
            f"@{directive.word} needs a column or parameter, and its class",
            span=directive.span,
            hint=f"write -- @{directive.word} column = module.Class",
        )
    name = found["name"]
    start = directive.argument_span.start
    source = directive.span.source
    if name not in types:
        meant = did_you_mean(name, types)
        return error(
            "unknown-choice",
            f"the query has no column or parameter {name}",
            span=source.span(start, start + len(name)),
            hint=f"did you mean {meant}?" if meant else f"it has {', '.join(types)}",
        )
    if directive.word == "json":
        other = next((t for t in types[name] if not _is_json(t)), None)
        if other is not None:
            return error(
                "no-json",
                f"{name} is of type {other.sql}, which holds no JSON",
                span=source.span(start, start + len(name)),
                hint=f"use @type, or cast it to jsonb: {name}::jsonb",
            )
    return ClassChoice(
        name=name,
        target=found["target"],
        span=source.span(start + found.start("target"), start + found.end("target")),
    )


def _is_json(type_: PgType) -> bool:
    base = base_of(type_)
    if isinstance(base, ArrayType):
        return _is_json(base.element)
    return base.schema == "pg_catalog" and base.name in _JSON


def read_row_name(query: Query) -> RowName | Diagnostic | None:
    """The query's `@row` line, or what is wrong with it."""
    lines = [directive for directive in query.directives if directive.word == "row"]
    if not lines:
        return None
    name = lines[0].argument
    usable = name.isidentifier() and not keyword.iskeyword(name)
    if len(lines) > 1 or not usable or name.startswith("_"):
        return error(
            "malformed-row-name",
            "@row names the one class of the query's rows",
            span=lines[-1].span,
            hint="write -- @row TaskSummary",
        )
    return RowName(name=name, span=lines[0].argument_span)
