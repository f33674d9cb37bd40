"""The code of two states of a package, each on both schemas."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reposgen.contracts.impact import find_effects
from reposgen.contracts.model import Direction
from reposgen.diagnostics import ReposgenError, Severity
from reposgen.live_schema.catalog import read_catalog
from reposgen.live_schema.describe import describe
from reposgen.pipeline import judge_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg import Connection

    from reposgen.analysis.model import Analysis
    from reposgen.contracts.model import Effect
    from reposgen.project import Source


def effects_of(
    before: Source | None, after: Source, there: Connection, here: Connection
) -> Iterator[Effect]:
    """Yield what becomes of the methods of a package.

    Args:
        before: the old code; None if it is not known.
        after: the new code.
        there: a database with the old schema.
        here: a database with the new schema.
    """
    catalogs = read_catalog(there), read_catalog(here)

    def analyse(code: Source, *, on_new: bool) -> Analysis:
        link = here if on_new else there
        return judge_of(link, catalogs[on_new], code)(code.files)

    new_code = analyse(after, on_new=True)
    new_on_old = analyse(after, on_new=False)
    _refuse(new_code)
    if before is not None:
        is_same = _texts(before) == _texts(after)
        old_code = new_on_old if is_same else analyse(before, on_new=False)
        old_on_new = new_code if is_same else analyse(before, on_new=True)
        _refuse(old_code)
        ask = partial(describe, here)
        yield from find_effects(old_code, old_on_new, ask, Direction.OLD_CODE)
    ask = partial(describe, there)
    yield from find_effects(new_code, new_on_old, ask, Direction.NEW_CODE)


def _texts(source: Source) -> list[tuple[str, str]]:
    return [(file.source.path, file.source.text) for file in source.files]


def _refuse(analysis: Analysis) -> None:
    """Raise the errors of queries on their own schema."""
    errors = [d for d in analysis.diagnostics if d.severity is Severity.ERROR]
    if errors:
        raise ReposgenError(errors)
