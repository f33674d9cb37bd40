"""Writes docs/errors.md: every code of a diagnostic, each with an example.

    python generator/tools/errors.py [--check]

The examples are the messages of the cases of the tests. Fails for a code that
the source emits and no case shows, unless `UNSEEN` tells why.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reposgen.config.model import LockRule, PlanRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "generator/reposgen"
CASES = (ROOT / "tests/diagnostics", ROOT / "tests/development/cases")
TARGET = ROOT / "docs/errors.md"

# What makes a diagnostic, its code first.
MAKERS = {
    *("Diagnostic", "DirectiveSpec", "Restriction"),
    *("error", "error_at", "note", "warning"),
}
CODE = re.compile(r"[a-z]+(?:-[a-z0-9]+)+")
HEAD_LINE = re.compile(rf"^.*\b(?:error|warning|note): .* \[({CODE.pattern})\]$")

SECTIONS = {
    "config": "Configuration",
    "sql_source": "Query files",
    "database": "Servers and migrations",
    "analysis": "Queries",
    "contracts": "Contracts",
    "python_model": "Generated names and types",
    "output": "Output",
    "development": "The development database and migrations",
    "plan_lock.py": "Contracts",
    "planning.py": "Contracts",
    "locking.py": "Contracts",
    "squawk.py": "Contracts",
    "cli": "Commands",
    "cache_triggers.py": "Commands",
    "scaffold.py": "Commands",
}
SERVER_SECTION = "Errors reported by PostgreSQL"
# Modules that belong to another section than their folder's.
OF_SERVER = SOURCE / "analysis/server_errors.py"

MACHINE = "the message depends on the machine"
PROXY = "only behind a proxy that drops the server's notices"
PROXY_OF_SESSIONS = "only behind a pooler"
SERVER_STARTS = "of a command that starts the development server"
RACE = "the file exists when the run starts and is deleted during the run"
# Codes that no case shows, and why.
UNSEEN = {
    "cache-closed": MACHINE,
    "cache-unwritable": MACHINE,
    "command-not-run": SERVER_STARTS,
    "config-unreadable": MACHINE,
    "connection-lost": "the server goes away in the middle of a run",
    "connection-refused": MACHINE,
    "docker-image": MACHINE,
    "docker-missing": MACHINE,
    "docker-unreachable": MACHINE,
    "edited-file": "only if the cache has an earlier run on the same machine",
    "transpile-missing": MACHINE,
    "file-names-alike": "not every disk can hold such files",
    "embedded-failed": MACHINE,
    "embedded-missing": MACHINE,
    "cache-temporary": MACHINE,
    "init-unwritable": MACHINE,
    "scaffold-unwritable": MACHINE,
    "too-deep": "a statement of that depth is too long for an example",
    "invalid-definition": "no query makes current servers report this",
    "missing-file": RACE,
    "missing-schema": RACE,
    "no-statement-statistics": "needs a server without pg_stat_statements",
    "no-trees": PROXY,
    "optimistic-without-tree": PROXY,
    "order-unknown": PROXY,
    "permission-denied": "needs a database whose owner has revoked privileges",
    "statistics-unwritable": MACHINE,
    "system-failed": MACHINE,
    "system-missing": MACHINE,
    "system-version": MACHINE,
    "docker-cleanup-image": MACHINE,
    "docker-not-ready": MACHINE,
    "development-folder": MACHINE,
    "development-server-stuck": MACHINE,
    "load-archive": SERVER_STARTS,
    "migration-pooler": PROXY_OF_SESSIONS,
    "not-a-development-database": SERVER_STARTS,
    "psql-missing": MACHINE,
    "squawk-failed": MACHINE,
    "squawk-missing": MACHINE,
    "server-too-old": "needs a server older than PostgreSQL 14",
    "unknown-collation": "current servers report this when a query runs, not before",
    "unknown-parameter": "parameters are numbered before the server sees them",
    "stale-file": "only in `check --format json` and the like",
    "unreadable-file": MACHINE,
    "unsupported-command": "every command of the query language is supported",
}

INTRODUCTION = """\
# Errors and warnings

Every message ends in a code. The code is stable, but the wording can change. The
examples show complete messages, and the `hint:` says how to fix the problem. After an
error, nothing is written. Warnings do not stop a run, and `reposgen vet` lists them.

`python generator/tools/errors.py` writes this page from the cases in
`tests/diagnostics/` and `tests/development/cases/`.
"""


def emitted_codes() -> Mapping[str, str]:
    """Return the codes in the source, each with the section that it belongs to."""
    # The names of rules are the codes of their findings.
    rules = (*PlanRule, *LockRule)
    found = {rule.value: SECTIONS["contracts"] for rule in rules}
    for path in sorted(SOURCE.rglob("*.py")):
        stage = path.relative_to(SOURCE).parts[0]
        section = SECTIONS.get(stage, SECTIONS["cli"])
        if path == OF_SERVER:
            section = SERVER_SECTION
        for code in codes_in(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(code, section)
    return found


def codes_in(module: ast.Module) -> Iterator[str]:
    """Return the codes that a module's diagnostics may have."""
    makers = MAKERS | set(_makers(module))
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in makers:
                for argument in (*node.args, *_keywords(node)):
                    yield from _code(argument)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if (
                name.lower().strip("_") in {"code", "codes", "other", "openings"}
            ):
                for part in ast.walk(value):
                    if isinstance(part, ast.expr):
                        yield from _code(part)
            case _:
                pass


def _keywords(node: ast.Call) -> Iterator[ast.expr]:
    """Yield the named arguments; the word of a directive is not a code."""
    for keyword in node.keywords:
        if keyword.arg != "word":
            yield keyword.value


def _makers(module: ast.Module) -> Iterator[str]:
    """Return the functions of a module that take the code as an argument."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef) and any(
            argument.arg == "code" for argument in node.args.args
        ):
            yield node.name


def _code(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(value=str(text)) if CODE.fullmatch(text):
            yield text
        case ast.JoinedStr(values=[ast.Constant(value="config-missing-"), _]):
            yield from ("config-missing-schema", "config-missing-queries")
        case _:
            pass


def examples() -> Mapping[str, str]:
    """One message for each code that a case shows, the shortest."""
    found: dict[str, str] = {}
    paths = (path for folder in CASES for path in folder.glob("*/expected.txt"))
    for path in sorted(paths):
        for code, message in _messages(path.read_text(encoding="utf-8")):
            if code not in found or len(message) < len(found[code]):
                found[code] = message
    return found


def _messages(text: str) -> Iterator[tuple[str, str]]:
    lines = text.splitlines()
    heads = [index for index, line in enumerate(lines) if HEAD_LINE.match(line)]
    for head in heads:
        end = head + 1
        while end < len(lines) and lines[end].startswith("  "):
            end += 1
        if match := HEAD_LINE.match(lines[head]):
            yield match[1], "\n".join(lines[head:end])


def gaps() -> list[str]:
    """Return what is wrong with the cases and with `UNSEEN`."""
    codes, shown = emitted_codes().keys(), examples().keys()
    missing = codes - shown - UNSEEN.keys()
    return [
        *(f"no case shows {code}" for code in sorted(missing)),
        *(f"a case shows {code}: remove it from UNSEEN" for code in shown & UNSEEN),
        *(f"nothing emits {code}" for code in (shown | UNSEEN.keys()) - codes),
    ]


def document() -> str:
    """Return the whole of docs/errors.md."""
    codes, shown = emitted_codes(), examples()
    parts = [INTRODUCTION]
    for section in dict.fromkeys((*SECTIONS.values(), SERVER_SECTION)):
        parts.append(f"## {section}\n")
        for code in sorted(code for code, where in codes.items() if where == section):
            parts.append(f"### {code}\n")
            if code in shown:
                parts.append(f"```text\n{shown[code]}\n```\n")
            else:
                parts.append(f"No example: {UNSEEN.get(code, 'missing')}.\n")
    return "\n".join(parts)


def main() -> int:
    """Write the document, or tell whether it is up to date."""
    parser = argparse.ArgumentParser(description="Write docs/errors.md.")
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    if wrong := gaps():
        sys.stderr.write("\n".join([*wrong, ""]))
        return 1
    text = document()
    if not check:
        TARGET.write_text(text, encoding="utf-8", newline="\n")
        return 0
    if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/errors.md is out of date; run generator/tools/errors.py\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
