"""Conversion of pydantic's errors to diagnostics at their location in the file."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from reposgen.config.model import (
    DatabaseConfig,
    LockRule,
    OutputConfig,
    PackageConfig,
    PlanRule,
    RuleConfig,
    Sections,
    TenantConfig,
    TypeOverride,
)
from reposgen.diagnostics import Diagnostic, error, sorted_diagnostics

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from reposgen.config.locations import KeyPath, Locations

_TABLES: dict[str, type[BaseModel]] = {
    "[database]": DatabaseConfig,
    "[output]": OutputConfig,
    "[[package]]": PackageConfig,
    "[package.types]": TypeOverride,
    "[package.tenant]": TenantConfig,
    "[package.vet]": RuleConfig,
}


def to_diagnostics(
    invalid: ValidationError, places: Locations
) -> tuple[Diagnostic, ...]:
    """Return a diagnostic for each of pydantic's errors; none shows a value."""
    errors = invalid.errors(include_url=False, include_input=False)
    # What is one of several enums has an error for each of them.
    return sorted_diagnostics(
        {
            _diagnostic(found, places)
            for found in errors
            # A list all of whose items are wrong counts as too short on top of that.
            if not (found["type"] == "too_short" and _has_inner(found["loc"], errors))
        }
    )


def _has_inner(path: KeyPath, errors: list[ErrorDetails]) -> bool:
    return any(
        len(other["loc"]) > len(path) and other["loc"][: len(path)] == path
        for other in errors
    )


def _diagnostic(found: ErrorDetails, places: Locations) -> Diagnostic:
    path: KeyPath = found["loc"]
    context = found.get("ctx", {})
    key = str(path[-1]) if path else ""
    match found["type"]:
        case "extra_forbidden":
            table = _table_of(path)
            return error(
                "config-unknown-key",
                f'unknown key "{key}"{f" in {table}" if table else ""}',
                span=places.key(*path),
                hint=_unknown_key_hint(key, table),
            )
        case "missing":
            table = _table_of(path)
            name = "[[package]]" if not table else f'"{key}" in {table}'
            return error(
                "config-missing-key",
                f"{name} is missing",
                span=places.key(*path[:-1]),
                hint=_MISSING_HINTS.get(key),
            )
        case "complaint":
            return error(
                "config-invalid-value",
                context["message"],
                span=places.value(*path),
                hint=context["hint"],
            )
        case "enum" if "[key]" in path:
            *above, unknown = path[: path.index("[key]")]
            return error(
                "config-unknown-key",
                f'unknown rule "{unknown}" in [package.vet]',
                span=places.key(*above, unknown),
                hint=_unknown_rule_hint(str(unknown)),
            )
        case "enum":
            message = f"expected {context['expected']}"
        case "string_type":
            message = "expected a string"
        case "tuple_type":
            message = "expected a list"
        case "too_short" | "string_too_short":
            message = "nothing is named here"
        case "model_type" | "mapping_type" | "dict_type":
            message = "expected a table"
        case _:
            message = found["msg"][:1].lower() + found["msg"][1:]
    return error("config-invalid-value", message, span=places.value(*path))


_MISSING_HINTS = {
    "package": 'add [[package]] with name = "…" and queries = "…"',
    "name": 'name = "…" is what the generated package is called',
    "queries": 'queries = "queries" names the folder of annotated .sql files',
}


def _table_of(path: KeyPath) -> str | None:
    match path:
        case (_,):
            return None
        case ("package", _, "types", *_):
            return "[package.types]"
        case ("package", _, "vet", *_):
            return "[package.vet]"
        case ("package", *_):
            return "[[package]]"
        case (name, *_):
            return f"[{name}]"
        case _:
            return None


def _keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def _unknown_key_hint(key: str, table: str | None) -> str:
    known = _keys(_TABLES[table] if table else Sections)
    if close := get_close_matches(key, known, n=1):
        return f"did you mean {close[0]}?"
    for other, model in _TABLES.items():
        if other != table and key in _keys(model):
            return f"{key} belongs in {other}"
    return f"known here: {', '.join(known)}"


def _unknown_rule_hint(name: str) -> str:
    known = [rule.value for rules in (PlanRule, LockRule) for rule in rules]
    if close := get_close_matches(name, known, n=1):
        return f"did you mean {close[0]}?"
    return f"rules: {', '.join(known)}"
