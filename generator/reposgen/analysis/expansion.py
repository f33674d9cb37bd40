"""Expansion of `*` in results; the rest of the SQL stays as its author wrote it.

The server describes the expanded text as well. If its description differs, as for a
subquery with two columns of one name, the star stays.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.embeds import embed_groups
from reposgen.analysis.names import quote_identifier
from reposgen.analysis.presence import (
    embeds_needing_marker,
    presence_sql,
    select_list_end,
)
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
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.stars import StarGroup
    from reposgen.live_schema.model import Description
    from reposgen.sql_source.model import EmbedUse

# Characters in a line of an expanded select list.
_LINE_LENGTH = 80
# PostgreSQL's name for a join without an alias; columns cannot be qualified with it.
_UNNAMED_JOIN = "unnamed_join"


def expand_stars(
    several: Sequence[DescribedQuery],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Iterator[DescribedQuery]:
    """Yield the queries with their stars found, and expanded if the server agrees."""
    groups = [star_groups(described) for described in several]
    _find_by_marks(several, groups, describe)
    found = [
        replace(described, stars=stars)
        for described, stars in zip(several, groups, strict=True)
    ]
    candidates = [list(_candidates(described)) for described in found]
    asked = [one for some in candidates for one in some]
    verdicts = iter(describe([Statement(sql=one.expanded.text) for one in asked]))
    for described, some in zip(found, candidates, strict=True):
        accepted = [one for one in some if _is_as_meant(one, next(verdicts))]
        yield accepted[0] if accepted else described


def _candidates(described: DescribedQuery) -> Iterator[DescribedQuery]:
    """Yield the query with each possible expansion of its stars, the best first."""
    spelled = tuple(_replacement(described, group) for group in described.stars)
    segments = described.query.segments
    hidden = embeds_needing_marker(described, described.stars)
    if hidden:
        marker = _marker(described, hidden)
        text = print_sql(segments, (*spelled, marker))
        yield replace(described, expanded=text, hidden=hidden)
    if spelled:
        yield replace(described, expanded=print_sql(segments, spelled))


def _find_by_marks(
    several: Sequence[DescribedQuery],
    groups: list[tuple[StarGroup, ...]],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> None:
    """Add the stars of the queries whose trees do not contain their locations."""
    asked = [
        (index, star)
        for index, described in enumerate(several)
        for star in _unplaced(described, groups[index])
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


def _unplaced(described: DescribedQuery, found: Sequence[StarGroup]) -> Iterator[Star]:
    """Return the stars that can be the result's and that the tree does not locate."""
    if not described.has_places:
        return find_stars(described.text.text)
    placed = {group.star.start for group in found}
    # Columns in GROUP BY have no location in the tree.
    return (
        star
        for star in find_stars(described.text.text)
        if star.of_value and star.start not in placed
    )


def _is_as_meant(candidate: DescribedQuery, verdict: Description) -> bool:
    return (
        isinstance(verdict, Described)
        and verdict.columns == candidate.columns
        and verdict.parameter_oids == candidate.description.parameter_oids
    )


def _marker(described: DescribedQuery, hidden: Sequence[EmbedUse]) -> Replacement:
    """Return the replacement that adds the hidden columns behind the select list."""
    star = embed_groups(described, described.stars)[hidden[0]].star
    end = select_list_end(described.text.text, star.end)
    place = described.text.source_span(end - 1).end
    return Replacement(
        span=described.text.source.span(place, place),
        text="".join(f", {presence_sql(use)}" for use in hidden),
    )


def _replacement(described: DescribedQuery, group: StarGroup) -> Replacement:
    text, star = described.text, group.star
    start = star.start
    spelled = _wrapped(_spelled(group, described.catalog.keywords))
    if star.of_value:
        # The qualifier stays in the text, since it can contain parameters.
        start += len(star.qualifier)
        spelled = spelled.removeprefix(star.qualifier)
    return Replacement(
        span=text.source.span(text.to_source(start), _source_end(described, star)),
        text=spelled,
    )


def _wrapped(names: Iterable[str]) -> str:
    """Return a select list, wrapped at 80 characters.

    A single longer name gets a line of its own.
    """
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) > _LINE_LENGTH:
            lines.append("")
        lines[-1] += f"{name}, "
    return "\n    ".join(line.rstrip(" ") for line in lines).removesuffix(",")


def _source_end(described: DescribedQuery, star: Star) -> int:
    # The end of the last character's span, since an embed is a single span.
    return described.text.source_span(star.end - 1).end


def _spelled(group: StarGroup, keywords: Container[str]) -> Iterator[str]:
    # A bare star contains all columns in scope, so a name that occurs once is
    # unambiguous.
    repeated = len(set(group.names)) < len(group.names)
    for index, name in enumerate(group.names):
        qualifier = group.star.qualifier
        if not qualifier and repeated and group.entries:
            entry = group.entries[index]
            if entry.kind is not RteKind.JOIN or entry.name != _UNNAMED_JOIN:
                qualifier = f"{quote_identifier(entry.name, keywords)}."
        yield qualifier + quote_identifier(name, keywords)
