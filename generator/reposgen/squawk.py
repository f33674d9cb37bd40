"""General rules of migrations, judged by squawk, which is an optional dependency."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reposgen.diagnostics import (
    Diagnostic,
    ReposgenError,
    Severity,
    SourceFile,
    error,
    note,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.database.model import MigrationFile, Part

PREFIX: Final = "squawk-"
# The server has accepted the file: what squawk cannot parse is not wrong.
_NOT_JUDGED: Final = frozenset({"syntax-error"})
_SEVERITIES: Final = {"Error": Severity.ERROR}
# 0 without findings, 1 with some, or if it could not run.
_RAN: Final = frozenset({0, 1})


def find_squawk() -> str | None:
    """Return the path of squawk's program, in this environment first; None without."""
    beside = shutil.which("squawk", path=str(Path(sys.executable).parent))
    return beside or shutil.which("squawk")


def squawk_missing() -> Diagnostic:
    """Return a note that general rules were not applied."""
    return note(
        "squawk-missing",
        "general rules of migrations are not applied, since squawk is not installed",
        hint="pip install 'reposgen[squawk]'",
    )


def lint_migration(
    program: str,
    file: MigrationFile,
    root: Path,
    *,
    major: int,
    is_in_transaction: bool,
) -> tuple[Diagnostic, ...]:
    """Return what squawk says about a migration, with the places in the file.

    Args:
        program: the path of squawk's program.
        file: the migration; the part that takes it back is not judged.
        root: the project's folder; a .squawk.toml there is used.
        major: the server's major version.
        is_in_transaction: True if the whole file runs in one transaction.

    Raises:
        ReposgenError: squawk could not be run.
    """
    if file.place is None:
        return ()
    command = [program, "--reporter", "json", f"--pg-version={major}.0"]
    if is_in_transaction:
        command.append("--assume-in-transaction")
    done = subprocess.run(  # noqa: S603 -- squawk, and a file of the project
        [*command, str(file.place.resolve())],
        cwd=root,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    text = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode not in _RAN or (not text and done.returncode):
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        reason = said[0] if said else f"exit status {done.returncode}"
        raise ReposgenError(
            [error("squawk-failed", f"squawk could not run: {reason}", path=file.path)]
        )
    return tuple(_diagnostics(json.loads(text or "[]"), file.parts))


def _diagnostics(
    found: Sequence[dict[str, Any]], parts: Sequence[Part]
) -> Iterator[Diagnostic]:
    source = parts[0].source
    for one in found:
        if one["rule_name"] in _NOT_JUDGED:
            continue
        start = _offset(source, one["line"], one["column"])
        end = _offset(source, one["line_end"], one["column_end"])
        if any(p.source is source and p.start <= start < p.end for p in parts):
            # A finding about a whole statement is shown at its first line.
            line_end = start + len(source.text[start:].split("\n", 1)[0])
            yield Diagnostic(
                code=f"{PREFIX}{one['rule_name']}",
                message=_sentence(one["message"]),
                severity=_SEVERITIES.get(one["level"], Severity.WARNING),
                span=source.span(start, max(start + 1, min(end, line_end))),
                hint=_sentence(one["help"]) if one["help"] else None,
            )


def _offset(source: SourceFile, line: int, column: int) -> int:
    """Return the offset of a line and column, which squawk counts from 0 in bytes."""
    lines = source.text.split("\n")
    before = sum(len(one) + 1 for one in lines[:line])
    if line >= len(lines):
        return len(source.text)
    return before + len(lines[line].encode()[:column].decode("utf-8", "replace"))


def _sentence(text: str) -> str:
    """Return a text as messages are written: on one line, without a full stop."""
    text = " ".join(text.split()).removesuffix(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
