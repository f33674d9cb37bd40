"""Compares a package's contract with the live schema, when a Database is opened."""

from __future__ import annotations

import json
import logging
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg import AsyncRawCursor

from .. import wire
from ..contract import ContractBroken, Finding, FindingKind, summary
from ..contract_comparison import UNKNOWN, Comparison
from ..copy_commands import create_staging
from ..errors import RepositoryError, SchemaChanged, Unavailable
from ..live_catalog import (
    CATALOG_QUERY,
    DIFFERENCES_QUERY,
    catalog_arguments,
    expected_arguments,
    live_schema,
)
from ..statement import Statement, Validated
from ..translate import translate
from ..variants import OrderBy, Variants

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from psycopg.pq.abc import PGresult

    from ..codec import Codec
    from ..contract import Contract
    from ..statement import Package
    from .connection import Session
    from .router import Router

_logger: Final = logging.getLogger("reposgen_runtime")
# Statements that are sent to the server together.
_TOGETHER: Final = 50


async def verify(router: Router, package: Package, *, strict: bool) -> None:
    """Compare a package with the schema of the primary, and report what does not fit.

    Args:
        router: of the Database.
        package: that was generated.
        strict: raise an error for methods that break, and do not only log them.

    Raises:
        ContractBroken: methods break.
        Unavailable: the server cannot be reached, and the comparison is strict.
    """
    try:
        async with router.checkout(writes=False) as session_of:
            findings = await find_differences(session_of(package), package)
    except Unavailable:
        if strict:
            raise
        _logger.warning("the schema was not verified: the server cannot be reached")
        return
    if not findings:
        return
    broken = [one for one in findings if one.kind is FindingKind.BREAKS]
    if strict and broken:
        raise ContractBroken(summary(package, findings), findings)
    _logger.warning("%s", summary(package, findings))


async def find_differences(session: Session, package: Package) -> Sequence[Finding]:
    """Return the methods of a package that do not fit the schema of a connection.

    One round trip tells whether anything differs. Only then, a second one reads how the
    catalog differs; and if that is what methods use, a third one asks the server which
    of their statements it refuses.

    Raises:
        RepositoryError: the server could not be asked, or the package has no contract.
    """
    contract = contract_of(package)
    cursor = AsyncRawCursor(session.connection)
    is_unknown = any(UNKNOWN in uses for uses in contract.methods.values())
    try:
        await session.open()
        if not is_unknown:
            await cursor.execute(
                DIFFERENCES_QUERY.encode(),
                expected_arguments(contract, package),
                prepare=False,
            )
            if await cursor.fetchone() == (False,):
                return ()
        await cursor.execute(
            CATALOG_QUERY.encode(), catalog_arguments(contract, package), prepare=False
        )
        row: Any = await cursor.fetchone()
    except psycopg.Error as error:
        raise await session.translated(error) from None
    live = live_schema(json.loads(row[0]), contract, package)
    comparison = Comparison(contract, package, live)
    if not (comparison.suspects or comparison.changed_types):
        return ()
    statements = statements_of(package, contract)
    suspects = {
        name: statements[name]
        for name in contract.methods
        if name in statements
        and (
            name in comparison.suspects or comparison.has_changed_type(statements[name])
        )
    }
    refused = await _refused(session, package, suspects.values())
    findings: list[Finding] = []
    for name, statement in suspects.items():
        if name in refused:
            findings.append(Finding(name, FindingKind.BREAKS, refused[name]))
        else:
            findings += comparison.findings(name, statement)
    return findings


def contract_of(package: Package) -> Contract:
    """Return the contract that was generated with a package.

    Raises:
        RepositoryError: the package was generated without a contract.
    """
    if not package.module:
        raise RepositoryError(
            f"package {package.name} has no contract to verify: set contract = true in"
            " its [[package]] of codegen.toml, and run reposgen generate"
        )
    module = import_module(f"{_root(package)}.schema_contract")
    contract: Contract = module.CONTRACT
    return contract


def _root(package: Package) -> str:
    return package.module.rpartition(".")[0]


def statements_of(package: Package, contract: Contract) -> dict[str, Validated[Any]]:
    """Return the statements of a package by their names."""
    found: dict[str, Validated[Any]] = {}
    for module in dict.fromkeys(name.partition(".")[0] for name in contract.methods):
        for value in vars(import_module(f"{_root(package)}.{module}")).values():
            if isinstance(value, Validated):
                found[value.name] = value
    return found


def _texts(statement: Validated[Any]) -> Iterator[Statement[Any]]:
    """Yield the statements that stand for all calls of a method."""
    if isinstance(statement, Variants):
        given = (*statement.filters, *statement.items)
        sorts = [
            sort
            for piece in statement.pieces
            if isinstance(piece, OrderBy)
            for sort in piece.sorts
        ]
        for sort in (None, *sorts):
            sql = partial(statement.sql, given, sort=sort)
            yield statement.built((given, sort), given, sql)
    elif isinstance(statement, Statement):
        yield statement
    if statement.optimistic is not None:
        yield statement.optimistic.probe


async def _refused(
    session: Session, package: Package, statements: Iterable[Validated[Any]]
) -> dict[str, str]:
    """Return why the server, or the code, refuses statements: by their names."""
    refused: dict[str, str] = {}
    codecs: list[tuple[str, Codec[Any]]] = []
    for statement in statements:
        try:
            for one in _texts(statement):
                codec = await session.codec(one)
                codecs.append((statement.name, codec))
        except SchemaChanged as error:
            refused[statement.name] = str(error.args[0])
    connection = session.connection
    asked = [(name, codec, one) for name, codec in codecs for one in _asked(codec)]
    for start in range(0, len(asked), _TOGETHER):
        several = asked[start : start + _TOGETHER]
        work = wire.describe(connection.pgconn, [one for *_, one in several])
        try:
            async with connection.lock:
                described = await connection.wait(work)
        except psycopg.Error as error:
            raise await session.translated(error) from None
        for (name, codec, question), result in zip(several, described, strict=True):
            refusal = _error(codec, question, result, package)
            if refusal is not None:
                refused.setdefault(name, str(refusal.args[0]))
    return refused


def _asked(codec: Codec[Any]) -> Iterator[wire.Asked]:
    """Yield what to ask the server about a statement."""
    copy = codec.statement.copy
    if copy is None or not copy.staged:
        yield wire.Asked(codec.sql, codec.parameter_oids)
    if copy is not None:
        if copy.staged:
            before = create_staging(codec.statement).encode()
            yield wire.Asked(codec.sql, (), before)
        else:
            # A few rows are inserted; of more, COPY compares the columns of its table.
            columns = ", ".join(copy.columns)
            sql = f"SELECT {columns} FROM {copy.table}".encode()
            yield wire.Asked(sql, (), is_copy=True)


def _error(
    codec: Codec[Any],
    asked: wire.Asked,
    result: PGresult | psycopg.Error,
    package: Package,
) -> SchemaChanged | None:
    """Return the error that a call of a statement raises."""
    if isinstance(result, psycopg.Error):
        error = translate(result, package, query=None)
        # What the role may not do, or a standby, is not a change of the schema.
        return error if isinstance(error, SchemaChanged) else None
    try:
        if asked.is_copy:
            codec.check_columns([result.ftype(n) for n in range(result.nfields)])
        else:
            codec.check(result)
    except SchemaChanged as error:
        return error
    return None
