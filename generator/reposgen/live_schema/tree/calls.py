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
    """Function call.

    Attributes:
        form: 0 as written, 1 an explicit cast, 2 an implicit cast, 3 special SQL
            syntax.
        collation: oid of the result's collation; 0 for a type without collation. Other
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
    """Operator call.

    Attributes:
        operator: oid of the operator.
        function: oid of the operator's function.
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
    """Call of an aggregate.

    Attributes:
        kind: n normal, o ordered-set, h hypothetical-set.
        star: True for count(*).
        direct_args: direct arguments of an ordered-set aggregate.
        args: arguments; for an ordered-set aggregate, the sorted ones.
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
    """Call of a window function, or of an aggregate, with OVER."""

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
    """Subquery in an expression."""

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
        absent_on_null: True if NULL values are left out.
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
    """Value with its format, inside another JSON expression."""

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
        args: the document and the path, then the PASSING values.
    """

    operation: int
    type: int
    args: tuple[Expression, ...]
    on_empty: JsonBehavior | None
    on_error: JsonBehavior | None
    location: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonTablePath:
    """Path of JSON_TABLE: indexes of its first and last column, from 0; -1 for none."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFunc:
    """XMLTABLE or JSON_TABLE.

    Attributes:
        is_json: True for JSON_TABLE.
        values: for JSON_TABLE, the expression of each column; None for FOR ORDINALITY.
        defaults: for XMLTABLE, the default of each column; None without one.
        not_nulls: for XMLTABLE, indexes of the NOT NULL columns, from 0.
        ordinality: for XMLTABLE, index of the FOR ORDINALITY column, or -1.
        outermost: for JSON_TABLE, index of the last column outside of NESTED paths,
            from 0; -1 without one.
        types: oids of the columns' types.
        others: the document, and other evaluated expressions.
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
        function: oid of the method's handler.
        repeatable: the seed in REPEATABLE, or None.
    """

    function: int
    args: tuple[Expression, ...]
    repeatable: Expression | None


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceElement:
    """Column or expression of ON CONFLICT's target.

    Attributes:
        collation: oid of the collation in COLLATE, or 0.
        operator_class: oid of the named operator class, or 0.
    """

    expression: Expression
    collation: int
    operator_class: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOption:
    """Condition of a view or of row-level security that written rows must satisfy.

    Attributes:
        kind: `WCOKind`: 0 for a view's WITH CHECK OPTION.
        relation: name of the view or table.
        condition: the condition.
    """

    kind: int
    relation: str
    condition: Expression
