"""stats: the methods that cost the server most, by pg_stat_statements."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal
from reposgen.database import connect, export_statistics, write_statistics
from reposgen.diagnostics import ReposgenError, error
from reposgen.server_statistics import URL, read_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.server_statistics import MethodStatistics

_HEAD = ("method", "calls", "mean ms", "total ms", "rows", "cache hits")


class _Stats(click.Group):
    """A group whose first argument is a command, or else a server's URL."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = [one for one in args if not one.startswith("-")]
        if words and words[0] not in self.commands and not _asks_for_help(args):
            args = ["top", *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "URL [OPTIONS]")
        formatter.write_usage(ctx.command_path, "export URL [OPTIONS]")


def _asks_for_help(args: Sequence[str]) -> bool:
    return args[0] in {"-h", "--help"}


@click.group(cls=_Stats)
def stats() -> None:
    """Show what a server knows of methods and tables.

    With a URL, the methods that take most of its time, as `top` does.

    \b
    Examples:
      reposgen stats postgresql://localhost/app
      reposgen stats "$DATABASE_URL" --top 5 --format json
      reposgen stats export "$DATABASE_URL" -o statistics.json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines


@stats.command()
@click.argument("url")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write them.  [default: stdout]",
)
@click.option(
    "--values",
    is_flag=True,
    help="Export most common values and histograms too: those are data of rows.",
)
def export(*, url: str, output: Path | None, values: bool) -> None:
    """Export the sizes of tables, and what the planner knows of their columns.

    `statistics = "statistics.json"` in codegen.toml lets queries be planned as on that
    server. Without --values the file holds no data of rows: numbers of rows and pages,
    distinct values, shares of NULLs, widths, and settings of the planner.
    """
    terminal = Terminal()
    with connect(url, origin=URL) as connection:
        text = write_statistics(export_statistics(connection, with_values=values))
    if output is None:
        terminal.write(text)
        return
    try:
        output.write_text(text, encoding="utf-8", newline="\n")
    except OSError as failed:
        raise ReposgenError(
            [
                error(
                    "statistics-unwritable",
                    f"cannot be written: {failed.strerror}",
                    path=str(output),
                )
            ]
        ) from None


@stats.command()
@click.argument("url")
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many methods to show.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to show them.",
)
@click.pass_context
def top(context: click.Context, *, url: str, top: int, output: str) -> None:
    """Show the methods that take most of a server's time.

    The server needs the extension pg_stat_statements, and the packages need
    `names_statements = true` in codegen.toml: then each statement ends with its
    method's name.

    \b
    Examples:
      reposgen stats postgresql://localhost/app
      reposgen stats "$DATABASE_URL" --top 5 --format json
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    terminal = Terminal()
    found = read_statistics(url)
    if output == "json":
        terminal.write(json.dumps([_as_json(one) for one in found[:top]], indent=2))
    elif found:
        terminal.write(_table(found[:top]))
    else:
        terminal.say(
            "no statement has a method's name: set names_statements = true in"
            " codegen.toml, and run reposgen generate"
        )
    context.exit(Status.FINE)


def _as_json(one: MethodStatistics) -> dict[str, object]:
    return {
        "method": one.method,
        "calls": one.calls,
        "mean_ms": one.mean_ms,
        "total_ms": one.total_ms,
        "rows": one.rows,
        "hit_ratio": one.hit_ratio,
    }


def _table(found: Sequence[MethodStatistics]) -> str:
    rows = [
        _HEAD,
        *(
            (
                one.method,
                str(one.calls),
                f"{one.mean_ms:.3f}",
                f"{one.total_ms:.1f}",
                str(one.rows),
                "-" if one.hit_ratio is None else f"{one.hit_ratio:.1%}",
            )
            for one in found
        ),
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            (
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            )
        )
        for row in rows
    )
