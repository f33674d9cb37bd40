"""Comparison of a schema's files with a database's records, and its consequences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.database.migrations import error_at
from reposgen.development.model import Direction, Entry, State, digest_of
from reposgen.diagnostics import ReposgenError, did_you_mean, error
from reposgen.sql_files import version_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.development.model import Migration, Record, Step
    from reposgen.diagnostics import Diagnostic

NOTHING = "0"


def compare(
    migrations: Sequence[Migration], records: Sequence[Record], package: str
) -> tuple[Entry, ...]:
    """Return each file, in order, with its record; then records without a file."""
    own = {record.path: record for record in records if record.package == package}
    # Packages that share files and a database apply them once.
    shared = {(r.path, r.sha256): r for r in records if r.running is None}
    found = [
        own.get(one.path) or shared.get((one.path, one.sha256)) for one in migrations
    ]
    applied = [
        index
        for index, record in enumerate(found)
        if record and not migrations[index].repeatable and not _is_unapplied(record)
    ]
    last = max(applied, default=-1)
    entries = [
        Entry(
            path=one.path,
            state=_state(one, record, is_late=index < last),
            migration=one,
            record=record,
        )
        for index, (one, record) in enumerate(zip(migrations, found, strict=True))
    ]
    known = {one.path for one in migrations}
    entries += [
        Entry(path=path, state=State.MISSING, record=record)
        for path, record in own.items()
        if path not in known
    ]
    return tuple(entries)


def _state(one: Migration, record: Record | None, *, is_late: bool) -> State:
    if record is None or _is_unapplied(record):
        return State.OUT_OF_ORDER if is_late else State.PENDING
    if record.running and (record.done or record.begun):
        return State.INTERRUPTED
    if record.sha256 == one.sha256:
        return State.APPLIED
    return State.TO_REPEAT if one.repeatable else State.CHANGED


def _is_unapplied(record: Record) -> bool:
    """Return True if a run was recorded, but no statement of the file was run."""
    return record.running is Direction.UP and not record.done and not record.begun


def problems(entries: Sequence[Entry], *, out_of_order: bool) -> list[Diagnostic]:
    """Return the reasons why a database cannot be migrated.

    Interrupted files are not among them.
    """
    found = []
    for entry in entries:
        match entry.state:
            case State.CHANGED:
                found.append(
                    error(
                        "migration-changed",
                        "the file has been changed since it was applied",
                        path=entry.path,
                        hint="restore it, and write the change into a new file; a"
                        " development database can be recreated with reposgen db reset",
                    )
                )
            case State.MISSING:
                found.append(
                    error(
                        "migration-missing",
                        "the file was applied, but no longer exists",
                        path=entry.path,
                        hint="restore it; a development database can be recreated with"
                        " reposgen db reset",
                    )
                )
            case State.OUT_OF_ORDER if not out_of_order:
                found.append(
                    error(
                        "migration-out-of-order",
                        "the file has not been applied, but files after it have",
                        path=entry.path,
                        hint="give it a version after the last one, or apply it all"
                        " the same: reposgen db migrate --out-of-order",
                    )
                )
            case _:
                pass
    return found


def target_of(migrations: Sequence[Migration], written: str) -> int:
    """Return the number of files up to the version that `--to` names.

    Args:
        migrations: all files, in order.
        written: a version, a file's name or path; `0` for no file.

    Raises:
        ReposgenError: the version does not exist, or several files have it.
    """
    versioned = [one for one in migrations if not one.repeatable]
    named = [one for one in versioned if written in (one.path, one.place.name)]
    if not named and (numbers := version_numbers(written)) is not None:
        named = [one for one in versioned if one.numbers == numbers]
    if len(named) == 1:
        return migrations.index(named[0]) + 1
    if written == NOTHING and not named:
        return 0
    if named:
        message = f'several files have the version "{written}"'
        hint = f"name the file: --to {named[-1].place.name}"
    else:
        message = f'no migration has the version "{written}"'
        known = [one.version or one.place.name for one in versioned]
        close = did_you_mean(written, known)
        hint = (
            f"did you mean {close}?"
            if close
            else f"the last one is {known[-1]}"
            if known
            else "there are no files with a version"
        )
    raise ReposgenError([error("migration-version", message, hint=hint)])


def resumed_at(entry: Entry, steps: Sequence[Step], resume: int | None) -> int:
    """Return the number of statements of an interrupted file that count as done.

    Args:
        entry: the file and its record.
        steps: all statements of the file.
        resume: number of the statement to continue with, given by the user; None if it
            was not given.

    Raises:
        ReposgenError: the number is missing, or the file cannot continue there.
    """
    record = entry.record
    if record is None or record.running is None:
        raise AssertionError(entry)
    done = record.done
    if digest_of(
        step.statement.text for step in steps[:done]
    ) != record.done_sha256 and (done or record.done_sha256):
        raise ReposgenError(
            [
                error(
                    "migration-changed",
                    f"the file was interrupted after {_several(done)}, and those have"
                    " been changed since",
                    path=entry.path,
                    hint="restore them, then use reposgen db migrate --resume",
                )
            ]
        )
    allowed = [done + 1, *([done + 2] if record.begun else [])]
    if resume in allowed:
        return resume - 1
    raise ReposgenError([_interrupted(entry, steps, record, allowed)])


def _interrupted(
    entry: Entry, steps: Sequence[Step], record: Record, allowed: Sequence[int]
) -> Diagnostic:
    done = record.done
    way = "the down part" if record.running is Direction.DOWN else "the file"
    message = f"{way} was interrupted: {'; '.join(_told(steps, record))}"
    again = f"reposgen db migrate --resume {allowed[0]}"
    if record.begun:
        hint = (
            f"look whether statement {done + 1} has taken effect; if it has not, undo"
            f" what is left of it and run it again: {again}; if it has, go on after it:"
            f" --resume {allowed[1]}"
        )
    else:
        hint = f"go on with {again}"
    if done < len(steps):
        statement = steps[done].statement
        first = statement.tokens[0]
        span = statement.source.span(first.start, first.end)
        return error_at(span, "migration-interrupted", message, hint)
    return error("migration-interrupted", message, path=entry.path, hint=hint)


def _told(steps: Sequence[Step], record: Record) -> Iterator[str]:
    done = record.done
    yield f"{_several(done)} of {len(steps)} {'is' if done == 1 else 'are'} done"
    if record.begun and done < len(steps):
        statement = steps[done].statement
        line = statement.source.line_and_column(statement.start)[0]
        where = f"{statement.source.path}:{line}"
        yield f"statement {done + 1} ({where}) may be done, in whole or in part"
    elif done < len(steps):
        yield f"statement {done + 1} is not done"


def _several(count: int) -> str:
    match count:
        case 0:
            return "no statement"
        case 1:
            return "statement 1"
        case _:
            return f"statements 1 to {count}"
