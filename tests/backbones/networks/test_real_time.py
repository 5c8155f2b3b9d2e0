"""What is peculiar to each real-time network."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.backbones.contract import build, noise
from vocalsep.backbones import BACKBONES
from vocalsep.backbones.networks.bisenet import BiSeNet, Refinement
from vocalsep.backbones.networks.dfanet import DFANet
from vocalsep.backbones.networks.espnet import Pyramid, halved
from vocalsep.backbones.networks.fast_scnn import FastSCNN
from vocalsep.backbones.networks.icnet import CascadeFusion, ICNet
from vocalsep.backbones.networks.lr_aspp import LRASPP
from vocalsep.backbones.networks.msfnet import MSFNet, SpatialAwarePooling
from vocalsep.backbones.networks.swiftnet import SpatialPyramid, SwiftNet


def silence(module: nn.Module) -> None:
    for p in module.parameters():
        nn.init.zeros_(p)


class TestICNet:
    def test_merged_norms_give_the_released_number(self) -> None:
        """6,685,715 at 19 classes: each norm becomes the bias of its convolution."""
        with torch.device("meta"):
            net = ICNet(3, 19, auxiliary=0.0)
        convs = [m for m in net.modules() if isinstance(m, nn.Conv2d)]
        assert sum(m.weight.numel() + m.out_channels for m in convs) == 6_685_715

    def test_fusion_is_a_sum_at_the_finer_size(self) -> None:
        module = CascadeFusion(3, 2, 4).eval()
        coarse, fine = noise(1, 3, 4, 5), noise(1, 2, 8, 10)
        fused, doubled = module(coarse, fine)
        expected = functional.relu(module.coarse(doubled) + module.fine(fine))
        torch.testing.assert_close(fused, expected)
        assert doubled.shape == (1, 3, 8, 10)

    def test_logits_have_stride_4_and_finer_on_demand(self) -> None:
        params = {"width": 1 / 8, "n_blocks": (1, 2, 1, 1)}
        x = noise(1, 1, 64, 128)
        assert ICNet(1, 2, **params).eval().transform(x).shape == (1, 2, 16, 32)  # type: ignore[arg-type]
        fine = ICNet(1, 2, fine_strides=(1, 1, 2), **params).eval()  # type: ignore[arg-type]
        assert fine.transform(x).shape == (1, 2, 64, 128)


class TestBiSeNet:
    def test_refinement_weighs_channels_between_0_and_1(self) -> None:
        module, x = Refinement((3, 4), keep_time=False).eval(), noise(1, 3, 5, 6)
        ratio = module(x) / module.conv(x).clamp_min(1e-6)
        ratio = ratio[module.conv(x) > 1e-3]
        assert ((ratio > 0) & (ratio < 1)).all()

    def test_both_paths_reach_the_logits(self) -> None:
        net = build("bisenet", (64, 64))
        assert isinstance(net, BiSeNet)
        x = noise(1, 2, 64, 64)
        before = net(x)
        silence(net.spatial[3])
        without_detail = net(x)
        assert not torch.allclose(without_detail, before)
        silence(net.mean)
        silence(net.refine)
        assert not torch.allclose(net(x), without_detail)


class TestESPNet:
    def test_pyramid_adds_up_from_narrow_to_wide(self) -> None:
        module, x = Pyramid((6, 12), residual=False).eval(), noise(1, 6, 9, 8)
        assert [b.out_channels for b in module.branches] == [4, 2, 2, 2, 2]  # type: ignore[union-attr]
        assert [b.dilation[0] for b in module.branches] == [1, 2, 4, 8, 16]  # type: ignore[union-attr, index]
        module.norm_act = nn.Sequential()
        branches = [branch(module.reduce(x)) for branch in module.branches]
        parts = torch.split(module(x), [4, 2, 2, 2, 2], dim=1)
        torch.testing.assert_close(parts[0], branches[0])
        torch.testing.assert_close(parts[4], torch.stack(branches[1:]).sum(0))

    def test_the_input_is_seen_again_at_every_level(self) -> None:
        x = torch.ones(1, 2, 16, 24)
        assert halved(x, 2).shape == (1, 2, 4, 6)
        assert halved(x)[0, 0, 4, 4] == 1


class TestSwiftNet:
    def test_cells_are_about_square(self) -> None:
        module = SpatialPyramid((4, 6), (8, 4, 2), keep_time=False).eval()
        asked: list[tuple[int, ...]] = []
        for level in module.levels:
            level.register_forward_pre_hook(lambda _m, args: asked.append(args[0].shape[2:]))
        module(noise(1, 4, 16, 4))
        assert asked == [(8, 2), (4, 1), (2, 1)]

    def test_skips_come_before_their_activation(self) -> None:
        net = SwiftNet(1, 2, encoder_params={"width": 1 / 16}, width=12).eval()
        assert min(each.min() for each in net.encoder(noise(1, 1, 64, 64))[1:]) < 0

    def test_stem_stride_1_gives_logits_at_full_size(self) -> None:
        params = {"width": 1 / 16, "stem_stride": 1}
        net = SwiftNet(1, 2, encoder_params=params, width=12).eval()
        assert net.transform(noise(1, 1, 32, 40)).shape == (1, 2, 32, 40)


def test_lr_aspp_sums_the_logits_of_two_levels() -> None:
    net = build("lr_aspp", (64, 64))
    assert isinstance(net, LRASPP)
    x = noise(1, 2, 64, 64)
    fine = net.of_low(net.encoder(x)[2])
    silence(net.of_high)
    torch.testing.assert_close(net.transform(x), fine)


def test_fast_scnn_adds_the_shared_layers() -> None:
    net = build("fast_scnn", (64, 64))
    assert isinstance(net, FastSCNN)
    x = noise(1, 2, 64, 64)
    before = net(x)
    silence(net.high)
    assert not torch.allclose(net(x), before)


class TestDFANet:
    def test_every_network_reads_the_one_before(self) -> None:
        net = build("dfanet", (64, 64))
        assert isinstance(net, DFANet)
        x = noise(1, 2, 128, 128)
        sizes: list[list[int]] = []
        for network in net.networks:
            network.register_forward_hook(
                lambda _m, _i, out: sizes.append([each.shape[2] for each in out])
            )
        before = net(x)
        assert sizes == [[32, 16, 8, 8], [16, 8, 4, 4], [8, 4, 2, 2]]
        silence(net.of_first[0])
        silence(net.of_last[0])
        assert not torch.allclose(net(x), before)


class TestMSFNet:
    def test_every_level_gets_averages_of_the_finer_ones(self) -> None:
        module = SpatialAwarePooling((2, 3), 4).eval()
        fine, coarse = noise(1, 2, 8, 12), noise(1, 3, 4, 6)
        first, second = module([fine, coarse])
        own, of_fine, of_coarse = module.project
        torch.testing.assert_close(first, own(fine))
        averages = fine.unflatten(3, (6, 2)).unflatten(2, (4, 2)).mean((3, 5))
        torch.testing.assert_close(second, of_fine(averages) + of_coarse(coarse))

    def test_boundaries_reach_the_masks(self) -> None:
        net = build("msfnet", (64, 64))
        assert isinstance(net, MSFNet)
        x = noise(1, 2, 64, 96)
        before = net(x)
        assert net.edges(x).shape == (1, 3, 8, 12)
        nn.init.constant_(net.boundary_head.bias, 5.0)  # type: ignore[arg-type]
        assert not torch.allclose(net(x), before)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("bisenet", {"spatial_strides": (1, 1, 2)}),
        ("fast_scnn", {"strides": (1, 1, 2)}),
        ("df_seg", {"encoder_params": {"width": 1 / 16, "stem_strides": (1, 1)}}),
    ],
)
def test_finer_strides_give_logits_at_stride_2(name: str, params: dict[str, object]) -> None:
    params = {**BACKBONES.get(name).about.thin, **params}
    net = BACKBONES.build(name, params, 1, 2).eval()
    assert net.transform(noise(1, 1, 64, 32)).shape == (1, 2, 32, 16)
