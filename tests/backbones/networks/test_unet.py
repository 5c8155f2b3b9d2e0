"""The U-Net against the published facts of Jansson et al. (ISMIR 2017)."""

from __future__ import annotations

import pytest
import torch

from vocalsep.backbones.networks.unet import UNet
from vocalsep.errors import RecipeError


def test_parameter_count_of_the_paper() -> None:
    with torch.device("meta"):
        net = UNet(1, 1)
    assert sum(p.numel() for p in net.parameters()) == 9_823_313


def test_levels_halve_exactly() -> None:
    net = UNet(1, 1, widths=[2, 2, 2, 2, 2, 2]).eval()
    sizes = []
    for block in net.down:
        block.register_forward_hook(lambda _m, _i, out: sizes.append(tuple(out.shape[2:])))
    assert net(torch.zeros(1, 1, 512, 128)).shape == (1, 1, 512, 128)
    assert sizes == [(256, 64), (128, 32), (64, 16), (32, 8), (16, 4), (8, 2)]


@pytest.mark.parametrize("kernel", [2, 3, 4, 5, 6, 7])
def test_every_kernel_keeps_the_size(kernel: int) -> None:
    assert UNet(1, 1, widths=[2, 2], kernel=kernel).eval()(torch.zeros(1, 1, 13, 7)).shape == (
        1,
        1,
        13,
        7,
    )


def test_skips_carry_detail_past_the_bottleneck() -> None:
    """With the coarsest level silenced, the input still reaches the output through the skips."""
    net = UNet(1, 1, widths=[4, 4, 4], kernel=4, norm="none", dropout=0.0).eval()
    for p in net.down[2].parameters():
        p.data.zero_()
    assert net(torch.randn(1, 1, 16, 16)).std() > 0


@pytest.mark.parametrize(
    "params", [{"widths": []}, {"widths": [0]}, {"kernel": 1}, {"norm": "bach"}, {"ndim": 4}]
)
def test_impossible_parameters_are_refused(params: dict[str, object]) -> None:
    with pytest.raises(RecipeError):
        UNet(1, 1, **params)  # type: ignore[arg-type]
