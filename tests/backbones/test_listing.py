"""What is told about networks: facts, parts and drawings."""

from __future__ import annotations

import re

import pytest

from vocalsep.backbones import BACKBONES
from vocalsep.backbones.compose import EncoderDecoder
from vocalsep.backbones.listing import (
    composition,
    count_parameters,
    diagram,
    facts,
    on_meta,
    signature,
)
from vocalsep.errors import RecipeError

DRAWN = [n for n in BACKBONES.names() if issubclass(BACKBONES.get(n), EncoderDecoder)]


def test_facts_hold_every_network_once_and_documented_counts() -> None:
    rows = facts()
    assert sorted(row.name for row in rows) == BACKBONES.names()
    assert [row.family.lower() for row in rows] == sorted(row.family.lower() for row in rows)
    by_name = {row.name: row for row in rows}
    assert by_name["unet"].n_parameters == 9_823_313
    assert by_name["unet"].channels == (1, 1)
    assert by_name["unet"].documented and not by_name["se_unet"].documented


def test_signature_leaves_out_the_channels() -> None:
    assert list(signature("r2_unet")) == ["widths", "t", "ndim"]
    assert signature("r2_unet")["t"] == 2


def test_parts_add_up() -> None:
    net = on_meta("unet_classic", (2, 2), {})
    tops = [count for path, _, count in composition(net) if "." not in path]
    assert sum(tops) == count_parameters(net)


@pytest.mark.parametrize("name", DRAWN)
def test_drawings_connect_input_and_logits(name: str) -> None:
    thin = dict(BACKBONES.get(name).about.thin)
    arrows = re.findall(
        r"(\w+)(?:\[.*\])? -.*->(?:\|.*\|)? (\w+)", diagram(on_meta(name, (1, 1), thin))
    )
    reached, grown = {"input"}, True
    while grown:
        grown = False
        for source, target in arrows:
            if source in reached and target not in reached:
                reached.add(target)
                grown = True
    assert "logits" in reached
    assert {each for arrow in arrows for each in arrow} == reached


def test_skips_and_losses_are_drawn() -> None:
    text = diagram(on_meta("attention_unet", (1, 1), {"widths": [4, 6, 8]}))
    assert "e1 -.->|GatedConcat| d1" in text
    text = diagram(on_meta("nn_unet", (1, 1), {"widths": [4, 6, 8]}))
    assert "d1 -.-> ad1([loss × 0.5])" in text


def test_what_cannot_be_drawn_says_what_can() -> None:
    with pytest.raises(RecipeError, match=r"not one encoder and one decoder.*unet_classic"):
        diagram(on_meta("unet_plus_plus", (1, 1), {}))
