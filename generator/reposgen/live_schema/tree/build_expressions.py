"""Builders of expression nodes from their fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar, get_args

from reposgen.live_schema.tree import expressions as e
from reposgen.live_schema.tree.fields import TreeError
from reposgen.live_schema.tree.model import Query, TargetEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import IntEnum

    from reposgen.live_schema.tree.fields import Fields

_Builder: TypeAlias = "Callable[[Fields], object]"
_E = TypeVar("_E", bound="IntEnum")
_JSON_TABLE = 1


def member(kind: type[_E], number: int) -> _E | None:
    """Return the member with a number, or None if it is unknown."""
    try:
        return kind(number)
    except ValueError:
        return None


def _function(f: Fields) -> e.Expression:
    return e.FuncExpr(
        function=f.integer(":funcid"),
        type=f.integer(":funcresulttype"),
        returns_set=f.boolean(":funcretset"),
        variadic=f.boolean(":funcvariadic"),
        form=f.integer(":funcformat"),
        args=f.nodes_of(":args"),
        collation=f.integer(":funccollid"),
        location=f.location(),
    )


def _operator(f: Fields) -> e.Expression:
    return e.OpExpr(
        operator=f.integer(":opno"),
        function=f.integer(":opfuncid"),
        type=f.integer(":opresulttype"),
        returns_set=f.boolean(":opretset"),
        args=f.nodes_of(":args"),
        collation=f.integer(":opcollid"),
        input_collation=f.integer(":inputcollid"),
        location=f.location(),
    )


def _distinct(f: Fields) -> e.Expression:
    return e.DistinctExpr(
        operator=f.integer(":opno"),
        function=f.integer(":opfuncid"),
        args=f.nodes_of(":args"),
        location=f.location(),
    )


def _null_if(f: Fields) -> e.Expression:
    return e.NullIfExpr(
        operator=f.integer(":opno"),
        function=f.integer(":opfuncid"),
        type=f.integer(":opresulttype"),
        args=f.nodes_of(":args"),
        collation=f.integer(":opcollid"),
        location=f.location(),
    )


def _scalar_array(f: Fields) -> e.Expression:
    return e.ScalarArrayOpExpr(
        operator=f.integer(":opno"),
        function=f.integer(":opfuncid"),
        any=f.boolean(":useOr"),
        args=f.nodes_of(":args"),
        location=f.location(),
    )


def _boolean(f: Fields) -> e.Expression:
    return e.BoolExpr(
        operator=f.text(":boolop") or "",
        args=f.nodes_of(":args"),
        location=f.location(),
    )


def _aggregate(f: Fields) -> e.Expression:
    return e.Aggref(
        function=f.integer(":aggfnoid"),
        type=f.integer(":aggtype"),
        kind=f.text(":aggkind") or "",
        star=f.boolean(":aggstar"),
        variadic=f.boolean(":aggvariadic"),
        levels_up=f.integer(":agglevelsup"),
        direct_args=f.nodes_of(":aggdirectargs"),
        args=f.list_of(":args", TargetEntry),
        filter=f.node(":aggfilter"),
        collation=f.integer(":aggcollid"),
        location=f.location(),
    )


def _window_function(f: Fields) -> e.Expression:
    return e.WindowFunc(
        function=f.integer(":winfnoid"),
        type=f.integer(":wintype"),
        args=f.nodes_of(":args"),
        filter=f.node(":aggfilter"),
        window=f.integer(":winref"),
        aggregate=f.boolean(":winagg"),
        collation=f.integer(":wincollid"),
        location=f.location(),
    )


def _subscript(f: Fields) -> e.Expression:
    upper = f.values.get(":refupperindexpr")
    lower = f.values.get(":reflowerindexpr")
    subscripts = [
        item
        for items in (upper, lower)
        if isinstance(items, tuple)
        for item in items
        if not isinstance(item, str)
    ]
    return e.SubscriptingRef(
        type=f.integer(":refrestype") or f.integer(":refelemtype"),
        container=f.required(":refexpr"),
        subscripts=tuple(subscripts),
        assigned=f.node(":refassgnexpr"),
        slices=isinstance(lower, tuple),
        collation=f.integer(":refcollid"),
    )


def _named_arg(f: Fields) -> e.Expression:
    return e.NamedArgExpr(
        arg=f.required(":arg"),
        name=f.text(":name") or "",
        number=f.integer(":argnumber"),
        location=f.location(),
    )


def _sublink(f: Fields) -> e.Expression:
    query = f.optional(":subselect", Query)
    if query is None:
        raise TreeError("a SubLink has no query")
    return e.SubLink(
        kind=member(e.SubLinkType, f.integer(":subLinkType")),
        number=f.integer(":subLinkId"),
        test=f.node(":testexpr"),
        query=query,
        location=f.location(),
    )


def _coercion(kind: e.Coercion, type_field: str = ":resulttype") -> _Builder:
    def build(f: Fields) -> e.Expression:
        return e.Coerce(
            kind=kind,
            arg=f.required(":arg"),
            type=f.integer(type_field),
            element=f.node(":elemexpr"),
            collation=f.integer(":resultcollid") or f.integer(":collOid"),
            location=f.location(),
        )

    return build


def _case(f: Fields) -> e.Expression:
    return e.CaseExpr(
        type=f.integer(":casetype"),
        arg=f.node(":arg"),
        whens=f.list_of(":args", e.CaseWhen),
        default=f.node(":defresult"),
        collation=f.integer(":casecollid"),
        location=f.location(),
    )


def _null_test(f: Fields) -> e.Expression:
    return e.NullTest(
        arg=f.required(":arg"),
        negated=f.integer(":nulltesttype") == 1,
        of_row=f.boolean(":argisrow"),
        location=f.location(),
    )


def _json_constructor(f: Fields) -> e.Expression:
    output = f.optional(":returning", e.JsonReturning)
    return e.JsonConstructor(
        kind=f.integer(":type"),
        type=output.type if output else 0,
        absent_on_null=f.boolean(":absent_on_null"),
        args=f.nodes_of(":args"),
        call=f.node(":func"),
        coercion=f.node(":coercion"),
        location=f.location(),
    )


def _json_query(f: Fields) -> e.Expression:
    behaviors = [
        f.optional(name, e.JsonBehavior) for name in (":on_empty", ":on_error")
    ]
    on_empty, on_error = behaviors
    returning = f.optional(":returning", e.JsonReturning)
    return e.JsonQuery(
        operation=f.integer(":op"),
        type=returning.type if returning else 0,
        args=(
            f.required(":formatted_expr"),
            f.required(":path_spec"),
            *f.nodes_of(":passing_values"),
        ),
        on_empty=on_empty,
        on_error=on_error,
        location=f.location(),
    )


def _table_function(f: Fields) -> object:
    values = f.values.get(":colvalexprs")
    plan = f.optional(":plan", e.JsonTablePath)
    defaults = f.values.get(":coldefexprs")
    return e.TableFunc(
        is_json=f.integer(":functype") == _JSON_TABLE,
        values=tuple(map(_or_none, values)) if isinstance(values, tuple) else (),
        defaults=tuple(map(_or_none, defaults)) if isinstance(defaults, tuple) else (),
        not_nulls=f.numbers(":notnulls"),
        ordinality=f.integer(":ordinalitycol"),
        outermost=plan.last if plan and plan.first == 0 else -1,
        types=f.numbers(":coltypes"),
        others=tuple(
            node
            for node in (f.node(":docexpr"), f.node(":rowexpr"))
            if node is not None
        )
        + f.nodes_of(":passingvalexprs")
        + f.nodes_of(":ns_uris")
        + f.nodes_of(":colexprs"),
    )


def _or_none(value: object) -> e.Expression | None:
    return value if isinstance(value, get_args(e.Expression)) else None


def _field_store(f: Fields) -> e.Expression:
    return e.FieldStore(
        arg=f.required(":arg"),
        values=f.nodes_of(":newvals"),
        type=f.integer(":resulttype"),
    )


def _array(f: Fields) -> e.Expression:
    return e.ArrayExpr(
        type=f.integer(":array_typeid"),
        elements=f.nodes_of(":elements"),
        nested=f.boolean(":multidims"),
        collation=f.integer(":array_collid"),
        location=f.location(),
    )


def _row(f: Fields) -> e.Expression:
    return e.RowExpr(
        type=f.integer(":row_typeid"), args=f.nodes_of(":args"), location=f.location()
    )


def _row_compare(f: Fields) -> e.Expression:
    return e.RowCompareExpr(
        left=f.nodes_of(":largs"),
        right=f.nodes_of(":rargs"),
        operators=f.numbers(":opnos"),
    )


def _table_sample(f: Fields) -> e.Expression:
    return e.TableSample(
        function=f.integer(":tsmhandler"),
        args=f.nodes_of(":args"),
        repeatable=f.node(":repeatable"),
    )


def _coalesce(f: Fields) -> e.Expression:
    return e.CoalesceExpr(
        type=f.integer(":coalescetype"),
        args=f.nodes_of(":args"),
        collation=f.integer(":coalescecollid"),
        location=f.location(),
    )


def _min_max(f: Fields) -> e.Expression:
    return e.MinMaxExpr(
        type=f.integer(":minmaxtype"),
        args=f.nodes_of(":args"),
        collation=f.integer(":minmaxcollid"),
        location=f.location(),
    )


# Before PostgreSQL 16, some tags were shorter; both spellings are accepted.
BUILDERS: Mapping[str, _Builder] = {
    "FUNCEXPR": _function,
    "OPEXPR": _operator,
    "DISTINCTEXPR": _distinct,
    "NULLIFEXPR": _null_if,
    "SCALARARRAYOPEXPR": _scalar_array,
    "BOOLEXPR": _boolean,
    "AGGREF": _aggregate,
    "GROUPINGFUNC": lambda f: e.GroupingFunc(
        args=f.nodes_of(":args"), location=f.location()
    ),
    "WINDOWFUNC": _window_function,
    "SUBSCRIPTINGREF": _subscript,
    "NAMEDARGEXPR": _named_arg,
    "SUBLINK": _sublink,
    "FIELDSELECT": lambda f: e.FieldSelect(
        arg=f.required(":arg"),
        field=f.integer(":fieldnum"),
        type=f.integer(":resulttype"),
        collation=f.integer(":resultcollid"),
    ),
    "FIELDSTORE": _field_store,
    "RELABELTYPE": _coercion(e.Coercion.RELABEL),
    "COERCEVIAIO": _coercion(e.Coercion.TEXT),
    "ARRAYCOERCEEXPR": _coercion(e.Coercion.ARRAY),
    "CONVERTROWTYPEEXPR": _coercion(e.Coercion.ROW),
    "COLLATEEXPR": _coercion(e.Coercion.COLLATE),
    "COLLATE": _coercion(e.Coercion.COLLATE),
    "COERCETODOMAIN": _coercion(e.Coercion.DOMAIN),
    "CASEEXPR": _case,
    "CASE": _case,
    "CASEWHEN": lambda f: e.CaseWhen(
        condition=f.required(":expr"), result=f.required(":result")
    ),
    "WHEN": lambda f: e.CaseWhen(
        condition=f.required(":expr"), result=f.required(":result")
    ),
    "CASETESTEXPR": lambda f: e.CaseTestExpr(type=f.integer(":typeId")),
    "COERCETODOMAINVALUE": lambda f: e.DomainValue(type=f.integer(":typeId")),
    "ARRAYEXPR": _array,
    "ARRAY": _array,
    "ROWEXPR": _row,
    "ROW": _row,
    "ROWCOMPAREEXPR": _row_compare,
    "ROWCOMPARE": _row_compare,
    "COALESCEEXPR": _coalesce,
    "COALESCE": _coalesce,
    "MINMAXEXPR": _min_max,
    "MINMAX": _min_max,
    "SQLVALUEFUNCTION": lambda f: e.SqlValueFunction(
        operation=f.integer(":op"), type=f.integer(":type"), location=f.location()
    ),
    "XMLEXPR": lambda f: e.XmlExpr(
        operation=f.integer(":op"),
        args=(*f.nodes_of(":named_args"), *f.nodes_of(":args")),
        location=f.location(),
    ),
    "JSONCONSTRUCTOREXPR": _json_constructor,
    "JSONVALUEEXPR": lambda f: e.JsonValue(
        raw=f.required(":raw_expr"), formatted=f.node(":formatted_expr")
    ),
    "JSONISPREDICATE": lambda f: e.JsonIsPredicate(
        arg=f.required(":expr"), location=f.location()
    ),
    "JSONEXPR": _json_query,
    "JSONRETURNING": lambda f: e.JsonReturning(type=f.integer(":typid")),
    "TABLEFUNC": _table_function,
    "JSONTABLEPATHSCAN": lambda f: e.JsonTablePath(
        first=f.integer(":colMin"), last=f.integer(":colMax")
    ),
    "JSONBEHAVIOR": lambda f: e.JsonBehavior(
        kind=f.integer(":btype"), default=f.node(":expr")
    ),
    "TABLESAMPLECLAUSE": _table_sample,
    "INFERENCEELEM": lambda f: e.InferenceElement(
        expression=f.required(":expr"),
        collation=f.integer(":infercollid"),
        operator_class=f.integer(":inferopclass"),
    ),
    "WITHCHECKOPTION": lambda f: e.CheckOption(
        kind=f.integer(":kind"),
        relation=f.text(":relname") or "",
        condition=f.required(":qual"),
    ),
    "NULLTEST": _null_test,
    "BOOLEANTEST": lambda f: e.BooleanTest(
        arg=f.required(":arg"),
        test=member(e.BooleanTestType, f.integer(":booltesttype")),
        location=f.location(),
    ),
    "MERGESUPPORTFUNC": lambda f: e.MergeSupportFunc(location=f.location()),
    "NEXTVALUEEXPR": lambda f: e.NextValueExpr(
        sequence=f.integer(":seqid"), type=f.integer(":typeId")
    ),
    "CURRENTOFEXPR": lambda f: e.CurrentOfExpr(index=f.integer(":cvarno")),
    "RETURNINGEXPR": lambda f: e.ReturningExpr(
        old=f.boolean(":retold"), arg=f.required(":retexpr")
    ),
}
