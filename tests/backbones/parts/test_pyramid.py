"""Pooling pyramids, dilated branches and joint up-sampling against their definitions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.parts.layers import Kernel, conv
from vocalsep.backbones.parts.pyramid import (
    ASPP,
    ImagePooling,
    JointUpsampling,
    PyramidPooling,
    SummedBranches,
    pool_to_grid,
)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("bins", [1, 2, 3, 6])
def test_grids_are_averages_of_their_cells(bins: int) -> None:
    x = noise(1, 2, 12, 18)
    cells = x.unflatten(3, (bins, -1)).unflatten(2, (bins, -1)).mean((3, 5))
    torch.testing.assert_close(pool_to_grid(x, bins), cells)


def test_kept_time_pools_rows_alone() -> None:
    """Frames then do not depend on each other, whatever the length of the chunk."""
    x = noise(1, 2, 12, 9)
    pooled = pool_to_grid(x, 3, keep_time=True)
    torch.testing.assert_close(pooled, x.unflatten(2, (3, 4)).mean(3))
    torch.testing.assert_close(pool_to_grid(x[..., 2:4], 3, keep_time=True), pooled[..., 2:4])


@pytest.mark.parametrize("module", [PyramidPooling(4, 2), ASPP((4, 3)), ImagePooling((4, 3))])
def test_a_constant_map_stays_constant_inside(module: nn.Module) -> None:
    """Inside: where no dilated kernel reaches over the edge (rates up to 18)."""
    out = module.eval()(torch.ones(1, 4, 40, 44))[..., 18:22, 18:26]
    torch.testing.assert_close(out, out[..., :1, :1].expand_as(out))


def test_pyramid_pooling_keeps_its_input_and_pools_after_it() -> None:
    module, x = PyramidPooling(4, 2, bins=(1, 3)).eval(), noise(2, 4, 6, 9)
    out = module(x)
    assert out.shape == (2, module.d_out, 6, 9)
    assert torch.equal(out[:, :4], x)
    whole = module.convs[0](x.mean((2, 3), keepdim=True))
    torch.testing.assert_close(out[:, 4:6], whole.expand(2, 2, 6, 9))


def test_aspp_has_a_branch_for_each_rate_and_one_that_pools() -> None:
    module = ASPP((4, 3), rates=(6, 12, 18))
    kernels = [m for m in module.modules() if isinstance(m, nn.Conv2d)]
    assert [m.dilation[0] for m in kernels] == [1, 6, 12, 18, 1, 1]
    assert sum(p.numel() for p in module.parameters()) == 4 * 3 * (1 + 27 + 1) + 5 * 9 + 6 * 6


def test_a_rate_beyond_the_map_leaves_the_centre_tap() -> None:
    layer, x = conv(2, (2, 3), Kernel(dilation=9)), noise(1, 2, 5, 7)
    centre = functional.conv2d(x, layer.weight[:, :, 1:2, 1:2], layer.bias)
    torch.testing.assert_close(layer(x), centre)


def test_summed_branches() -> None:
    branches, x = [conv(2, (2, 3)), conv(2, (2, 3), 1)], noise(1, 2, 5, 4)
    torch.testing.assert_close(SummedBranches(branches)(x), branches[0](x) + branches[1](x))


def test_joint_upsampling_has_the_size_of_the_finest() -> None:
    """19,735,552 parameters at the channels of ResNet-50 (Wu et al. 2019)."""
    with torch.device("meta"):
        module = JointUpsampling((512, 1024, 2048))
    assert sum(p.numel() for p in module.parameters()) == 19_735_552
    thin = JointUpsampling((3, 4, 5), width=2)
    out = thin([noise(1, 3, 8, 12), noise(1, 4, 4, 6), noise(1, 5, 2, 3)])
    assert out.shape == (1, 8, 8, 12)
