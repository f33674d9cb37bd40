"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack

import click
from click.core import ParameterSource

from reposgen.cli.terminal import FORMAT_KEY, FindingsFormat, MessageFormat
from reposgen.config import Origin, Overrides, find_config

if TYPE_CHECKING:
    from collections.abc import Callable

    from reposgen.config import Config

Command = TypeVar("Command", bound="Callable[..., Any]")


class ProjectOptions(TypedDict):
    """Arguments that `project_options` passes to a command."""

    config_path: Path | None
    database_url: str | None
    output_directory: str | None


_DATABASE = click.option(
    "--database",
    "database_url",
    metavar="URL",
    envvar="REPOSGEN_DATABASE_URL",
    show_envvar=True,
    help="In place of database.url.",
)
_CONFIG = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    envvar="REPOSGEN_CONFIG",
    show_envvar=True,
    help="A codegen.toml or pyproject.toml.  [default: the nearest upwards]",
)


def project_options(command: Command) -> Command:
    """Add the options that choose the project to a command."""
    command = click.option(
        "--output",
        "output_directory",
        metavar="DIR",
        envvar="REPOSGEN_OUTPUT_DIRECTORY",
        show_envvar=True,
        help="In place of output.directory.",
    )(command)
    return database_options(command)


def database_options(command: Command) -> Command:
    """Add the options that choose the project's database to a command."""
    for option in (_DATABASE, _CONFIG):
        command = option(command)
    return command


def message_format_option(command: Command) -> Command:
    """Add the option for the format of messages to a command."""
    return click.option(
        "--format",
        "message_format",
        type=click.Choice(MessageFormat, case_sensitive=False),
        default=MessageFormat.TEXT,
        show_default=True,
        callback=_note_format,
        help="How errors and warnings are written; github: as annotations.",
    )(command)


def cache_option(command: Command) -> Command:
    """Add the option that disables the cache to a command."""
    return click.option(
        "--cache/--no-cache",
        "use_cache",
        default=True,
        envvar="REPOSGEN_CACHE",
        show_envvar=True,
        help="Whether to use what earlier runs found out; it is kept in the folder"
        " REPOSGEN_CACHE_DIR.  [default: cache]",
    )(command)


def _note_format(
    context: click.Context, _: click.Parameter, message_format: MessageFormat
) -> MessageFormat:
    context.meta[FORMAT_KEY] = message_format
    return message_format


def note_findings_format(
    context: click.Context, _: click.Parameter, findings_format: FindingsFormat
) -> FindingsFormat:
    """Write errors as annotations if findings are annotations."""
    is_github = findings_format is FindingsFormat.GITHUB
    context.meta[FORMAT_KEY] = MessageFormat.GITHUB if is_github else MessageFormat.TEXT
    return findings_format


def _database_origin() -> str:
    context = click.get_current_context(silent=True)
    source = context.get_parameter_source("database_url") if context else None
    is_variable = source is ParameterSource.ENVIRONMENT
    return "REPOSGEN_DATABASE_URL" if is_variable else "--database"


def find_origin(**options: Unpack[ProjectOptions]) -> Origin:
    """Return what the project's configuration is made from.

    Raises:
        ReposgenError: there is no configuration.
    """
    return Origin(
        path=options["config_path"] or find_config(Path.cwd()),
        overrides=Overrides(
            database_url=options["database_url"],
            database_origin=_database_origin(),
            output_directory=options["output_directory"],
        ),
    )


def read_config(**options: Unpack[ProjectOptions]) -> Config:
    """Return the project's configuration.

    Raises:
        ReposgenError: the configuration does not exist, or has errors.
    """
    return validated(find_origin(**options))


def validated(origin: Origin) -> Config:
    """Return the configuration that is made from an origin.

    Raises:
        ReposgenError: the configuration has errors.
    """
    # A run with nothing to do need not load it.
    from reposgen.config import load_config  # noqa: PLC0415 - as said

    return load_config(origin.path, environ=os.environ, overrides=origin.overrides)
