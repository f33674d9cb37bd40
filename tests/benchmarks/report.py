"""Measurements → Markdown tables and an SVG chart."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tests.benchmarks.rounds import Ratio

_BAR_HEIGHT: Final = 12
_LABEL_WIDTH: Final = 200
_CHART_WIDTH: Final = 420
_LONGEST_RATIO: Final = 3.0
_OURS: Final = "reposgen"
# Next to raw psycopg, as a rule: the tables have them.
_NOT_DRAWN: Final = ("psycopg by hand", "aiosql")
# From here on, figures behind the point say nothing.
_WHOLE: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One operation, measured for all contenders.

    Attributes:
        name: `get by key`.
        base: the contender that the ratios refer to.
    """

    name: str
    base: str
    ratios: Mapping[str, Ratio]


@dataclass(frozen=True, slots=True)
class Section:
    """Measurements of the same contenders.

    Attributes:
        title: `on uvloop`.
    """

    title: str
    measurements: Sequence[Measurement]


def markdown_table(section: Section) -> str:
    """A row for each operation, a column for each contender.

    The base's cell has the time that 1 stands for.
    """
    measurements = section.measurements
    contenders = list(dict.fromkeys(name for m in measurements for name in m.ratios))
    lines = [
        f"| | {' | '.join(contenders)} |",
        f"| --- |{' ---: |' * len(contenders)}",
    ]
    for measurement in measurements:
        cells = [_cell(measurement, name) for name in contenders]
        lines.append(f"| {measurement.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def svg_chart(sections: Sequence[Section]) -> str:
    """Horizontal bars, a group for each operation; the line is the base's 1.0."""
    rows = list(_rows(sections))
    groups = len({group for group, _, _ in rows})
    height = (len(rows) + groups + 1) * (_BAR_HEIGHT + 4) + 20
    width = _LABEL_WIDTH + _CHART_WIDTH + 60
    one = _LABEL_WIDTH + _CHART_WIDTH / _LONGEST_RATIO
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" font-family="sans-serif" font-size="11">'
        ),
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
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
        colour = "#2b7a4b" if name.startswith(_OURS) else "#8aa4b8"
        # What is longer than the chart ends in a point.
        end = _LABEL_WIDTH + length
        tip = end + (6 if ratio.median > _LONGEST_RATIO else 0)
        bottom = top + _BAR_HEIGHT
        middle = top + _BAR_HEIGHT / 2
        parts += [
            (
                f'<text x="{_LABEL_WIDTH - 6}" y="{top + 10}" text-anchor="end">'
                f"{escape(name)}</text>"
            ),
            (
                f'<path d="M{_LABEL_WIDTH} {top}H{end:.1f}L{tip:.1f} {middle}'
                f'L{end:.1f} {bottom}H{_LABEL_WIDTH}Z" fill="{colour}"/>'
            ),
            f'<text x="{tip + 5:.1f}" y="{top + 10}">{ratio.median:.2f}</text>',
        ]
        top += _BAR_HEIGHT + 4
    return "\n".join([*parts, "</svg>", ""])


def _rows(sections: Iterable[Section]) -> Iterable[tuple[str, str, Ratio]]:
    for section in sections:
        for measurement in section.measurements:
            group = f"{measurement.name}, {section.title}"
            for name, ratio in measurement.ratios.items():
                if name != measurement.base and name not in _NOT_DRAWN:
                    yield group, name, ratio


def _cell(measurement: Measurement, name: str) -> str:
    ratio = measurement.ratios.get(name)
    if ratio is None:
        return ""
    if name == measurement.base:
        return _spelled(ratio.seconds)
    return f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"


def _spelled(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        number = seconds * factor
        if number >= 1:
            return f"{number:.{1 if number < _WHOLE else 0}f} {unit}"
    return f"{seconds * 1e6:.0f} µs"
