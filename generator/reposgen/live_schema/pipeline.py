"""Pipelining of small batches, each with its own Sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from psycopg import pq
from psycopg.waiting import Ready, Wait

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import psycopg
    from psycopg.abc import PQGen
    from psycopg.pq.abc import PGconn, PGresult

    # Sends the commands of a batch. An error skips the rest of the batch.
    Batch: TypeAlias = Callable[[PGconn], None]
    # Is called with a batch's index and each of its results, when it arrives.
    Arrived: TypeAlias = Callable[[int, PGresult], None]

# Largest number of batches in flight. More are not faster, and thousands would fill
# both socket buffers.
_WINDOW = 64

_SAVEPOINT = b"SAVEPOINT reposgen_batch"
_ROLL_BACK = b"ROLLBACK TO SAVEPOINT reposgen_batch"
_RELEASE = b"RELEASE SAVEPOINT reposgen_batch"


def run_batches(
    connection: psycopg.Connection[Any], batches: Sequence[Batch], arrived: Arrived
) -> None:
    """Run the batches in order; an error in one does not affect the others.

    Inside a transaction, a savepoint undoes each batch and keeps the transaction
    usable.

    Args:
        connection: an idle connection, or one in a transaction.
        batches: functions that each send the commands of one batch.
        arrived: is called with a batch's index and each of its results.

    Raises:
        psycopg.OperationalError: the connection is lost.
    """
    in_transaction = (
        connection.pgconn.transaction_status == pq.TransactionStatus.INTRANS
    )
    if not in_transaction:
        _run(connection, batches, arrived)
        return

    def every_other(index: int, result: PGresult) -> None:
        if index % 2 == 0:
            arrived(index // 2, result)

    connection.execute(_SAVEPOINT)
    _run(
        connection,
        [step for batch in batches for step in (batch, _roll_back)],
        every_other,
    )
    connection.execute(_RELEASE)


def _roll_back(pgconn: PGconn) -> None:
    pgconn.send_query_params(_ROLL_BACK, None)


def _run(
    connection: psycopg.Connection[Any], batches: Sequence[Batch], arrived: Arrived
) -> None:
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    nonblocking, pgconn.nonblocking = pgconn.nonblocking, 1
    try:
        connection.wait(_communicate(pgconn, batches, arrived))
    finally:
        if pgconn.status == pq.ConnStatus.OK:
            pgconn.nonblocking = nonblocking
            pgconn.exit_pipeline_mode()


def _communicate(
    pgconn: PGconn, batches: Sequence[Batch], arrived: Arrived
) -> PQGen[None]:
    sent = done = 0
    while done < len(batches):
        while sent < len(batches) and sent - done < _WINDOW:
            batches[sent](pgconn)
            pgconn.pipeline_sync()
            sent += 1
        ready = yield Wait.RW if pgconn.flush() else Wait.R
        if not ready & Ready.R:
            continue
        pgconn.consume_input()
        ended = False
        while done < len(batches) and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                # One None ends a command; a second one means that there is no further
                # result.
                if ended:
                    break
                ended = True
                continue
            ended = False
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                done += 1
            else:
                arrived(done, result)
