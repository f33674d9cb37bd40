"""Output to the terminal, and its format."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from reposgen.diagnostics import Severity, sorted_diagnostics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.console import Console
    from rich.text import Text

    from reposgen.diagnostics import Diagnostic

# Where the format stands in a context's `meta`, for errors that end a command.
FORMAT_KEY = "reposgen.message_format"

_STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.NOTE: "bold cyan",
}
# What GitHub calls them.
_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


class MessageFormat(StrEnum):
    """Format of diagnostics."""

    TEXT = "text"
    GITHUB = "github"


class FindingsFormat(StrEnum):
    """Format of findings."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


class Terminal:
    """Output to the user: messages go to stderr, and data to stdout through `write`."""

    def __init__(self, message_format: MessageFormat = MessageFormat.TEXT) -> None:
        self._format = message_format

    @cached_property
    def _console(self) -> Console:
        # A run that has nothing to do has next to nothing to say either.
        from rich.console import Console  # noqa: PLC0415 - takes time, as said

        return Console(stderr=True, highlight=False, soft_wrap=True)

    def write(self, data: str) -> None:
        """Write data to stdout unchanged."""
        click.echo(data, nl=not data.endswith("\n"))

    def diff(self, lines: Iterable[str]) -> None:
        """Write a unified diff to stdout, in colours if it is a terminal."""
        for line in lines:
            click.echo(click.style(line, **_diff_style(line)))

    def say(self, message: str) -> None:
        """Write a message to stderr."""
        click.echo(message, err=True)

    def diagnostics(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Show diagnostics, sorted by file and place."""
        for diagnostic in sorted_diagnostics(diagnostics):
            if self._format is MessageFormat.GITHUB:
                click.echo(github_annotation(diagnostic), err=True)
            else:
                self._console.print(_coloured(diagnostic))

    @contextmanager
    def progress(self) -> Iterator[Callable[[str], None]]:
        """Provide a callback that shows the current step, if stderr is a terminal."""
        if not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.markup import escape  # noqa: PLC0415 - as above

        with self._console.status("starting") as status:
            yield lambda step: status.update(escape(step))


def _diff_style(line: str) -> dict[str, Any]:
    if line.startswith(("---", "+++")):
        return {"bold": True}
    colours = {"-": "red", "+": "green", "@": "cyan"}
    return {"fg": colours.get(line[:1])}


def github_annotation(diagnostic: Diagnostic) -> str:
    """Return the workflow command that shows a diagnostic at its line."""
    properties = {"title": diagnostic.code}
    if diagnostic.file:
        properties["file"] = diagnostic.file
    if diagnostic.span:
        properties["line"] = str(diagnostic.span.line)
        properties["col"] = str(diagnostic.span.column)
    message = diagnostic.message
    if diagnostic.hint:
        message += f"\nhint: {diagnostic.hint}"
    listed = ",".join(
        f"{name}={_escaped(value, ':,')}" for name, value in properties.items()
    )
    return f"::{_COMMANDS[diagnostic.severity]} {listed}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def _coloured(diagnostic: Diagnostic) -> Text:
    from rich.text import Text  # noqa: PLC0415 - as above

    text = Text(diagnostic.render())
    word = f"{diagnostic.severity}: "
    start = text.plain.index(word)
    text.stylize(_STYLES[diagnostic.severity], start, start + len(word) - 1)
    return text
