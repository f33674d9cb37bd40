"""Measurements → a Markdown table and an SVG chart."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.benchmarks.rounds import Ratio

_BAR_HEIGHT = 14
_LABEL_WIDTH = 250
_CHART_WIDTH = 420
_LONGEST_RATIO = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One operation, measured for all contenders.

    Attributes:
        name: `get by key, async`.
        base: the contender that the ratios refer to.
    """

    name: str
    base: str
    ratios: Mapping[str, Ratio]


def markdown_table(measurements: Sequence[Measurement]) -> str:
    """A row for each operation, a column for each contender."""
    contenders = list(dict.fromkeys(name for m in measurements for name in m.ratios))
    lines = [
        f"| operation | {' | '.join(contenders)} |",
        f"| --- |{' ---: |' * len(contenders)}",
    ]
    for measurement in measurements:
        cells = [
            _cell(measurement.ratios[name]) if name in measurement.ratios else ""
            for name in contenders
        ]
        lines.append(f"| {measurement.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def svg_chart(measurements: Sequence[Measurement]) -> str:
    """Horizontal bars, a group for each operation; the line is the base's 1.0."""
    rows = list(_rows(measurements))
    height = (len(rows) + len(measurements) + 1) * (_BAR_HEIGHT + 4) + 20
    width = _LABEL_WIDTH + _CHART_WIDTH + 80
    one = _LABEL_WIDTH + _CHART_WIDTH / _LONGEST_RATIO
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="11">'
        ),
        (
            f'<line x1="{one:.1f}" y1="10" x2="{one:.1f}" y2="{height - 10}" '
            'stroke="#999" stroke-dasharray="3 3"/>'
        ),
    ]
    top = 16
    group = ""
    for operation, name, ratio in rows:
        if operation != group:
            group = operation
            parts.append(
                f'<text x="8" y="{top + 11}" font-weight="bold">{escape(group)}</text>'
            )
            top += _BAR_HEIGHT + 4
        length = min(ratio.median, _LONGEST_RATIO) / _LONGEST_RATIO * _CHART_WIDTH
        colour = "#2b7a4b" if name.startswith("reposgen") else "#8aa4b8"
        parts += [
            (
                f'<text x="{_LABEL_WIDTH - 6}" y="{top + 11}" text-anchor="end">'
                f"{escape(name)}</text>"
            ),
            (
                f'<rect x="{_LABEL_WIDTH}" y="{top}" width="{length:.1f}" '
                f'height="{_BAR_HEIGHT}" fill="{colour}"/>'
            ),
            (
                f'<text x="{_LABEL_WIDTH + length + 5:.1f}" y="{top + 11}">'
                f"{ratio.median:.2f}</text>"
            ),
        ]
        top += _BAR_HEIGHT + 4
    return "\n".join([*parts, "</svg>", ""])


def _rows(measurements: Iterable[Measurement]) -> Iterable[tuple[str, str, Ratio]]:
    for measurement in measurements:
        for name, ratio in measurement.ratios.items():
            yield measurement.name, name, ratio


def _cell(ratio: Ratio) -> str:
    return f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
