# Derived from ../aio/test_scopes.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
# ruff: noqa: PT012 -- the block as a whole is what raises
"""Blocks that generators hold, which are advanced in turn."""

from __future__ import annotations

import random
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from tests.runtime import tenancy as q

from reposgen_runtime import Settings
from reposgen_runtime.errors import (
    BlocksOverlap,
    RepositoryError,
    TenantRequired,
    TransactionClosed,
    TransactionRequired,
)
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator


class LeaveError(Exception):
    """Raised by a test to leave a block."""


@pytest.fixture
def tenants(make_database: Callable[[str], str]) -> Iterator[str]:
    with q.unprivileged(make_database(q.SCHEMA)) as unprivileged:
        yield unprivileged


@pytest.fixture
def db(tenants: str, *, use_cursors: bool) -> Iterator[Database]:
    settings = Settings(
        conninfo=tenants, use_cursors=use_cursors, max_size=8, timeout=20
    )
    with Database(settings, package=q.PACKAGE) as database:
        yield database


@pytest.fixture
def run(db: Database) -> Runner:
    return Runner(db, q.PACKAGE)


def titles(db: Database, tenant: str) -> set[str]:
    notes = Runner(db.tenant(tenant), q.PACKAGE).many(q.LIST)
    return {note.title for note in notes}


def assert_outside(db: Database, run: Runner) -> None:
    assert db.current() is None
    with pytest.raises(TenantRequired):
        run.one(q.TENANT)


def of_tenant(db: Database, tenant: str) -> Generator[str, None, None]:
    run = Runner(db, q.PACKAGE)
    with db.tenant(tenant):
        for _ in range(3):
            yield run.one(q.TENANT)


def test_tenants_in_turn(db: Database, run: Runner) -> None:
    one, two = of_tenant(db, "a"), of_tenant(db, "b")
    seen = [next(each) for each in (one, two, one, two, two, one)]
    assert seen == ["a", "b", "a", "b", "b", "a"]
    assert [next(one, None), next(two, None)] == [None, None]
    assert_outside(db, run)


def test_one_ends_before_the_other(db: Database, run: Runner) -> None:
    one, two = of_tenant(db, "a"), of_tenant(db, "b")
    next(one)
    next(two)
    one.close()
    # Code that is in neither of them is in the midst of blocks that do not nest.
    with pytest.raises(BlocksOverlap, match="do not nest"):
        run.one(q.TENANT)
    assert next(two) == "b"
    two.close()
    assert_outside(db, run)


def test_code_between_the_steps_of_two(db: Database, run: Runner) -> None:
    one, two = of_tenant(db, "a"), of_tenant(db, "b")
    next(one)
    assert run.one(q.TENANT) == "a"
    next(two)
    assert run.one(q.TENANT) == "b"
    next(one)
    with pytest.raises(BlocksOverlap):
        run.one(q.TENANT)
    with db.tenant("c"):
        assert run.one(q.TENANT) == "c"
    two.close()
    assert run.one(q.TENANT) == "a"
    one.close()
    assert_outside(db, run)


def writer(
    db: Database, tenant: str, title: str, *, fails: bool = False
) -> Generator[None, None, None]:
    run = Runner(db, q.PACKAGE)
    with db.tenant(tenant), db.transaction():
        run.one(q.ADD, (f"{title} 1",))
        yield
        run.one(q.ADD, (f"{title} 2",))
        if fails:
            raise LeaveError


@pytest.mark.parametrize("order", ["1212", "1221", "2112", "1122"])
@pytest.mark.parametrize("failing", [0, 1, 2])
def test_transactions_in_turn(
    db: Database, run: Runner, order: str, failing: int
) -> None:
    for other in ("a", "b"):
        writers = {
            str(n): writer(db, tenant, f"{other}{n}", fails=failing == n)
            for n, tenant in ((1, "a"), (2, other))
        }
        for number in order:
            try:
                next(writers[number], None)
            except LeaveError:
                assert int(number) == failing
        for n, tenant in ((1, "a"), (2, other)):
            written = {f"{other}{n} 1", f"{other}{n} 2"}
            kept = set() if failing == n else written
            assert titles(db, tenant) & written == kept
    assert_outside(db, run)


def test_a_generator_in_a_transaction_of_its_caller(db: Database, run: Runner) -> None:
    def inner(title: str) -> Generator[None, None, None]:
        with db.transaction():
            run.one(q.ADD, (title,))
            yield
            run.one(q.ADD, (f"{title} again",))

    with pytest.raises(LeaveError):
        with db.tenant("a"), db.transaction() as transaction:
            for _ in inner("x"):
                assert db.current() is transaction
            assert db.current() is transaction
            raise LeaveError
    assert titles(db, "a") == set()
    # Their savepoints are on one connection, and could only nest.
    with db.tenant("a"), db.transaction():
        first, second = inner("y"), inner("z")
        next(first)
        with pytest.raises(BlocksOverlap, match="must nest"):
            next(second)
        assert list(first) == []
    assert titles(db, "a") == {"y", "y again"}


def test_a_transaction_that_ends_around_a_generator(db: Database, run: Runner) -> None:
    def inner() -> Generator[None, None, None]:
        with db.transaction():
            run.one(q.ADD, ("x",))
            yield
            run.one(q.ADD, ("y",))

    generator = inner()
    with db.tenant("a"):
        with pytest.raises(BlocksOverlap, match="rolled back"):
            with db.transaction():
                next(generator)
        with pytest.raises(TransactionClosed):
            next(generator)
        assert db.current() is None
    assert titles(db, "a") == set()


def test_a_savepoint_that_ends_around_another(db: Database, run: Runner) -> None:
    with db.tenant("a"), db.transaction():
        outer, inner = db.savepoint(), db.savepoint()
        outer.__enter__()
        inner.__enter__()
        run.one(q.ADD, ("x",))
        with pytest.raises(BlocksOverlap, match="does not nest"):
            outer.__exit__(None, None, None)
        with pytest.raises(BlocksOverlap, match="does not nest"):
            inner.__exit__(None, None, None)
        run.one(q.ADD, ("y",))
    assert titles(db, "a") == {"y"}


def test_other_blocks_do_not_join_a_transaction(db: Database, run: Runner) -> None:
    def primary() -> Generator[None, None, None]:
        with db.primary():
            yield
            assert db.current() is None
            run.one(q.ADD, ("primary",))

    def pipeline() -> Generator[None, None, None]:
        with db.pipeline() as pipeline:
            pipeline.add(run.one, q.ADD, ("pipeline",))
            yield

    def connection() -> Generator[None, None, None]:
        with db.connection() as connection:
            yield
            connection.execute("INSERT INTO notes (title) VALUES ('connection')")

    def savepoint() -> Generator[None, None, None]:
        with db.savepoint():
            yield

    failing = writer(db, "a", "x", fails=True)
    next(failing)
    with pytest.raises(TransactionRequired):
        next(savepoint())
    others = [primary(), pipeline(), connection()]
    for other in others:
        next(other)
    with pytest.raises(LeaveError):
        next(failing)
    for other in others:
        next(other, None)
    assert_outside(db, run)
    assert titles(db, "a") == {"primary", "pipeline", "connection"}


@contextmanager
def as_tenant(db: Database, tenant: str) -> Generator[None, None, None]:
    with db.tenant(tenant):
        yield


@contextmanager
def in_transaction(db: Database) -> Generator[None, None, None]:
    with db.transaction():
        yield


def test_helpers_that_yield(db: Database, run: Runner) -> None:
    with as_tenant(db, "a"):
        assert run.one(q.TENANT) == "a"
        with pytest.raises(LeaveError):
            with in_transaction(db):
                outer = db.current()
                run.one(q.ADD, ("x",))
                with in_transaction(db):
                    assert db.current() is outer
                    run.one(q.ADD, ("y",))
                raise LeaveError
        with ExitStack() as stack:
            stack.enter_context(in_transaction(db))
            stack.enter_context(as_tenant(db, "a"))
            transaction = stack.enter_context(db.transaction())
            assert db.current() is transaction
            run.one(q.ADD, ("z",))
    assert_outside(db, run)
    assert titles(db, "a") == {"z"}


def test_dependencies_that_yield(db: Database, run: Runner) -> None:
    """Stepped through by hand, as frameworks do."""

    def tenant() -> Generator[None, None, None]:
        with db.tenant("a"):
            yield

    def transaction() -> Generator[None, None, None]:
        with db.transaction():
            yield

    def stream() -> Generator[str, None, None]:
        for note in run.stream(q.LIST):
            yield note.title

    outer, inner = tenant(), transaction()
    next(outer)
    next(inner)
    assert db.current() is not None
    run.one(q.ADD, ("x",))
    with db.transaction():
        run.one(q.ADD, ("y",))
    assert set(stream()) == {"x", "y"}
    with pytest.raises(LeaveError):
        inner.throw(LeaveError())
    assert run.one(q.TENANT) == "a"
    next(outer, None)
    assert_outside(db, run)
    assert titles(db, "a") == set()


def test_helpers_within_generators(db: Database, run: Runner) -> None:
    def with_helpers(tenant: str) -> Generator[str, None, None]:
        with as_tenant(db, tenant), in_transaction(db):
            for _ in range(2):
                yield run.one(q.TENANT)

    def with_stack(tenant: str) -> Generator[str, None, None]:
        with ExitStack() as stack:
            stack.enter_context(db.tenant(tenant))
            stack.enter_context(in_transaction(db))
            for _ in range(2):
                yield run.one(q.TENANT)

    one, two = with_helpers("a"), with_stack("b")
    seen = [next(each, "end") for each in (one, two, one, two, one, two)]
    assert seen == ["a", "b", "a", "b", "end", "end"]
    assert_outside(db, run)


def test_the_own_block_counts_in_a_generator(db: Database, run: Runner) -> None:
    def outer() -> Generator[tuple[str, str], None]:
        with db.tenant("a"):
            for inner in of_tenant(db, "b"):
                yield inner, run.one(q.TENANT)
            with as_tenant(db, "c"):
                yield "c", run.one(q.TENANT)

    seen = list(outer())
    assert seen == [("b", "a")] * 3 + [("c", "c")]


def test_blocks_entered_by_hand_end_in_any_order(db: Database, run: Runner) -> None:
    a, b = db.tenant("a"), db.tenant("b")
    a.__enter__()
    b.__enter__()
    a.__exit__(None, None, None)
    assert run.one(q.TENANT) == "b"
    b.__exit__(None, None, None)
    assert_outside(db, run)


def test_one_tenant_object_in_several_generators(db: Database, run: Runner) -> None:
    shared = db.tenant("a")

    def within() -> Generator[str, None, None]:
        with shared:
            for _ in range(2):
                yield run.one(q.TENANT)

    one, two = within(), within()
    seen = [next(each, "end") for each in (one, two, one, one, two, two)]
    assert seen == ["a", "a", "a", "end", "a", "end"]
    assert_outside(db, run)


@dataclass(slots=True)
class Part:
    """A block of a random program, or a step of it.

    Attributes:
        kind: what it is.
        value: the tenant, or the row's title.
        parts: what is in the block.
        fails: an exception leaves it.
    """

    kind: str
    value: str = ""
    parts: list[Part] = field(default_factory=list)
    fails: bool = False


class Program:
    """Random generators with blocks, and what they are to write."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._count = 0
        self.kept: set[tuple[str, str]] = set()
        self.generators = [
            self._block("tenant", "", 0, in_transaction=False)
            for _ in range(self._random.randint(2, 4))
        ]

    def _block(
        self, kind: str, tenant: str, depth: int, *, in_transaction: bool
    ) -> Part:
        choose = self._random
        if kind == "tenant" and not in_transaction:
            tenant = choose.choice("abc")
        in_transaction = in_transaction or kind == "transaction"
        block = Part(kind, tenant)
        before = set(self.kept)
        for _ in range(choose.randint(1, 5)):
            part = choose.choice(["step", "step", "call", "write", "block"])
            if part == "block" and depth < 3:
                inner = choose.choice(["tenant", "transaction", "primary"])
                block.parts.append(
                    self._block(inner, tenant, depth + 1, in_transaction=in_transaction)
                )
            elif part == "write":
                self._count += 1
                block.parts.append(Part("write", str(self._count)))
                self.kept.add((tenant, str(self._count)))
            else:
                block.parts.append(Part("step" if part == "step" else "call"))
        block.fails = choose.random() < 0.3
        if block.fails and kind == "transaction":
            self.kept = before
        return block

    def next(self, left: list[Generator[None, None, None]]) -> int:
        """Which of the generators goes on."""
        return self._random.randrange(len(left))


def play(
    db: Database, block: Part, outer: object, *, fresh: bool
) -> Generator[None, None, None]:
    """Run a block, checking that calls are in it and in none else."""
    run = Runner(db, q.PACKAGE)
    try:
        with ExitStack() as stack:
            if block.kind == "tenant":
                helper = as_tenant(db, block.value) if fresh else db.tenant(block.value)
                stack.enter_context(helper)
            elif block.kind == "transaction":
                stack.enter_context(in_transaction(db) if fresh else db.transaction())
                outer = outer or db.current()
                assert outer is not None
            else:
                stack.enter_context(db.primary())
            for part in block.parts:
                assert db.current() is outer
                if part.kind == "step":
                    yield
                elif part.kind == "call":
                    assert run.one(q.TENANT) == block.value
                elif part.kind == "write":
                    note = run.one(q.ADD, (part.value,))
                    assert note.tenant == block.value
                else:
                    yield from play(db, part, outer, fresh=not fresh)
            if block.fails:
                raise LeaveError  # noqa: TRY301 -- out of the block
    except LeaveError:
        pass


@pytest.mark.parametrize("seed", range(12))
def test_random_generators_in_random_turns(
    db: Database, run: Runner, seed: int
) -> None:
    program = Program(seed)
    left = [
        play(db, block, None, fresh=bool(number % 2))
        for number, block in enumerate(program.generators)
    ]
    while left:
        place = program.next(left)
        try:
            next(left[place])
        except (StopAsyncIteration, StopIteration):
            del left[place]
    assert_outside(db, run)
    assert not db.scopes.strands
    written = {(tenant, title) for tenant in "abc" for title in titles(db, tenant)}
    assert written == program.kept


def test_errors_of_the_hierarchy() -> None:
    assert issubclass(BlocksOverlap, RepositoryError)
