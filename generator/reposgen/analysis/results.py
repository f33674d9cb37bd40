"""Result columns: their names, types and nullability, and the embeds among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reposgen.analysis.arrays import declared_in, element_of, is_array
from reposgen.analysis.embeds import build_embed, embed_groups, misplaced_embeds
from reposgen.analysis.model import Column, Embed, JsonList, JsonObject
from reposgen.analysis.presence import may_be_absent
from reposgen.analysis.stars import output_queries
from reposgen.analysis.types import is_readable, is_row, result_type
from reposgen.diagnostics import Diagnostic, Severity, warning
from reposgen.live_schema.model import RelationKind
from reposgen.models import dataclass
from reposgen.sql_source.lexer import TokenKind, fold, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reposgen.analysis.described import DescribedQuery
    from reposgen.analysis.model import Elements, ResultItem
    from reposgen.analysis.nullability import Proof
    from reposgen.analysis.proofs import Proofs
    from reposgen.diagnostics import Span
    from reposgen.live_schema.model import Relation
    from reposgen.sql_source.model import Query

_SYSTEM_SCHEMAS = {"pg_catalog", "information_schema"}
# PostgreSQL's name for a column without a name.
_NAMELESS = "?column?"
_FORCED = {"!": False, "?": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Result of a query, with its errors and warnings.

    Attributes:
        items: columns and embeds, in order.
        model: the relation whose columns, in order, are the whole result, or None.
        diagnostics: errors and warnings.
    """

    items: tuple[ResultItem, ...]
    model: Relation | None
    diagnostics: tuple[Diagnostic, ...]


def build_results(
    described: DescribedQuery, proved: Proofs, known: Elements
) -> Results:
    """Return the result's columns, with those of embeds grouped.

    Args:
        described: the query.
        proved: proofs about the query.
        known: nullability of the elements of the schema's arrays.
    """
    proofs = proved.columns
    columns = [_column(described, index, proof) for index, proof in enumerate(proofs)]
    columns = list(_with_made_up_rows(columns, described, proved, known))
    columns = list(_with_elements(described.query, columns, proved, known))
    columns = list(_with_shapes(columns, proved))
    diagnostics = [
        *_opaque(described, columns),
        *_needless_overrides(described, proofs),
    ]
    embeds = embed_groups(described, described.stars)
    diagnostics += misplaced_embeds(described, embeds)
    first_of = {group.first: (use, group) for use, group in embeds.items()}
    items: list[ResultItem] = []
    index = 0
    while index < len(columns):
        if index not in first_of:
            items.append(columns[index])
            index += 1
            continue
        use, group = first_of[index]
        end = index + len(group.names)
        embed = build_embed(
            described,
            use,
            group,
            columns[index:end],
            may_be_absent=may_be_absent(described, group, proved.missing),
            presence=(
                len(columns) + described.hidden.index(use)
                if use in described.hidden
                else None
            ),
        )
        if isinstance(embed, Embed):
            items.append(embed)
        else:
            diagnostics.append(embed)
        index = end
    return Results(
        items=tuple(items),
        model=_whole_model(described, items, known),
        diagnostics=tuple(diagnostics),
    )


def _with_made_up_rows(
    columns: Sequence[Column],
    described: DescribedQuery,
    proved: Proofs,
    known: Elements,
) -> Iterator[Column]:
    """Yield the columns, made nullable if their rows need not be rows of a table."""
    for index, column in enumerate(columns):
        real = proved.real[index] if proved.real else False
        forced = _forced(described.description.columns[index].name)
        if real or forced is not None or not known.may_be_made_up(column.type):
            yield column
        else:
            why = (
                "it need not be a row of the table: where all of its fields are NULL"
                " it is read as None"
            )
            yield replace(column, nullable=True, why=(why, *column.why))


def _with_elements(
    query: Query, columns: Sequence[Column], proved: Proofs, known: Elements
) -> Iterator[Column]:
    """Yield the columns with the nullability of their arrays' elements."""
    declared = declared_in(query, known)
    for index, column in enumerate(columns):
        if not is_array(column.type):
            yield column
            continue
        said = declared.get(column.name)
        if said is not None:
            nullable = said
        elif proved.elements:
            real = proved.real[index]
            nullable = not proved.elements[index].not_null or (
                not real and known.may_be_made_up(element_of(column.type))
            )
        elif column.table:
            nullable = known.of_column(*column.table, column.type)
        else:
            nullable = known.of_type(column.type)
        yield replace(column, element_nullable=nullable)


def _with_shapes(columns: Sequence[Column], proved: Proofs) -> Iterator[Column]:
    """Yield the columns with the shapes of the documents that the query builds."""
    for index, column in enumerate(columns):
        shape = proved.shapes[index] if proved.shapes else None
        if column.table is None and isinstance(shape, JsonObject | JsonList):
            yield replace(column, shape=shape)
        else:
            yield column


def _column(described: DescribedQuery, index: int, proof: Proof) -> Column:
    returned = described.description.columns[index]
    expression = described.targets[index].expression if described.targets else None
    relation = described.catalog.relations.get(returned.table_oid)
    origin = relation.column(returned.column_number) if relation else None
    forced = _forced(returned.name)
    nullable, why = not proof.not_null, proof.why
    if forced is not None:
        nullable = forced
        why = (f'the alias "{returned.name}" overrides this:', *why)
    return Column(
        name=shown_name(returned.name),
        type=result_type(returned, expression, described.catalog),
        nullable=nullable,
        why=why,
        table=(relation.oid, origin.number) if relation and origin else None,
    )


def shown_name(name: str) -> str:
    """Return a column's name without an override's `!` or `?`."""
    return name if _forced(name) is None else name[:-1]


def _forced(name: str) -> bool | None:
    """Return the nullability that a name's last character declares, or None."""
    return None if name == _NAMELESS else _FORCED.get(name[-1:])


def _whole_model(
    described: DescribedQuery, items: Sequence[ResultItem], known: Elements
) -> Relation | None:
    """Return the relation whose columns, by order and name, are the whole result."""
    columns = [item for item in items if isinstance(item, Column)]
    origins = {column.table[0] if column.table else 0 for column in columns}
    if len(columns) < len(items) or len(columns) == 1 or len(origins) != 1:
        return None
    relation = described.catalog.relations.get(origins.pop())
    if (
        relation is None
        or relation.schema in _SYSTEM_SCHEMAS
        or relation.kind is RelationKind.SEQUENCE
        or len(relation.columns) != len(columns)
    ):
        return None
    matches = all(
        column.table == (relation.oid, own.number)
        and column.name == own.name
        and (not column.nullable or not not_null)
        # A column with an override must agree with the model.
        and (returned.name == column.name or column.nullable is not not_null)
        for column, own, returned in zip(
            columns, relation.columns, described.description.columns, strict=True
        )
        for not_null in [own.not_null and not known.may_be_made_up(own.type)]
    )
    return relation if matches else None


def _opaque(
    described: DescribedQuery, columns: Sequence[Column]
) -> Iterator[Diagnostic]:
    for index, column in enumerate(columns):
        if is_row(column.type) or not is_readable(column.type):
            yield Diagnostic(
                code="untyped-column",
                message=f"column {column.name} has type {column.type.sql}, which does"
                " not determine its values",
                severity=(
                    Severity.WARNING if is_readable(column.type) else Severity.ERROR
                ),
                span=_place(described, index),
                hint="cast it to another type, or select its parts separately",
            )


def _place(described: DescribedQuery, index: int) -> Span:
    location = 0
    if described.tree is not None and described.targets:
        query = next(output_queries(described.tree))
        location = getattr(query.results[index].expression, "location", 0)
    return described.text.source_span(max(location, 0))


def _needless_overrides(
    described: DescribedQuery, proofs: Sequence[Proof]
) -> Iterator[Diagnostic]:
    for returned, proof in zip(described.description.columns, proofs, strict=True):
        forced = _forced(returned.name)
        if forced is None or described.tree is None or forced is proof.not_null:
            continue
        verdict = "can be NULL" if forced else "is never NULL"
        for token in tokenize(described.text.text):
            if token.kind is TokenKind.QUOTED and fold(token) == returned.name:
                yield warning(
                    "needless-override",
                    f"{returned.name[:-1]} {verdict} without the override",
                    span=described.text.source_span(token.start),
                    hint=f"leave the {returned.name[-1]} out",
                )
                break
