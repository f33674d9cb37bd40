"""Formatting of pieces of Python with black, in several processes if there are many."""

from __future__ import annotations

import multiprocessing
import os
import re
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from reposgen.render.lines import LINE_LENGTH
from reposgen.render.settled import is_settled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import black

# Lines of code. Below this another process takes longer to start than it saves.
_WORTH_A_PROCESS = 4_000
_CHUNK = 50
_INDENT = "    "
# What a method is put in to be formatted alone.
_CLASS = "class C:\n"
# Lines of one item each, behind which the trailing comma keeps the brackets broken.
_STRING = r'"[ !#-\[\]-~]*"'
_BROKEN = rf"\n(?:(?P=indent)    {_STRING},\n)+(?P=indent)"
_KEY = rf"\((?:{_STRING}(?:, {_STRING})+|{_BROKEN})\)"
_ITEM = rf"(?:\w+(?: as \w+)?|{_STRING}|{_KEY}: \w+),\n"
_ITEMS = re.compile(
    rf"(?<=[(\[{{]\n)(?P<first>(?P<indent> +){_ITEM}(?P=indent){_ITEM})"
    rf"(?P<others>(?:(?P=indent){_ITEM})+)(?= *[)\]}}])",
    re.ASCII,
)


def format_pieces(pieces: Sequence[str]) -> Mapping[str, str]:
    """Return each piece as black formats it.

    Args:
        pieces: statements, and methods with their indentation.
    """
    settled = [piece for piece in pieces if is_settled(piece)]
    known = dict(zip(settled, settled, strict=True))
    return {**known, **_formatted([piece for piece in pieces if piece not in known])}


def _formatted(pieces: Sequence[str]) -> Mapping[str, str]:
    lines = sum(piece.count("\n") + 1 for piece in pieces)
    workers = min(os.cpu_count() or 1, lines // _WORTH_A_PROCESS)
    if workers > 1:
        try:
            return _in_processes(pieces, workers)
        except (OSError, BrokenExecutor):
            # Some systems have no semaphores to share, and a program that calls us
            # may be none that can be imported once more.
            pass
    return {piece: format_piece(piece) for piece in pieces}


def format_piece(piece: str) -> str:
    """Return one piece as black formats it, without newlines around it."""
    # Most runs have nothing to be formatted, and black takes its time to be imported.
    import black  # noqa: PLC0415 - as said

    around = _CLASS if piece.startswith(_INDENT) else ""

    def formatted(code: str) -> str:
        # What black changes it goes through twice, be it for a newline.
        text = black.format_str(f"{around}{code}\n", mode=_mode())
        return text.removeprefix(around).strip("\n")

    short, removed = _shortened(piece)
    whole = _lengthened(formatted(short), removed)
    return formatted(piece) if whole is None else whole


def _shortened(piece: str) -> tuple[str, Mapping[str, str]]:
    """Return the piece with long lists cut to two items, and the removed items.

    Black leaves these lines unchanged, but spends most of its time on them in a
    package's list of names. Two items keep the brackets on separate lines, one does
    not.
    """
    removed: dict[str, str] = {}

    def shorten(found: re.Match[str]) -> str:
        first, others = found["first"], found["others"]
        is_settled = max(map(len, found[0].splitlines())) <= LINE_LENGTH
        if first in removed or piece.count(first) != 1 or not is_settled:
            return found[0]
        removed[first] = others
        return first

    return _ITEMS.sub(shorten, piece), removed


def _lengthened(formatted: str, removed: Mapping[str, str]) -> str | None:
    """Return the piece with its lists restored; None if one cannot be found."""
    for first, others in removed.items():
        if formatted.count(first) != 1:
            return None
        formatted = formatted.replace(first, first + others)
    return formatted


@cache
def _mode() -> black.Mode:
    from black.mode import Mode, TargetVersion  # noqa: PLC0415 - as above

    return Mode(line_length=LINE_LENGTH, target_versions={TargetVersion.PY311})


def _in_processes(pieces: Sequence[str], workers: int) -> Mapping[str, str]:
    # A fork would take threads' locks along in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        formatted = pool.map(format_piece, pieces, chunksize=_CHUNK)
        return dict(zip(pieces, formatted, strict=True))
