"""Expression nodes of the analysed query tree."""

from __future__ import annotations

from typing import TypeAlias

from reposgen.live_schema.tree.calls import (
    Aggref,
    CheckOption,
    DistinctExpr,
    FuncExpr,
    GroupingFunc,
    InferenceElement,
    JsonBehavior,
    JsonConstructor,
    JsonIsPredicate,
    JsonQuery,
    JsonReturning,
    JsonTablePath,
    JsonValue,
    NamedArgExpr,
    NullIfExpr,
    OpExpr,
    RowCompareExpr,
    ScalarArrayOpExpr,
    SubLink,
    SubLinkType,
    TableFunc,
    TableSample,
    WindowFunc,
    XmlExpr,
)
from reposgen.live_schema.tree.forms import (
    ArrayExpr,
    BooleanTest,
    BooleanTestType,
    BoolExpr,
    CaseExpr,
    CaseWhen,
    CoalesceExpr,
    Coerce,
    Coercion,
    FieldSelect,
    FieldStore,
    MinMaxExpr,
    NullTest,
    RowExpr,
    SubscriptingRef,
)
from reposgen.live_schema.tree.operands import (
    CaseTestExpr,
    Const,
    CurrentOfExpr,
    DomainValue,
    MergeSupportFunc,
    NextValueExpr,
    Param,
    ParamKind,
    Returning,
    ReturningExpr,
    SqlValueFunction,
    Unknown,
    Var,
)

__all__ = [
    "Aggref",
    "ArrayExpr",
    "BoolExpr",
    "BooleanTest",
    "BooleanTestType",
    "CaseExpr",
    "CaseTestExpr",
    "CaseWhen",
    "CheckOption",
    "CoalesceExpr",
    "Coerce",
    "Coercion",
    "Const",
    "CurrentOfExpr",
    "DistinctExpr",
    "DomainValue",
    "Expression",
    "FieldSelect",
    "FieldStore",
    "FuncExpr",
    "GroupingFunc",
    "InferenceElement",
    "JsonBehavior",
    "JsonConstructor",
    "JsonIsPredicate",
    "JsonQuery",
    "JsonReturning",
    "JsonTablePath",
    "JsonValue",
    "MergeSupportFunc",
    "MinMaxExpr",
    "NamedArgExpr",
    "NextValueExpr",
    "NullIfExpr",
    "NullTest",
    "OpExpr",
    "Param",
    "ParamKind",
    "Returning",
    "ReturningExpr",
    "RowCompareExpr",
    "RowExpr",
    "ScalarArrayOpExpr",
    "SqlValueFunction",
    "SubLink",
    "SubLinkType",
    "SubscriptingRef",
    "TableFunc",
    "TableSample",
    "Unknown",
    "Var",
    "WindowFunc",
    "XmlExpr",
]

Expression: TypeAlias = (
    Var
    | Const
    | Param
    | FuncExpr
    | OpExpr
    | DistinctExpr
    | NullIfExpr
    | ScalarArrayOpExpr
    | BoolExpr
    | Aggref
    | GroupingFunc
    | WindowFunc
    | SubscriptingRef
    | NamedArgExpr
    | SubLink
    | FieldSelect
    | FieldStore
    | Coerce
    | CaseExpr
    | CaseTestExpr
    | DomainValue
    | ArrayExpr
    | RowExpr
    | RowCompareExpr
    | CoalesceExpr
    | MinMaxExpr
    | SqlValueFunction
    | XmlExpr
    | JsonConstructor
    | JsonValue
    | JsonIsPredicate
    | JsonQuery
    | NullTest
    | BooleanTest
    | MergeSupportFunc
    | NextValueExpr
    | CurrentOfExpr
    | ReturningExpr
    | TableFunc
    | TableSample
    | InferenceElement
    | CheckOption
    | Unknown
)
