"""Folded batch norms: the same function, of every network, with fewer layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tests.backbones.contract import CASES, SIZE, build, noise
from vocalsep.backbones import BACKBONES
from vocalsep.backbones.fold import fold_batch_norms


def count_norms(network: nn.Module) -> int:
    return sum(isinstance(module, _BatchNorm) for module in network.modules())


@pytest.mark.parametrize("case", CASES)
def test_every_network_says_the_same(case: tuple[str, int]) -> None:
    name, ndim = case
    network, x = build(name, SIZE[ndim]), noise(2, 2, *SIZE[ndim])
    with torch.inference_mode():
        expected = network(x)
        fold_batch_norms(network)
        found = network(x)
    largest = expected.abs().max().clamp_min(1.0)
    assert (found - expected).abs().max() <= 1e-4 * largest


def test_only_norms_behind_no_convolution_are_left() -> None:
    network = BACKBONES.build("blstm_unet", {"widths": [4, 6, 8], "n_bins": 16}, 2, 3).eval()
    before = count_norms(network)
    fold_batch_norms(network)
    assert before == 13
    assert count_norms(network) == 1  # behind the dense layer of the LSTM


def test_a_norm_without_statistics_stays() -> None:
    layers = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3, track_running_stats=False)).eval()
    fold_batch_norms(layers)
    assert count_norms(layers) == 1


def test_weights_keep_their_order_in_memory() -> None:
    conv = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
    layers = nn.Sequential(conv, nn.BatchNorm2d(3)).eval()
    fold_batch_norms(layers)
    assert layers[0].weight.is_contiguous(memory_format=torch.channels_last)
