# Derived from ../aio/test_calls.py by derive_sync.py: change that file.
# ruff: noqa: RUF100, SIM117 -- blocks stay as the original has them
"""Each kind of call, and each way that it can end, as observers see it."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest
from opentelemetry.trace import SpanKind, StatusCode
from tests.observe.seen import CUT, PACKAGE, act, copy, pages

from reposgen_runtime import errors
from reposgen_runtime.settings import Settings
from reposgen_runtime.sync import Database, Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.observe.seen import Seen
    from tests.support.proxy import Proxy

    from reposgen_runtime import Statement

    Work = Callable[[Database, Runner, str, float | None], object]


def one(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.one(act(limit), (how,))


def first(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.first(act(limit), (how,))


def opt(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.opt(act(limit), (how,))


def many(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.many(act(limit), (how,))


def exec_(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.exec(act(limit), (how,))  # type: ignore[func-returns-value] # as callers may


def execrows(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.execrows(act(limit), (how,))


def execresult(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.execresult(act(limit), (how,))


def execlastid(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.execlastid(act(limit), (how,))


def stream(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return list(run.stream(act(limit), (how,)))


def page(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.page(pages(limit), (how,), limit=1, total=True)


def copyto(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return list(run.copy_to(act(limit), (how,), header=False))


def copyfrom(_: Database, run: Runner, how: str, limit: float | None) -> object:
    rows = [] if how == "no row" else [how]
    return run.copy_from(copy(limit), rows)


def returning(_: Database, run: Runner, how: str, limit: float | None) -> object:
    rows = [] if how == "no row" else [how]
    return run.copy_returning(copy(limit, staged=True), rows)


def batchexec(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.batch_exec(act(limit), [how])


def batchone(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.batch_one(act(limit), [how])


def batchfirst(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.batch_first(act(limit), [how])


def batchmany(_: Database, run: Runner, how: str, limit: float | None) -> object:
    return run.batch_many(act(limit), [how])


# What is called, the command that observers are told of, whether it insists on a row.
KINDS: Final[list[tuple[Work, str, bool]]] = [
    (one, "one", True),
    (first, "one", True),
    (opt, "opt", False),
    (many, "many", False),
    (exec_, "exec", False),
    (execrows, "execrows", False),
    (execresult, "execresult", False),
    (execlastid, "execlastid", True),
    (stream, "stream", False),
    (page, "page", False),
    (copyto, "copyto", False),
    (copyfrom, "copyfrom", False),
    (returning, "copyfrom", False),
    (batchexec, "batchexec", False),
    (batchone, "batchone", True),
    (batchfirst, "batchone", True),
    (batchmany, "batchmany", False),
]
# How it ends, and the error that its caller gets.
ENDS: Final[dict[str, tuple[str, type[Exception] | None, str | None]]] = {
    "ok": ("ok", None, None),
    "no row": ("no_row", errors.NotFound, None),
    "violation": ("violation", errors.CheckFailed, "23514"),
    "timeout": ("timeout", errors.StatementTimeout, "57014"),
    "lost": ("lost", errors.ConnectionLost, "57P01"),
    CUT: ("unknown", errors.OutcomeUnknown, None),
}
# Which of them depends on whether the server may have committed before it broke.
BROKEN: Final = {errors.ConnectionLost: "lost", errors.OutcomeUnknown: "unknown"}
NAMES: Final = {
    **dict.fromkeys(("copyfrom", "copyto"), "COPY acts"),
    **dict.fromkeys(("batchexec", "batchone", "batchmany"), "BATCH SELECT acts"),
}


def expected(how: str, *, insists: bool) -> tuple[str, Any, Any]:
    if how == "no row" and not insists:
        return ENDS["ok"]
    return ENDS[how]


@pytest.mark.parametrize(("work", "command", "insists"), KINDS)
def test_a_call(
    proxy: Proxy,
    seen: Seen,
    work: Work,
    command: str,
    *,
    insists: bool,
    use_cursors: bool,
) -> None:
    settings = Settings(
        conninfo=proxy.conninfo, use_cursors=use_cursors, observers=seen.observers
    )
    with Database(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)
        for how in ENDS:
            # What is asked when a connection is new, and a statement.
            work(db, run, "ok", None)
            seen.forget()
            if how == CUT:
                proxy.cut_at(CUT, heard=True)
            raised: errors.RepositoryError | None = None
            try:
                work(db, run, how, 0.05 if how == "timeout" else None)
            except errors.RepositoryError as error:
                raised = error
            outcome, kind, sqlstate = expected(how, insists=insists)
            if raised is not None and kind in BROKEN:
                kind, sqlstate = type(raised), raised.sqlstate
                outcome = BROKEN[kind]
            assert (None if raised is None else type(raised)) is kind
            check_call(seen, command, outcome, kind, sqlstate)


def check_call(
    seen: Seen,
    command: str,
    outcome: str,
    kind: type[Exception] | None,
    sqlstate: str | None,
) -> None:
    [span] = seen.spans()
    method = "copy" if command == "copyfrom" else "page" if command == "page" else "act"
    assert span.name == NAMES.get(command, "SELECT acts")
    assert span.kind is SpanKind.CLIENT
    is_fine = outcome in {"ok", "no_row"}
    status = StatusCode.UNSET if is_fine else StatusCode.ERROR
    assert span.status.status_code is status
    attributes = dict(span.attributes or {})
    assert attributes["code.function.name"] == f"observed.acts.{method}"
    assert attributes.get("db.response.status_code") == sqlstate
    failed = None if is_fine or kind is None else sqlstate or kind.__qualname__
    assert attributes.get("error.type") == failed
    [[(measured, point)], [(pool, used)]] = seen.measured(
        "db.client.operation.duration", "db.client.connection.use_time"
    )
    assert point.count == 1
    assert used.count == 1
    assert list(pool) == ["db.client.connection.pool.name"]
    assert measured.get("error.type") == failed
    name = f"acts.{method}"
    counted = seen.counted()
    assert counted("reposgen_call_duration_seconds_count") == {
        (command, name, outcome, "observed"): 1
    }
    [(role, _)] = used_by = counted("reposgen_connection_use_seconds_count")
    assert (role, sum(used_by.values())) == ("primary", 1)
    assert counted("reposgen_errors_total") == (
        {}
        if kind is None
        else {(command, kind.__name__, name, "observed", sqlstate or ""): 1}
    )
    found = [
        (record.levelname, vars(record)["outcome"], vars(record)["sqlstate"])
        for record in seen.records
        if vars(record).get("query") == name
    ]
    level = {"ok": "INFO", "unknown": "ERROR"}.get(outcome, "WARNING")
    assert found == ([] if outcome == "no_row" else [(level, outcome, sqlstate)])


@pytest.mark.parametrize("block", ["transaction", "savepoint", "pipeline"])
def test_a_block(proxy: Proxy, seen: Seen, block: str, *, use_cursors: bool) -> None:
    settings = Settings(
        conninfo=proxy.conninfo, use_cursors=use_cursors, observers=seen.observers
    )
    with Database(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)
        for how in ENDS:
            run.one(act(), ("ok",))
            seen.forget()
            if how == CUT:
                proxy.cut_at(CUT, heard=True)
            statement = act(0.05 if how == "timeout" else None)
            with (
                suppress(errors.RepositoryError),
                seen.tracer.start_as_current_span("my"),
            ):
                with db.transaction():
                    in_block(db, run, block, statement, how)
            check_block(seen, block, how)


def in_block(
    db: Database, run: Runner, block: str, statement: Statement[int], how: str
) -> None:
    match block:
        case "transaction":
            run.one(statement, (how,))
        case "savepoint":
            with db.savepoint():
                run.one(statement, (how,))
        case _:
            with db.pipeline() as pipeline:
                pipeline.add(run.many, statement, (how,))


def check_block(seen: Seen, block: str, how: str) -> None:
    names = [span.name.partition(" ")[0] for span in seen.spans()]
    call = "PIPELINE" if block == "pipeline" else "SELECT"
    inner = {"transaction": [call], "savepoint": [call, "SAVEPOINT"]}
    assert names == [*inner.get(block, [call]), "TRANSACTION", "my"]
    # Each is the parent of what is done in it.
    above = [*reversed(seen.spans())]
    assert above[0].parent is None
    for outer, span in pairwise(above):
        assert span.parent is not None
        assert outer.context is not None
        assert span.parent.span_id == outer.context.span_id
    fails = how != "ok" and not (how == "no row" and block == "pipeline")
    outcome = {"no row": "no_row", CUT: "lost"}.get(how, how) if fails else "ok"
    kinds = {"transaction", block}
    counted = seen.counted()
    assert counted("reposgen_block_duration_seconds_count") == {
        (kind, outcome): 1 for kind in kinds
    }
    is_made = block == "pipeline" and not fails
    assert counted("reposgen_pipelined_calls_total") == (
        {("acts.act", "observed"): 1} if is_made else {}
    )
    [measured] = seen.measured("reposgen.transaction.duration")
    assert len(measured) == len(kinds - {"pipeline"})


def test_attributes(conninfo: str, seen: Seen) -> None:
    settings = Settings(conninfo=conninfo, observers=seen.observers)
    with Database(settings, package=PACKAGE) as db:
        Runner(db, PACKAGE).batch_exec(act(), ["ok", "ok"])
        database = db.place_of_calls()().database
        host = db.place_of_calls()().host
    [span] = seen.spans()
    assert dict(span.attributes or {}) == {
        "db.system.name": "postgresql",
        "db.namespace": f"{database}|public",
        "db.collection.name": "acts",
        "db.operation.name": "BATCH SELECT",
        "db.operation.batch.size": 2,
        "db.query.summary": "BATCH SELECT acts",
        "db.query.text": "SELECT found FROM act($1) AS found WHERE found > 0",
        "db.response.returned_rows": 2,
        "server.address": host,
        "code.function.name": "observed.acts.act",
        "reposgen.connection.wait_time": span.attributes[  # type: ignore[index] # it has some
            "reposgen.connection.wait_time"
        ],
    }


def test_a_stream_that_ends_early(conninfo: str, seen: Seen) -> None:
    settings = Settings(conninfo=conninfo, observers=seen.observers)
    with Database(settings, package=PACKAGE) as db:
        run = Runner(db, PACKAGE)
        with run.stream(act(), ("ok",)) as rows:
            for _ in rows:
                # In the middle of a stream, other calls are not part of it.
                run.one(act(), ("ok",))
                break
    assert [span.name for span in seen.spans()] == ["SELECT acts", "SELECT acts"]
    assert all(span.parent is None for span in seen.spans())
    outcomes = seen.counted()("reposgen_call_duration_seconds_count")
    assert outcomes == {
        ("one", "acts.act", "ok", "observed"): 1,
        ("stream", "acts.act", "ok", "observed"): 1,
    }


def test_nobody_observes_what_is_not_run(conninfo: str, seen: Seen) -> None:
    settings = Settings(conninfo=conninfo, observers=seen.observers)
    with Database(settings, package=PACKAGE) as db:
        Runner(db, PACKAGE).stream(act(), ("ok",))
    assert seen.spans() == ()


def test_a_stream_that_is_read_elsewhere(conninfo: str, seen: Seen) -> None:
    settings = Settings(conninfo=conninfo, observers=seen.observers)
    with Database(settings, package=PACKAGE) as db:
        rows = iter(Runner(db, PACKAGE).stream(act(), ("ok",)))
        with seen.tracer.start_as_current_span("first") as first:
            next(rows)
        with seen.tracer.start_as_current_span("second"):
            assert list(rows) == []
    [span] = [span for span in seen.spans() if span.name == "SELECT acts"]
    # It belongs to where it began.
    assert span.parent == first.get_span_context()
    [outer] = [span for span in seen.spans() if span.name == "first"]
    assert (span.start_time or 0) >= (outer.start_time or 0)
    assert (span.end_time or 0) > (outer.end_time or 0)
