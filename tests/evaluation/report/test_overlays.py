"""Overlays and the confusion picture: the right colours, the right pictures, all numbers."""

from __future__ import annotations

import math
import re

import numpy as np

from vocalsep.evaluation.pictures.run import ALL
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.classes import confusion_svg
from vocalsep.evaluation.report.overlays import choose_pictures, errors, overlaid

PALETTE = [(255, 0, 0), (0, 0, 255)]


def test_colours_over_the_picture_and_void_as_it_is() -> None:
    picture = np.full((1, 3, 3), 100, np.uint8)
    labels = np.array([[0, 1, 255]], np.uint8)
    drawn = overlaid(picture, labels, PALETTE)
    assert drawn[0].tolist() == [[193, 40, 40], [40, 40, 193], [100, 100, 100]]


def test_errors_are_red_and_void_black() -> None:
    picture = np.full((1, 3, 3), 255, np.uint8)
    true, said = np.array([[0, 1, 255]], np.uint8), np.array([[0, 0, 1]], np.uint8)
    right, wrong, void = errors(picture, true, said)[0].tolist()
    assert right == [255, 255, 255] and void == [0, 0, 0]
    assert wrong[0] > 200 and max(wrong[1:]) < 80


def record(name: str, miou: float) -> Record:
    return Record("net", name, "", 0.0, {}, {ALL: {"miou": miou}})


def test_no_picture_is_shown_twice() -> None:
    for n in (1, 2, 5, 40):
        records = [record(str(k), float(k)) for k in range(n)] + [record("void", math.nan)]
        chosen = choose_pictures(records)
        names = [each.record.track for each in chosen]
        assert len(set(names)) == len(names) == min(n, 6)
        assert "void" not in names and chosen[0].kind == "worst" and names[0] == "0"
        if n > 1:
            best = next(each for each in chosen if each.kind == "best")
            assert best.record.track == str(n - 1)


def test_rows_of_the_confusion_picture_are_shares() -> None:
    counts = np.array([[3, 1], [0, 0]])
    drawn = confusion_svg(counts, ["<sky>", "road"])
    told = re.findall(r"<title>(.*?)</title>", drawn)
    assert told == [
        "&lt;sky&gt; taken for &lt;sky&gt;: 75.0 %",
        "&lt;sky&gt; taken for road: 25.0 %",
        "road taken for &lt;sky&gt;: 0.0 %",
        "road taken for road: 0.0 %",
    ]
    assert drawn.count("<rect") == 4 and ">75<" in drawn and ">0<" not in drawn
