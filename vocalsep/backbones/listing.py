"""What can be told about the networks without running them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from vocalsep.backbones import BACKBONES, Backbone, build_backbone
from vocalsep.backbones.compose import Encoder, EncoderDecoder, Stack
from vocalsep.backbones.encoders import ENCODERS, PAPERS
from vocalsep.backbones.parts.decoders import TopDown
from vocalsep.errors import RecipeError

N_BINS = 1024  # where a network must be told and no reference tells it


@dataclass(frozen=True)
class Facts:
    """One row of the table of networks.

    Attributes:
        name: in recipes.
        family: what it is listed under.
        ndims: dimensions it can be built for.
        n_parameters: of the first documented configuration; of the default where there is none.
        channels: D of input and output that this number is for.
        documented: whether somebody else says that number too.
        paper: where it comes from.
    """

    name: str
    family: str
    ndims: tuple[int, ...]
    n_parameters: int
    channels: tuple[int, int]
    documented: bool
    paper: str


def facts() -> list[Facts]:
    """All networks, family by family."""
    rows = []
    for name in BACKBONES.names():
        about = BACKBONES.get(name).about
        if about.references:
            first = about.references[0]
            channels, count = (first.in_channels, first.out_channels), first.n_parameters
        else:
            channels = (2, 2)
            count = count_parameters(on_meta(name, channels, {}))
        known = bool(about.references)
        rows.append(Facts(name, about.family, about.ndims, count, channels, known, about.paper))
    return sorted(rows, key=lambda row: (row.family.lower(), row.name))


@dataclass(frozen=True)
class EncoderFacts:
    """One row of the table of encoders.

    Attributes:
        name: in recipes.
        n_parameters: with three channels in and default parameters, without a classifier.
        channels: D of each feature, from the finest to the coarsest.
        strides: down-sampling of each feature against the input.
        paper: where it comes from.
    """

    name: str
    n_parameters: int
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    paper: str


def encoder_facts() -> list[EncoderFacts]:
    """All encoders, by name."""
    rows = []
    for name in ENCODERS.names():
        with torch.device("meta"):
            made: Encoder = ENCODERS.build(name, {}, 3)
        count = count_parameters(made)
        rows.append(EncoderFacts(name, count, made.channels, made.strides, PAPERS[name]))
    return rows


def build(name: str, channels: tuple[int, int], params: dict[str, Any]) -> Backbone:
    """A network, with `n_bins` filled in where it is needed and not given.

    Raises:
        RecipeError: no such network, or impossible parameters.
    """
    return build_backbone(name, channels, params, {"n_bins": N_BINS})


def on_meta(name: str, channels: tuple[int, int], params: dict[str, Any]) -> Backbone:
    """As `build`, but without numbers: its shapes and counts only."""
    with torch.device("meta"):
        return build(name, channels, params)


def signature(name: str) -> dict[str, Any]:
    """The recipe keys of a network with their defaults; `inspect.Parameter.empty` for none."""
    parameters = inspect.signature(BACKBONES.get(name)).parameters
    return {key: parameters[key].default for key in list(parameters)[2:]}


def count_parameters(module: nn.Module) -> int:
    """Learnable numbers."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def composition(net: Backbone, depth: int = 3) -> Iterator[tuple[str, str, int]]:
    """(path, class, parameters) of the parts with parameters, down to a depth."""
    for path, module in net.named_modules():
        count = count_parameters(module)
        if path and count and path.count(".") < depth:
            yield path, type(module).__name__, count


def diagram(net: Backbone) -> str:
    """How a network is composed and how features pass through it, as Mermaid.

    A box is a block with the channels it gives and the part of the input's size that it works at;
    dashed arrows are skips, with what joins them to the decoder, and losses of auxiliary heads.

    Raises:
        RecipeError: it is not composed of one encoder and one decoder.
    """
    if not isinstance(net, EncoderDecoder):
        names = ", ".join(
            n for n in BACKBONES.names() if issubclass(BACKBONES.get(n), EncoderDecoder)
        )
        raise RecipeError(
            f"{type(net).__name__} is not one encoder and one decoder; these can be drawn: {names}"
        )
    lines = ["flowchart TB", "  input([input])", *_encoder_lines(net.encoder)]
    *necks, decoder = net.decoder if type(net.decoder) is nn.Sequential else [net.decoder]
    last = f"e{len(net.encoder.channels) - 1}"
    for index, neck in enumerate(necks):
        lines += [f'  n{index}["{name_of(neck)}"]', f"  {last} --> n{index}"]
        last = f"n{index}"
    if isinstance(decoder, TopDown):
        lines += _top_down_lines(decoder, net.encoder, last)
        last = "d0"
    else:
        skips = [f"e{level}" for level in range(len(net.encoder.channels) - 1)]
        lines.append(f'  d0["{name_of(decoder)}"]')
        lines += [f"  {each} --> d0" for each in (*skips, last)]
        last = "d0"
    lines.append(f"  {last} -->|{name_of(net.head)}| logits([logits])")
    for (source, index), weight in zip(net.auxiliary_sources, net.auxiliary_weights, strict=True):
        level = index % len(net.encoder.channels)  # may count from the end
        lines.append(f"  {source[0]}{level} -.-> a{source[0]}{level}([loss × {weight:g}])")
    return "\n".join(lines)


def _encoder_lines(encoder: Encoder) -> Iterator[str]:
    """One box a level, and what stands between them."""
    levels = list(zip(encoder.channels, encoder.strides, strict=True))
    stack = encoder if isinstance(encoder, Stack) else None
    for level, (channels, stride) in enumerate(levels):
        name = name_of(stack.blocks[level]) if stack else f"{type(encoder).__name__}, level {level}"
        yield f'  e{level}["{name}<br/>{channels} channels, 1/{stride}"]'
    yield "  input --> e0"
    for level in range(1, len(levels)):
        down = f"|{name_of(stack.downs[level])}|" if stack else ""
        yield f"  e{level - 1} -->{down} e{level}"


def _top_down_lines(decoder: TopDown, encoder: Encoder, last: str) -> Iterator[str]:
    """One box a step, the way up into it and the skip beside it."""
    steps = zip(decoder.ups, decoder.merges, decoder.blocks, strict=True)
    for step, (up, merge, block) in enumerate(steps):
        level = len(decoder.ups) - 1 - step
        yield f'  d{level}["{name_of(block)}<br/>1/{encoder.strides[level]}"]'
        yield f"  {last} -->|{name_of(up)}| d{level}"
        yield f"  e{level} -.->|{name_of(merge)}| d{level}"
        last = f"d{level}"


def name_of(module: nn.Module) -> str:
    """What a part is called in a drawing; layers of torch by what they do here."""
    if isinstance(module, nn.Identity):
        return "stride in block"
    if type(module) is nn.Sequential:
        return " + ".join(dict.fromkeys(name_of(each) for each in module))
    return type(module).__name__
