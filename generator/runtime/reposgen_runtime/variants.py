"""Statements whose SQL depends on the call: `@optional`, `@sort`, `:page`.

Each combination that is used becomes a statement that is built once. It is prepared and
planned independently.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from .errors import InvalidArgument, NothingToUpdate
from .pages import Ordering
from .statement import UNSET, Statement, Validated

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

T_co = TypeVar("T_co", covariant=True)

# Parameters that must all be given, by number.
Numbers: TypeAlias = tuple[int, ...]


class OptionalClause:
    """SQL that is included only if its arguments are given.

    Attributes:
        sql: the SQL text.
        numbers: parameters that must all be given.
        any_of: for a comma between two such clauses, groups of parameters of which one
            must be given as well.
        otherwise: the SQL to use instead: DEFAULT for an inserted value.
    """

    __slots__ = ("any_of", "numbers", "otherwise", "sql")

    def __init__(
        self,
        sql: str,
        *numbers: int,
        any_of: tuple[Numbers, ...] = (),
        otherwise: str = "",
    ) -> None:
        self.sql = sql
        self.numbers = numbers
        self.any_of = any_of
        self.otherwise = otherwise

    def holds(self, given: Collection[int]) -> bool:
        """Return True if the clause is included."""
        return _includes(given, (self.numbers,)) and (
            not self.any_of or _includes(given, self.any_of)
        )


class RequireAny:
    """Marker before SET items of which a call must give at least one."""

    __slots__ = ("any_of",)

    def __init__(self, *any_of: Numbers) -> None:
        self.any_of = any_of


class OrderBy:
    """The query's own ORDER BY, and the alternatives that a call can choose.

    Attributes:
        sql: the clause, including the text between it and the preceding clause.
        sorts: the clause for each value of `sort=`.
    """

    __slots__ = ("sorts", "sql")

    def __init__(self, sql: str, sorts: Mapping[str, str] | None = None) -> None:
        self.sql = sql
        self.sorts = sorts or {}


Piece: TypeAlias = str | OptionalClause | RequireAny | OrderBy

NO_ORDERING: Final = Ordering(())
_SHARED: Final = tuple(field.name for field in fields(Validated) if field.init)


# Not frozen, because `Statement` is not.
@dataclass(slots=True, eq=False)
class Variants(Validated[T_co]):
    """A query of which calls can omit or choose parts.

    The numbers of the parameters are the same in all variants. Omitted parameters are
    sent as NULL.

    Attributes:
        pieces: the SQL, in order.
        filters: parameters that None omits.
        items: parameters of SET items and inserted values, which UNSET omits; None
            means NULL.
        ordering: the orders of a paged query; other queries have no keys.
    """

    pieces: tuple[Piece, ...]
    _: KW_ONLY
    filters: Numbers = ()
    items: Numbers = ()
    ordering: Ordering = NO_ORDERING
    _built: dict[object, Statement[Any]] = field(
        default_factory=dict[object, "Statement[Any]"], init=False, repr=False
    )

    def choose(
        self, values: Sequence[Any], *, sort: str | None = None
    ) -> tuple[Statement[T_co], Sequence[Any]]:
        """Return the statement for a call's arguments, and the values to send.

        Raises:
            NothingToUpdate: every SET item was omitted.
            InvalidArgument: the query does not offer the sort.
        """
        given = self.given(values)
        statement = self.built((given, sort), given, lambda: self.sql(given, sort=sort))
        return statement, self.sent(values)

    def given(self, values: Sequence[Any]) -> Numbers:
        """Return the numbers of the optional parameters that are given."""
        return (
            *(number for number in self.filters if values[number - 1] is not None),
            *(number for number in self.items if values[number - 1] is not UNSET),
        )

    def sent(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return the values to send, with None for UNSET."""
        if not self.items:
            return values
        return [None if value is UNSET else value for value in values]

    def sql(
        self, given: Collection[int], *, sort: str | None = None, ordered: bool = True
    ) -> str:
        """Return the SQL of a variant.

        Args:
            given: numbers of the optional parameters that are given.
            sort: the ORDER BY to use; None for the query's own.
            ordered: False to omit the ORDER BY.

        Raises:
            NothingToUpdate: every SET item was omitted.
            InvalidArgument: the query does not offer the sort.
        """
        return "".join(self._texts(given, sort, ordered=ordered))

    def built(
        self,
        key: object,
        given: Collection[int],
        sql: Callable[[], str],
        change: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> Statement[Any]:
        """Return the statement for a key, building it on first use.

        Args:
            key: identifies the variant.
            given: numbers of the optional parameters that are given.
            sql: returns the statement's SQL.
            change: modifies the attributes that all variants share.
        """
        statement = self._built.get(key)
        if statement is None:
            attributes = {name: getattr(self, name) for name in _SHARED}
            attributes["parameters"] = self._parameter_types(given)
            change(attributes)
            made = Statement[Any](sql=sql(), **attributes)
            # Another thread can have built it: all threads share one statement.
            statement = self._built.setdefault(key, made)
        return statement

    def _parameter_types(self, given: Collection[int]) -> tuple[str, ...]:
        """Return the types to send: text replaces the types of omitted values."""
        left_out = {*self.filters, *self.items}.difference(given)
        return tuple(
            "text" if number in left_out else name
            for number, name in enumerate(self.parameters, 1)
        )

    def _texts(
        self, given: Collection[int], sort: str | None, *, ordered: bool
    ) -> Iterable[str]:
        for piece in self.pieces:
            match piece:
                case str():
                    yield piece
                case OptionalClause():
                    yield piece.sql if piece.holds(given) else piece.otherwise
                case RequireAny() if not _includes(given, piece.any_of):
                    raise NothingToUpdate("nothing is given to SET", query=self.name)
                case OrderBy() if ordered:
                    yield self._order_by(piece, sort)
                case _:
                    pass

    def _order_by(self, clause: OrderBy, sort: str | None) -> str:
        if sort is None:
            return clause.sql
        if sort not in clause.sorts:
            raise unknown_sort(sort, clause.sorts, self.name)
        return clause.sorts[sort]


def unknown_sort(sort: str, offered: Iterable[str], query: str) -> InvalidArgument:
    """Return the error for a sort that a query does not offer."""
    choices = ", ".join(offered)
    return InvalidArgument(
        f"cannot sort by {sort!r}; the choices are {choices}", query=query
    )


def _includes(given: Collection[int], any_of: Iterable[Numbers]) -> bool:
    return any(all(number in given for number in numbers) for numbers in any_of)
