"""Enums of the analysed query tree, with PostgreSQL's numbers."""

from __future__ import annotations

from enum import IntEnum


class CommandType(IntEnum):
    """`CmdType`: kind of a statement."""

    SELECT = 1
    UPDATE = 2
    INSERT = 3
    DELETE = 4
    MERGE = 5
    UTILITY = 6
    NOTHING = 7


class RteKind(IntEnum):
    """`RTEKind`: kind of a range table entry."""

    RELATION = 0
    SUBQUERY = 1
    JOIN = 2
    FUNCTION = 3
    TABLE_FUNCTION = 4
    VALUES = 5
    CTE = 6
    NAMED_TUPLESTORE = 7
    RESULT = 8
    GROUP = 9


class JoinType(IntEnum):
    """`JoinType`, limited to the joins that a statement can contain."""

    INNER = 0
    LEFT = 1
    FULL = 2
    RIGHT = 3


class SetOperator(IntEnum):
    """`SetOperation`."""

    UNION = 1
    INTERSECT = 2
    EXCEPT = 3


class GroupingSetKind(IntEnum):
    """`GroupingSetKind`."""

    EMPTY = 0
    SIMPLE = 1
    ROLLUP = 2
    CUBE = 3
    SETS = 4


class MergeMatch(IntEnum):
    """`MergeMatchKind`."""

    MATCHED = 0
    NOT_MATCHED_BY_SOURCE = 1
    NOT_MATCHED_BY_TARGET = 2
