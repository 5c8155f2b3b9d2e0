"""What the contract tests share: the thin version of every network and inputs for it."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

from vocalsep.backbones import BACKBONES, Backbone

CASES = [
    pytest.param((name, ndim), id=f"{name}-{ndim}d")
    for name in BACKBONES.names()
    for ndim in BACKBONES.get(name).about.ndims
]
SIZE = {1: (21,), 2: (18, 13), 3: (9, 6, 5)}


def build(name: str, size: tuple[int, ...], d_in: int = 2, d_out: int = 3) -> Backbone:
    """The thin version of a network for `size` and its number of axes, always the same weights.

    BatchNorm's running statistics are drawn too: at their start values it would hide mistakes.
    """
    torch.manual_seed(0)
    params: dict[str, Any] = dict(BACKBONES.get(name).about.thin)
    known = inspect.signature(BACKBONES.get(name)).parameters
    if "ndim" in known:
        params["ndim"] = len(size)
    if "n_bins" in known:
        params["n_bins"] = size[0]
    backbone: Backbone = BACKBONES.build(name, params, d_in, d_out)
    for key, buffer in backbone.named_buffers():
        if key.endswith(("running_mean", "running_var")):
            buffer.uniform_(0.0, 0.5).add_(key.endswith("var"))
    return backbone.eval()


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(1))
