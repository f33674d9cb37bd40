"""Spells out the `*`s of results; all else of the SQL stays the user's.

The server judges the new text as well: where it disagrees (a subquery with two columns
of one name) the star stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reposgen.analysis.names import quote_identifier
from reposgen.analysis.stars import (
    Star,
    find_stars,
    group_between,
    marked,
    star_groups,
)
from reposgen.live_schema.model import Described, Statement
from reposgen.live_schema.tree.model import RteKind
from reposgen.sql_source.printing import Replacement, print_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Sequence

    from reposgen.analysis.judged import Judged
    from reposgen.analysis.stars import StarGroup
    from reposgen.live_schema.model import Description
    from reposgen.sql_source.printing import ServerText

# What PostgreSQL calls a join that has no alias: no name to qualify columns with.
_UNNAMED_JOIN = "unnamed_join"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """A query as it will be run.

    Attributes:
        judged: places in its tree are in the text with the stars.
        groups: the stars that there were.
        text: what to run.
    """

    judged: Judged
    groups: tuple[StarGroup, ...]
    text: ServerText


def expand_stars(
    several: Sequence[Judged],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Iterator[Expanded]:
    """The queries with the stars of their results spelled out."""
    groups = [star_groups(judged) for judged in several]
    _find_by_marks(several, groups, describe)
    texts = [
        print_sql(judged.query.segments, _replacements(judged, found))
        if found
        else judged.text
        for judged, found in zip(several, groups, strict=True)
    ]
    changed = {index: text for index, text in enumerate(texts) if groups[index]}
    verdicts = describe([Statement(sql=text.text) for text in changed.values()])
    for index, verdict in zip(changed, verdicts, strict=True):
        if not _means_the_same(several[index].described, verdict):
            texts[index] = several[index].text
    for judged, found, text in zip(several, groups, texts, strict=True):
        yield Expanded(judged=judged, groups=found, text=text)


def _find_by_marks(
    several: Sequence[Judged],
    groups: list[tuple[StarGroup, ...]],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> None:
    """Add the stars of those queries whose trees do not tell where they are."""
    asked = [
        (index, star)
        for index, judged in enumerate(several)
        if not judged.has_places
        for star in find_stars(judged.text.text)
    ]
    if not asked:
        return
    verdicts = describe(
        [Statement(sql=marked(several[i].text.text, star)) for i, star in asked]
    )
    for (index, star), verdict in zip(asked, verdicts, strict=True):
        if isinstance(verdict, Described):
            group = group_between(several[index], star, verdict.columns)
            groups[index] += (group,) if group else ()


def _means_the_same(before: Described, after: Description) -> bool:
    return (
        isinstance(after, Described)
        and after.columns == before.columns
        and after.parameter_oids == before.parameter_oids
    )


def _replacements(
    judged: Judged, groups: Sequence[StarGroup]
) -> tuple[Replacement, ...]:
    text = judged.text
    keywords = judged.catalog.keywords
    return tuple(
        Replacement(
            span=text.source.span(
                text.to_source(group.star.start),
                _source_end(judged, group.star),
            ),
            text=", ".join(_spelled(group, keywords)),
        )
        for group in groups
    )


def _source_end(judged: Judged, star: Star) -> int:
    # The last character's place, and one on: an embed is one span with no inside.
    return judged.text.source_span(star.end - 1).end


def _spelled(group: StarGroup, keywords: Container[str]) -> Iterator[str]:
    # A bare star covers all that is in scope, so that a name that comes once in it
    # is unambiguous.
    repeated = len(set(group.names)) < len(group.names)
    for index, name in enumerate(group.names):
        qualifier = group.star.qualifier
        if not qualifier and repeated and group.entries:
            entry = group.entries[index]
            if entry.kind is not RteKind.JOIN or entry.name != _UNNAMED_JOIN:
                qualifier = f"{quote_identifier(entry.name, keywords)}."
        yield qualifier + quote_identifier(name, keywords)
