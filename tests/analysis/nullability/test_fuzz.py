"""Random queries over random states: what is proved of their rows is never seen broken.

Not null is never NULL, one row is one, at most one is not two.

REPOSGEN_FUZZ_QUERIES, REPOSGEN_FUZZ_STATES and REPOSGEN_FUZZ_SEED ask for more, or
for others.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg.pq import TransactionStatus
from tests.analysis.nullability.random_schema import ROLE, SCHEMA, random_state
from tests.analysis.nullability.random_statements import Statements

from reposgen.analysis.cardinality import cardinality
from reposgen.analysis.model import Cardinality
from reposgen.live_schema.functions import builtin_functions

if TYPE_CHECKING:
    from tests.analysis.nullability.conftest import Schema, Schemas

    from reposgen.analysis.nullability import Proof

_QUERIES = int(os.environ.get("REPOSGEN_FUZZ_QUERIES", "400"))
_STATES = int(os.environ.get("REPOSGEN_FUZZ_STATES", "8"))
_SEED = int(os.environ.get("REPOSGEN_FUZZ_SEED", "20"))
_MOST_ROWS = 2000
_ALLOWED = {Cardinality.AT_MOST_ONE: (0, 1), Cardinality.ONE: (1,)}
_SETTINGS: LiteralString = "SET jit = off; SET synchronous_commit = off"
_LIMIT: LiteralString = "SET statement_timeout = '200ms'"


@dataclass
class Run:
    """A query's proofs, and the first row that contradicts one."""

    sql: str
    proofs: tuple[Proof, ...]
    cardinality: Cardinality
    rows: int = 0
    slow: bool = False
    wrong: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)

    def see(self, rows: list[tuple[object, ...]]) -> None:
        self.rows += len(rows)
        if len(rows) not in _ALLOWED.get(self.cardinality, (len(rows),)):
            self.wrong.append((len(rows), (self.cardinality.name,)))
        for row in rows:
            self.wrong += [
                (number, proof.why)
                for number, proof in enumerate(self.proofs)
                if proof.not_null and row[number] is None
            ]


def test_what_is_proved_never_is_seen_broken(schemas: Schemas) -> None:
    schema = schemas(SCHEMA)
    functions = builtin_functions(schema.major)
    random = Random(_SEED)
    statements = Statements(random, schema.major)
    texts = [statements.statement() for _ in range(_QUERIES // 2)]
    statements.pins = 0.8
    texts += [statements.statement() for _ in range(_QUERIES // 2)]
    trees = schema.trees(texts)
    runs = [
        Run(text, schema.prove(tree), cardinality(tree, schema.catalog, functions))
        for text, tree in trees.items()
    ]
    schema.connection.execute(_SETTINGS)
    for _ in range(_STATES):
        schema.connection.execute("RESET statement_timeout; RESET ROLE")
        schema.connection.execute(random_state(random).encode())
        schema.connection.execute(_LIMIT)
        schema.connection.execute(f"SET ROLE {ROLE}")
        for run in runs:
            if not run.slow:
                _execute(schema, run)
    assert [(run.sql, run.wrong[0]) for run in runs if run.wrong] == []
    # A run that proves hardly anything, or sees no rows, shows nothing.
    claims = sum(proof.not_null for run in runs if run.rows for proof in run.proofs)
    assert len(runs) > _QUERIES * 0.8
    assert claims > len(runs) * 0.3
    single = sum(run.cardinality in _ALLOWED for run in runs if run.rows)
    assert single > len(runs) * 0.1


def _execute(schema: Schema, run: Run) -> None:
    try:
        # Rolled back, so that all queries see the same state.
        with schema.connection.transaction(force_rollback=True):
            cursor = schema.connection.execute(run.sql.encode())
            run.see(cursor.fetchmany(_MOST_ROWS))
    except psycopg.errors.QueryCanceled:
        run.slow = True
    except psycopg.Error:
        # A subquery with two rows, a key that is missing, too many rows to wait for:
        # without a result there is nothing to hold against a proof.
        return
    finally:
        # On a machine with much to do, what rolls back may be out of time itself.
        while schema.connection.info.transaction_status != TransactionStatus.IDLE:
            with suppress(psycopg.errors.QueryCanceled):
                schema.connection.rollback()
