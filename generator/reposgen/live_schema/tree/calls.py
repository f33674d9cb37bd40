"""Expressions that call functions, operators, aggregates or subqueries."""

from __future__ import annotations

from dataclasses import field
from enum import IntEnum
from typing import TYPE_CHECKING

from reposgen.models import dataclass

if TYPE_CHECKING:
    from reposgen.live_schema.tree.expressions import Expression
    from reposgen.live_schema.tree.model import Query, TargetEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class FuncExpr:
    """A function call.

    Attributes:
        form: 0 as written, 1 an explicit cast, 2 an implicit one.
        collation: oid of the result's collation; 0 where its type has none. Other
            nodes have the same attribute.
    """

    function: int
    type: int
    returns_set: bool
    variadic: bool
    form: int
    args: tuple[Expression, ...]
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpExpr:
    """An operator and the function behind it.

    Attributes:
        input_collation: oid of the collation that it compares by.
    """

    operator: int
    function: int
    type: int
    returns_set: bool
    args: tuple[Expression, ...]
    collation: int = field(default=0, compare=False)
    input_collation: int = 0
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DistinctExpr:
    """IS DISTINCT FROM; the operator is the equality."""

    operator: int
    function: int
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NullIfExpr:
    """NULLIF."""

    operator: int
    function: int
    type: int
    args: tuple[Expression, ...]
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarArrayOpExpr:
    """`left operator ANY (array)`, or ALL where `any` is false."""

    operator: int
    function: int
    any: bool
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggref:
    """An aggregate's call.

    Attributes:
        kind: n normal, o ordered-set, h hypothetical-set.
        direct_args: of ordered-set aggregates.
        args: for ordered-set aggregates what is ordered.
        star: count(*).
    """

    function: int
    type: int
    kind: str
    star: bool
    variadic: bool
    levels_up: int
    direct_args: tuple[Expression, ...]
    args: tuple[TargetEntry, ...]
    filter: Expression | None
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingFunc:
    """GROUPING(…)."""

    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFunc:
    """A window function's or an aggregate's call with OVER."""

    function: int
    type: int
    args: tuple[Expression, ...]
    filter: Expression | None
    window: int
    aggregate: bool
    collation: int = field(default=0, compare=False)
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedArgExpr:
    """`name => value`."""

    arg: Expression
    name: str
    number: int
    location: int = field(default=-1, compare=False)


class SubLinkType(IntEnum):
    """`SubLinkType`."""

    EXISTS = 0
    ALL = 1
    ANY = 2
    ROW_COMPARE = 3
    EXPRESSION = 4
    MULTIPLE = 5
    ARRAY = 6
    CTE = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class SubLink:
    """A subquery in an expression."""

    kind: SubLinkType | None
    number: int
    test: Expression | None
    query: Query
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCompareExpr:
    """`(a, b) < (c, d)`."""

    left: tuple[Expression, ...]
    right: tuple[Expression, ...]
    operators: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlExpr:
    """XMLELEMENT and similar expressions; `operation` is PostgreSQL's number."""

    operation: int
    args: tuple[Expression, ...]
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonConstructor:
    """JSON_OBJECT and similar constructors; `kind` is PostgreSQL's number.

    Attributes:
        absent_on_null: what is NULL is left out.
    """

    kind: int
    type: int
    absent_on_null: bool
    args: tuple[Expression, ...]
    call: Expression | None
    coercion: Expression | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonValue:
    """A value with its format, inside another JSON expression."""

    raw: Expression
    formatted: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonIsPredicate:
    """IS JSON."""

    arg: Expression
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonBehavior:
    """ON EMPTY or ON ERROR; `kind` is PostgreSQL's number of the behavior."""

    kind: int
    default: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonReturning:
    """RETURNING of a JSON expression."""

    type: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonQuery:
    """JSON_EXISTS, JSON_QUERY, JSON_VALUE; `operation` is PostgreSQL's number.

    Attributes:
        args: the document and the path, then what is passed.
    """

    operation: int
    type: int
    args: tuple[Expression, ...]
    on_empty: JsonBehavior | None
    on_error: JsonBehavior | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTablePath:
    """A path of JSON_TABLE: the first and last of its columns, from 0; -1 for none."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFunc:
    """XMLTABLE or JSON_TABLE.

    Attributes:
        values: of JSON_TABLE, what each column is made by; None for the row's number.
        defaults: of XMLTABLE, what each column is where nothing is found.
        not_nulls: of XMLTABLE, columns that refuse NULL, from 0.
        ordinality: of XMLTABLE, which column is the row's number, or -1.
        outermost: of JSON_TABLE, the last of its first columns, which no NESTED path
            fills, from 0; -1 where there are none.
        types: of the columns.
        others: the document, and what else is evaluated.
    """

    is_json: bool
    values: tuple[Expression | None, ...]
    defaults: tuple[Expression | None, ...]
    not_nulls: frozenset[int]
    ordinality: int
    outermost: int
    types: frozenset[int]
    others: tuple[Expression, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSample:
    """TABLESAMPLE.

    Attributes:
        function: the handler of its method.
        repeatable: the seed, where it is given.
    """

    function: int
    args: tuple[Expression, ...]
    repeatable: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceElement:
    """A column or expression of ON CONFLICT's target.

    Attributes:
        collation: oid of COLLATE's, or 0.
        operator_class: oid of the one that is named, or 0.
    """

    expression: Expression
    collation: int
    operator_class: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOption:
    """A condition that written rows must satisfy: a view's or row-level security's.

    Attributes:
        kind: `WCOKind`: 0 for a view's WITH CHECK OPTION.
        relation: name of the view or table.
    """

    kind: int
    relation: str
    condition: Expression
