"""Change the tool's code in one place at a time, and see whether a test fails.

    python generator/tools/mutate.py analysis/nullability --sample 40
    python generator/tools/mutate.py analysis/cardinality.py reposgen_runtime/codec.py

Comparisons, boolean operators and negations are turned round. Each mutant is written
into a copy of the repository, and the tests of its module run there until the first
of them fails. One server serves all of them. What survives is printed, with its place;
the exit status is 1 if less than 95 % are killed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from reposgen.database import open_server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_ROOT = Path(__file__).parents[2]
_PACKAGE = Path("generator/reposgen")
# The run time is a distribution of its own.
_RUNTIME = "reposgen_runtime"
_COPIED = ("generator", "tests", "templates", "pyproject.toml", "codegen.toml")
_SECONDS = 600
_WANTED = 0.95

# The tests of each part, those first that fail first.
_TESTS = {
    "analysis/nullability": (
        "tests/analysis/nullability/test_definitions.py",
        "tests/analysis/nullability/test_rules.py",
        "tests/analysis/nullability/test_truth.py",
        "tests/analysis/nullability/test_realistic.py",
        "tests/analysis/nullability/test_fuzz.py",
        "tests/analysis",
    ),
    "analysis/variants": ("tests/analysis/variants", "tests/golden", "tests/runtime"),
    "analysis": (
        "tests/analysis/test_effects.py",
        "tests/analysis/test_refusals.py",
        "tests/analysis",
        "tests/diagnostics",
        "tests/conformance",
    ),
    _RUNTIME: (
        "tests/runtime/test_text.py",
        "tests/runtime/test_exact_values.py",
        "tests/runtime",
    ),
}

_OPPOSITES: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.GtE, ast.LtE),
    ast.LtE: (ast.Gt, ast.Lt),
    ast.Gt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.Lt, ast.Gt),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}


_Node = TypeVar("_Node", bound=ast.expr)


class Mutant(NamedTuple):
    """A module with one change.

    Attributes:
        path: below the repository's root.
        change: what was there, and what is.
        source: the whole module.
    """

    path: Path
    line: int
    change: str
    source: str


def _mutants(path: Path) -> Iterator[Mutant]:
    tree = ast.parse((_ROOT / path).read_text(encoding="utf-8"))
    for number, node in enumerate(ast.walk(tree)):
        for change, source in _changes(tree, number, node):
            yield Mutant(path, getattr(node, "lineno", 0), change, source)


def _changes(tree: ast.Module, number: int, node: ast.AST) -> Iterator[tuple[str, str]]:
    match node:
        case ast.Compare(ops=ops):
            for place, operator in enumerate(ops):
                for other in _OPPOSITES[type(operator)]:
                    changed = _copied(tree, number, ast.Compare)
                    changed[1].ops[place] = other()
                    yield _described(node, *changed)
        case ast.BoolOp(op=operator):
            other_word = ast.Or() if isinstance(operator, ast.And) else ast.And()
            both = _copied(tree, number, ast.BoolOp)
            both[1].op = other_word
            yield _described(node, *both)
        case ast.UnaryOp(op=ast.Not()):
            one = _copied(tree, number, ast.UnaryOp)
            # Twice negated it is what it was without.
            one[1].operand = ast.UnaryOp(op=ast.Not(), operand=one[1].operand)
            yield _described(node, *one)
        case _:
            return


def _copied(
    tree: ast.Module, number: int, kind: type[_Node]
) -> tuple[ast.Module, _Node]:
    """A copy of a module, and the node in it that has a number."""
    twin = copy.deepcopy(tree)
    found = next(node for n, node in enumerate(ast.walk(twin)) if n == number)
    if not isinstance(found, kind):
        raise TypeError(kind)
    return twin, found


def _described(
    node: ast.expr, module: ast.Module, changed: ast.expr
) -> tuple[str, str]:
    change = f"{ast.unparse(node)}  →  {ast.unparse(changed)}"
    return change, ast.unparse(ast.fix_missing_locations(module))


def _paths(named: Sequence[str]) -> Iterator[Path]:
    for name in named:
        below = _PACKAGE.parent / "runtime" if name.startswith(_RUNTIME) else _PACKAGE
        path = _ROOT / below / name
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (file.relative_to(_ROOT) for file in files)


def _tests_of(path: Path) -> tuple[str, ...]:
    return next(tests for part, tests in _TESTS.items() if part in path.as_posix())


def _survives(mutant: Mutant, root: Path, environment: dict[str, str]) -> bool:
    target = root / mutant.path
    original = target.read_bytes()
    target.write_text(mutant.source, encoding="utf-8")
    try:
        return all(
            _passes(root, tests, environment) for tests in _tests_of(mutant.path)
        )
    finally:
        target.write_bytes(original)


def _passes(root: Path, tests: str, environment: dict[str, str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
    try:
        done = subprocess.run(  # noqa: S603 - our own tests
            [*command, tests],
            cwd=root,
            env=environment,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        # What never ends is noticed as well.
        return False
    return done.returncode == 0


def main() -> int:
    """Make mutants of the modules named, and print which survive."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "modules", nargs="+", help="below generator/reposgen, or reposgen_runtime/…"
    )
    parser.add_argument("--sample", type=int, help="so many mutants, by chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tests", nargs="+", help="these tests alone")
    options = parser.parse_args()
    mutants = [m for path in _paths(options.modules) for m in _mutants(path)]
    if options.sample and options.sample < len(mutants):
        mutants = Random(options.seed).sample(  # noqa: S311 - nothing is secret
            mutants, options.sample
        )
    if options.tests:
        _TESTS.clear()
        _TESTS[""] = tuple(options.tests)
    survivors = 0
    with tempfile.TemporaryDirectory() as folder, open_server("embedded") as server:
        root = Path(folder)
        for name in _COPIED:
            source = _ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, root / name)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(
                str(root / folder) for folder in ("generator", "generator/runtime")
            ),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REPOSGEN_TEST_DATABASE_URL": server.conninfo,
        }
        for number, mutant in enumerate(mutants, start=1):
            survived = _survives(mutant, root, environment)
            survivors += survived
            word = "SURVIVED" if survived else "killed"
            place = f"{mutant.path}:{mutant.line}"
            print(f"{number}/{len(mutants)} {word} {place} {mutant.change}", flush=True)  # noqa: T201 - a script
    killed = len(mutants) - survivors
    print(f"{killed} of {len(mutants)} killed")  # noqa: T201 - a script
    return int(killed < len(mutants) * _WANTED)


if __name__ == "__main__":
    sys.exit(main())
