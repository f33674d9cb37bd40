"""Builders of statements, range table entries and clauses from their fields."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias, cast

from reposgen.live_schema.tree import model as m
from reposgen.live_schema.tree.build_expressions import member
from reposgen.live_schema.tree.fields import TreeError
from reposgen.live_schema.tree.tokens import unescape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reposgen.live_schema.tree.expressions import Expression
    from reposgen.live_schema.tree.fields import Fields

_Builder: TypeAlias = "Callable[[Fields], object]"

# Bitmapsets of columns start at -7, below the lowest number of a system column.
_FIRST_COLUMN = -7
_WITH_TIES = 1
_ALIAS = re.compile(r"\{ALIAS :aliasname ((?:[^ \\]|\\.)*) :colnames ", re.DOTALL)


def target(f: Fields) -> object:
    """Return an item of a select list or a similar list."""
    return m.TargetEntry(
        expression=f.required(":expr"),
        number=f.integer(":resno"),
        name=f.text(":resname"),
        group=f.integer(":ressortgroupref"),
        table=f.integer(":resorigtbl"),
        column=f.integer(":resorigcol"),
        junk=f.boolean(":resjunk"),
    )


def _columns(f: Fields, name: str) -> frozenset[int]:
    return frozenset(number + _FIRST_COLUMN for number in f.numbers(name))


def _permissions(f: Fields) -> m.Permissions:
    return m.Permissions(
        relation=f.integer(":relid"),
        selected=_columns(f, ":selectedCols"),
        inserted=_columns(f, ":insertedCols"),
        updated=_columns(f, ":updatedCols"),
    )


def _entry(f: Fields) -> object:
    kind = member(m.RteKind, f.integer(":rtekind"))
    if kind is None:
        raise TreeError("an unknown kind of range table entry")
    alias = cast("str", f.values.get(":eref", ""))
    named = _ALIAS.match(alias)
    values = f.values.get(":values_lists")
    return m.RangeTableEntry(
        kind=kind,
        name=(unescape(named[1]) or "") if named else "",
        relation=f.integer(":relid"),
        relation_kind=f.text(":relkind") or "",
        inherited=f.boolean(":inh"),
        lateral=f.boolean(":lateral"),
        subquery=f.optional(":subquery", m.Query),
        security_barrier=f.boolean(":security_barrier"),
        join_type=f.integer(":jointype"),
        join_columns=f.lazy_nodes(":joinaliasvars"),
        functions=f.list_of(":functions", m.RangeFunction),
        ordinality=f.boolean(":funcordinality"),
        values=cast("tuple[tuple[Expression, ...], ...]", values)
        if isinstance(values, tuple)
        else (),
        cte_name=f.text(":ctename") or "",
        cte_levels_up=f.integer(":ctelevelsup"),
        self_reference=f.boolean(":self_reference"),
        group_expressions=f.nodes_of(":groupexprs"),
        security=f.nodes_of(":securityQuals"),
        other=tuple(
            node
            for node in (f.node(":tablefunc"), f.node(":tablesample"))
            if node is not None
        ),
        # Before PostgreSQL 16, the entry itself contains its permissions.
        permissions=_permissions(f) if ":selectedCols" in f.values else None,
        permission_index=f.integer(":perminfoindex"),
        names_text=alias[named.end() :] if named else "",
    )


def _join(f: Fields) -> object:
    return m.JoinExpr(
        type=member(m.JoinType, f.integer(":jointype")),
        left=_from_item(f, ":larg"),
        right=_from_item(f, ":rarg"),
        condition=f.node(":quals"),
        index=f.integer(":rtindex"),
    )


def _from_item(f: Fields, name: str) -> m.FromItem:
    value = f.values.get(name)
    if not isinstance(value, m.RangeTableRef | m.JoinExpr | m.FromExpr):
        raise TreeError(f"{name} is no item of FROM")
    return value


def _from(f: Fields) -> object:
    items = f.values.get(":fromlist")
    items = items if isinstance(items, tuple) else ()
    if not all(
        isinstance(item, m.RangeTableRef | m.JoinExpr | m.FromExpr) for item in items
    ):
        raise TreeError("an unknown kind of item in FROM")
    return m.FromExpr(
        items=cast("tuple[m.FromItem, ...]", items), condition=f.node(":quals")
    )


def _cte(f: Fields) -> object:
    query = f.optional(":ctequery", m.Query)
    if query is None:
        raise TreeError("a CTE has no query")
    return m.CommonTableExpr(
        name=f.text(":ctename") or "",
        query=query,
        recursive=f.boolean(":cterecursive"),
        location=f.location(),
    )


def _sort_group(f: Fields) -> object:
    return m.SortGroupClause(
        group=f.integer(":tleSortGroupRef"),
        equality=f.integer(":eqop"),
        sort=f.integer(":sortop"),
        nulls_first=f.boolean(":nulls_first"),
    )


def _grouping_set(f: Fields) -> object:
    kind = member(m.GroupingSetKind, f.integer(":kind"))
    if kind is None:
        raise TreeError("an unknown kind of grouping set")
    if kind is m.GroupingSetKind.SIMPLE:
        return m.GroupingSet(kind=kind, groups=f.numbers(":content"))
    return m.GroupingSet(kind=kind, content=f.list_of(":content", m.GroupingSet))


def _window(f: Fields) -> object:
    return m.WindowClause(
        reference=f.integer(":winref"),
        frame=f.integer(":frameOptions"),
        partition=f.list_of(":partitionClause", m.SortGroupClause),
        order=f.list_of(":orderClause", m.SortGroupClause),
        start=f.node(":startOffset"),
        end=f.node(":endOffset"),
    )


def _set_operation(f: Fields) -> object:
    sides = []
    for name in (":larg", ":rarg"):
        side = f.values.get(name)
        if not isinstance(side, m.SetOperation | m.RangeTableRef):
            raise TreeError(f"{name} is no side of a set operation")
        sides.append(side)
    return m.SetOperation(
        operator=member(m.SetOperator, f.integer(":op")),
        all=f.boolean(":all"),
        equalities=tuple(
            clause.equality for clause in f.list_of(":groupClauses", m.SortGroupClause)
        ),
        collations=f.oids(":colCollations"),
        left=sides[0],
        right=sides[1],
    )


def _on_conflict(f: Fields) -> object:
    return m.OnConflict(
        update=f.integer(":action") == m.CONFLICT_UPDATE,
        arbiters=f.nodes_of(":arbiterElems"),
        arbiter_condition=f.node(":arbiterWhere"),
        constraint=f.integer(":constraint"),
        assignments=f.list_of(":onConflictSet", m.TargetEntry),
        condition=f.node(":onConflictWhere"),
        excluded=f.integer(":exclRelIndex"),
    )


def _merge_action(f: Fields) -> object:
    command = member(m.CommandType, f.integer(":commandType"))
    if ":matchKind" in f.values:
        match = member(m.MergeMatch, f.integer(":matchKind"))
    else:
        matched = f.boolean(":matched")
        match = m.MergeMatch.MATCHED if matched else m.MergeMatch.NOT_MATCHED_BY_TARGET
    if command is None or match is None:
        raise TreeError("an unknown kind of MERGE action")
    return m.MergeAction(
        match=match,
        command=command,
        condition=f.node(":qual"),
        targets=f.list_of(":targetList", m.TargetEntry),
    )


def _query(f: Fields) -> object:
    command = member(m.CommandType, f.integer(":commandType"))
    if command is None:
        raise TreeError("an unknown kind of statement")
    return m.Query(
        command=command,
        range_table=_with_permissions(f),
        join_tree=f.optional(":jointree", m.FromExpr),
        targets=f.list_of(":targetList", m.TargetEntry),
        can_set_tag=f.boolean(":canSetTag"),
        has_aggregates=f.boolean(":hasAggs"),
        has_set_returning=f.boolean(":hasTargetSRFs"),
        result_relation=f.integer(":resultRelation"),
        ctes=f.list_of(":cteList", m.CommonTableExpr),
        returning=f.list_of(":returningList", m.TargetEntry),
        on_conflict=f.optional(":onConflict", m.OnConflict),
        merge_actions=f.list_of(":mergeActionList", m.MergeAction),
        merge_condition=f.node(":mergeJoinCondition"),
        group=f.list_of(":groupClause", m.SortGroupClause),
        grouping_sets=f.list_of(":groupingSets", m.GroupingSet),
        having=f.node(":havingQual"),
        windows=f.list_of(":windowClause", m.WindowClause),
        distinct=f.list_of(":distinctClause", m.SortGroupClause),
        distinct_on=f.boolean(":hasDistinctOn"),
        sort=f.list_of(":sortClause", m.SortGroupClause),
        offset=f.node(":limitOffset"),
        limit=f.node(":limitCount"),
        with_ties=f.integer(":limitOption") == _WITH_TIES,
        row_marks=f.list_of(":rowMarks", m.RowMark),
        set_operations=f.optional(":setOperations", m.SetOperation),
        check_options=f.nodes_of(":withCheckOptions"),
        utility=f.node(":utilityStmt"),
    )


def _with_permissions(f: Fields) -> tuple[m.RangeTableEntry, ...]:
    entries = f.list_of(":rtable", m.RangeTableEntry)
    permissions = f.list_of(":rteperminfos", m.Permissions)
    if not permissions:
        return entries
    return tuple(
        replace(entry, permissions=permissions[entry.permission_index - 1])
        if entry.permission_index
        else entry
        for entry in entries
    )


# Before PostgreSQL 16, some tags were shorter; both spellings are accepted.
BUILDERS: Mapping[str, _Builder] = {
    "QUERY": _query,
    "TARGETENTRY": target,
    "RANGETBLENTRY": _entry,
    "RTE": _entry,
    "RTEPERMISSIONINFO": _permissions,
    "RANGETBLFUNCTION": lambda f: m.RangeFunction(
        expression=f.required(":funcexpr"),
        columns=f.integer(":funccolcount"),
        types=f.numbers(":funccoltypes"),
    ),
    "RANGETBLREF": lambda f: m.RangeTableRef(index=f.integer(":rtindex")),
    "JOINEXPR": _join,
    "FROMEXPR": _from,
    "COMMONTABLEEXPR": _cte,
    "SORTGROUPCLAUSE": _sort_group,
    "GROUPINGSET": _grouping_set,
    "WINDOWCLAUSE": _window,
    "SETOPERATIONSTMT": _set_operation,
    "ONCONFLICTEXPR": _on_conflict,
    "MERGEACTION": _merge_action,
    "ROWMARKCLAUSE": lambda f: m.RowMark(
        index=f.integer(":rti"),
        strength=f.integer(":strength"),
        wait_policy=f.integer(":waitPolicy"),
    ),
}
