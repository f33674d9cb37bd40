"""Scopes that the current code is in: transactions, tenants and similar blocks.

A context variable holds the blocks that were entered in the current context. Generators
that run there in turn share the context, so the variable does not distinguish their
blocks. Blocks that a generator entered are therefore also registered under its frame,
and are found by walking the stack. The stack is walked only while such blocks exist.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar
from dis import opmap
from inspect import (
    CO_ASYNC_GENERATOR,
    CO_COROUTINE,
    CO_GENERATOR,
    CO_ITERABLE_COROUTINE,
)
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from .errors import BlocksOverlap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType


class InScope(Protocol):
    """A transaction, as scopes see it.

    Attributes:
        closed: True if it has ended.
        owner: the task or thread that may use it.
    """

    closed: bool
    owner: object

    @property
    def innermost(self) -> object | None:
        """Its innermost open savepoint; None if there is none."""
        ...


T = TypeVar("T", bound=InScope)

_GENERATES: Final = CO_GENERATOR | CO_ASYNC_GENERATOR
_AWAITED: Final = CO_COROUTINE | CO_ITERABLE_COROUTINE
_SUSPENDS: Final = _GENERATES | _AWAITED
_CALLS: Final = frozenset(
    code for name, code in opmap.items() if name.startswith(("CALL", "PRECALL"))
)
_DELEGATES: Final = opmap.get("SEND", -1)
# Methods that run a generator as a context manager.
_MANAGING: Final = frozenset({"__enter__", "__aenter__", "__exit__", "__aexit__"})
# Packages that run a generator as a fixture, which is similar to a context manager.
_FIXTURES: Final = frozenset({"_pytest", "pytest_asyncio", "anyio"})
_OWN: Final = f"{__package__}."


class Holder(Generic[T]):
    """A generator or coroutine that holds blocks open.

    Attributes:
        frame: its frame; None once it holds no block, so that the frame is released.
        scopes: scopes of its blocks, the innermost last.
        is_strand: True if it can be suspended independently of its caller.
    """

    __slots__ = ("frame", "is_strand", "scopes")

    def __init__(self, frame: FrameType, *, is_strand: bool) -> None:
        self.frame: FrameType | None = frame
        self.is_strand = is_strand
        self.scopes: list[Scope[T]] = []


class Scope(Generic[T]):
    """The state that applies within one block.

    Attributes:
        tenant: the tenant that calls are made for.
        transaction: the transaction that calls belong to.
        savepoint: the innermost savepoint of the transaction around the block.
        on_primary: True if replicas serve no reads.
        owner: the task or thread that entered the block.
        closed: True if the block has ended.
    """

    __slots__ = (
        "closed",
        "holders",
        "inside",
        "mixed",
        "on_primary",
        "outer",
        "outlived",
        "owner",
        "savepoint",
        "strand",
        "tenant",
        "transaction",
    )

    def __init__(
        self,
        owner: object,
        outer: Scope[T] | None,
        inside: Scope[T] | None,
        holders: tuple[Holder[T], ...],
        strand: Holder[T] | None,
    ) -> None:
        """Create the scope of a block that is about to be entered.

        Args:
            owner: the task or thread.
            outer: the scope that settings are inherited from.
            inside: the scope of the generator that runs the code.
            holders: the generators that hold the block, the innermost first.
            strand: the last of them, if it can be suspended independently.
        """
        self.owner = owner
        self.outer = outer
        self.inside = inside
        self.holders = holders
        self.strand = strand
        self.closed = False
        self.mixed = False
        # A block that was entered earlier, elsewhere, has gone on or ended meanwhile.
        self.outlived = False
        self.tenant: str | None = None
        self.transaction: T | None = None
        self.savepoint: object | None = None
        self.on_primary = False
        if outer is not None:
            self.tenant = outer.tenant
            self.on_primary = outer.on_primary
            self.take_transaction(outer)

    def take_transaction(self, outer: Scope[T] | None) -> None:
        """Join the transaction of another scope, if it has an open one."""
        self.transaction = self.savepoint = None
        if outer is None or outer.transaction is None or outer.transaction.closed:
            return
        self.transaction = outer.transaction
        self.savepoint = outer.savepoint

    def is_inside(self, strand: Holder[T]) -> bool:
        """Return True if the block was entered by code that runs inside `strand`."""
        scope: Scope[T] | None = self
        while scope is not None:
            if scope.strand is strand:
                return True
            scope = scope.inside
        return False

    def holds(self, savepoint: object | None) -> bool:
        """Return True if the block is inside the savepoint, or if there is none."""
        if savepoint is None:
            return True
        scope: Scope[T] | None = self
        while scope is not None:
            if scope.savepoint is savepoint:
                return True
            scope = scope.outer
        return False


class Scopes(Generic[T]):
    """The open blocks of a Database.

    Attributes:
        open: blocks that were entered in the current context, the innermost last.
        strands: blocks of generators that run independently of their callers.
    """

    def __init__(
        self,
        owner: Callable[[], object],
        bottom: Callable[[], FrameType | None],
    ) -> None:
        """Start without blocks.

        Args:
            owner: returns the current task or thread.
            bottom: returns the first frame of the current task; None outside of tasks.
        """
        self.open: ContextVar[tuple[Scope[T], ...]] = ContextVar("scopes", default=())
        self.strands: dict[FrameType, Holder[T]] = {}
        self._helpers: dict[FrameType, Holder[T]] = {}
        self._owner = owner
        self._bottom = bottom

    def current(self) -> Scope[T] | None:
        """Return the scope of the calling code; None outside of all blocks.

        Raises:
            BlocksOverlap: blocks of several generators do not nest.
        """
        scopes = self.open.get()
        if not self.strands:
            if not scopes:
                return None
            scope = scopes[-1]
            if not scope.mixed and (not scope.closed or scope.owner != self._owner()):
                return scope
        held = self._running(sys._getframe(1))  # noqa: SLF001 -- documented
        if held is None:
            return self._between(scopes)
        self._note_overlap(held, scopes)
        transaction = held.transaction
        if transaction is not None and not transaction.closed:
            if not held.holds(transaction.innermost):
                raise BlocksOverlap(
                    "another generator or function has set a savepoint in this"
                    " transaction meanwhile, and has not left its block"
                )
            self._adopt(held)
        return held

    def new(self) -> Scope[T]:
        """Return the scope for a block that is about to be entered.

        Raises:
            BlocksOverlap: blocks of several generators do not nest.
        """
        frame = sys._getframe(1)  # noqa: SLF001 -- documented
        holders = tuple(self._holders(frame))
        strand = holders[-1] if holders and holders[-1].is_strand else None
        inside = self._running(frame) if self.strands or self._helpers else None
        owner = self._owner()
        scopes = self.open.get()
        if inside is not None:
            self._note_overlap(inside, scopes)
            self._adopt(inside)
            return Scope(owner, inside, inside, holders, strand)
        visible = [*self._visible(scopes)]
        if not self._nest(visible):
            # The block is in no block of a generator.
            visible = [each for each in visible if each.strand is None]
        around = visible[-1] if visible else None
        scope = Scope(owner, around, None, holders, strand)
        if strand is not None and around is not None and around.strand is not None:
            self._separate(scope, around, visible)
        return scope

    def enter(self, scope: Scope[T]) -> None:
        """Register a scope whose block begins."""
        scopes = tuple(self._visible(self.open.get()))
        innermost = scope.holders[:1]
        scope.mixed = any(
            below.mixed or below.holders[:1] not in ((), innermost) for below in scopes
        )
        self.open.set((*scopes, scope))
        for holder in scope.holders:
            holder.scopes.append(scope)
            if holder.frame is not None:
                held = self.strands if holder.is_strand else self._helpers
                held[holder.frame] = holder

    def leave(self, scope: Scope[T]) -> None:
        """Remove a scope whose block has ended, in any context; do nothing twice."""
        scope.closed = True
        for holder in scope.holders:
            if scope in holder.scopes:
                holder.scopes.remove(scope)
            if holder.frame is not None and not holder.scopes:
                held = self.strands if holder.is_strand else self._helpers
                if held.get(holder.frame) is holder:
                    del held[holder.frame]
                holder.frame = None
        scopes = self.open.get()
        if scopes and scopes[-1] is scope:
            self.open.set(scopes[:-1])
        elif scope in scopes:
            place = scopes.index(scope)
            for later in scopes[place + 1 :]:
                later.outlived = True
            self.open.set((*scopes[:place], *scopes[place + 1 :]))

    def ending(self, entered: Sequence[Scope[T]]) -> Scope[T]:
        """Return the scope that is left now, of all scopes of one context manager."""
        if len(entered) == 1:
            return entered[0]
        frame = sys._getframe(1)  # noqa: SLF001 -- documented
        holders = tuple(self._holders(frame))
        own = [scope for scope in entered if scope.holders == holders]
        here = self.open.get()
        return ([scope for scope in own if scope in here] or own or [*entered])[-1]

    def _running(self, frame: FrameType | None) -> Scope[T] | None:
        """Return the innermost block of the nearest generator on the stack, if any."""
        bottom = self._bottom()
        strands, helpers = self.strands, self._helpers
        while frame is not None:
            held = strands.get(frame) or helpers.get(frame)
            if held is not None:
                return held.scopes[-1]
            if frame is bottom:
                # The outer frames started this task, and share no scope with it.
                return None
            frame = frame.f_back
        return None

    def _between(self, scopes: Sequence[Scope[T]]) -> Scope[T] | None:
        """Return the scope of code that is in no generator with a block.

        The code can run between two steps of such generators, as with dependencies and
        fixtures.
        """
        visible = [*self._visible(scopes)]
        if not self._nest(visible):
            raise BlocksOverlap(
                "several generators hold blocks that do not nest, so that it can't be"
                " told in which of them this call is made: make it in one of the"
                " generators, or end them before"
            )
        return visible[-1] if visible else None

    def _nest(self, visible: Sequence[Scope[T]]) -> bool:
        """Return True if the last block is the innermost, as far as is known."""
        if not visible:
            return True
        scope = visible[-1]
        if scope.outlived and scope.strand is not None:
            return False
        if scope.owner == self._owner():
            return True
        # A task or thread can have been started in any of the generators.
        return not any(_differs(other, scope) for other in visible[:-1])

    def _separate(
        self, scope: Scope[T], around: Scope[T], visible: Sequence[Scope[T]]
    ) -> None:
        """Separate a generator's block from the block of another, suspended generator.

        The block does not join the other transaction. It inherits the other tenant, as
        one dependency does from another, unless the code around has a different tenant.
        """
        own = [below for below in visible if below.strand is None]
        base = own[-1] if own else None
        scope.outer = base
        scope.take_transaction(base)
        if base is None or base.tenant is None or base.tenant == around.tenant:
            return
        raise BlocksOverlap(
            "a generator that is suspended holds a block of another tenant than the"
            " code around this generator: enter the tenant's block in the generator"
        )

    def _visible(self, scopes: Sequence[Scope[T]]) -> Iterator[Scope[T]]:
        """Return the scopes that apply: a task keeps those open at its start."""
        owner = self._owner()
        return (each for each in scopes if not each.closed or each.owner != owner)

    def _note_overlap(self, held: Scope[T], scopes: Sequence[Scope[T]]) -> None:
        """Mark blocks that others entered after the block of the running generator."""
        strand = held.strand
        if strand is None or held not in scopes:
            return
        for later in scopes[scopes.index(held) + 1 :]:
            if later.strand not in (None, strand) and not later.is_inside(strand):
                later.outlived = True

    def _adopt(self, held: Scope[T]) -> None:
        """Make the current task the owner of the running generator's transaction."""
        transaction, opener = held.transaction, held
        if transaction is None:
            return
        while (outer := opener.outer) and outer.transaction is transaction:
            opener = outer
        if opener.strand is not None and held.is_inside(opener.strand):
            transaction.owner = self._owner()

    def _holders(self, frame: FrameType) -> Iterator[Holder[T]]:
        """Yield the holders of a block entered in a frame, the innermost first."""
        for carrier, is_strand in _carriers(frame, self._bottom()):
            held = self.strands if is_strand else self._helpers
            yield held.get(carrier) or Holder(carrier, is_strand=is_strand)


def _differs(other: Scope[T], scope: Scope[T]) -> bool:
    """Return True if it matters in which of two blocks a task was started."""
    strand = other.strand
    if strand is None or strand is scope.strand or scope.is_inside(strand):
        return False
    transaction = other.transaction
    is_open = transaction is not None and not transaction.closed
    return other.tenant != scope.tenant or (
        is_open and transaction is not scope.transaction
    )


def _carriers(
    frame: FrameType | None, bottom: FrameType | None
) -> Iterator[tuple[FrameType, bool]]:
    """Yield the frames of generators that hold a block entered in a frame.

    These are generators that serve as context managers. The last one, marked True, is
    the generator or coroutine that is suspended independently of its caller, if there
    is one.
    """
    while frame is not None and frame is not bottom:
        code = frame.f_code
        flags = code.co_flags & _SUSPENDS
        driver = frame.f_back
        if flags & _AWAITED:
            # A coroutine that is not awaited but run by hand.
            if code.co_name not in _MANAGING and _operation(driver) in _CALLS:
                yield frame, True
                return
        elif flags:
            if _is_managed(driver):
                if not frame.f_globals.get("__name__", "").startswith(_OWN):
                    yield frame, False
            elif flags & CO_ASYNC_GENERATOR or _operation(driver) != _DELEGATES:
                yield frame, True
                return
        frame = driver


def _operation(frame: FrameType | None) -> int:
    """Return the opcode that a frame executes: a call, an await, an iteration."""
    if frame is None:
        return -1
    return frame.f_code.co_code[frame.f_lasti] if frame.f_lasti >= 0 else -1


def _is_managed(driver: FrameType | None) -> bool:
    """Return True if a generator runs as a context manager or as a fixture."""
    if driver is None:
        return False
    if driver.f_code.co_name in _MANAGING:
        return True
    module: str = driver.f_globals.get("__name__", "")
    return module.partition(".")[0] in _FIXTURES
