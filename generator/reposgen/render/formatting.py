"""Black's form of pieces of Python; of many in several processes."""

from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

from reposgen.render.lines import LINE_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import black

# Lines of code. Below this another process takes longer to start than it saves.
_WORTH_A_PROCESS = 4_000
_CHUNK = 50
_INDENT = "    "
# What a method is put in to be formatted alone.
_CLASS = "class C:\n"


def format_pieces(pieces: Sequence[str]) -> Mapping[str, str]:
    """Each piece as black leaves it.

    Args:
        pieces: statements, and methods with their indentation.
    """
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
    """One piece as black leaves it, without newlines around it."""
    # Most runs have nothing to be formatted, and black takes its time to be imported.
    import black  # noqa: PLC0415 - as said

    around = _CLASS if piece.startswith(_INDENT) else ""
    # What black changes it goes through twice, be it for a newline.
    formatted = black.format_str(f"{around}{piece}\n", mode=_mode())
    return formatted.removeprefix(around).strip("\n")


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
