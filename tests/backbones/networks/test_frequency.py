"""Networks with layers over all frequencies: TFC-TDF, vocal-remover's cascade, BLSTM."""

from __future__ import annotations

from inspect import signature

import pytest
import torch
from torch import Tensor, nn

from tests.backbones.contract import noise
from vocalsep.backbones import BACKBONES
from vocalsep.backbones.networks.blstm_unet import BLSTMUNet
from vocalsep.backbones.networks.tfc_tdf_v1 import DenseConvs
from vocalsep.backbones.networks.tfc_tdf_v2 import TFCTDFv2
from vocalsep.backbones.networks.tfc_tdf_v3 import TFCTDFv3
from vocalsep.backbones.networks.vocal_remover import VocalRemover
from vocalsep.backbones.parts.frequency import FrameLSTM, FrequencyLayers
from vocalsep.errors import RecipeError

TIED = [n for n in BACKBONES.names() if "n_bins" in signature(BACKBONES.get(n)).parameters]


@pytest.mark.parametrize("name", TIED)
def test_another_number_of_bins_is_refused_with_the_reason(name: str) -> None:
    params = {**BACKBONES.get(name).about.thin, "n_bins": 24}
    net = BACKBONES.build(name, params, 1, 1).eval()
    with pytest.raises(
        RecipeError, match=r"20 bins do not fit a network with n_bins=24.*n_bins=20"
    ):
        net(noise(1, 1, 20, 8))


def test_frequency_layers_treat_frames_alike() -> None:
    layers = FrequencyLayers(3, 10, 4).eval()
    x = noise(2, 3, 7, 10)
    order = torch.randperm(7)
    torch.testing.assert_close(layers(x[:, :, order]), layers(x)[:, :, order])


def test_dense_convs_see_all_before_them() -> None:
    block = DenseConvs(4, 3, 3)
    assert [layer[0].in_channels for layer in block.layers] == [4, 7, 10]
    assert block(noise(1, 4, 5, 5)).shape == (1, 3, 5, 5)


def test_skips_of_v2_are_factors() -> None:
    """With one level silenced on the way down, nothing passes: a product, not a sum."""
    net = TFCTDFv2(1, 1, n_bins=8, width=4, n_levels=1, n_convs=1, bottleneck=2).eval()
    silence(net.decoder.ups[0])
    x = noise(1, 1, 8, 8)
    assert torch.equal(net(x), net(0 * x))


def silence(module: nn.Module) -> None:
    for p in module.parameters():
        nn.init.zeros_(p)


def test_v3_puts_every_subband_back_in_its_place() -> None:
    """A head that passes on the input alone: what went in at a bin comes out at that bin."""
    net = TFCTDFv3(2, 2, n_bins=12, width=8, n_levels=1, n_blocks=1, n_subbands=3).eval()
    first, act, last = net.head
    silence(net.head)
    for channel in range(6):  # the first six inputs of the head are the subbands of both channels
        first.weight.data[channel, channel] = 1.0
        last.weight.data[channel, channel] = 1.0
    x = noise(1, 2, 12, 4)
    torch.testing.assert_close(net(x), act(x))


class TestVocalRemover:
    def test_bands_do_not_hear_each_other_in_the_first_stage(self) -> None:
        net = VocalRemover(1, 1, n_bins=32, width=8, hidden=4).eval()
        x = noise(1, 1, 32, 16)
        louder = x.clone()
        louder[:, :, 16:] *= 2
        before, after = net.bands(x), net.bands(louder)
        torch.testing.assert_close(before[:, :, :16], after[:, :, :16])
        assert not torch.allclose(before[:, :, 16:], after[:, :, 16:])

    def test_auxiliary_output_weighs_a_quarter(self) -> None:
        net = VocalRemover(2, 2, n_bins=40, width=8, hidden=4).eval()
        outputs = net.forward_all(noise(1, 2, 40, 20))
        assert [weight for weight, _ in outputs] == [1.0, 0.25]


def test_frame_lstm_hears_all_bins_of_each_frame() -> None:
    lstm = FrameLSTM(3, 6, 8, squeezed=2).eval()
    assert lstm(noise(2, 3, 6, 9)).shape == (2, 2, 6, 9)
    assert lstm.lstm.input_size == 12


def test_blstm_carries_news_through_the_whole_chunk() -> None:
    """The last frame reaches the first, far beyond what the convolutions see."""
    torch.manual_seed(1)
    net = BLSTMUNet(1, 1, n_bins=8, widths=[8, 8], squeezed=4, hidden=16, norm="none").eval()
    x = noise(1, 1, 8, 40)
    other = x.clone()
    other[..., -1] += 5.0

    def change() -> Tensor:
        with torch.no_grad():
            return (net(other) - net(x)).abs().amax(dim=(0, 1, 2))

    assert change()[0] > 0
    silence(net.decoder[0].lstm.lstm)
    assert change()[0] == 0
    assert change()[-1] > 0
