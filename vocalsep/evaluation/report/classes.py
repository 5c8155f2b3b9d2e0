"""What became of each class: a table, and the confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from vocalsep.evaluation.report.charts import shortened
from vocalsep.evaluation.summary import Summary
from vocalsep.evaluation.tables import number
from vocalsep.images.labels import Colour

_LEFT, _TOP, _SIZE = 110, 84, 560  # px: names, and the matrix itself
_DARK = 0.4  # shares from which numbers stand on a dark ground
_MOST_NUMBERS = 16  # classes up to which there is room for numbers


@dataclass(frozen=True)
class ClassResults:
    """Results of classes.

    Attributes:
        names, palette: of the classes.
        asked: methods, the first of which leads.
        summaries: of all methods and classes.
        counts: (K, K) pixels of the first method, true class × said class.
    """

    names: Sequence[str]
    palette: Sequence[Colour]
    asked: Sequence[str]
    summaries: Sequence[Summary]
    counts: npt.NDArray[np.int64]


def classes_html(results: ClassResults) -> str:
    """The section of the page."""
    lead = escape(results.asked[0])
    return (
        f"<h2>Classes</h2><div class=card>{_table(results)}</div>"
        f"<h2>Confusion</h2><p class=soft>Of the pixels of a class (row), the share that {lead} "
        f"takes for each class (column), in per cent.</p>"
        f"<div class=card>{confusion_svg(results.counts, results.names)}</div>"
    )


def _table(results: ClassResults) -> str:
    by_key = {(s.method, s.stem, s.metric.key): s for s in results.summaries}
    lead = results.asked[0]
    columns = [(method, "iou", f"IoU, {method}") for method in results.asked]
    columns += [(lead, key, label) for key, label in _OTHERS.items()]
    head = "".join(f"<th>{escape(label)}</th>" for _, _, label in columns)
    shares = results.counts.sum(1) / max(1, results.counts.sum())
    rows = []
    for name, colour, share in zip(results.names, results.palette, shares, strict=True):
        chip = f'<i class=key style="background: rgb{tuple(colour)}"></i>'
        cells = "".join(_cell(by_key.get((method, name, key))) for method, key, _ in columns)
        rows.append(f"<tr><td>{chip}{escape(name)}</td><td>{100 * share:.1f}</td>{cells}</tr>")
    return (
        f"<table><thead><tr><th>class</th><th>share of pixels</th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


_OTHERS = {"dice": "Dice", "bf1": "boundary F1", "recall": "recall"}


def _cell(summary: Summary | None) -> str:
    if summary is None:
        return "<td>–</td>"
    interval = f"<small>{number(summary.low, 1)} … {number(summary.high, 1)}</small>"
    return f"<td>{number(summary.value, 1)}{interval if summary.n_tracks > 1 else ''}</td>"


def confusion_svg(counts: npt.NDArray[np.int64], names: Sequence[str]) -> str:
    """A confusion matrix (K, K) as inline SVG: rows are true classes and sum to 1."""
    size = _SIZE / len(names)
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    parts = [_names(names, size)]
    for true, said in np.ndindex(*counts.shape):
        share = float(shares[true, said])
        x, y = _LEFT + said * size, _TOP + true * size
        told = f"{escape(names[true])} taken for {escape(names[said])}: {100 * share:.1f} %"
        tone = "c0" if true == said else "c1"
        parts.append(
            f'<rect class="{tone} cell" x="{x:.1f}" y="{y:.1f}" width="{size:.1f}" '
            f'height="{size:.1f}" fill-opacity="{0.03 + 0.9 * share**0.5:.2f}"><title>{told}'
            f"</title></rect>"
        )
        if len(names) <= _MOST_NUMBERS and share >= 0.005:
            place = f'x="{x + size / 2:.1f}" y="{y + size / 2 + 4:.1f}"'
            light = " on" if share > _DARK else ""
            parts.append(f'<text class="tick{light}" {place}>{100 * share:.0f}</text>')
    box = f"0 0 {_LEFT + _SIZE + 10} {_TOP + _SIZE + 10}"
    return (
        f'<svg class="chart matrix" viewBox="{box}" role=img aria-label="confusion matrix">'
        f"{''.join(parts)}</svg>"
    )


def _names(names: Sequence[str], size: float) -> str:
    parts = []
    for k, name in enumerate(names):
        middle = (k + 0.5) * size
        x, y = _LEFT + middle, _TOP - 8
        parts.append(
            f'<text class=name x="{_LEFT - 8}" y="{_TOP + middle + 4:.1f}">'
            f"{escape(shortened(name))}</text>"
            f'<text class=tick x="{x:.1f}" y="{y}" style="text-anchor: start" '
            f'transform="rotate(-45 {x:.1f} {y})">{escape(shortened(name))}</text>'
        )
    return "".join(parts)
