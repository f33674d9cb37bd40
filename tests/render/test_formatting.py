"""Pieces of code in black's form, however long their lists are."""

from __future__ import annotations

import black
import pytest

from reposgen.render.formatting import format_piece
from reposgen.render.imports import Import
from reposgen.render.lines import fitted_item

NAMES = [f"Record{number:04}Violation" for number in range(60)]
LONG = "a_constraint_with_a_name_as_long_as_such_names_become"
KEYS = [
    fitted_item(('"public"', '"record"', f'"{constraint}_{name}"'), name, 8)
    for name in NAMES
    for constraint in ("c", LONG, LONG + LONG)
]
PIECES = {
    "imports": Import(module=".errors", names=tuple(NAMES)).text,
    "aliases": Import(module=".e", names=tuple(f"{n} as _{n}" for n in NAMES)).text,
    "one import": Import(module=".errors", names=(f"A{'b' * 90}",)).text,
    "strings": "__all__ = [\n" + "".join(f'    "{name}",\n' for name in NAMES) + "]",
    "keys": "P = Package(\n    constraints={\n"
    + "".join(f"        {key}\n" for key in KEYS)
    + "    },\n)",
    "alike": 'A = [\n    "a",\n    "b",\n]\nB = [\n    "a",\n    "c",\n]',
    "badly indented": "A = [\n  'x',\n      \"y\",\n]",
    "in a string": 'A = """[\n    "b",\n    "c",\n]"""',
    "tuple": 'T: Final = (\n    "uuid",\n    "text",\n    "int8",\n)',
    "arguments": (
        "    def f(self):\n        return self.g(\n            A,\n            (\n"
        "                b,\n                c,\n                d,\n            ),\n"
        "        )"
    ),
    "set": 'S = {\n    "a",\n    "b",\n    "c",\n}',
    "joined by black": "X = f(a)[\n    b,\n    c,\n    d\n]",
    "method": "    def f(self):\n        g(\n            b,\n            c,\n        )",
}


@pytest.mark.parametrize("name", PIECES)
def test_format_is_blacks(name: str) -> None:
    piece = PIECES[name]
    head = "class C:\n" if piece.startswith("    ") else ""
    whole = black.format_str(f"{head}{piece}\n", mode=black.Mode())
    assert format_piece(piece) == whole.removeprefix(head).strip("\n")
