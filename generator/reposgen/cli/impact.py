"""impact and drift: print the effects of schema changes on methods."""

from __future__ import annotations

import io
import json
import os
import tarfile
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Unpack, assert_never

import click

from reposgen import __version__
from reposgen.cli.findings import findings
from reposgen.cli.migration_state import state_document, state_lines
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.sarif import sarif
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal, github_annotation
from reposgen.comparison import State, compare_states
from reposgen.config import find_config, load_config
from reposgen.contracts.model import (
    EffectKind,
    ReleaseOrder,
    release_order,
    release_steps,
)
from reposgen.diagnostics import (
    Diagnostic,
    ReposgenError,
    Severity,
    error,
    warning,
)
from reposgen.staleness.history import archive

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reposgen.config import Config
    from reposgen.contracts.model import Effect, PackageImpact
    from reposgen.contracts.schema_state import MigrationState

_URLS = ("postgresql://", "postgres://")
_STEPS = {
    ReleaseOrder.ANY: "the migration and the code can go out in any order",
    ReleaseOrder.MIGRATE_FIRST: "apply the migration, then deploy the code",
    ReleaseOrder.DEPLOY_FIRST: "deploy the code, then apply the migration",
    ReleaseOrder.TWO_STEPS: "split the migration, and deploy the code in between",
}


class ImpactFormat(StrEnum):
    """Output format of `impact`."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    MARKDOWN = "markdown"


_FORMAT = click.option(
    "--format",
    "impact_format",
    type=click.Choice(ImpactFormat, case_sensitive=False),
    default=ImpactFormat.TEXT,
    show_default=True,
    help="markdown: a comment for a pull request; github: annotations of a workflow;"
    " sarif: for code scanning.",
)


@click.command()
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@click.option(
    "--against",
    default="HEAD",
    show_default=True,
    metavar="STATE",
    help="The old state: a git revision, a project's folder, a file with the schema, or"
    " the URL of a database.",
)
@_FORMAT
@project_options
@click.pass_context
def impact(
    context: click.Context,
    *,
    packages: Sequence[str],
    against: str,
    impact_format: ImpactFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Tell what a change of the schema does to the methods, and in which order to
    release.

    The new state is the working tree. Both directions count: while a release is under
    way, old code runs on the new schema, or new code on the old one. A database or a
    file with the schema has no code: there the new code is judged, and no order.

    Exit status 1 if a method is affected.

    \b
    Examples:
      reposgen impact                                 the changes not committed yet
      reposgen impact --against origin/main           of a branch
      reposgen impact --against schema.sql            a dump of the old schema
      reposgen impact --against postgresql://db/app --format markdown
    """  # noqa: D205, D301 - a summary of two lines; \b is click's mark
    terminal = Terminal()
    config = read_config(**where)
    with ExitStack() as stack, terminal.progress() as progress:
        old = _state(against, config, stack)
        found = compare_states(old, State(config=config), packages, progress)
    _report(context, terminal, found, impact_format, order=old.has_code)


@click.command()
@click.argument("url")
@click.argument("packages", nargs=-1, metavar="[PACKAGE]...")
@_FORMAT
@project_options
@click.pass_context
def drift(
    context: click.Context,
    *,
    url: str,
    packages: Sequence[str],
    impact_format: ImpactFormat,
    **where: Unpack[ProjectOptions],
) -> None:
    """Tell which methods fail on a database that differs from the migrations.

    The code of the working tree is compared with the database as it stands, and the
    migrations that the database lacks are named. Nothing is written to it.

    Exit status 1 if a method is affected.

    \b
    Examples:
      reposgen drift postgresql://db.example/app
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    config = read_config(**where)
    with terminal.progress() as progress:
        old = State(config=config, url=url)
        new = State(config=config)
        found = compare_states(old, new, packages, progress)
        # A run of impact does not need it, and it takes long to load.
        from reposgen.missing_migrations import find_migrations  # noqa: PLC0415 - above

        names = {one.package for one in found}
        states = {
            package.name: state
            for package in config.packages
            if package.name in names
            and (state := find_migrations(old, new, package, progress)) is not None
        }
    _report(context, terminal, found, impact_format, order=old.has_code, states=states)


def _state(against: str, config: Config, stack: ExitStack) -> State:
    """Return the state that an argument names.

    Raises:
        ReposgenError: the state does not exist.
    """
    if against.startswith(_URLS):
        return State(config=config, url=against)
    path = Path(against)
    if path.is_dir():
        return State(config=_config_in(path))
    if path.is_file():
        return State(config=config, schema=(str(path.resolve()),))
    files = archive(config.root, against)
    if files is None:
        raise ReposgenError(
            [
                error(
                    "unknown-state",
                    f'"{against}" is not a git revision, folder, file or URL',
                    hint="name a commit, branch or tag: --against origin/main",
                )
            ]
        )
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="reposgen-")))
    with tarfile.open(fileobj=io.BytesIO(files)) as tar:
        tar.extractall(folder, filter="data")
    return State(config=_config_in(folder))


def _config_in(folder: Path) -> Config:
    return load_config(find_config(folder.resolve()), environ=os.environ)


def _report(
    context: click.Context,
    terminal: Terminal,
    found: Sequence[PackageImpact],
    impact_format: ImpactFormat,
    *,
    order: bool,
    states: Mapping[str, MigrationState] | None = None,
) -> None:
    states = states or {}
    effects = [effect for one in found for effect in one.effects]
    terminal.diagnostics({one.obstacle for one in found if one.obstacle})
    diagnostics = [_diagnostic(effect) for effect in effects]
    match impact_format:
        case ImpactFormat.TEXT:
            lines = [one.render() for one in diagnostics]
            lines += _summary(found, order=order)
            text = "\n".join([*lines, *state_lines(states)])
        case ImpactFormat.JSON:
            text = json.dumps(_document(found, states, order=order), indent=2)
        case ImpactFormat.GITHUB:
            text = "\n".join(github_annotation(one) for one in diagnostics)
        case ImpactFormat.SARIF:
            text = json.dumps(sarif(diagnostics, __version__), indent=2)
        case ImpactFormat.MARKDOWN:
            written = [*_markdown(found, order=order)]
            written += [f"    {line}" for line in state_lines(states)]
            text = "\n".join(written)
        case _:
            assert_never(impact_format)
    if text:
        terminal.write(text)
    is_affected = not all(effect.is_note for effect in effects)
    context.exit(Status.FINDINGS if is_affected else Status.FINE)


def _diagnostic(effect: Effect) -> Diagnostic:  # noqa: PLR0911 -- one for each kind
    message = f"{effect.query}, {effect.direction}: {effect.message}"
    span, path = effect.span, effect.file
    match effect.kind:
        case EffectKind.BREAKS:
            return error("impact-breaks", message, span=span, path=path)
        case EffectKind.TYPES:
            return warning("impact-types", message, span=span, path=path)
        case EffectKind.NULLABILITY:
            return warning("impact-nullability", message, span=span, path=path)
        case EffectKind.ROWS:
            return warning("impact-rows", message, span=span, path=path)
        case EffectKind.ERRORS:
            return warning("impact-errors", message, span=span, path=path)
        case EffectKind.UNKNOWN:
            return Diagnostic(
                code="impact-unknown",
                message=message,
                severity=Severity.NOTE,
                span=span,
                path=path,
            )
        case EffectKind.PLAN:
            return Diagnostic(
                code="impact-plan",
                message=message,
                severity=Severity.NOTE if effect.is_note else Severity.WARNING,
                span=span,
                path=path,
                hint=effect.hint,
            )
        case _:
            assert_never(effect.kind)


def _affected(effects: Iterable[Effect]) -> int:
    return len({(one.file, one.query) for one in effects if not one.is_note})


def _summary(found: Sequence[PackageImpact], *, order: bool) -> Iterator[str]:
    for one in found:
        affected = _affected(one.effects)
        yield f"{one.package}: {affected} of {one.methods} methods affected"
    if order and found:
        verdict = _verdict(found)
        yield f"{verdict}: {_STEPS[verdict]}"
        if verdict is ReleaseOrder.TWO_STEPS:
            for number, step in enumerate(_steps(found), 1):
                yield f"  {number}. {step}"


def _verdict(found: Sequence[PackageImpact]) -> ReleaseOrder:
    return release_order(effect for one in found for effect in one.effects)


def _steps(found: Sequence[PackageImpact]) -> tuple[str, ...]:
    return release_steps(
        _verdict(found),
        [need for one in found for need in one.needs],
        [kept for one in found for kept in one.keeps],
    )


def _document(
    found: Sequence[PackageImpact], states: Mapping[str, MigrationState], *, order: bool
) -> object:
    return {
        "order": _verdict(found).value if order else None,
        "steps": list(_steps(found)) if order else [],
        "packages": [
            {
                "name": one.package,
                "methods": one.methods,
                "effects": [_finding(one.package, effect) for effect in one.effects],
                "migrations": state_document(states.get(one.package)),
            }
            for one in found
        ],
    }


def _finding(package: str, effect: Effect) -> object:
    """Return the form that all findings have, and what only effects have."""
    (finding,) = findings([_diagnostic(effect)])
    return {
        **finding,
        "message": effect.message,
        "package": package,
        "query": effect.query,
        "method": effect.method,
        "kind": effect.kind.value,
        "direction": effect.direction.value,
    }


def _markdown(found: Sequence[PackageImpact], *, order: bool) -> Iterator[str]:
    if order:
        verdict = _verdict(found)
        yield f"**{verdict.capitalize()}**: {_STEPS[verdict]}."
        yield ""
        if verdict is ReleaseOrder.TWO_STEPS:
            for number, step in enumerate(_steps(found), 1):
                yield f"{number}. {step}"
            yield ""
    for one in found:
        affected = _affected(one.effects)
        yield f"`{one.package}`: {affected} of {one.methods} methods affected."
        yield ""
        if one.effects:
            yield "| method | on | effect | |"
            yield "| --- | --- | --- | --- |"
        for effect in one.effects:
            message = effect.message.replace("|", "\\|").replace("\n", " ")
            place = f"{effect.file}:{effect.span.line}" if effect.span else effect.file
            yield (
                f"| `{effect.method}` ({place}) | {effect.direction} | {effect.kind} |"
                f" {message} |"
            )
        if one.effects:
            yield ""
