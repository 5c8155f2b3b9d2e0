"""A small report's content, made without evaluating anything."""

from __future__ import annotations

import numpy as np

from vocalsep.evaluation.metric_names import BY_KEY
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.listen import passages_html
from vocalsep.evaluation.report.page import Content
from vocalsep.evaluation.report.passages import Clip, Passage, Place
from vocalsep.evaluation.report.passages import make_clip as made
from vocalsep.evaluation.summary import compare, summarise

METHODS = ("mixture", "net", "<other>", "IRM1")
STEMS = ("vocals", "accompaniment")


def clip(label: str, pitch: float, sound: bool) -> Clip:
    """Ten seconds of a tone."""
    time = np.arange(10 * 8000) / 8000
    tone = (0.1 * np.sin(2 * np.pi * pitch * time))[None].astype(np.float32)
    return made(label, tone, 8000, sound)


def content(sound: bool = True) -> Content:
    """Two methods that were asked for, with anchors, four tracks and two passages."""
    rng = np.random.default_rng(0)
    records = []
    for method in METHODS:
        for track in ("a", "b & c", "d", "e"):
            score = float(rng.normal(5, 2))
            scores = {stem: {"v4_sdr": score, "sdr": score + 1, "lsd": 3.0} for stem in STEMS}
            frames = {stem: {"SDR": [score, float("nan")]} for stem in STEMS}
            notes = ("vocals.wav: 3 samples too long, made to fit",)
            records.append(
                Record(method, track, "", 30.0, frames, scores, notes=notes, estimate_s=1.0)
            )
    heard = clip("mixture", 300, sound)
    passages = [
        Passage(
            Place("b & c", 65, -1.5, kind),
            {
                stem: (heard, *(clip(name, 400 + 50 * k, sound) for k, name in enumerate(labels)))
                for stem, labels in ((s, ("reference", "net", "<other>")) for s in STEMS)
            },
        )
        for kind in ("worst", "best")
    ]
    return Content(
        title="net, <other> on 4 tracks",
        asked=("net", "<other>"),
        methods=METHODS,
        records=records,
        summaries=summarise(records, METHODS),
        comparisons=compare(records, "<other>", "net", BY_KEY["v4_sdr"]),
        sections=[passages_html(passages, "net")],
        facts={"net": {"licence": "CC0-1.0", "heard": "tones & <noise>"}},
        command="vocalsep evaluate songs -m net",
        extent="4 tracks, 2.0 minutes",
        failures=("f: no estimate of vocals",),
    )
