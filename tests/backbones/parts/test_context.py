"""Attention between positions against its definition."""

from __future__ import annotations

import torch
from torch import Tensor

from vocalsep.backbones.parts.context import Correlation, attend


def noise(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_attention_is_a_softmax_over_all_positions() -> None:
    q, k, v = (noise(seed, 2, 4, 3, 5) for seed in range(3))
    weights = (torch.einsum("bdhw,bdij->bhwij", q, k) / 2).flatten(3).softmax(3)
    expected = torch.einsum("bhwn,bdn->bdhw", weights, v.flatten(2))
    torch.testing.assert_close(attend(q, k, v, keep_time=False), expected)


def test_kept_time_asks_positions_of_the_same_frame_alone() -> None:
    q, k, v = (noise(seed, 2, 4, 3, 5) for seed in range(3))
    together = attend(q, k, v, keep_time=True)
    for frame in range(5):
        alone = attend(*(each[..., frame : frame + 1] for each in (q, k, v)), keep_time=False)
        torch.testing.assert_close(together[..., frame : frame + 1], alone)


def test_correlation_with_one_thing_to_ask_gives_it_everywhere() -> None:
    module = Correlation((4, 6), 2).eval()
    out = module(noise(0, 1, 4, 3, 5), noise(1, 1, 6, 1, 1).expand(1, 6, 3, 5))
    torch.testing.assert_close(out, out[..., :1, :1].expand_as(out))
