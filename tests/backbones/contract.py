"""What the contract tests share: the thin version of every network and inputs for it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from vocalsep.backbones import BACKBONES, Backbone

CASES = [
    pytest.param((name, ndim), id=f"{name}-{ndim}d")
    for name in BACKBONES.names()
    for ndim in BACKBONES.get(name).about.ndims
]
SIZE = {1: (21,), 2: (18, 13), 3: (9, 6, 5)}


def build(name: str, size: tuple[int, ...], d_in: int = 2, d_out: int = 3) -> Backbone:
    """The thin version of a network for `size` and its number of axes, always the same weights.

    Weights are drawn and norms set so that its output depends on its input: at their start values
    a deep thin network gives next to the same for all, which would hide mistakes.
    """
    torch.manual_seed(0)
    params: dict[str, Any] = dict(BACKBONES.get(name).about.thin)
    known = inspect.signature(BACKBONES.get(name)).parameters
    if "ndim" in known:
        params["ndim"] = len(size)
    if "n_bins" in known:
        params["n_bins"] = size[0]
    backbone: Backbone = BACKBONES.build(name, params, d_in, d_out)
    for p in backbone.parameters():
        if p.ndim > 1:
            nn.init.kaiming_normal_(p, nonlinearity="relu")
    for module in backbone.modules():
        if isinstance(module, _BatchNorm):
            module.momentum = 1.0  # its statistics become those of the next batch
    with torch.no_grad():
        backbone.train()(noise(4, d_in, *size))
    return backbone.eval()


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))
