"""Attention between positions of features (2-D)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.parts.layers import ConvNormAct, Style


def tokens(features: Tensor, keep_time: bool) -> Tensor:
    """(B, D, H, W) -> sequences (B, H·W, D), or one a frame (B·W, H, D) with `keep_time`."""
    if keep_time:
        return features.permute(0, 3, 2, 1).flatten(0, 1)
    return features.flatten(2).transpose(1, 2)


def attend(query: Tensor, key: Tensor, value: Tensor, keep_time: bool) -> Tensor:
    """softmax(Q·Kᵀ/√D)·V over all positions, or over those of the same frame; all (B, D, H, W)."""
    # As one head: the exporter to ONNX knows attention with an axis of heads alone.
    q, k, v = (tokens(each, keep_time).unsqueeze(1) for each in (query, key, value))
    mixed: Tensor = functional.scaled_dot_product_attention(q, k, v).squeeze(1)
    batch, _, height, width = query.shape
    if keep_time:
        return mixed.view(batch, width, height, -1).permute(0, 3, 2, 1)
    return mixed.transpose(1, 2).reshape(batch, -1, height, width)


class Correlation(nn.Module):
    """What each position takes from a second map, by likeness: (B, D, …), (B, D', …) -> (B, D, …).

    Query and key by two 1×1 convolutions each, value by one, 1×1 back to D; all with norm and
    ReLU. Memory grows with the square of the number of positions, so use it on coarse features.

    Args:
        channels: D of the features that ask and of those asked.
        inner: D of query, key and value.
        keep_time: whether a position asks those of its own frame alone.
    """

    def __init__(self, channels: tuple[int, int], inner: int, keep_time: bool = False) -> None:
        super().__init__()
        asking, asked = channels
        style = Style()
        self.keep_time = keep_time
        self.query = nn.Sequential(
            ConvNormAct(style, (asking, inner), 1), ConvNormAct(style, (inner, inner), 1)
        )
        self.key = nn.Sequential(
            ConvNormAct(style, (asked, inner), 1), ConvNormAct(style, (inner, inner), 1)
        )
        self.value = ConvNormAct(style, (asked, inner), 1)
        self.out = ConvNormAct(style, (inner, asking), 1)

    def forward(self, features: Tensor, context: Tensor) -> Tensor:
        triple = (self.query(features), self.key(context), self.value(context))
        out: Tensor = self.out(attend(*triple, self.keep_time))
        return out
