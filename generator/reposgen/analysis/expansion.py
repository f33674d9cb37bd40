"""Spells out the `*`s of results; all else of the SQL stays the user's.

The server judges the new text as well: where it disagrees (a subquery with two columns
of one name) the star stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.embeds import embed_groups
from reposgen.analysis.names import quote_identifier
from reposgen.analysis.presence import (
    PRESENCE,
    doubtful_embeds,
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
from reposgen.models import dataclass
from reposgen.sql_source.printing import Replacement, print_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Sequence

    from reposgen.analysis.judged import Judged
    from reposgen.analysis.stars import StarGroup
    from reposgen.live_schema.model import Description, ResultColumn
    from reposgen.sql_source.model import EmbedUse
    from reposgen.sql_source.printing import ServerText

# What PostgreSQL calls a join that has no alias: no name to qualify columns with.
# Of a line of an expanded select list, in characters.
_LINE_LENGTH = 80
_UNNAMED_JOIN = "unnamed_join"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """A query as it will be run.

    Attributes:
        judged: places in its tree are in the text with the stars.
        groups: the stars that there were.
        text: what to run.
        hidden: the embeds that hidden columns behind all others tell the presence of.
    """

    judged: Judged
    groups: tuple[StarGroup, ...]
    text: ServerText
    hidden: tuple[EmbedUse, ...] = ()

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        """What `text` returns."""
        return self.judged.described.columns + (PRESENCE,) * len(self.hidden)


def expand_stars(
    several: Sequence[Judged],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> Iterator[Expanded]:
    """The queries with the stars of their results spelled out."""
    groups = [star_groups(judged) for judged in several]
    _find_by_marks(several, groups, describe)
    asked = [
        wish
        for judged, found in zip(several, groups, strict=True)
        for wish in _wishes(judged, found)
    ]
    verdicts = describe([Statement(sql=wish.text.text) for wish in asked])
    granted: dict[int, Expanded] = {}
    for wish, verdict in zip(asked, verdicts, strict=True):
        if _is_as_meant(wish, verdict):
            granted.setdefault(id(wish.judged), wish)
    for judged, found in zip(several, groups, strict=True):
        as_written = Expanded(judged=judged, groups=found, text=judged.text)
        yield granted.get(id(judged), as_written)


def _wishes(judged: Judged, groups: tuple[StarGroup, ...]) -> Iterator[Expanded]:
    """The texts that a query with stars may become, the best first."""
    spelled = _replacements(judged, groups)
    hidden = doubtful_embeds(judged, groups)
    if hidden:
        yield Expanded(
            judged=judged,
            groups=groups,
            text=print_sql(
                judged.query.segments, (*spelled, _presence(judged, groups, hidden))
            ),
            hidden=hidden,
        )
    if spelled:
        text = print_sql(judged.query.segments, spelled)
        yield Expanded(judged=judged, groups=groups, text=text)


def _find_by_marks(
    several: Sequence[Judged],
    groups: list[tuple[StarGroup, ...]],
    describe: Callable[[Sequence[Statement]], tuple[Description, ...]],
) -> None:
    """Add the stars of those queries whose trees do not tell where they are."""
    asked = [
        (index, star)
        for index, judged in enumerate(several)
        for star in _unplaced(judged, groups[index])
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


def _unplaced(judged: Judged, found: Sequence[StarGroup]) -> Iterator[Star]:
    """The stars that may be the result's, for all that the tree tells."""
    if not judged.has_places:
        return find_stars(judged.text.text)
    placed = {group.star.start for group in found}
    # The tree has no places of what GROUP BY names.
    return (
        star
        for star in find_stars(judged.text.text)
        if star.of_value and star.start not in placed
    )


def _is_as_meant(wish: Expanded, verdict: Description) -> bool:
    return (
        isinstance(verdict, Described)
        and verdict.columns == wish.columns
        and verdict.parameter_oids == wish.judged.described.parameter_oids
    )


def _presence(
    judged: Judged, groups: Sequence[StarGroup], hidden: Sequence[EmbedUse]
) -> Replacement:
    """The hidden columns, behind the select list."""
    star = embed_groups(judged, groups)[hidden[0]].star
    end = select_list_end(judged.text.text, star.end)
    place = judged.text.source_span(end - 1).end
    return Replacement(
        span=judged.text.source.span(place, place),
        text="".join(f", {presence_sql(use)}" for use in hidden),
    )


def _replacements(
    judged: Judged, groups: Sequence[StarGroup]
) -> tuple[Replacement, ...]:
    return tuple(_replacement(judged, group) for group in groups)


def _replacement(judged: Judged, group: StarGroup) -> Replacement:
    text, star = judged.text, group.star
    start = star.start
    spelled = _wrapped(_spelled(group, judged.catalog.keywords))
    if star.of_value:
        # The value stays where it is: there are parameters in it.
        start += len(star.qualifier)
        spelled = spelled.removeprefix(star.qualifier)
    return Replacement(
        span=text.source.span(text.to_source(start), _source_end(judged, star)),
        text=spelled,
    )


def _wrapped(names: Iterable[str]) -> str:
    """A select list, on several lines where it is long: a table can have many columns.

    A name is never cut.
    """
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) > _LINE_LENGTH:
            lines.append("")
        lines[-1] += f"{name}, "
    return "\n    ".join(line.rstrip(" ") for line in lines).removesuffix(",")


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
