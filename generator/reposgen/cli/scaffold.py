"""scaffold: write a query file for a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from reposgen.cli.options import ProjectOptions, project_options, read_config
from reposgen.cli.terminal import Terminal
from reposgen.diagnostics import ReposgenError, error
from reposgen.examine import read_schema
from reposgen.project import chosen_packages
from reposgen.scaffold import find_table
from reposgen.scaffold import scaffold as scaffold_text

if TYPE_CHECKING:
    from pathlib import Path

    from reposgen.config import Config, PackageConfig


@click.command()
@click.argument("table")
@click.option("--package", "package_name", metavar="NAME", help="The package.")
@click.option("--stdout", is_flag=True, help="Print the queries; write no file.")
@project_options
def scaffold(
    table: str,
    *,
    package_name: str | None,
    stdout: bool,
    **where: Unpack[ProjectOptions],
) -> None:
    """Write a query file for TABLE into the package's folder of queries.

    The queries create, get, list, patch, delete and upsert rows: by each unique key,
    and by version if the table has a column `version`. They are yours to edit. A
    file that exists is not overwritten.

    \b
    Examples:
      reposgen scaffold tasks
      reposgen scaffold billing.invoices --package billing
      reposgen scaffold tasks --stdout
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    config = read_config(**where)
    package = _package(config, package_name)
    with terminal.progress() as progress:
        catalog = read_schema(config, package, progress)
    found = find_table(table, catalog)
    text = scaffold_text(found, catalog)
    if stdout:
        terminal.write(text.rstrip("\n"))
        return
    path = _file(config, package, found.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        raise ReposgenError(
            [
                error(
                    "scaffold-exists",
                    "this file exists already, and scaffold overwrites nothing",
                    path=_shown(config, path),
                    hint="print it with --stdout, and copy what you need",
                )
            ]
        ) from None
    except OSError as failed:
        raise ReposgenError(
            [
                error(
                    "scaffold-unwritable",
                    f"cannot be written: {failed.strerror}",
                    path=_shown(config, path),
                    hint="add --stdout",
                )
            ]
        ) from None
    terminal.say(f"wrote {_shown(config, path)}")


def _shown(config: Config, path: Path) -> str:
    """Return a path as diagnostics show it."""
    return path.relative_to(config.root).as_posix()


def _package(config: Config, name: str | None) -> PackageConfig:
    if name is None and len(config.packages) > 1:
        names = ", ".join(package.name for package in config.packages)
        raise click.UsageError(f"add --package, one of: {names}")
    (package,) = chosen_packages(config, () if name is None else (name,))
    return package


def _file(config: Config, package: PackageConfig, table: str) -> Path:
    """Return the file for a table, in the first folder of the package's queries."""
    for queries in package.queries:
        folder = config.root / queries
        if folder.is_dir() or not (folder.suffix or set(queries) & set("*?[")):
            return folder / f"{table}.sql"
    first = config.root / package.queries[0]
    return first.parent / f"{table}.sql"
