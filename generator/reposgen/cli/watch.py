"""--watch: repeat a run after every change."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from watchfiles import watch

from reposgen.diagnostics import ReposgenError
from reposgen.sql_files import watched_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reposgen.cli.terminal import Terminal
    from reposgen.config import Config

# Milliseconds. Changes that come closer together than this count as one.
_STEP = 20
# Milliseconds between two looks at Ctrl-C.
_TICK = 200


def watch_project(
    terminal: Terminal, read: Callable[[], Config], run: Callable[[Config], object]
) -> None:
    """Run now and after each change of the configured files, forever.

    Errors are shown, and the next change is awaited. While the configuration has
    errors, its last valid version is used.
    """
    config = read()
    watched: tuple[Path, ...] = ()
    changes: Iterator[object] = iter(())
    while True:
        if watched != _paths(config):
            watched = _paths(config)
            changes = _changes(watched)
        with _shown(terminal):
            run(config)
        terminal.say("watching for changes; Ctrl-C ends")
        while not next(changes):
            pass
        with _shown(terminal):
            config = read()


def _paths(config: Config) -> tuple[Path, ...]:
    named = {config.file}
    for package in config.packages:
        named.update(package.queries)
        named.update(package.schema_paths or ())
    return tuple(config.root / path for path in sorted(map(watched_path, named)))


def _changes(paths: tuple[Path, ...]) -> Iterator[object]:
    changes = watch(
        *paths,
        step=_STEP,
        yield_on_timeout=True,
        rust_timeout=_TICK,
        raise_interrupt=True,
    )
    # Nothing is seen before the first is asked for.
    next(changes)
    return changes


@contextmanager
def _shown(terminal: Terminal) -> Iterator[None]:
    try:
        yield
    except ReposgenError as failed:
        terminal.diagnostics(failed.diagnostics)
