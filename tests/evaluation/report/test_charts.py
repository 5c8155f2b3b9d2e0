"""Charts: valid SVG, every value in it at its place."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocalsep.evaluation.report.charts import Axis, Series, box_plot, track_plot

SERIES = [
    Series("<net>", "c0", (("one", 1.0), ("two", 5.0), ("three", math.nan), ("four", 3.0))),
    Series("mixture", "anchor", (("one", -2.0), ("two", 0.0), ("four", 0.5))),
    Series("nothing", "anchor", ()),
]


def test_box_plots_hold_every_known_value() -> None:
    root = ElementTree.fromstring(box_plot(SERIES, "dB"))
    assert len(root.findall("circle")) == 6
    boxes = root.findall("g")
    assert boxes[0].findtext("title") == "<net>: median 3.00, quartiles 2.00 and 4.00"
    assert len(boxes) == 2


def test_tracks_are_sorted_by_the_first_series() -> None:
    root = ElementTree.fromstring(track_plot(SERIES, "dB"))
    names = [text.findtext("title") for text in root.findall("text[@class='name']")]
    assert names == ["three", "two", "four", "one"]
    dots = root.findall("circle")
    assert len(dots) == 6
    assert dots[-1].findtext("title") == "<net>, four: 3.00 dB"
    assert track_plot([], "dB") == ""


@given(st.lists(st.floats(-300, 300), max_size=9))
def test_axes_reach_over_everything(values: list[float]) -> None:
    axis = Axis.over(values)
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 12
    places = [axis.x(tick) for tick in ticks]
    assert places == sorted(places)
    assert all(100 < axis.x(value) <= 480 for value in [*values, -1e9, 1e9])


def test_places_are_linear() -> None:
    axis = Axis(0.0, 10.0)
    assert axis.x(5.0) == pytest.approx((axis.x(0.0) + axis.x(10.0)) / 2)
