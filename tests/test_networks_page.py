"""docs/networks.md tells the truth: its listing, its drawings, its example."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml
from click.testing import CliRunner

from vocalsep.backbones import BACKBONES
from vocalsep.backbones.base import About, Backbone, Reference
from vocalsep.backbones.compose import EncoderDecoder, pooled_stack, u_decoder
from vocalsep.backbones.listing import count_parameters, diagram, on_meta
from vocalsep.backbones.parts.blocks import Double
from vocalsep.backbones.parts.layers import Style, conv
from vocalsep.backbones.parts.up import NearestConv
from vocalsep.cli import cli
from vocalsep.models.build import build_separator
from vocalsep.recipe import Part, Recipe, load_recipe
from vocalsep.registry import Registry

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "networks.md").read_text(encoding="utf-8")
DRAWINGS = re.findall(r"^### (\w+)\n.*?^```mermaid\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def block_after(heading: str) -> list[str]:
    """Lines of the first plain code block after a heading."""
    found = re.search(rf"^## {heading}\n.*?^```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found.group(1).splitlines()


def test_listing_is_what_the_command_prints() -> None:
    """If this fails: paste the output of `vocalsep networks`."""
    printed = CliRunner().invoke(cli, ["networks"]).stdout.splitlines()
    assert block_after("All of them") == [line.rstrip() for line in printed]


def test_encoders_are_what_the_command_prints() -> None:
    """If this fails: paste the output of `vocalsep networks --encoders`."""
    printed = CliRunner().invoke(cli, ["networks", "--encoders"]).stdout.splitlines()
    assert block_after("Encoders") == [line.rstrip() for line in printed]


def test_compared_networks_can_be_built_and_are_about_as_large() -> None:
    recipe = load_recipe(ROOT / "recipes" / "comparison.yaml")
    assert isinstance(recipe, Recipe)
    found = re.findall(r"^compare (\w+) '(.*)'$", PAGE, re.MULTILINE)
    assert len(found) == 8
    for name, text in found:
        part = Part(name, yaml.safe_load(text))
        with torch.device("meta"):
            count = count_parameters(build_separator(replace(recipe, backbone=part)))
        assert 1.4e6 < count < 2e6, name


def test_every_network_was_measured() -> None:
    """If this fails: run `vocalsep networks NAME --measure` and enter the line."""
    measured = [line.split()[0] for line in block_after("What they cost")[2:]]
    assert measured == BACKBONES.names()


@pytest.mark.parametrize(("name", "text"), DRAWINGS, ids=[name for name, _ in DRAWINGS])
def test_drawings_are_those_of_today(name: str, text: str) -> None:
    """If this fails: paste the output of `vocalsep networks NAME --draw`."""
    assert text.strip() == diagram(on_meta(name, (2, 2), {})).strip()


def test_there_are_five() -> None:
    assert len(DRAWINGS) == 5


def test_every_name_in_code_is_a_network_or_explained() -> None:
    text = PAGE[PAGE.index("## Which for what") : PAGE.index("## All of them")]
    names = set(re.findall(r"`([a-z0-9_]+)`", text)) - {"keep_time", "v3"}
    assert names <= set(BACKBONES.names())


def test_the_example_is_a_network_with_that_count() -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    registry: Registry[type[Backbone]] = Registry("backbone")
    known = {
        "BACKBONES": registry,
        "About": About,
        "Reference": Reference,
        "EncoderDecoder": EncoderDecoder,
        "pooled_stack": pooled_stack,
        "u_decoder": u_decoder,
        "partial": partial,
        "Double": Double,
        "Style": Style,
        "NearestConv": NearestConv,
        "Sequence": Sequence,
        "conv": conv,
    }
    exec(code, known)
    (reference,) = registry.get("my_unet").about.references
    with torch.device("meta"):
        net = registry.build("my_unet", {}, reference.in_channels, reference.out_channels)
    assert sum(p.numel() for p in net.parameters()) == reference.n_parameters
