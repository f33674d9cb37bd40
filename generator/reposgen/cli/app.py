"""The `reposgen` command, and the handling of errors that end it."""

from __future__ import annotations

import errno
from importlib import import_module

import click

from reposgen import __version__
from reposgen.cli.plugins import disable_plugins
from reposgen.cli.status import Status
from reposgen.cli.terminal import FORMAT_KEY, MessageFormat, Terminal
from reposgen.diagnostics import ReposgenError, did_you_mean

disable_plugins()

# Where each command is. Only that of the run is imported: all of them together take
# longer than a run that has nothing to do.
_COMMANDS = {
    "init": "init",
    "generate": "generate",
    "check": "generate",
    "describe": "describe",
    "why": "why",
    "vet": "vet",
    "plans": "plans",
    "impact": "impact",
    "drift": "impact",
    "locks": "locks",
    "import-sqlc": "sqlc",
    "cache": "cache",
    "db": "db",
    "doctor": "doctor",
    "stats": "stats",
    "config-schema": "schema",
    "findings-schema": "schema",
    "scaffold": "scaffold",
}


class _Reposgen(click.Group):
    """Command group that turns every exception into a message and an exit status."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"reposgen.cli.{_COMMANDS[cmd_name]}")
        found = getattr(module, cmd_name.replace("-", "_"))
        return found if isinstance(found, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            close = did_you_mean(args[0], _COMMANDS)
            known = f"commands: {', '.join(sorted(_COMMANDS))}"
            hint = f"did you mean {close}?" if close else known
            raise click.UsageError(f'command "{args[0]}" does not exist; {hint}', ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
        except ReposgenError as failed:
            message_format = ctx.meta.get(FORMAT_KEY, MessageFormat.TEXT)
            Terminal(message_format).diagnostics(failed.diagnostics)
            ctx.exit(Status.COULD_NOT_RUN)
        except KeyboardInterrupt:
            ctx.exit(Status.INTERRUPTED)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as unexpected:
            if isinstance(unexpected, OSError) and unexpected.errno == errno.EPIPE:
                raise  # the reader of our output has had enough: click's business
            _tell_internal_error(unexpected, show_traceback=ctx.params["traceback"])
            ctx.exit(Status.COULD_NOT_RUN)


def _tell_internal_error(unexpected: Exception, *, show_traceback: bool) -> None:
    terminal = Terminal()
    if show_traceback:
        import traceback  # noqa: PLC0415 -- few runs need it

        terminal.say("".join(traceback.format_exception(unexpected)).rstrip())
    terminal.say(f"internal error: {type(unexpected).__name__}: {unexpected}")
    terminal.say(
        "  This is a fault of reposgen's, not yours. Please report it with the output"
        " of reposgen --traceback … and reposgen doctor."
    )


@click.group(cls=_Reposgen, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reposgen")
@click.option(
    "--traceback",
    is_flag=True,
    envvar="REPOSGEN_DEBUG",
    show_envvar=True,
    help="Show where an internal error comes from.",
)
def main(*, traceback: bool) -> None:
    """Typed Python repositories from annotated SQL.

    PostgreSQL parses and analyses every query; reposgen writes a package of typed
    repositories from what the server says.

    \b
    Examples:
      reposgen init demo && cd demo    a project to begin with
      reposgen generate                write the package
      reposgen check                   is it fresh? (for CI)

    \b
    Environment:
      REPOSGEN_CACHE_DIR               folder for caches and embedded servers

    \b
    Completion, in a shell's start-up file:
      eval "$(_REPOSGEN_COMPLETE=bash_source reposgen)"    bash; zsh: zsh_source
      _REPOSGEN_COMPLETE=fish_source reposgen | source     fish

    Exit status: 0 fine; 1 stale or findings; 2 could not run.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
