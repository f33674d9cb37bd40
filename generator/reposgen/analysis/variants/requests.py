"""Reader of the `@optional` and `@sort` lines of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reposgen.analysis.directives import DIRECTIVES
from reposgen.diagnostics import Diagnostic, error
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, fold, tokenize
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import Nulls
    from reposgen.diagnostics import Span
    from reposgen.sql_source.lexer import Token
    from reposgen.sql_source.model import Directive

_NAMES = (TokenKind.WORD, TokenKind.QUOTED)
_OPTIONAL, _SORT = DIRECTIVES["optional"], DIRECTIVES["sort"]
_EXAMPLES = {
    "optional": "-- @optional status, tag with EXISTS",
    "sort": "-- @sort created_at, deadline nulls last",
}
# Words that can follow `with` and `inside` in an @optional line.
_SUBQUERIES = frozenset({"exists", "in", "any", "some", "all", "array", "subquery"})
_WHOLE = _SUBQUERIES | {"or", "not", "and"}
_INSIDE = _SUBQUERIES | {"join", "except"}
_SAME = {"some": "any"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Part of a condition that is left out with an `@optional` parameter.

    Attributes:
        whole: True for `with EXISTS`, which leaves out the condition that contains the
            EXISTS; False for `inside EXISTS`, the smallest condition in it.
        word: EXISTS, IN, ANY, ALL, ARRAY, SUBQUERY, JOIN, EXCEPT; OR, NOT, AND.
    """

    whole: bool
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Name in a directive.

    Attributes:
        name: the name as PostgreSQL folds it.
        span: place of the name.
        nulls: position of NULLs in a `@sort` line, or None.
        extent: extent in an `@optional` line, or None.
    """

    name: str
    span: Span
    nulls: Nulls | None = None
    extent: Extent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """Variants that the directives of a query ask for.

    Attributes:
        optional: the names in the `@optional` lines.
        sort: the names in the `@sort` lines.
        sort_span: place of the first `@sort` line; None without one.
        paged: True for a `:page`.
        mistakes: errors in the lines themselves.
    """

    optional: tuple[Named, ...]
    sort: tuple[Named, ...]
    sort_span: Span | None
    paged: bool
    mistakes: tuple[Diagnostic, ...]

    @property
    def any(self) -> bool:
        """Whether the query has variants, or errors in its lines."""
        return bool(self.optional or self.sort_span or self.paged or self.mistakes)

    @property
    def ordered(self) -> bool:
        """Whether the query's ORDER BY matters."""
        return self.paged or self.sort_span is not None


def read_requests(described: DescribedQuery) -> Requests:
    """Read the lines that choose between variants of a query."""
    query = described.query
    mistakes: list[Diagnostic] = []
    found: dict[str, list[Named]] = {}
    spans: dict[str, Span] = {}
    for spec in (_OPTIONAL, _SORT):
        names = found[spec.word] = []
        for line in spec.lines(query):
            spans.setdefault(spec.word, line.span)
            if misplaced := spec.restricted(line, described):
                mistakes.append(misplaced)
                continue
            for name in _names(line):
                if isinstance(name, Diagnostic):
                    mistakes.append(name)
                elif any(name.name == known.name for known in names):
                    mistakes.append(_repeated(line, name))
                else:
                    names.append(name)
    return Requests(
        optional=tuple(found[_OPTIONAL.word]),
        sort=tuple(found[_SORT.word]),
        sort_span=spans.get(_SORT.word),
        paged=query.command is Command.PAGE,
        mistakes=tuple(mistakes),
    )


def _names(directive: Directive) -> list[Named | Diagnostic]:
    source, argument = directive.span.source, directive.argument_span
    groups: list[list[Token]] = [[]]
    for token in tokenize(source.text, argument.start, argument.end):
        if token.text == ",":
            groups.append([])
        elif not token.is_blank:
            groups[-1].append(token)
    return [_name(directive, group) for group in groups]


def _name(directive: Directive, group: Sequence[Token]) -> Named | Diagnostic:
    source = directive.span.source
    words = [token.text.lower() for token in group[1:]]
    nulls: Nulls | None = None
    extent: Extent | None = None
    match words:
        case ["nulls", ("first" | "last") as where] if directive.word == "sort":
            nulls = "first" if where == "first" else "last"
            words = []
        case ["with", word] if directive.word == "optional" and word in _WHOLE:
            extent = Extent(whole=True, word=_SAME.get(word, word).upper())
            words = []
        case ["inside", word] if directive.word == "optional" and word in _INSIDE:
            extent = Extent(whole=False, word=_SAME.get(word, word).upper())
            words = []
        case _:
            pass
    if not group or group[0].kind not in _NAMES or words:
        span = source.span(group[0].start, group[-1].end) if group else directive.span
        return error(
            "malformed-directive",
            f"@{directive.word} needs names separated by commas",
            span=span,
            hint=f"write {_EXAMPLES[directive.word]}",
        )
    return Named(
        name=fold(group[0]),
        span=source.span(group[0].start, group[0].end),
        nulls=nulls,
        extent=extent,
    )


def _repeated(directive: Directive, name: Named) -> Diagnostic:
    return error(
        "repeated-name",
        f"@{directive.word} names {name.name} twice",
        span=name.span,
        hint="remove one of them",
    )
