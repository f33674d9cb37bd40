"""The rules about the plans of queries on tables of a known size."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from reposgen.config.model import PlanRule, RuleSeverity, VetRule
from reposgen.contracts.places import place_of
from reposgen.contracts.plans.conditions import (
    calls_in,
    columns_in,
    normalised,
    qualified,
    quoted,
    unqualified,
)
from reposgen.contracts.plans.walk import visits
from reposgen.diagnostics import Diagnostic, Severity
from reposgen.live_schema.model import RelationKind
from reposgen.live_schema.model.plans import PlanNode
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, tokenize
from reposgen.sql_source.model import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reposgen.config.model import RuleConfig
    from reposgen.contracts.plans.model import PlannedQuery, PlannedVariant
    from reposgen.contracts.plans.sizes import Sizes
    from reposgen.contracts.plans.walk import Visit
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Catalog, Constraint, Relation

# From how many rows on each rule reports, unless the configuration says otherwise.
THRESHOLDS: Final[Mapping[PlanRule, int]] = {
    PlanRule.SEQ_SCAN: 100_000,
    PlanRule.UNINDEXED_FILTER: 100_000,
    PlanRule.LARGE_SORT: 100_000,
    PlanRule.LARGE_HASH: 1_000_000,
    PlanRule.NESTED_LOOP: 1_000_000,
    PlanRule.MISSING_FK_INDEX: 100_000,
    PlanRule.DEEP_OFFSET: 10_000,
    PlanRule.UNUSED_INDEX: 100_000,
    PlanRule.DEFAULT_ESTIMATE: 100_000,
}
# Of the other variants that a finding is about.
_SHOWN: Final = 4
# A table with fewer rows than this share of a threshold may be read again and again.
_SMALL: Final = 0.01
_PATTERNS: Final = re.compile(r"~~")
_CONTAINS: Final = re.compile(r"@>|<@|&&|@@|\?")
# What reads all of a table is meant to.
_EXPORTS: Final = frozenset({Command.STREAM, Command.COPYTO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the rules of a package need to know.

    Attributes:
        tables: by schema and name.
        options: the configuration of rules.
        expressions: by schema and name of a table, the expressions that its indexes
            and extended statistics have statistics of.
        uncertain: by schema and name, indexes whose cost depends on values of columns:
            those that are partial or of another kind than btree.
        lookups: by oid of a table and name of its foreign key, the plan of how the
            server finds the rows that refer to a deleted one.
    """

    catalog: Catalog
    tables: Mapping[tuple[str, str], Relation]
    sizes: Sizes
    options: Mapping[VetRule, RuleConfig]
    expressions: Mapping[tuple[str, str], tuple[str, ...]]
    uncertain: frozenset[tuple[str, str]]
    lookups: Mapping[tuple[int, str], PlanNode]

    def threshold(self, rule: PlanRule) -> float:
        """Return the number of rows from which on a rule reports."""
        found = self.options.get(rule)
        if found is not None and found.rows is not None:
            return found.rows
        return THRESHOLDS[rule]

    def finding(
        self,
        rule: PlanRule,
        names: Sequence[str],
        message: str,
        hint: str,
        *,
        span: Span | None = None,
        path: str | None = None,
    ) -> Iterator[Diagnostic]:
        """Yield the finding, unless the rule is off or ignores one of the names."""
        found = self.options.get(rule)
        severity = (found and found.severity) or RuleSeverity.WARNING
        if severity is RuleSeverity.OFF or (
            found and not found.ignore.keys().isdisjoint(names)
        ):
            return
        yield Diagnostic(
            code=rule.value,
            message=message,
            severity=Severity(severity.value),
            span=span,
            path=path,
            hint=hint,
        )

    def relation(self, node: PlanNode) -> Relation | None:
        """Return the table of a scan."""
        return self.tables.get((node.schema, node.relation))

    def root(self, relation: Relation) -> Relation:
        """Return the partitioned table that a partition is a part of, or itself."""
        above = self.catalog.ancestors(relation)
        roots = [one for one in above if one.kind is RelationKind.PARTITIONED_TABLE]
        return roots[-1] if roots else relation

    def rows(self, node: PlanNode) -> float | None:
        """Return how many rows the table of a scan has; None if that is not known."""
        found = self.sizes.get((node.schema, node.relation))
        return found.rows if found else None


def judge_query(planned: PlannedQuery, rules: Rules) -> Iterator[Diagnostic]:
    """Yield what the rules report of a query: once for each rule and place."""
    found: dict[tuple[str, int], Diagnostic] = {}
    others: dict[tuple[str, int], dict[str, None]] = {}
    for variant in planned.variants:
        if isinstance(variant.plan, str):
            yield _without_plan(planned, variant.label, variant.plan)
            continue
        for one in _Judge(planned, variant, rules).judge():
            key = (one.code, one.span.start if one.span else -1)
            if found.setdefault(key, one) is not one and variant.label:
                others.setdefault(key, {})[variant.label] = None
    for key, one in found.items():
        labels = [
            label for label in others.get(key, ()) if f"({label})" not in one.message
        ]
        yield replace(one, message=one.message + _likewise(labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """What a scan reads without an index.

    Attributes:
        rule: that is about it.
        table: the partitioned table, if it is a part of one.
        columns: of the condition.
        rows: in all loops.
        each: in one loop.
    """

    rule: PlanRule
    table: Relation
    columns: tuple[str, ...]
    rows: float
    each: float
    loops: float


class _Judge:
    """Applies the rules to one variant of a query."""

    def __init__(
        self, planned: PlannedQuery, variant: PlannedVariant, rules: Rules
    ) -> None:
        label = variant.label
        self._query = planned.query
        self._name = f"{planned.query.name} ({label})" if label else planned.query.name
        self._rules = rules
        self._keywords = rules.catalog.keywords
        self._visits = (
            [*visits(variant.plan)] if isinstance(variant.plan, PlanNode) else []
        )
        # By oid, how many rows are read, those of all partitions together.
        self._reads: dict[int, float] = {}
        for visit in self._visits:
            read = self._read(visit)
            if read is not None:
                self._reads[read.table.oid] = (
                    self._reads.get(read.table.oid, 0.0) + read.rows
                )

    def judge(self) -> Iterator[Diagnostic]:
        """Yield what the rules report, which can be the same several times."""
        for visit in self._visits:
            node = visit.node
            if node.relation and "Scan" in node.kind:
                yield from self._scan(visit)
                yield from self._estimate(visit)
            elif node.kind == "Sort":
                yield from self._sort(node)
            elif node.kind in {"Hash", "Hash Aggregate"}:
                yield from self._hash(node)
            elif node.kind.startswith("Nested Loop"):
                yield from self._nested_loop(visit)
            elif node.kind == "Limit":
                yield from self._offset(node)

    def _read(self, visit: Visit) -> _Read | None:
        """Return what a scan reads of a table of a known size without an index."""
        node, rules = visit.node, self._rules
        rows, relation = rules.rows(node), rules.relation(node)
        if rows is None or relation is None or not _reads_all(node):
            return None
        condition = node.detail("Filter")
        columns = columns_in(condition, node.alias) if condition else ()
        is_unindexed = bool(columns) and not _indexed(relation, columns)
        fraction = visit.fraction
        if node.index and condition is None:
            # A partial index has fewer rows than the table.
            rows = node.rows
        elif node.kind == "Seq Scan" and (
            is_unindexed or any(calls_in(condition or "", node.alias))
        ):
            # If no row fits, no LIMIT stops it.
            fraction = 1.0
        rule = PlanRule.UNINDEXED_FILTER if is_unindexed else PlanRule.SEQ_SCAN
        is_small = rows < rules.threshold(rule) * _SMALL
        loops = 1.0 if is_small else visit.loops
        return _Read(
            rule=rule,
            table=rules.root(relation),
            columns=columns,
            rows=rows * fraction * loops,
            each=rows,
            loops=loops,
        )

    def _scan(self, visit: Visit) -> Iterator[Diagnostic]:
        node, read = visit.node, self._read(visit)
        if read is None:
            return
        condition = node.detail("Filter") or ""
        is_part = read.table.name != node.relation
        rows = read.rows
        if is_part and not self._is_pruned(node, read.columns):
            rows = self._reads[read.table.oid]
        if rows < self._rules.threshold(read.rule) or (
            self._query.command in _EXPORTS and not condition and read.loops <= 1
        ):
            return
        what = f"{self._name} reads {_count(rows)} rows of {read.table.name}"
        if read.loops > 1:
            what += f": up to {_count(read.each)} of them {_count(read.loops)} times"
        if read.rule is PlanRule.UNINDEXED_FILTER:
            what += f", since no index has {' or '.join(read.columns)} first"
        elif node.index and not is_part:
            what += f" through the whole of the index {node.index}"
        hint = "add a condition that an index serves, or a LIMIT"
        if read.rule is PlanRule.UNINDEXED_FILTER:
            table = qualified(read.table, self._keywords)
            key = self._key(condition, read.columns, node.alias)
            hint = f"CREATE INDEX ON {table} {key}, or {hint}"
        elif read.columns:
            hint = (
                "no index serves the condition as it is written: compare"
                f" {' or '.join(read.columns)} without a function or a cast, or add an"
                " index on the expression"
            )
        names = (*_names(node), read.table.name, read.table.qualified_name)
        yield from self._rules.finding(
            read.rule, names, what, hint, span=self._place(node)
        )

    def _is_pruned(self, node: PlanNode, columns: Sequence[str]) -> bool:
        """Return True if a call reads some of the partitions alone."""
        relation = self._rules.relation(node)
        if relation is None:
            return False
        return any(
            (column := above.column(number)) is not None and column.name in columns
            for above in self._rules.catalog.ancestors(relation)
            for number in above.partition_columns
        )

    def _key(self, condition: str, columns: Sequence[str], alias: str) -> str:
        """Return what an index for a condition is on."""
        calls = [*calls_in(condition, alias)]
        key = unqualified(calls[0], alias) if calls else None
        key = key or quoted(columns[0], self._keywords)
        if _PATTERNS.search(condition):
            return f"USING gin ({key} gin_trgm_ops)"
        return f"USING gin ({key})" if _CONTAINS.search(condition) else f"({key})"

    def _estimate(self, visit: Visit) -> Iterator[Diagnostic]:
        node, rules = visit.node, self._rules
        rows, relation = rules.rows(node), rules.relation(node)
        if (
            rows is None
            or relation is None
            or not visit.below_join
            or rows < rules.threshold(PlanRule.DEFAULT_ESTIMATE)
        ):
            return
        known = rules.expressions.get((node.schema, node.relation), ())
        for label in ("Filter", "Index Cond"):
            for call in calls_in(node.detail(label) or "", node.alias):
                # Of what a parameter decides there are no statistics to be had.
                if "$" in call or normalised(call, node.alias) in known:
                    continue
                shown = unqualified(call, node.alias)
                yield from rules.finding(
                    PlanRule.DEFAULT_ESTIMATE,
                    _names(node),
                    f"{self._name} joins {node.relation} after a condition on {shown}:"
                    f" the server assumes {_count(node.rows)} row{_plural(node.rows)},"
                    " as it has no statistics of the expression",
                    f"CREATE STATISTICS ON ({shown}) FROM"
                    f" {qualified(relation, self._keywords)}, or an index on the"
                    " expression",
                    span=self._place(node),
                )
                return

    def _sort(self, node: PlanNode) -> Iterator[Diagnostic]:
        rows = max((one.rows for one in node.children), default=0.0)
        scan = self._known_scan(node)
        if scan is None or rows < self._rules.threshold(PlanRule.LARGE_SORT):
            return
        keys = node.detail("Sort Key") or ""
        yield from self._rules.finding(
            PlanRule.LARGE_SORT,
            _names(scan),
            f"{self._name} sorts {_count(rows)} rows by {keys}",
            "add an index that has the rows in this order, or a condition that leaves"
            " fewer rows",
            span=self._place(scan),
        )

    def _hash(self, node: PlanNode) -> Iterator[Diagnostic]:
        joins = node.kind == "Hash"
        rows = max(one.rows for one in node.children) if joins else node.rows
        scan = self._known_scan(node)
        if scan is None or rows < self._rules.threshold(PlanRule.LARGE_HASH):
            return
        what = "a join" if joins else "GROUP BY or DISTINCT"
        yield from self._rules.finding(
            PlanRule.LARGE_HASH,
            _names(scan),
            f"{self._name} keeps {_count(rows)} rows in a hash table for {what}",
            "add a condition that leaves fewer rows, or an index on what is"
            + (" joined" if joins else " grouped"),
            span=self._place(scan),
        )

    def _nested_loop(self, visit: Visit) -> Iterator[Diagnostic]:
        node = visit.node
        sides = {one.role: one for one in node.children}
        outer, inner = sides.get("Outer"), sides.get("Inner")
        scan = self._known_scan(node)
        if outer is None or inner is None or scan is None:
            return
        times = max(1.0, outer.rows * visit.fraction)
        # An index gives the rows that are joined, and no others.
        by_index = any(n.detail("Index Cond") for n in inner.nodes)
        pairs = times if by_index else times * max(1.0, inner.rows)
        if pairs < self._rules.threshold(PlanRule.NESTED_LOOP):
            return
        yield from self._rules.finding(
            PlanRule.NESTED_LOOP,
            _names(scan),
            f"{self._name} runs the inner side of a nested loop {_count(times)} times"
            + ("" if by_index else f", for {_count(pairs)} pairs of rows"),
            "join by equal columns, with an index on one of them, or add a condition"
            " that leaves fewer rows",
            span=self._place(self._known_scan(inner) or scan),
        )

    def _offset(self, node: PlanNode) -> Iterator[Diagnostic]:
        place, count = self._offset_place()
        if place is None:
            return
        rows = max((one.rows for one in node.children), default=0.0)
        scan = self._known_scan(node)
        skipped = rows if count is None else min(rows, count)
        if scan is None or skipped < self._rules.threshold(PlanRule.DEEP_OFFSET):
            return
        yield from self._rules.finding(
            PlanRule.DEEP_OFFSET,
            _names(scan),
            f"{self._name} can read and drop up to {_count(skipped)} rows before the"
            " first that it returns",
            "use :page, which continues behind the last row, instead of OFFSET",
            span=place,
        )

    def _offset_place(self) -> tuple[Span | None, float | None]:
        """Return where OFFSET stands, and its number if it is written there."""
        query = self._query.query
        source = query.source
        start, end = query.segments[0].span.start, query.segments[-1].span.end
        tokens = [t for t in tokenize(source.text, start, end) if not t.is_blank]
        for token, after in zip(tokens, [*tokens[1:], None], strict=True):
            if token.kind is TokenKind.WORD and token.text.lower() == "offset":
                number = after is not None and after.kind is TokenKind.NUMBER
                count = float(after.text.replace("_", "")) if after and number else None
                return source.span(token.start, token.end), count
        return None, None

    def _known_scan(self, node: PlanNode) -> PlanNode | None:
        """Return the scan of the largest table of a known size at or below a node."""
        scans = [one for one in node.nodes if self._rules.rows(one)]
        return max(scans, key=lambda one: self._rules.rows(one) or 0.0, default=None)

    def _place(self, node: PlanNode) -> Span:
        relation = self._rules.relation(node)
        name = self._rules.root(relation).name if relation else node.relation
        return place_of(self._query.query, name, node.alias)


def _without_plan(planned: PlannedQuery, label: str, reason: str) -> Diagnostic:
    name = f"{planned.query.name} ({label})" if label else planned.query.name
    return Diagnostic(
        code="no-plan",
        message=f"the server makes no generic plan of {name}: {reason}",
        severity=Severity.NOTE,
        span=planned.query.query.name_span,
        hint="give the function that needs a value at plan time a default, such as"
        " current_setting(name, true)",
    )


def _likewise(labels: Sequence[str]) -> str:
    if not labels:
        return ""
    more = f" and {len(labels) - _SHOWN} more" if len(labels) > _SHOWN else ""
    return f"; likewise {', '.join(labels[:_SHOWN])}{more}"


def judge_deletes(planned: PlannedQuery, rules: Rules) -> Iterator[Diagnostic]:
    """Yield the foreign keys that a query's deletes look up without an index."""
    for target in _deleted_from(planned, rules):
        for parent, child, key in _checked_keys(target, rules.catalog):
            lookup = rules.lookups.get((child.oid, key.name))
            size = rules.sizes.get((child.schema, child.name))
            if (
                size is None
                or size.rows < rules.threshold(PlanRule.MISSING_FK_INDEX)
                or lookup is None
                or not any(_reads_all(node) for node in lookup.nodes if node.relation)
            ):
                continue
            columns = [child.column(number) for number in key.columns]
            words = rules.catalog.keywords
            names = ", ".join(quoted(c.name, words) for c in columns if c is not None)
            yield from rules.finding(
                PlanRule.MISSING_FK_INDEX,
                (key.name, child.name, child.qualified_name),
                f"{planned.query.name} reads {_count(size.rows)} rows of {child.name}"
                f" for each row of {parent.name} that it deletes: no index serves the"
                f" foreign key {key.name}",
                f"CREATE INDEX ON {qualified(child, words)} ({names})",
                span=place_of(planned.query.query, target.name, target.name),
            )


def _deleted_from(planned: PlannedQuery, rules: Rules) -> Iterator[Relation]:
    """Yield the tables that a query names to delete from."""
    seen: set[int] = set()
    for variant in planned.variants:
        if isinstance(variant.plan, PlanNode):
            for node in variant.plan.nodes:
                is_delete = node.kind == "ModifyTable Delete"
                relation = rules.relation(node) if is_delete else None
                if relation is not None and relation.oid not in seen:
                    seen.add(relation.oid)
                    yield relation


def _checked_keys(
    target: Relation, catalog: Catalog
) -> Iterator[tuple[Relation, Relation, Constraint]]:
    """Yield the foreign keys that are looked up for a deleted row, with both tables."""
    waiting = [target, *catalog.ancestors(target)]
    seen: set[int] = set()
    while waiting:
        parent = waiting.pop()
        if parent.oid in seen:
            continue
        seen.add(parent.oid)
        for child, key in catalog.references.get(parent.oid, ()):
            if key.parent is None:
                yield parent, child, key
            if key.on_delete == "c":
                waiting.append(child)


def _indexed(relation: Relation, columns: Sequence[str]) -> bool:
    """Return True if an index begins with one of the columns, or an expression."""
    numbers = {c.number for c in relation.columns if c.name in columns}
    return any(
        index.columns[:1] and index.columns[0] in numbers | {0}
        for index in relation.indexes
    )


def _reads_all(node: PlanNode) -> bool:
    """Return True if a scan has no condition that an index serves."""
    if node.kind == "Seq Scan":
        return True
    return (
        node.kind.startswith(("Index Scan", "Index Only Scan"))
        and node.detail("Index Cond") is None
        and node.detail("Order By") is None
    )


def _names(node: PlanNode) -> tuple[str, ...]:
    return node.relation, f"{node.schema}.{node.relation}", node.index


def _plural(rows: float) -> str:
    return "" if round(rows) == 1 else "s"


def _count(rows: float) -> str:
    return f"{round(rows):,}"
