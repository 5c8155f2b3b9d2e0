"""The network of adversarial separation against the published facts."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from vocalsep.backbones.networks.adversarial_unet import AdversarialUNet
from vocalsep.errors import RecipeError


def test_published_sizes() -> None:
    with torch.device("meta"):
        net = AdversarialUNet(1, 2)
        assert net.transform(torch.zeros(1, 1, 350, 158)).shape == (1, 2, 258, 66)
        assert net(torch.zeros(1, 1, 256, 64)).shape == (1, 2, 256, 64)
    assert (350 - 2 * net.context, 158 - 2 * net.context) == (258, 66)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_sizes_are_worked_out(levels: int) -> None:
    net = AdversarialUNet(1, 1, width=2, levels=levels)
    out = net.transform(torch.zeros(1, 1, net.smallest, net.smallest + 2 * net.stride))
    assert out.shape[2:] == (
        net.smallest - 2 * net.context,
        net.smallest + 2 * net.stride - 2 * net.context,
    )
    with pytest.raises((RuntimeError, ValueError)):
        net.transform(torch.zeros(1, 1, net.smallest - net.stride, net.smallest))


def test_zeros_around_are_what_forward_adds() -> None:
    net = AdversarialUNet(1, 2, width=3, levels=2)
    features = torch.rand(1, 1, 21, 10)
    surrounded = functional.pad(features, [net.context] * 4)
    assert torch.equal(net(features), net(surrounded, valid=True))


@pytest.mark.parametrize("params", [{"levels": 0}, {"levels": 9}, {"width": 0}])
def test_impossible_parameters_are_refused(params: dict[str, int]) -> None:
    with pytest.raises(RecipeError, match="adversarial_unet"):
        AdversarialUNet(1, 1, **params)
