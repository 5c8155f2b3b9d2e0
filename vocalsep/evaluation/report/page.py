"""The page: what was measured in one table, then in charts, then to be heard and seen."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from pathlib import Path

from vocalsep import __version__
from vocalsep.evaluation.metric_names import BY_KEY, Metric
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.charts import Series, box_plot, track_plot
from vocalsep.evaluation.summary import Comparison, Summary
from vocalsep.evaluation.tables import number

_HERE = Path(__file__).parent
N_COLOURS = 5
#: Drawn, in this order, where measured; the first of them and ALSO_LARGE are in large print, too.
PLOTTED = ("v4_sdr", "sdr", "v4_sir", "v4_sar", "src_nsdr", "miou", "accuracy", "mdice", "mbf1")
ALSO_LARGE = ("sdr", "accuracy", "mdice", "mbf1")


@dataclass(frozen=True)
class Content:
    """Everything that the page shows.

    Attributes:
        asked: names of the methods that were asked for, the first of which leads.
        methods: all names in the order of tables.
        facts: of each model: what its card says, name -> value.
        sections: HTML of what can be heard and seen.
        command: the command line.
        extent: how much was scored.
        failures: tracks that could not be scored, one line each.
    """

    title: str
    asked: Sequence[str]
    methods: Sequence[str]
    records: Sequence[Record]
    summaries: Sequence[Summary]
    comparisons: Sequence[Comparison]
    sections: Sequence[str]
    facts: Mapping[str, Mapping[str, str]]
    command: str
    extent: str
    failures: Sequence[str] = ()


def render(content: Content) -> str:
    """The whole page."""
    sections = [
        _top(content),
        _tables(content),
        _comparisons(content),
        _charts(content),
        *content.sections,
        _cards(content),
        _remarks(content),
        _definitions(content),
        _provenance(content),
    ]
    style, script = ((_HERE / name).read_text("utf-8") for name in ("style.css", "script.js"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(content.title)}</title><link rel=icon href='data:,'>"
        f"<style>{style}</style></head><body><main>{''.join(sections)}</main>"
        f"<script>{script}</script></body></html>"
    )


def _colour(content: Content, method: str) -> str:
    names = list(content.asked)
    return f"c{names.index(method) % N_COLOURS}" if method in names else "anchor"


def _stems(content: Content) -> list[str]:
    return list(dict.fromkeys(stem for record in content.records for stem in record.scores))


def _top(content: Content) -> str:
    lead = [s for s in content.summaries if s.method == content.asked[0]]
    first = next((key for key in PLOTTED if any(s.metric.key == key for s in lead)), "")
    tiles = [
        f"<div class=tile><b>{number(s.value)} {s.metric.unit}</b><span>{escape(s.stem)}, "
        f"{escape(s.metric.label)}</span></div>"
        for s in lead
        if s.metric.key in (first, *ALSO_LARGE)
    ][:4]
    speed = _speed(content, content.asked[0])
    facts = content.extent + (f", {speed}" if speed else "")
    return (
        f"<h1>{escape(content.title)}</h1><p class=soft>{facts}</p>"
        f"<div class=tiles>{''.join(tiles)}</div>"
    )


def _speed(content: Content, method: str) -> str:
    mine = [record for record in content.records if record.method == method]
    seconds = sum(record.estimate_s for record in mine)
    heard = sum(record.length_s for record in mine)
    if not heard:  # pictures
        return f"{len(mine) / seconds:.1f} pictures a second" if seconds else ""
    return f"estimated at {heard / seconds:.0f} × real time" if seconds > 0.01 * heard else ""


def _tables(content: Content) -> str:
    by_key = {(s.stem, s.method, s.metric.key): s for s in content.summaries}
    parts = ["<h2>Summary</h2>"]
    for stem in _stems(content):
        mine = {key[2] for key in by_key if key[0] == stem}
        metrics = [metric for metric in BY_KEY.values() if metric.key in mine]
        head = "".join(_heading(metric) for metric in metrics)
        rows = []
        for method in content.methods:
            cells = [_cell(content, by_key, (stem, method, m.key)) for m in metrics]
            asked = " class=asked" if method in content.asked else ""
            key = f'<i class="key {_colour(content, method)}"></i>'
            rows.append(f"<tr{asked}><td>{key}{escape(method)}</td>{''.join(cells)}</tr>")
        parts.append(
            f"<div class=card><h3>{escape(stem)}</h3><table><thead><tr><th>estimate</th>{head}"
            f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )
    oracles = (
        " IBM, IRM and MWF know the truth; the mixture is what doing nothing scores."
        if "MWF" in content.methods
        else ""
    )
    parts.append(
        "<p class=soft><small>In small print: 95 % bootstrap interval. ↓ less is better."
        f"{oracles}</small></p>"
    )
    return "".join(parts)


def _heading(metric: Metric) -> str:
    arrow = " ↓" if metric.higher is False else ""
    return f'<th title="{escape(metric.meaning)}">{escape(metric.label)}{arrow}</th>'


def _cell(
    content: Content, by_key: Mapping[tuple[str, str, str], Summary], key: tuple[str, str, str]
) -> str:
    found = by_key.get(key)
    if found is None:
        return "<td>–</td>"
    rivals = [
        by_key[key[0], m, key[2]].value for m in content.asked if (key[0], m, key[2]) in by_key
    ]
    best = max(rivals, default=0) if found.metric.higher else min(rivals, default=0)
    top = found.method in content.asked and len(rivals) > 1 and found.value == best
    mark = " class=top" if top and found.metric.higher is not None else ""
    interval = f"<small>{number(found.low, 1)} … {number(found.high, 1)}</small>"
    return f"<td{mark}>{number(found.value)}{interval if found.n_tracks > 1 else ''}</td>"


def _comparisons(content: Content) -> str:
    if not content.comparisons:
        return ""
    rows = []
    for c in content.comparisons:
        sign = -1 if c.metric.higher is False else 1
        tone = "up" if sign * c.median > 0 else "down"
        rows.append(
            f"<tr><td>{escape(c.first)} − {escape(c.second)}</td><td>{escape(c.stem)}</td>"
            f"<td>{escape(c.metric.label)}</td><td class={tone}>{c.median:+.2f} {c.metric.unit}"
            f"</td><td>{number(c.low)} … {number(c.high)}</td><td>{c.better} of {c.n_pairs}</td>"
            f"<td>{number(c.p, 4)}</td></tr>"
        )
    return (
        "<h2>Comparison</h2><div class=card><table><thead><tr><th>difference</th><th>stem</th>"
        "<th>metric</th><th>median</th><th>95 % interval</th><th>better on</th>"
        '<th title="two-sided Wilcoxon signed-rank test of the paired differences">p</th></tr>'
        f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _charts(content: Content) -> str:
    measured = {s.metric.key for s in content.summaries}
    metrics = [m for key in PLOTTED for m in BY_KEY.values() if m.key == key and key in measured]
    parts = ["<h2>Distribution</h2>", _legend(content), "<div class=grid2>"]
    for stem in _stems(content):
        for metric in metrics[:4]:
            series = [_series(content, method, stem, metric) for method in content.methods]
            chart = box_plot(series, metric.unit)
            title = f"{escape(stem)}, {escape(metric.label)}"
            parts.append(f"<div class=card><h3>{title}</h3>{chart}</div>")
    parts.append("</div>")
    if metrics:
        parts.append("<h2>One by one</h2><div class=grid2>")
        for stem in _stems(content):
            shown = [*content.asked, *(m for m in content.methods if m not in content.asked)]
            series = [_series(content, method, stem, metrics[0]) for method in shown]
            title = f"{escape(stem)}, {escape(metrics[0].label)}"
            chart = track_plot(series, metrics[0].unit)
            parts.append(f"<div class=card><h3>{title}</h3>{chart}</div>")
        parts.append("</div>")
    return "".join(parts)


def _legend(content: Content) -> str:
    keys = "".join(
        f'<span><i class="key {_colour(content, m)}"></i>{escape(m)}</span>' for m in content.asked
    )
    return f'<div class=legend>{keys}<span><i class="key anchor"></i>anchors</span></div>'


def _series(content: Content, method: str, stem: str, metric: Metric) -> Series:
    points = tuple(
        (record.track, record.scores[stem].get(metric.key, float("nan")))
        for record in content.records
        if record.method == method and stem in record.scores
    )
    return Series(method, _colour(content, method), points)


def _cards(content: Content) -> str:
    return "".join(
        f"<h2>Model {escape(name)}</h2><div class=card>{_facts(facts)}</div>"
        for name, facts in content.facts.items()
    )


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><td>{escape(key)}</td><td>{escape(value)}</td></tr>" for key, value in facts.items()
    )
    return f"<table class=facts><tbody>{rows}</tbody></table>"


def _remarks(content: Content) -> str:
    lines = [f"{record.track}: {note}" for record in content.records for note in record.notes]
    for record in content.records:
        if record.method == content.asked[0]:
            lines += [f"{record.track}: {stem} is silent, no BSS Eval" for stem in record.silent]
            n_silent = max((record.silent_windows(stem) for stem in record.stems), default=0)
            if n_silent and not record.silent:
                lines.append(f"{record.track}: {n_silent} windows with a silent source left out")
    lines += [f"failed: {line}" for line in content.failures]
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in dict.fromkeys(lines))
    return (
        f"<h2>Remarks</h2><div class=card><details open><summary>{len(set(lines))} remarks"
        f"</summary><ul>{items}</ul></details></div>"
    )


def _definitions(content: Content) -> str:
    measured = {s.metric.key for s in content.summaries}
    items = "".join(
        f"<dt>{escape(m.label)}</dt><dd>{escape(m.meaning)}</dd>"
        for m in BY_KEY.values()
        if m.key in measured
    )
    return f"<h2>What the numbers mean</h2><div class=card><dl>{items}</dl></div>"


def _provenance(content: Content) -> str:
    versions = {
        "vocalsep": __version__,
        "torch": version("torch"),
        "numpy": version("numpy"),
        "Python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    # What an estimate costs, e.g. with and without a post-filter.
    versions |= {method: speed for method in content.methods if (speed := _speed(content, method))}
    return (
        f"<h2>How it was made</h2><pre>{escape(content.command)}</pre>"
        f"<div class=card>{_facts(versions)}</div>"
    )
