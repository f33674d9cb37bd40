"""Writes docs/systems.md: each method of the four systems, its query, its test.

    python generator/tools/systems_table.py [--check]

Fails where there is a gap: a method without a query, a query that is not there or has
no generated method, a generated method that no test of its repository calls.
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from reposgen.python_model.names import identifier, snake_case
from reposgen.sql_source.reader import read_query_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
METHODS = ROOT / "tests/systems/methods.toml"
TARGET = ROOT / "docs/systems.md"

HEAD = """\
# The four systems

reposgen is tested on four systems. Their schemas are in `migrations/`, their annotated
queries in `queries/`, their packages in `generated/` and their tests in
`tests/systems/`. The tables list each required method, the query that implements it,
and a test that calls it. Each asynchronous test has a synchronous twin. A row without a
method has a query that is not required but useful.

Programs that run on them: [a work queue](examples/work-queue.md) on `collaboration`,
[conversation history](examples/conversation-history.md) on `agents`, [flow
publishing](examples/flow-publishing.md) on `flows` and [an HTTP
service](examples/control-plane-service.md) on `control_plane`.

`python generator/tools/systems_table.py` writes this page. It fails if a required
method has no query or no test.
"""

# What the documents ask of observability, what does it, and where that is tested.
OBSERVED = (
    (
        "a span for each call, with structured attributes",
        "observability/opentelemetry.md",
        "test_a_call",
        "aio/test_calls.py",
    ),
    (
        "conventions that Logfire and other backends display",
        "observability/opentelemetry.md",
        "test_attributes",
        "aio/test_calls.py",
    ),
    (
        "transactions as spans, and their duration as a metric",
        "observability/opentelemetry.md",
        "test_a_block",
        "aio/test_calls.py",
    ),
    (
        "tracing without code",
        "observability/opentelemetry.md",
        "test_opentelemetry_instrument",
        "test_processes.py",
    ),
    (
        "queries by operation and status, query duration, errors by type",
        "observability/prometheus.md",
        "test_a_call",
        "aio/test_calls.py",
    ),
    (
        "pool usage",
        "observability/prometheus.md",
        "test_the_dashboard",
        "test_dashboard.py",
    ),
    (
        "waiting for connections",
        "observability/README.md",
        "test_pools",
        "aio/test_events.py",
    ),
    (
        "retries and the circuit breaker",
        "observability/README.md",
        "test_breakers",
        "aio/test_events.py",
    ),
    ("buffered rows", "observability/README.md", "test_buffers", "aio/test_events.py"),
    (
        "slow query log",
        "observability/logging.md",
        "test_a_slow_query_and_its_plan",
        "aio/test_events.py",
    ),
    (
        "request correlation",
        "observability/README.md",
        "test_correlation",
        "aio/test_events.py",
    ),
    (
        "no N+1 queries",
        "observability/README.md",
        "test_repeated_calls",
        "aio/test_events.py",
    ),
    (
        "names in the server's statistics",
        "observability/server.md",
        "test_the_server_knows_the_methods",
        "test_processes.py",
    ),
)

# A repository and its method.
Call: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query of a system.

    Attributes:
        name: `GetTask`.
        method: of the generated repository: `get_task`.
    """

    name: str
    command: str
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A test function, by its file and name."""

    path: Path
    name: str

    def link(self) -> str:
        """In Markdown."""
        return f"[{self.name}](../{self.path.relative_to(ROOT).as_posix()})"


def queries_of(system: str) -> dict[str, tuple[Query, ...]]:
    """Return a system's queries, by repository."""
    folder = ROOT / "queries" / system
    return {
        Path(file.source.path).stem: tuple(
            Query(
                name=query.name,
                command=query.command.value,
                method=identifier(snake_case(query.name), "query"),
            )
            for query in file.queries
        )
        for file in read_query_files([str(folder)], ROOT)
    }


def generated_methods(system: str, repository: str) -> set[str]:
    """Return the methods of a generated repository."""
    path = ROOT / "generated" / system / f"{repository}.py"
    if not path.exists():
        return set()
    return {
        function.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith("Repository")
        for function in node.body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def tests_of(system: str) -> dict[Call, list[Test]]:
    """The tests of each method, in the files' order."""
    found: dict[Call, list[Test]] = {}
    folder = ROOT / "tests/systems" / system / "aio"
    functions = {path: functions_of(path) for path in sorted(folder.glob("*.py"))}
    shared = {
        name: function
        for path, own in functions.items()
        if not path.stem.startswith("test_")
        for name, function in own.items()
    }
    for path, own in functions.items():
        known = shared | own
        for name in own:
            if name.startswith("test_"):
                test = Test(path=path, name=name)
                for call in all_calls(name, known, set()):
                    found.setdefault(call, []).append(test)
    return found


def functions_of(path: Path) -> dict[str, ast.AST]:
    """Return a module's functions, by name."""
    return {
        node.name: node
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def all_calls(name: str, known: Mapping[str, ast.AST], seen: set[str]) -> set[Call]:
    """Return what a function calls, directly or through functions of the tests."""
    seen.add(name)
    found: set[Call] = set()
    for called in calls(known[name]):
        if isinstance(called, tuple):
            found.add(called)
        elif called in known and called not in seen:
            found |= all_calls(called, known, seen)
    return found


def calls(node: ast.AST) -> Iterator[Call | str]:
    """Return what is called as `db.repository.method`, and names; not refused calls."""
    match node:
        case ast.With(items=[ast.withitem(context_expr=expected), *_]) if ast.unparse(
            expected
        ).startswith("pytest.raises"):
            return
        case ast.Attribute(value=ast.Attribute(attr=repository), attr=method):
            yield repository, method
        case ast.Name(id=name):
            yield name
        case _:
            pass
    for child in ast.iter_child_nodes(node):
        yield from calls(child)


def best(tests: list[Test], call: Call) -> Test | None:
    """Return the test of the repository whose name is most like the method's."""
    repository, method = call
    own = [t for t in tests if t.path.stem.startswith(f"test_{repository}")]
    words = set(method.split("_"))
    return max(own, key=lambda t: len(words & set(t.name.split("_"))), default=None)


def rows(
    system: str, asked: Mapping[str, Mapping[str, list[str]]], gaps: list[str]
) -> Iterator[str]:
    """Yield a system's table, line by line; add what is missing to the gaps."""
    queries = queries_of(system)
    tests = tests_of(system)
    gaps += [
        f"{system}.{name}: no such query file" for name in asked if name not in queries
    ]
    yield "| repository | method | query | command | test |"
    yield "| --- | --- | --- | --- | --- |"
    for repository, found in queries.items():
        place = f"{system}.{repository}"
        methods = asked.get(repository, {})
        by_name = {query.name: query for query in found}
        gaps += [
            f"{place}, {method}: no query" for method, q in methods.items() if not q
        ]
        pairs = [(method, name) for method, names in methods.items() for name in names]
        named = {name for _, name in pairs}
        pairs += [("", query.name) for query in found if query.name not in named]
        generated = generated_methods(system, repository)
        for method, name in pairs:
            query = by_name.get(name)
            if query is None:
                gaps.append(f"{place}, {method}: no query {name}")
                continue
            if query.method not in generated:
                gaps.append(f"{place}.{query.method}: not generated")
            call = repository, query.method
            test = best(tests.get(call, []), call)
            if test is None:
                gaps.append(f"{place}.{query.method}: no test of it in its own file")
                continue
            link = test.link()
            yield f"| {repository} | {method} | {name} | `:{query.command}` | {link} |"


def document() -> tuple[str, list[str]]:
    """Return the text of docs/systems.md, and the gaps."""
    asked = tomllib.loads(METHODS.read_text(encoding="utf-8"))
    config = tomllib.loads((ROOT / "codegen.toml").read_text(encoding="utf-8"))
    gaps = [
        f"{package['name']}: not in {METHODS.name}"
        for package in config["package"]
        if package["name"] not in asked
    ]
    parts = [HEAD]
    for system, repositories in asked.items():
        table = "\n".join(rows(system, repositories, gaps))
        parts.append(f"\n## {system}\n\n{table}\n")
    parts.append(f"\n## observability\n\n{observed(gaps)}\n")
    return "".join(parts), gaps


def observed(gaps: list[str]) -> str:
    """Return the requirements of observability as a table."""
    lines = ["| required | by | test |", "| --- | --- | --- |"]
    for asked, page, test, file in OBSERVED:
        path = ROOT / "tests/observe" / file
        if f"def {test}(" not in path.read_text(encoding="utf-8"):
            gaps.append(f"observability: {file} has no {test}")
        link = f"[{test}](../tests/observe/{file})"
        lines.append(f"| {asked} | [{Path(page).stem}]({page}) | {link} |")
    return "\n".join(lines)


def main() -> int:
    """Write the document, or say what is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    text, gaps = document()
    stale = not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text
    if stale and not check:
        TARGET.write_text(text, encoding="utf-8")
    for gap in gaps:
        sys.stdout.write(f"{gap}\n")
    if stale:
        name = TARGET.relative_to(ROOT).as_posix()
        sys.stdout.write(f"{name} {'is stale' if check else 'written'}\n")
    return int(bool(gaps) or (check and stale))


if __name__ == "__main__":
    sys.exit(main())
