"""Summaries and comparisons as text: for the terminal, papers and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from vocalsep.evaluation.metric_names import BY_KEY, LABEL_METRICS, METRICS
from vocalsep.evaluation.pictures.summary import confusion
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.summary import Comparison, Summary

Row = list[str]

#: Metrics of the short table; the others are in every other format.
MAIN = (
    "v4_sdr", "v4_sir", "v4_sar", "sdr", "si_sdr", "src_nsdr", "leakage", "dip",
    *(metric.key for metric in LABEL_METRICS),
)  # fmt: skip


def number(value: float, digits: int = 2) -> str:
    """A number of a table; a dash where there is none.

    >>> number(1.25, 1), number(-1e-9), number(float("nan")), number(float("inf"))
    ('1.2', '0.00', '–', '∞')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: never "-0.00"


def text_rows(summaries: Sequence[Summary]) -> list[Row]:
    """A heading and one row a stem and method, with the main metrics that somebody has."""
    present = {summary.metric.key for summary in summaries}
    metrics = [m for m in BY_KEY.values() if m.key in MAIN and m.key in present]
    rows = [[_of_what(summaries), "estimate", *(metric.label for metric in metrics)]]
    by_key = {(s.stem, s.method, s.metric.key): s for s in summaries}
    for stem, method in dict.fromkeys((s.stem, s.method) for s in _by_stem(summaries)):
        found = [by_key.get((stem, method, metric.key)) for metric in metrics]
        rows.append([stem, method, *(number(s.value) if s else "–" for s in found)])
    return rows


def _of_what(summaries: Sequence[Summary]) -> str:
    return "class" if all(s.metric in LABEL_METRICS for s in summaries) else "stem"


def comparison_rows(comparisons: Sequence[Comparison]) -> list[Row]:
    """A heading and one row a comparison."""
    rows = [["stem", "metric", "difference", "median", "95 % interval", "better", "p"]]
    for c in comparisons:
        interval = f"{number(c.low)} … {number(c.high)}"
        difference = f"{c.first} − {c.second}"
        wins = f"{c.better}/{c.n_pairs}"
        metric, p = c.metric.label, number(c.p, 4)
        rows.append([c.stem, metric, difference, number(c.median), interval, wins, p])
    return rows


def as_markdown(rows: Sequence[Row]) -> str:
    """A table of GitHub's Markdown; numbers to the right."""
    head, *body = rows
    rule = ["---" if column < 2 else "--:" for column in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))


def as_latex(rows: Sequence[Row]) -> str:
    """A table in the style of booktabs."""
    head, *body = [[_escaped(cell) for cell in row] for row in rows]
    lines = [" & ".join(row) + r" \\" for row in body]
    columns = "ll" + "r" * (len(head) - 2)
    top = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", " & ".join(head) + r" \\", r"\midrule"]
    return "\n".join([*top, *lines, r"\bottomrule", r"\end{tabular}"])


def as_csv(records: Sequence[Record]) -> str:
    """One line a method, track and stem, with every metric; empty where there is none."""
    pictures = any(record.labelled for record in records)
    metrics = [m for m in LABEL_METRICS if m.group == "labels"] if pictures else METRICS
    keys = [metric.key for metric in metrics]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["method", "track", "stem", "length_s", "silent_windows", *keys])
    for record in records:
        for stem, scores in record.scores.items():
            values = [scores.get(key, math.nan) for key in keys]
            cells = ["" if math.isnan(value) else f"{value:.5f}" for value in values]
            facts = [f"{record.length_s:.3f}", str(record.silent_windows(stem))]
            writer.writerow([record.method, record.track, stem, *facts, *cells])
    return out.getvalue().rstrip("\n")


def as_json(
    records: Sequence[Record], summaries: Sequence[Summary], comparisons: Sequence[Comparison]
) -> str:
    """Everything as one object; null where there is no number."""
    tracks: dict[str, Any] = {}
    for record in records:
        tracks.setdefault(record.track, {})[record.method] = {
            stem: {key: _plain(value) for key, value in scores.items()}
            for stem, scores in record.scores.items()
        }
    summary = [
        {
            "method": s.method,
            "stem": s.stem,
            "metric": s.metric.key,
            "value": _plain(s.value),
            "low": _plain(s.low),
            "high": _plain(s.high),
            "n_tracks": s.n_tracks,
            "n_missing": s.n_missing,
            "definition": s.metric.meaning,
        }
        for s in summaries
    ]
    compared = [
        {
            "first": c.first,
            "second": c.second,
            "stem": c.stem,
            "metric": c.metric.key,
            "median_difference": _plain(c.median),
            "low": _plain(c.low),
            "high": _plain(c.high),
            "better": c.better,
            "n_pairs": c.n_pairs,
            "wilcoxon_p": _plain(c.p),
        }
        for c in comparisons
    ]
    content = {"tracks": tracks, "summary": summary, "comparisons": compared}
    if any(record.labelled for record in records):
        methods = dict.fromkeys(record.method for record in records)
        content["confusion"] = {each: confusion(records, each).tolist() for each in methods}
    return json.dumps(content, indent=1, allow_nan=False)


#: Name -> what makes a table of rows; the formats that show the summary only.
ROW_FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {
    "markdown": as_markdown,
    "latex": as_latex,
}


def _by_stem(summaries: Sequence[Summary]) -> list[Summary]:
    order = list(dict.fromkeys(summary.stem for summary in summaries))
    return sorted(summaries, key=lambda summary: order.index(summary.stem))


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _escaped(cell: str) -> str:
    special = {char: f"\\{char}" for char in "_%&#"}
    special |= {"−": "$-$", "–": "--", "…": r"\dots "}
    return "".join(special.get(char, char) for char in cell)
