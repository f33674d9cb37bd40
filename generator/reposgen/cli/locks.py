"""locks: print the locks of migrations, and the methods that wait for them."""

from __future__ import annotations

import json
from contextlib import ExitStack
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Unpack, assert_never

import click

from reposgen import __version__
from reposgen.cli.findings import findings
from reposgen.cli.impact import state_of
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.sarif import sarif
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal, github_annotation
from reposgen.comparison import State
from reposgen.diagnostics import ReposgenError, Severity, error
from reposgen.locking import lock_migrations
from reposgen.squawk import find_squawk, lint_migration, squawk_missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.config import Config
    from reposgen.contracts.locks.model import LockFinding
    from reposgen.locking import LockReport


class LocksFormat(StrEnum):
    """Output format of `locks`."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    MARKDOWN = "markdown"


@click.command()
@click.argument("migrations", nargs=-1, metavar="[MIGRATION]...")
@click.option(
    "--against",
    metavar="STATE",
    help="What is deployed: a git revision or a project's folder. Default: HEAD.",
)
@click.option(
    "--squawk/--no-squawk",
    "with_squawk",
    default=True,
    help="Apply squawk's general rules, if it is installed.  [default: squawk]",
)
@click.option(
    "--format",
    "locks_format",
    type=click.Choice(LocksFormat, case_sensitive=False),
    default=LocksFormat.TEXT,
    show_default=True,
    help="markdown: a comment for a pull request; github: annotations of a workflow;"
    " sarif: for code scanning.",
)
@project_options
@click.pass_context
def locks(
    context: click.Context,
    *,
    migrations: Sequence[str],
    against: str | None,
    with_squawk: bool,
    locks_format: LocksFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Tell which locks a migration takes, and which methods wait for them.

    Each statement runs on an empty scratch database, and the server says what it
    locked. Without a name, all migrations are judged that the deployed state lacks. The
    methods are those of the deployed state; for a named migration, without --against,
    those of the working tree.

    squawk's general rules are applied as well, if it is installed: pip install
    'reposgen[squawk]'.

    Exit status 1 if there is a warning or an error.

    \b
    Examples:
      reposgen locks                               migrations not committed yet
      reposgen locks --against origin/main         of a branch
      reposgen locks migrations/0007_owner.sql
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    config = read_config(**where)
    with ExitStack() as stack, terminal.progress() as progress:
        if migrations and against is None:
            old = State(config=config)
        else:
            old = _deployed(against or "HEAD", config, stack)
        program = find_squawk() if with_squawk else None
        lint = partial(lint_migration, program) if program else None
        report = lock_migrations(old, config, migrations, progress, lint)
    found = [one for judged in report.migrations for one in judged.findings]
    notes = [*report.notes]
    if with_squawk and program is None and report.migrations:
        notes.append(squawk_missing())
    terminal.diagnostics(notes)
    if text := _written(report, found, locks_format):
        terminal.write(text)
    counts = any(one.diagnostic.severity is not Severity.NOTE for one in found)
    context.exit(Status.FINDINGS if counts else Status.FINE)


def _deployed(against: str, config: Config, stack: ExitStack) -> State:
    """Return the state that is deployed.

    Raises:
        ReposgenError: it does not exist, or its code is not known.
    """
    state = state_of(against, config, stack)
    if not state.has_code:
        raise ReposgenError(
            [
                error(
                    "state-without-code",
                    f'the code of "{against}" is not known, so no method waits',
                    hint="name a git revision or a project's folder",
                )
            ]
        )
    return state


def _written(
    report: LockReport, found: Sequence[LockFinding], locks_format: LocksFormat
) -> str:
    diagnostics = [one.diagnostic for one in found]
    match locks_format:
        case LocksFormat.TEXT:
            lines = [one.render() for one in diagnostics]
            return "\n".join([*lines, _summary(report)])
        case LocksFormat.JSON:
            return json.dumps([_finding(one) for one in found], indent=2)
        case LocksFormat.GITHUB:
            return "\n".join(github_annotation(one) for one in diagnostics)
        case LocksFormat.SARIF:
            return json.dumps(sarif(diagnostics, __version__), indent=2)
        case LocksFormat.MARKDOWN:
            return "\n".join(_markdown(report))
        case _:
            assert_never(locks_format)


def _summary(report: LockReport) -> str:
    count = len(report.migrations)
    if not count:
        return "no new migrations"
    several = f"{count} migrations" if count > 1 else "1 migration"
    counted = sum(
        one.diagnostic.severity is not Severity.NOTE
        for judged in report.migrations
        for one in judged.findings
    )
    words = "1 finding" if counted == 1 else f"{counted or 'no'} findings"
    return f"{several} judged with {report.methods} methods: {words}"


def _finding(one: LockFinding) -> object:
    """Return the form that all findings have, and what only locks have."""
    (finding,) = findings([one.diagnostic])
    if not one.table:
        return finding
    return {
        **finding,
        "table": one.table,
        "mode": one.mode,
        "until": one.until,
        "waiting": list(one.waiting),
        "can_wait": list(one.perhaps),
    }


def _markdown(report: LockReport) -> Iterator[str]:
    yield f"**Locks**: {_summary(report)}."
    yield ""
    for judged in report.migrations:
        if not judged.findings:
            continue
        yield "| place | finding | |"
        yield "| --- | --- | --- |"
        for one in judged.findings:
            found = one.diagnostic
            message = found.message.replace("|", "\\|").replace("\n", " ")
            place = f"{found.file}:{found.span.line}" if found.span else found.file
            yield f"| `{place}` | {found.severity} `{found.code}` | {message} |"
        yield ""
