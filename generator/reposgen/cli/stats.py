"""stats: the methods that cost the server most, by pg_stat_statements."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from reposgen.cli.status import Status
from reposgen.cli.terminal import Terminal
from reposgen.server_statistics import read_statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.server_statistics import MethodStatistics

_HEAD = ("method", "calls", "mean ms", "total ms", "rows", "cache hits")


@click.command()
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
def stats(context: click.Context, *, url: str, top: int, output: str) -> None:
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
