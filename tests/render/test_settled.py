"""Pieces that are not shown to black are those that black would not change."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reposgen.render.formatting import format_piece
from reposgen.render.pieces import pieces_of
from reposgen.render.settled import is_settled

if TYPE_CHECKING:
    from collections.abc import Sequence

GOLDEN = Path(__file__).parent.parent / "golden"
# Of each number of changes that are made to a piece.
MUTANTS = 150


@cache
def pieces() -> Sequence[str]:
    files = sorted(GOLDEN.glob("*/expected/**/*.py"))
    found = {
        piece.text: None
        for path in files
        if "_runtime" not in path.parts
        for piece in pieces_of(path.read_text(encoding="utf-8"))
    }
    return [*found]


def test_nearly_all_pieces_are_known() -> None:
    settled = sum(map(is_settled, pieces()))
    assert settled / len(pieces()) > 0.85


def mutant(piece: str, chance: random.Random) -> str:  # noqa: PLR0911 -- of each kind
    """The piece with a word of another length, or a space or a line too many."""
    match chance.randrange(10):
        case 0 | 1:
            words = [*re.finditer(r"\b[a-zA-Z_]\w+\b", piece)]
            word = chance.choice(words)
            other = word[0] + "x" * chance.randrange(40)
            return piece[: word.start()] + other + piece[word.end() :]
        case 2:
            names = re.findall(r"\b[a-zA-Z_]\w{3,}\b", piece) or ["def"]
            return piece.replace(chance.choice(names), "ab")
        case 3:
            places = [m.end() for m in re.finditer(r"[(\[{,] ?", piece)] or [0]
            place = chance.choice(places)
            indent = " " * chance.choice([4, 8, 12])
            return f"{piece[:place].rstrip(' ')}\n{indent}{piece[place:]}"
        case 4:
            return re.sub(r"\n *", " ", piece, count=1)
        case 5:
            lines = piece.split("\n")
            place = chance.randrange(len(lines))
            return "\n".join((*lines[:place], "", *lines[place:])).strip("\n")
        case 6:
            return re.sub(r",(?=\n *[)\]}])", "", piece, count=1)
        case 7:
            return re.sub(r"(?<=[\w\"])(?=[)\]}])", ",", piece, count=1)
        case 8:
            place = chance.randrange(len(piece))
            extra = chance.choice([" ", "(", ")", "'", '"', "\\", "#", ",", ";", "é"])
            return (piece[:place] + extra + piece[place:]).strip("\n")
        case _:
            place = chance.randrange(len(piece))
            return (piece[:place] + piece[place + 1 :]).strip("\n")


@pytest.mark.parametrize("changes", [1, 2, 3])
def test_black_changes_nothing_that_is_settled(changes: int) -> None:
    chance = random.Random(changes)
    settled = 0
    for _ in range(MUTANTS):
        piece = chance.choice(pieces())
        for _ in range(changes):
            piece = mutant(piece, chance) or piece
        if is_settled(piece):
            settled += 1
            assert format_piece(piece) == piece
    assert settled > MUTANTS / 20


@pytest.mark.parametrize(
    "piece",
    [
        "A = 'a'",
        "A = (\n    1,\n)",
        "A = f(\n    a, b\n)",
        "A = f(\n    a, b,\n    c,\n)",
        "A = (1)",
        "A = 0X1F",
        "A = f(a = 1)",
        "A = f(a,)",
        "A=1",
        "A = 1;",
        "A = 1  # why",
        "A = f(\n    a,\n\n    b,\n)",
        f"A = {'a' * 90}",
        'class A:\n    """Text."""\n    a: int',
        'class A:\n    """Text."""\n\n\n    a: int',
        'class A:\n    """ Text."""',
        'class A:\n    """Text.\n\n        More.\n    """',
        'class A:\n    """Text.\n\n    More. \n    """',
        'class A:\n    """Text.\n\n    More.\n\n    """',
        'class A:\n    """Text\\d."""',
        "class A(B,):\n    a: int",
        "def f(\n    a,\n    b\n): ...",
        "    def f(self): return 1",
        "    def f(self):\n        return (1)",
        "    def f(self):\n        return self.g(\n            a,\n        )",
        "def f():\n    return 1\n\n    return 2",
        "import b, a\nimport c  ",
        "@f(a = 1)\nclass A:\n    a: int",
        "A = 1\r\nB = 2",
    ],
)
def test_what_black_may_change_is_shown_to_it(piece: str) -> None:
    assert not is_settled(piece)
