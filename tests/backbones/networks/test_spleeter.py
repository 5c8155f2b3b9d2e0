"""Spleeter's U-Net: where it differs from the network it was made of."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from vocalsep.backbones.networks.spleeter import SpleeterUNet
from vocalsep.errors import RecipeError


def test_the_published_count_holds_a_norm_that_nothing_reads() -> None:
    with torch.device("meta"):
        net = SpleeterUNet(2, 2)
    unread = sum(p.numel() for p in nn.BatchNorm2d(512).parameters())
    assert sum(p.numel() for p in net.parameters()) + unread == 9_823_749


def test_levels_halve_and_double_exactly() -> None:
    net = SpleeterUNet(2, 2, widths=[2, 2, 2]).eval()
    sizes = []
    for block in (*net.down, *net.up_norms):
        block.register_forward_hook(lambda _m, _i, out: sizes.append(tuple(out.shape[2:])))
    assert net(torch.zeros(1, 2, 64, 32)).shape == (1, 2, 64, 32)
    assert sizes == [(32, 16), (16, 8), (8, 4), (16, 8), (32, 16), (64, 32)]


def test_strides_are_padded_one_before_and_two_after() -> None:
    """A down block reads from one row before to three after its own (Keras, "same")."""
    net = SpleeterUNet(1, 1, widths=[1]).eval()
    with torch.no_grad():
        net.down[0].weight.fill_(1.0)  # type: ignore[union-attr,operator]
    features = torch.zeros(1, 1, 8, 8, requires_grad=True)
    seen: list[torch.Tensor] = []
    net.down[0].register_forward_hook(lambda _m, _i, out: seen.append(out))
    net(features)
    (gradient,) = torch.autograd.grad(seen[0][0, 0, 1, 1], features)
    assert gradient[0, 0].any(1).nonzero().flatten().tolist() == [1, 2, 3, 4, 5]


def test_the_way_up_is_the_transpose_of_the_way_down() -> None:
    down, up = nn.Conv2d(1, 1, 5, stride=2, bias=False), nn.ConvTranspose2d(1, 1, 5, 2, bias=False)
    up.weight = down.weight
    x, y = torch.randn(1, 1, 12, 8), torch.randn(1, 1, 6, 4)
    net = SpleeterUNet(1, 1, widths=[1]).eval()
    net.down[0], net.up[0], net.up_norms[0], net.out = down, up, nn.Identity(), nn.Identity()
    left = (down(functional.pad(x, (1, 2, 1, 2))) * y).sum()
    net.down[0] = nn.Identity()  # what goes up is then y itself
    net.down[0].register_forward_hook(lambda _m, _i, _out: y)
    torch.testing.assert_close((x * net.transform(x)).sum(), left)


def test_skips_are_taken_before_the_norm_and_norms_come_last_on_the_way_up() -> None:
    net = SpleeterUNet(1, 1, widths=[2, 2, 2, 2], down_act="elu", up_act="elu")
    for norm in net.down_norms:
        assert [type(layer) for layer in norm] == [nn.BatchNorm2d, nn.ELU]  # type: ignore[union-attr]
    kinds = [[type(layer) for layer in norm] for norm in net.up_norms]  # type: ignore[union-attr]
    assert kinds == [[nn.ELU, nn.BatchNorm2d, nn.Dropout]] * 3 + [[nn.ELU, nn.BatchNorm2d]]
    net.eval()
    kept: list[torch.Tensor] = []
    net.down[0].register_forward_hook(lambda _m, _i, out: kept.append(out))
    net.up[3].register_forward_pre_hook(lambda _m, args: kept.append(args[0]))
    net(torch.randn(1, 1, 32, 32))
    assert torch.equal(kept[1][:, :2], kept[0])


@pytest.mark.parametrize("params", [{"widths": []}, {"widths": [0]}, {"up_act": "rleu"}])
def test_impossible_parameters_are_refused(params: dict[str, object]) -> None:
    with pytest.raises(RecipeError):
        SpleeterUNet(1, 1, **params)  # type: ignore[arg-type]
