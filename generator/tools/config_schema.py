"""Writes the JSON schema of codegen.toml, which editors and linters read.

    python generator/tools/config_schema.py [--check]

It is made from the models that read the configuration; what the keys mean is taken from
their docstrings. Draft 7, as SchemaStore asks for.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reposgen.config import model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

TARGET = Path(inspect.getfile(model)).with_name("codegen.schema.json")
ID = "https://json.schemastore.org/reposgen.json"
_ATTRIBUTE = re.compile(r"^    (\w+): (.+(?:\n        .+)*)", re.MULTILINE)


def document() -> str:
    """Return the schema as text."""
    schema = model.Sections.model_json_schema(ref_template="#/definitions/{model}")
    definitions = schema.pop("$defs")
    for name, definition in definitions.items():
        _describe(definition, getattr(model, name))
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$id": ID,
        **schema,
        "title": "codegen.toml",
        "description": "What reposgen generates, from where, to where.",
        "definitions": definitions,
    }
    return json.dumps(_without_null(schema), ensure_ascii=False, indent=2) + "\n"


def _describe(definition: dict[str, Any], kind: type[BaseModel]) -> None:
    """Put each key's words beside it, in place of the class's own."""
    head, _, attributes = (inspect.getdoc(kind) or "").partition("\n\nAttributes:\n")
    definition["description"] = head
    definition.pop("title", None)
    words = _attributes(attributes)
    aliases = {
        name: field.alias or name
        for name, field in getattr(kind, "model_fields", {}).items()
    }
    for name, alias in aliases.items():
        key = definition["properties"][alias]
        key.pop("title", None)
        if name in words:
            key["description"] = words[name]


def _attributes(text: str) -> Mapping[str, str]:
    return {
        found[1]: re.sub(r"\s+", " ", found[2]) for found in _ATTRIBUTE.finditer(text)
    }


def _without_null(value: Any) -> Any:  # noqa: ANN401 - JSON
    """TOML has no null: a key is there or not."""
    match value:
        case dict():
            kept = {
                key: _without_null(item)
                for key, item in value.items()
                if not (key == "default" and item is None)
            }
            choices = [c for c in kept.get("anyOf", ()) if c != {"type": "null"}]
            if "anyOf" in kept and len(choices) == 1:
                del kept["anyOf"]
                return {**choices[0], **kept}
            return {**kept, "anyOf": choices} if choices else kept
        case list():
            return [_without_null(item) for item in value]
        case _:
            return value


def main() -> int:
    """Write the file, or tell whether it is fresh."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    text = document()
    if parser.parse_args().check:
        return int(TARGET.read_text(encoding="utf-8") != text)
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
