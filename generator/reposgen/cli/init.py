"""init: create a new project."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reposgen.cli.terminal import Terminal
from reposgen.diagnostics import ReposgenError, error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

_NEXT_STEPS = """\
Next:
{enter}  reposgen generate       writes the package generated/
  reposgen db migrate     applies the migrations to a development database
  reposgen check          is it fresh? (for CI)
Then, in Python:
  from generated.app import Database
With DATABASE_URL set to the development database:
  reposgen db run -- python app.py
"""


@click.command()
@click.argument(
    "directory", type=click.Path(path_type=Path, file_okay=False), default="."
)
def init(directory: Path) -> None:
    """Write a working project into DIRECTORY (default: the current one).

    A codegen.toml, one migration and a few queries; `reposgen generate` runs on it
    at once. Nothing that exists is overwritten.

    \b
    Examples:
      reposgen init
      reposgen init services/billing
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    starter = dict(_files(files("reposgen.cli") / "starter"))
    if existing := [name for name in starter if (directory / name).exists()]:
        raise ReposgenError(
            error(
                "init-exists",
                "this file exists already, and init overwrites nothing",
                path=str(directory / name),
                hint="choose another folder: reposgen init DIRECTORY",
            )
            for name in existing
        )
    try:
        for name, text in starter.items():
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8", newline="\n")
            terminal.say(f"wrote {target}")
    except OSError as failed:
        raise ReposgenError(
            [
                error(
                    "init-unwritable",
                    f"cannot be written: {failed.strerror}",
                    path=str(failed.filename),
                    hint="choose a folder that you may write to",
                )
            ]
        ) from None
    enter = "" if directory == Path() else f"  cd {directory}\n"
    terminal.say(_NEXT_STEPS.format(enter=enter).rstrip())


def _files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda e: e.name):
        if entry.is_dir():
            yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_text(encoding="utf-8")
