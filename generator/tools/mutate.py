"""Change the code in one place at a time, and see whether a test fails.

    python generator/tools/mutate.py analysis/nullability --sample 40
    python generator/tools/mutate.py analysis/cardinality.py reposgen_runtime/codec.py

Comparisons, boolean operators and negations are turned round. Each mutant gets forked
processes of its own, where its function has other code.

First the corpus of `tests/analysis/claims` is analysed again, on answers that the
server has given once. If a claim differs from the expected one, that test kills the
mutant. `--claims` stops there. For what survives, the tests are collected once; a
process finds out which of them call which functions, and those that call the mutant's
run, the quick ones first, until one fails. One server serves all of them.

What survives is printed, with its place; the exit status is 1 if less than 95 % are
killed.
"""

from __future__ import annotations

import argparse
import ast
import copy
import functools
import gc
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from types import CodeType, FrameType, FunctionType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import psycopg
import pytest

from reposgen.database import open_server
from reposgen.database.databases import create_database
from reposgen.testing.databases import url_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from tests.analysis.claims.corpus import Answers, Case

_ROOT = Path(__file__).parents[2]
_PACKAGE = Path("generator/reposgen")
# The run time is a distribution of its own.
_RUNTIME = "reposgen_runtime"
_WANTED = 0.95
# What takes longer has a mutant that never ends.
_SECONDS = 900
# CO_OPTIMIZED: a function's, not a module's or a class's.
_FUNCTION = 0x1

# The tests of each part.
_TESTS = {
    "analysis/variants": ("tests/analysis", "tests/golden", "tests/diagnostics"),
    "analysis": ("tests/analysis", "tests/golden", "tests/diagnostics"),
    _RUNTIME: ("tests/runtime",),
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


class Function(NamedTuple):
    """Where a function begins."""

    path: str
    line: int
    name: str


class Mutant(NamedTuple):
    """A module with one change.

    Attributes:
        path: below the repository's root.
        change: what was there, and what is.
        code: of the functions that are different, outer ones first.
    """

    path: Path
    line: int
    change: str
    code: Mapping[Function, CodeType]

    def __str__(self) -> str:
        """Return the place and the change."""
        return f"{self.path}:{self.line} {self.change}"


def _mutants(path: Path) -> Iterator[Mutant]:
    """Of a module; what runs when it is imported stays as it is."""
    tree = ast.parse((_ROOT / path).read_text(encoding="utf-8"))
    original = _compiled(tree, path)
    for number, node in enumerate(ast.walk(tree)):
        for change, module in _changes(tree, number, node):
            code = dict(_differences(original, _compiled(module, path)))
            if code:
                yield Mutant(path, getattr(node, "lineno", 0), change, code)


def _compiled(tree: ast.Module, path: Path) -> CodeType:
    return compile(tree, str(_ROOT / path), "exec", dont_inherit=True)


def _differences(old: CodeType, new: CodeType) -> Iterator[tuple[Function, CodeType]]:
    """Yield the functions whose code differs between two code objects."""
    if old == new:
        return
    if new.co_flags & _FUNCTION:
        yield _function(new), new
    pairs = zip(old.co_consts, new.co_consts, strict=False)
    for before, after in pairs:
        if isinstance(before, CodeType) and isinstance(after, CodeType):
            yield from _differences(before, after)


def _function(code: CodeType) -> Function:
    return Function(code.co_filename, code.co_firstlineno, code.co_qualname)


def _changes(
    tree: ast.Module, number: int, node: ast.AST
) -> Iterator[tuple[str, ast.Module]]:
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
    """Return a copy of a module, and the node in it that has a number."""
    twin = copy.deepcopy(tree)
    found = next(node for n, node in enumerate(ast.walk(twin)) if n == number)
    if not isinstance(found, kind):
        raise TypeError(kind)
    return twin, found


def _described(
    node: ast.expr, module: ast.Module, changed: ast.expr
) -> tuple[str, ast.Module]:
    change = f"{ast.unparse(node)}  →  {ast.unparse(changed)}"
    return change, ast.fix_missing_locations(module)


def _paths(named: Sequence[str]) -> Iterator[Path]:
    for name in named:
        below = _PACKAGE.parent / "runtime" if name.startswith(_RUNTIME) else _PACKAGE
        path = _ROOT / below / name
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        yield from (file.relative_to(_ROOT) for file in files)


def _tests_of(path: Path) -> tuple[str, ...]:
    return next(tests for part, tests in _TESTS.items() if part in path.as_posix())


class Coverage:
    """Which tests call which functions, and how long each of them takes."""

    def __init__(self, paths: set[str]) -> None:
        self._paths = paths
        self._test = ""
        self.callers: defaultdict[Function, set[str]] = defaultdict(set)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def of(self, test: str) -> Iterator[None]:
        """Note what is called in the block."""
        self._test, since = test, time.perf_counter()
        threading.settrace(self._note)
        sys.settrace(self._note)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)
            self.seconds[test] = time.perf_counter() - since

    def _note(self, frame: FrameType, _event: str, _argument: object) -> None:
        if frame.f_code.co_filename in self._paths:
            self.callers[_function(frame.f_code)].add(self._test)

    def dump(self, path: Path) -> None:
        """Write it to a file."""
        callers = [[*function, sorted(by)] for function, by in self.callers.items()]
        path.write_text(json.dumps([callers, self.seconds]), encoding="utf-8")

    def load(self, path: Path) -> None:
        """Read it from a file."""
        callers, self.seconds = json.loads(path.read_text(encoding="utf-8"))
        for *function, by in callers:
            self.callers[Function(*function)].update(by)

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Those that call what is different, the quick ones first."""
        found = {test for function in mutant.code for test in self.callers[function]}
        return sorted(found, key=lambda test: self.seconds[test])


class Claims:
    """The cases of `tests/analysis/claims`, with the server's answers about each.

    Attributes:
        coverage: which cases call which functions.
    """

    def __init__(self, conninfo: str, paths: set[str]) -> None:
        sys.path.insert(0, str(_ROOT))
        from tests.analysis.claims.corpus import CASES, Answers  # noqa: PLC0415 -- found only now

        self.coverage = Coverage(paths)
        self._cases: dict[str, tuple[Case, Answers, str]] = {}
        with psycopg.connect(conninfo, autocommit=True) as admin:
            for number, case in enumerate(CASES):
                name = f"claims_{number}"
                create_database(admin, name)
                url = url_of(conninfo, name)
                answers = Answers(partial(str, url))
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(case.schema.encode())
                expected = case.expected.read_text(encoding="utf-8")
                if case.claims(answers) != expected:
                    sys.exit(f"{case.name}: the claims differ without a change")
                with self.coverage.of(name):
                    case.claims(answers)
                # A forked process has a connection of its own, if it needs one.
                answers.close()
                self._cases[name] = case, answers, expected
        self._functions = _functions(paths)
        self._caches = [
            thing
            for thing in gc.get_objects()
            if isinstance(thing, functools._lru_cache_wrapper)  # noqa: SLF001 -- the type
        ]
        gc.freeze()

    def survives(self, mutant: Mutant) -> bool:
        """Return True if all claims are the same with the change."""
        for cache in self._caches:
            cache.cache_clear()
        _put_in_place(mutant, self._functions)
        return all(
            case.claims(answers) == expected
            for case, answers, expected in map(
                self._cases.__getitem__, self.coverage.tests_of(mutant)
            )
        )


def _judge(
    mutants: Sequence[Mutant], survives: Callable[[Mutant], bool], jobs: int
) -> list[Mutant]:
    """Return the mutants that survive, each judged by a process."""
    running: dict[int, Mutant] = {}
    survivors: list[Mutant] = []

    def wait() -> None:
        child, status = os.wait()
        mutant = running.pop(child)
        word = "killed" if status else "SURVIVED"
        _say(f"{word} {mutant}")
        if not status:
            survivors.append(mutant)

    for mutant in mutants:
        if len(running) == jobs:
            wait()
        if not (child := os.fork()):
            _in_child(partial(survives, mutant), _SECONDS)
        running[child] = mutant
    while running:
        wait()
    return survivors


def _in_child(work: Callable[[], bool], seconds: int = 0) -> None:
    """Do it, and end with status 0 if it returned True; not after `seconds`."""
    status = 1
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(seconds)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        with tempfile.TemporaryDirectory() as cache:
            # What was analysed without the change is none of the mutant's.
            os.environ["REPOSGEN_CACHE_DIR"] = cache
            status = int(not work())
    finally:
        os._exit(status)


class Mutations:
    """A plugin that runs the collected tests on one mutant after the other."""

    def __init__(self, mutants: Sequence[Mutant], jobs: int) -> None:
        self._mutants = mutants
        self._jobs = jobs
        self._failed = ""
        self.survivors: list[Mutant] | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test failed."""
        if report.failed:
            self._failed = report.nodeid

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Take the place of the loop over all tests."""
        paths = {str(_ROOT / mutant.path) for mutant in self._mutants}
        coverage = Coverage(paths)
        functions = _functions(paths)
        with tempfile.TemporaryDirectory() as folder:
            found = Path(folder, "coverage.json")
            if not (child := os.fork()):
                _in_child(partial(self._cover, session, coverage, found))
            if os.waitpid(child, 0)[1]:
                sys.exit("a test fails without a change")
            coverage.load(found)
        items = {item.nodeid: item for item in session.items}

        def survives(mutant: Mutant) -> bool:
            _put_in_place(mutant, functions)
            return self._pass([items[test] for test in coverage.tests_of(mutant)])

        self.survivors = _judge(self._mutants, survives, self._jobs)
        return True

    def _cover(self, session: pytest.Session, coverage: Coverage, path: Path) -> bool:
        for item, following in zip(
            session.items, [*session.items[1:], None], strict=True
        ):
            with coverage.of(item.nodeid):
                item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        coverage.dump(path)
        return not self._failed

    def _pass(self, tests: Sequence[pytest.Item]) -> bool:
        for item, following in zip(tests, [*tests[1:], None], strict=False):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
            if self._failed:
                item.session._setupstate.teardown_exact(None)  # noqa: SLF001 - as pytest's own loop
                return False
        return True


def _functions(paths: set[str]) -> Mapping[Function, Sequence[FunctionType]]:
    """Return the functions of modules, wherever they are known.

    Whoever looks for them after a fork touches all objects, and so copies the memory.
    """
    found: defaultdict[Function, list[FunctionType]] = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in paths:
            found[_function(thing.__code__)].append(thing)
    return found


def _put_in_place(
    mutant: Mutant, functions: Mapping[Function, Sequence[FunctionType]]
) -> None:
    """Give the functions that there are the mutant's code."""
    for function, code in mutant.code.items():
        for thing in functions.get(function, ()):
            thing.__code__ = code


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a script


def main() -> int:
    """Make mutants of the modules named, and print which survive."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "modules", nargs="+", help="below generator/reposgen, or reposgen_runtime/…"
    )
    parser.add_argument("--sample", type=int, help="so many mutants, by chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="mutants at a time")
    parser.add_argument("--claims", action="store_true", help="run no other tests")
    parser.add_argument("--tests", nargs="+", help="these tests alone")
    options = parser.parse_args()
    mutants = [m for path in _paths(options.modules) for m in _mutants(path)]
    if options.sample and options.sample < len(mutants):
        mutants = Random(options.seed).sample(  # noqa: S311 - nothing is secret
            mutants, options.sample
        )
    os.chdir(_ROOT)
    left: Sequence[Mutant] | None = mutants
    with open_server("embedded") as server:
        if not options.tests:
            claims = Claims(server.conninfo, {str(_ROOT / m.path) for m in mutants})
            left = _judge(mutants, claims.survives, options.jobs)
        if left and not options.claims:
            os.environ["REPOSGEN_TEST_DATABASE_URL"] = server.conninfo
            left = _run_tests(left, options.tests, options.jobs)
    if left is None:
        return 1
    _say(f"{len(mutants) - len(left)} of {len(mutants)} killed; these are not:")
    _say("\n".join(sorted(map(str, left))))
    return int(len(left) > len(mutants) * (1 - _WANTED))


def _run_tests(
    mutants: Sequence[Mutant], named: Sequence[str] | None, jobs: int
) -> list[Mutant] | None:
    """Return the mutants that survive tests; None if these could not be run."""
    plugin = Mutations(mutants, jobs)
    switches = ("no:cacheprovider", "no:xdist")
    options = ["-qq", "-s", "--assert=plain", *(f"-p{name}" for name in switches)]
    tests = named or sorted({test for m in mutants for test in _tests_of(m.path)})
    pytest.main([*options, *tests], plugins=[plugin])
    return plugin.survivors


if __name__ == "__main__":
    sys.exit(main())
