"""Derives synchronous code from asynchronous code, and checks that it is up to date.

    python generator/tools/derive_sync.py [--check]

Only names and keywords change, token by token; ruff gives the result its form. Modules
that differ in more than that (`_compat.py`) are written by hand, twice.
"""

from __future__ import annotations

import argparse
import io
import re
import subprocess
import sys
import tokenize
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    ROOT / "generator/runtime/reposgen_runtime",
    ROOT / "tests/runtime",
    ROOT / "tests/faults",
    ROOT / "tests/observe",
    *(path.parent for path in sorted((ROOT / "tests/systems").glob("*/aio"))),
)
BY_HAND = {"_background.py", "_compat.py", "conftest.py"}

DROPPED = {"async", "await"}
NAMES = {
    "AbstractAsyncContextManager": "AbstractContextManager",
    "AsyncConnection": "Connection",
    "AsyncConnectionPool": "ConnectionPool",
    "AsyncCopy": "Copy",
    "AsyncExitStack": "ExitStack",
    "AsyncGenerator": "Generator",
    "AsyncIterable": "Iterable",
    "AsyncIterator": "Iterator",
    "AsyncRawCursor": "RawCursor",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "aclose": "close",
    "aclosing": "closing",
    "aio": "sync",
    "aiter": "iter",
    "anext": "next",
    "asynccontextmanager": "contextmanager",
    "athrow": "throw",
    "enter_async_context": "enter_context",
}
# What is left to do once the names are right.
TEXT = (
    (re.compile(r"\ban `async "), "a `"),
    (re.compile(r"\b(async|await) "), ""),
    (re.compile(r"\bGenerator\[([^,]+), None\]"), r"Generator[\1, None, None]"),
    (re.compile(r"\bIterable\[(\w+)\] \| Iterable\[\1\]"), r"Iterable[\1]"),
    (re.compile(r"\b(Iterable|Iterator), \1\b"), r"\1"),
    (re.compile(r"\bAwaitable\[(\w+)\]"), r"\1"),
    (re.compile(r"\basyncio\b"), "threads"),
    (re.compile(r"\btask('s|s)? (?=that|other|than|of|, )"), r"thread\1 "),
    (re.compile(r"\b(this|another) task\b"), r"\1 thread"),
    (re.compile(r"\b(this|another) task's\b"), r"\1 thread's"),
    # Modules of one API flavor in a generated package; the rest is shared.
    (
        re.compile(
            r"\bfrom generated\.(\w+)"
            r"(?= import Database$|\.\w+ import \w+Repository$"
            r"| import \(\s+\w+Protocol,)",
            re.MULTILINE,
        ),
        r"from generated.\1.sync",
    ),
)
# What becomes simpler without `async`.
SIMPLER = "I,F401,UP028,C416,SIM117"
# Where that does not succeed, the original's form will do.
TEST_HEADER = "# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them\n"
HEADER = "# Derived from ../aio/{} by derive_sync.py: change that file.\n"


def replacements(source: str) -> Iterator[tuple[int, int, str]]:
    """Which stretches of the source become what, in order."""
    lines = source.splitlines(keepends=True)
    offsets = [0, *accumulate(map(len, lines))]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.NAME:
            continue
        start = offsets[token.start[0] - 1] + token.start[1]
        end = start + len(token.string)
        if token.string in DROPPED:
            behind = len(source[end:]) - len(source[end:].lstrip())
            yield start, end + behind, ""
        elif token.string in NAMES:
            yield start, end, NAMES[token.string]


def derive(source: str, header: str) -> str:
    """Return the synchronous twin of an asynchronous module, formatted."""
    parts = []
    position = 0
    for start, end, text in replacements(source):
        parts += [source[position:start], text]
        position = end
    derived = "".join((*parts, source[position:]))
    for pattern, replacement in TEXT:
        derived = pattern.sub(replacement, derived)
    return formatted(header + derived)


def formatted(source: str) -> str:
    """As ruff would have it."""
    for command in (
        (
            "check",
            "--fix-only",
            "--unsafe-fixes",
            "--quiet",
            "--select",
            SIMPLER,
        ),
        ("format", "--quiet"),
    ):
        source = subprocess.run(  # noqa: S603 -- our own interpreter, fixed arguments
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", "x.py", "-"],
            input=source,
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
        ).stdout
    return source


def main() -> int:
    """Write what is derived, or say what is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    stale = []
    for folder in FOLDERS:
        for path in sorted((folder / "aio").glob("*.py")):
            if path.name in BY_HAND:
                continue
            target = folder / "sync" / path.name
            header = HEADER.format(path.name)
            if path.name.startswith("test_"):
                header += TEST_HEADER
            wanted = derive(path.read_text(encoding="utf-8"), header)
            if target.exists() and target.read_text(encoding="utf-8") == wanted:
                continue
            stale.append(target.relative_to(ROOT))
            if not check:
                target.parent.mkdir(exist_ok=True)
                target.write_text(wanted, encoding="utf-8")
    for name in stale:
        sys.stdout.write(f"{name} {'is stale' if check else 'written'}\n")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
