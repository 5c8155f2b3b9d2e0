"""Charts as inline SVG: colours come from the page's style, so they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH = 480
N_ENDS = 25  # of more than twice as many tracks, the highest and the lowest are shown
_LABEL, _RIGHT, _ROW = 122, 14, 30  # px: left column, right margin, height of a row


@dataclass(frozen=True)
class Series:
    """Values of one method, one a track.

    Attributes:
        label: of the method.
        colour: CSS class, see style.css.
        points: (track, value); NaN is left out.
    """

    label: str
    colour: str
    points: tuple[tuple[str, float], ...]

    @property
    def values(self) -> list[float]:
        """Those that are numbers."""
        return [value for _, value in self.points if math.isfinite(value)]


@dataclass(frozen=True)
class Axis:
    """A horizontal scale."""

    low: float
    high: float

    @classmethod
    def over(cls, values: Sequence[float]) -> Axis:
        """Around the values, with room at both ends; outliers beyond 99 % do not stretch it."""
        if not values:
            return cls(0.0, 1.0)
        low, high = np.percentile(values, [0.5, 99.5])
        room = max(0.05 * (high - low), 0.5)
        return cls(float(low - room), float(high + room))

    def x(self, value: float) -> float:
        """Pixels from the left; what lies outside sticks to the border."""
        share = (value - self.low) / (self.high - self.low)
        return _LABEL + min(1.0, max(0.0, share)) * (WIDTH - _LABEL - _RIGHT)

    def ticks(self) -> list[float]:
        """Five or so round numbers.

        >>> Axis(-3.0, 17.0).ticks()
        [0.0, 5.0, 10.0, 15.0]
        """
        rough = (self.high - self.low) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * k for k in (1, 2, 5, 10) if power * k >= rough)
        first = math.ceil(self.low / step)
        return [k * step for k in range(first, math.floor(self.high / step) + 1)]


def box_plot(series: Sequence[Series], unit: str) -> str:
    """One row a method: box of the quartiles, whiskers to 1.5 boxes, a dot for each track."""
    axis = Axis.over([value for each in series for value in each.values])
    height = _ROW * len(series) + 34
    parts = [_grid(axis, height, unit)]
    for row, each in enumerate(series):
        parts.append(_row_label(each.label, row))
        if each.values:
            parts.append(_box(each, axis, 10 + _ROW * (row + 0.5)))
    return _svg(height, parts, "box plot")


def track_plot(series: Sequence[Series], unit: str) -> str:
    """One row a track, sorted by the first series; one dot a method. Of many, both ends."""
    if not series:
        return ""
    order = sorted(series[0].points, key=lambda point: (math.isnan(point[1]), point[1]))
    if len(order) > 2 * N_ENDS:
        order = [*order[:N_ENDS], *order[-N_ENDS:]]
    rows = {track: row for row, (track, _) in enumerate(reversed(order))}
    axis = Axis.over([value for each in series for value in each.values])
    row_height = 22
    height = row_height * len(rows) + 34
    parts = [_grid(axis, height, unit)]
    for track, row in rows.items():
        y = 10 + row_height * (row + 0.5)
        shown = shortened(track)
        parts.append(
            f'<text class="name" x="{_LABEL - 10}" y="{y + 4:.1f}"><title>{escape(track)}</title>'
            f"{escape(shown)}</text>"
            f'<line class="thin" x1="{_LABEL}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        )
    for each in reversed(series):  # the first on top
        for track, value in each.points:
            if track in rows and math.isfinite(value):
                y = 10 + row_height * (rows[track] + 0.5)
                told = f"{escape(each.label)}, {escape(track)}: {value:.2f} {unit}"
                parts.append(
                    f'<circle class="dot {each.colour}" cx="{axis.x(value):.1f}" cy="{y:.1f}" '
                    f'r="5"><title>{told}</title></circle>'
                )
    return _svg(height, parts, "scores of every track")


def _svg(height: float, parts: Sequence[str], label: str) -> str:
    body = "".join(parts)
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{label}">'
        f"{body}</svg>"
    )


def _grid(axis: Axis, height: float, unit: str) -> str:
    parts = []
    for tick in axis.ticks():
        x = axis.x(tick)
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="6" y2="{height - 24:.0f}"/>'
            f'<text class="tick" x="{x:.1f}" y="{height - 8:.0f}">{tick:g}</text>'
        )
    parts.append(f'<text class="unit" x="{_LABEL - 10}" y="{height - 8:.0f}">{escape(unit)}</text>')
    return "".join(parts)


def shortened(name: str) -> str:
    """A name for the margin of a chart."""
    return name if len(name) <= 16 else f"{name[:14]}…"


def _row_label(label: str, row: int) -> str:
    shown = shortened(label)
    y = 10 + _ROW * (row + 0.5) + 4
    return (
        f'<text class="name" x="{_LABEL - 10}" y="{y:.1f}"><title>{escape(label)}</title>'
        f"{escape(shown)}</text>"
    )


def _box(series: Series, axis: Axis, y: float) -> str:
    values = np.array(series.values)
    first, middle, third = np.percentile(values, [25, 50, 75])
    reach = 1.5 * (third - first)
    low = float(values[values >= first - reach].min())
    high = float(values[values <= third + reach].max())
    x0, x1, x2 = (axis.x(float(v)) for v in (first, middle, third))
    told = f"{escape(series.label)}: median {middle:.2f}, quartiles {first:.2f} and {third:.2f}"
    dots = "".join(
        f'<circle class="dot small {series.colour}" cx="{axis.x(value):.1f}" cy="{y:.1f}" r="2.6">'
        f"<title>{escape(track)}: {value:.2f}</title></circle>"
        for track, value in series.points
        if math.isfinite(value)
    )
    return (
        f'<g><title>{told}</title><line class="whisker {series.colour}" x1="{axis.x(low):.1f}" '
        f'x2="{axis.x(high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<rect class="box {series.colour}" x="{x0:.1f}" y="{y - 8:.1f}" rx="3" '
        f'width="{max(1.0, x2 - x0):.1f}" height="16"/>'
        f'<line class="median {series.colour}" x1="{x1:.1f}" x2="{x1:.1f}" y1="{y - 8:.1f}" '
        f'y2="{y + 8:.1f}"/></g>{dots}'
    )
