"""What distinguishes the members of the U-Net family, by structure and by equivalence."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.backbones.contract import noise
from vocalsep.backbones import BACKBONES
from vocalsep.backbones.networks.attention_unet import AttentionUNet
from vocalsep.backbones.networks.dense_unet import DenseBlock, DenseUNet
from vocalsep.backbones.networks.r2_unet import R2UNet
from vocalsep.backbones.networks.unet_classic import ClassicUNet
from vocalsep.backbones.networks.unet_plus_plus import UNetPlusPlus
from vocalsep.backbones.networks.unet_valid import ValidUNet
from vocalsep.backbones.parts.attention import ATTENTIONS, ChannelGate, GatedConcat
from vocalsep.backbones.parts.blocks import RecurrentResidual
from vocalsep.backbones.parts.borders import mirror_pad
from vocalsep.backbones.parts.layers import Style
from vocalsep.backbones.parts.up import UPSAMPLERS
from vocalsep.errors import RecipeError


def n_parameters(net: nn.Module) -> int:
    return sum(p.numel() for p in net.parameters())


def shapes_of(modules: nn.ModuleList, run: nn.Module, x: Tensor) -> list[tuple[int, ...]]:
    """Output shapes of `modules` while `run` works on x."""
    shapes: list[tuple[int, ...]] = []
    for module in modules:
        module.register_forward_hook(lambda _m, _i, out: shapes.append(tuple(out.shape[1:])))
    run(x)
    return shapes


def test_classic_levels_double_their_width_and_halve_their_size() -> None:
    with torch.device("meta"):
        net, x = ClassicUNet(1, 1).eval(), torch.zeros(1, 1, 512, 128)
    found = shapes_of(net.encoder.blocks, net, x)
    assert found == [(64 * 2**i, 512 // 2**i, 128 // 2**i) for i in range(5)]


def test_valid_chain_of_the_paper() -> None:
    with torch.device("meta"):
        net, tile = ValidUNet(1, 2), torch.zeros(1, 1, 572, 572)
    sizes = [shape[1] for shape in shapes_of(net.encoder.blocks, net.transform, tile)]
    assert sizes == [568, 280, 136, 64, 28]
    assert net.transform(tile).shape == (1, 2, 388, 388)


def test_valid_network_hears_the_mirrored_borders() -> None:
    net = ValidUNet(1, 2, widths=[4, 6]).eval()
    x = noise(1, 1, 20, 20)
    exact = net.transform(mirror_pad(x, [8, 8], [8, 8]))
    assert exact.shape[2:] == (20, 20)
    torch.testing.assert_close(net(x), exact)


def test_attention_of_one_everywhere_is_the_plain_unet() -> None:
    widths = [4, 6, 8]
    gated = AttentionUNet(2, 3, widths=widths).eval()
    plain = ClassicUNet(2, 3, widths=widths, up="nearest_conv", bias=True).eval()
    shared = {k: v for k, v in gated.state_dict().items() if ".merges." not in k}
    plain.load_state_dict(shared)
    x = noise(1, 2, 16, 12)
    assert not torch.allclose(gated(x), plain(x))
    for merge in gated.decoder.merges:
        nn.init.zeros_(merge.psi[1].weight)
        nn.init.constant_(merge.psi[1].bias, 100.0)
    torch.testing.assert_close(gated(x), plain(x))


def test_gate_weights_lie_between_zero_and_one() -> None:
    gate = GatedConcat(2, 4).eval()
    weights = gate.weights(noise(1, 4, 5, 5), 3 * noise(1, 4, 5, 5))
    assert weights.shape == (1, 1, 5, 5)
    assert 0 < weights.min() < weights.max() < 1


def test_recurrence_costs_no_parameters_and_none_is_a_residual_block() -> None:
    with torch.device("meta"):
        counts = {n_parameters(R2UNet(1, 1, t=t)) for t in (0, 2, 5)}
    assert len(counts) == 1
    block = RecurrentResidual(Style(2), (3, 4), t=0).eval()
    y = block.project(x := noise(1, 3, 6, 6))
    first, second = (each.layer for each in block.body)
    torch.testing.assert_close(block(x), y + second(first(y)))
    block.body[0].t = 1
    h = first(y)
    torch.testing.assert_close(block(x), y + second(first(y + h)))


class TestNested:
    def net(self, depth: int | None = None) -> UNetPlusPlus:
        torch.manual_seed(0)
        made = UNetPlusPlus(2, 3, widths=[4, 4, 6, 6], deep_supervision=True, depth=depth)
        return made.eval()

    def test_fifteen_nodes_of_five_levels(self) -> None:
        with torch.device("meta"):
            net = UNetPlusPlus(1, 1)
        assert len(net.encoder.blocks) + len(net.nodes) == 15

    def test_every_output_has_full_resolution(self) -> None:
        outputs = self.net().forward_all(noise(1, 2, 16, 24))
        assert [weight for weight, _ in outputs] == [1.0, 1.0, 1.0]
        assert {tuple(y.shape) for _, y in outputs} == {(1, 3, 16, 24)}

    @pytest.mark.parametrize("depth", [1, 2])
    def test_pruned_is_the_supervised_output_and_needs_nothing_deeper(self, depth: int) -> None:
        whole, pruned, x = self.net(), self.net(depth), noise(1, 2, 16, 24)
        expected = whole.forward_all(x)[depth][1]
        for name, p in pruned.named_parameters():
            needed = name.startswith(("encoder", "nodes")) and used(name, depth)
            if not needed and name not in (f"heads.{depth}.weight", f"heads.{depth}.bias"):
                p.data.fill_(torch.nan)
        torch.testing.assert_close(pruned(x), expected)

    def test_pruning_needs_heads(self) -> None:
        with pytest.raises(RecipeError, match="deep_supervision"):
            UNetPlusPlus(1, 1, widths=[4, 4, 4], depth=1)


def used(name: str, depth: int) -> bool:
    """Whether the parameter belongs to a node (i, j) with i + j ≤ depth."""
    kind, rest = name.split(".", 1)
    if kind == "encoder":
        return int(rest.split(".")[1]) <= depth
    return sum(map(int, rest.split(".")[0].split(","))) <= depth


@pytest.mark.parametrize(("name", "scale"), [("se", 0.5), ("scse", 1.0)])
def test_gates_that_know_nothing_halve(name: str, scale: float) -> None:
    gate = ATTENTIONS.get(name)(2, 8, 4, False)
    for p in gate.parameters():
        nn.init.zeros_(p)
    x = noise(2, 8, 3, 5)
    torch.testing.assert_close(gate(x), scale * x)


def test_keep_time_gives_every_frame_its_own_weights() -> None:
    x = noise(1, 8, 3, 5)
    other = x.clone()
    other[..., 4] += 1.0
    own, shared = ChannelGate(2, 8, 2, keep_time=True), ChannelGate(2, 8, 2)
    torch.testing.assert_close(own(other)[..., :4], own(x)[..., :4])
    assert not torch.allclose(shared(other)[..., :4], shared(x)[..., :4])


def test_dense_layers_see_all_before_them_and_double_the_width() -> None:
    block = DenseBlock(Style(2), 8, 2)
    assert [layer[0][0].in_channels for layer in block.layers] == [8, 10, 12, 14]
    x = noise(1, 8, 4, 4)
    out = block(x)
    assert out.shape[1] == 16
    assert torch.equal(out[:, :8], x)


def test_dense_unet_without_a_head_gives_its_input_back() -> None:
    net = DenseUNet(2, 2, width=4, growth=2, n_levels=3).eval()
    for p in net.head.parameters():
        nn.init.zeros_(p)
    x = noise(1, 2, 9, 14)
    assert torch.equal(net(x), x)
    assert net.encoder.channels == (8, 16, 32)


@pytest.mark.parametrize("up", UPSAMPLERS.names())
def test_every_upsampler_can_be_chosen(up: str) -> None:
    net = ClassicUNet(1, 2, widths=[4, 6, 8], up=up, norm="group").eval()
    assert net(noise(1, 1, 12, 20)).shape == (1, 2, 12, 20)


@pytest.mark.parametrize(
    ("name", "params", "says"),
    [
        ("unet_classic", {"up": "transpose"}, "did you mean 'transposed'"),
        ("unet_classic", {"norm": "bach"}, "did you mean 'batch'"),
        ("unet_classic", {"widths": [4]}, "widths is .4.: expected 2 to 12"),
        ("unet_classic", {"ndim": 4}, "ndim is 4: expected one of"),
        ("unet_classic", {"up": "carafe", "ndim": 1}, "1-D"),
        ("se_unet", {"attention": "scce"}, "did you mean 'scse'"),
        ("unet_plus_plus", {"depth": 9}, "depth is 9: expected 1 to 4"),
        ("dense_unet", {"growth": 7}, "growth is 7: expected a divisor of width"),
        ("attention_unett", {}, "did you mean 'attention_unet'"),
    ],
)
def test_mistakes_are_named(name: str, params: dict[str, object], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        BACKBONES.build(name, params, 1, 1)
