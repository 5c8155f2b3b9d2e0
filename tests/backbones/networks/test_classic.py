"""What is peculiar to each classic segmentation network."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.backbones.contract import noise
from vocalsep.backbones import BACKBONES
from vocalsep.backbones.networks.deeplab_v2 import DeepLabV2
from vocalsep.backbones.networks.deeplab_v3 import DeepLabV3, aspp_rates
from vocalsep.backbones.networks.dsspn import DSSPN, TreeHead
from vocalsep.backbones.networks.fastfcn import FastFCN
from vocalsep.backbones.networks.fcn import FCN
from vocalsep.backbones.networks.gated_scnn import GatedSCNN, gradient_length
from vocalsep.backbones.networks.isnet import class_means
from vocalsep.backbones.networks.mcibi import MCIBI
from vocalsep.backbones.networks.refinenet import ChainedPooling, ResidualUnit
from vocalsep.backbones.networks.segnet import SegNet
from vocalsep.backbones.networks.wide_resnet_attention import (
    ChannelLikeness,
    DualAttention,
    PositionGate,
    PositionLikeness,
)
from vocalsep.backbones.parts.attention import ChannelGate
from vocalsep.backbones.parts.resize import resize
from vocalsep.errors import RecipeError

THIN = {"width": 1 / 16}


def silence(module: nn.Module) -> None:
    for p in module.parameters():
        nn.init.zeros_(p)


class TestFCN:
    @pytest.mark.parametrize("finest", [8, 16, 32])
    def test_every_score_layer_is_used(self, finest: int) -> None:
        net = FCN(2, 3, finest=finest, width=1 / 16, head_width=8).eval()  # type: ignore[arg-type]
        assert len(net.scores) == {32: 0, 16: 1, 8: 2}[finest]
        x = noise(1, 2, 32, 64)
        before = net(x)
        for score in net.scores:
            silence(score)
            after = net(x)
            assert not torch.allclose(after, before)
            before = after

    def test_scores_are_interpolated_at_first(self) -> None:
        """With the skips silenced, the logits are the coarse scores, interpolated twice."""
        net = FCN(2, 3, finest=16, width=1 / 16, head_width=8).eval()
        silence(net.scores)
        x = noise(1, 2, 256, 256)
        coarse = net.classify(net.encoder(x)[-1])
        expected = resize(resize(coarse, (16, 16)), (256, 256))
        inside = (..., slice(64, -64), slice(64, -64))
        torch.testing.assert_close(net(x)[inside], expected[inside])


class TestSegNet:
    def test_26_convolutions_and_no_transposed_one(self) -> None:
        kinds = [type(m) for m in SegNet(3, 2, **THIN).modules()]
        assert kinds.count(nn.Conv2d) == 26
        assert nn.ConvTranspose2d not in kinds

    def test_the_decoder_sees_positions_and_the_last_feature_alone(self) -> None:
        """Scaling what the first stage gives, but not what the later ones do, changes nothing."""
        net = SegNet(1, 2, width=1 / 16, norm="none").eval()
        x = noise(1, 1, 32, 32)
        expected = net(x)
        net.down[0].register_forward_hook(lambda _m, _i, out: 2 * out)
        net.down[1].register_forward_pre_hook(lambda _m, args: (args[0] / 2,))
        torch.testing.assert_close(net(x), expected)


def test_deeplab_v2_takes_the_largest_of_all_scales() -> None:
    params = {"encoder": "resnet18", "encoder_params": THIN}
    net = DeepLabV2(1, 2, scales=(1.0, 0.5), **params).eval()  # type: ignore[arg-type]
    x = noise(1, 1, 32, 48)
    whole = net.head(net.encoder(x)[-1])
    half = net.head(net.encoder(resize(x, (16, 24)))[-1])
    expected = torch.maximum(whole, resize(half, whole.shape[2:]))
    torch.testing.assert_close(net.transform(x), expected)


def test_deeplab_v3_rates_double_at_output_stride_8() -> None:
    assert aspp_rates((6, 12, 18), 16) == [6, 12, 18]
    assert aspp_rates((6, 12, 18), 8) == [12, 24, 36]
    net = DeepLabV3(1, 2, encoder="resnet50", encoder_params=THIN, output_stride=8, width=8)
    last = net.encoder.stages[3]
    found = {m.dilation[0] for m in last.modules() if isinstance(m, nn.Conv2d)}
    assert found == {1, 4, 8, 16}


def test_fastfcn_has_stride_8_from_an_encoder_of_stride_32() -> None:
    for neck in ("fcn", "psp", "aspp"):
        net = FastFCN(1, 2, encoder="resnet18", encoder_params=THIN, width=8, neck=neck).eval()  # type: ignore[arg-type]
        assert net.encoder.strides[-1] == 32
        assert net.transform(noise(1, 1, 64, 96)).shape == (1, 2, 8, 12)


class TestRefineNet:
    def test_units_start_as_what_their_last_convolution_allows(self) -> None:
        unit, x = ResidualUnit(3), noise(1, 3, 6, 5)
        silence(unit.second)
        assert torch.equal(unit(x), x)

    def test_chained_pooling_sums_its_links(self) -> None:
        module, x = ChainedPooling(2, n_links=2), noise(1, 2, 9, 8)
        first = module.convs[0](functional.max_pool2d(x, 5, 1, 2))
        second = module.convs[1](functional.max_pool2d(first, 5, 1, 2))
        torch.testing.assert_close(module(x), x + first + second)


class TestGatedSCNN:
    def test_gradient_length(self) -> None:
        step = torch.zeros(1, 2, 4, 6)
        step[..., 3:] = 5.0
        edges = gradient_length(step)
        assert edges.shape == (1, 1, 4, 6)
        assert torch.equal(edges.nonzero()[:, 3].unique(), torch.tensor([2]))
        assert edges.max() == 1
        assert gradient_length(torch.ones(1, 1, 4, 6)).max() == 0

    def test_edges_reach_the_masks(self) -> None:
        net = GatedSCNN(2, 3, encoder_width=1 / 32, width=8, reduced=4).eval()
        x = noise(1, 2, 32, 24)
        before = net(x)
        assert net.edges(x).shape == (1, 1, 32, 24)
        silence(net.join_edges)
        assert not torch.allclose(net(x), before)


class TestDualAttention:
    @pytest.mark.parametrize("order", ["parallel", "channel_first", "position_first"])
    def test_gates_of_zero_halve(self, order: str) -> None:
        module = DualAttention(ChannelGate(2, 32), PositionGate(32), order)  # type: ignore[arg-type]
        silence(module)
        x = noise(1, 32, 4, 6)
        torch.testing.assert_close(module(x), x if order == "parallel" else x / 4)

    def test_likeness_starts_as_nothing(self) -> None:
        x = noise(1, 8, 4, 6)
        for module in (ChannelLikeness(), PositionLikeness(8, keep_time=False)):
            assert torch.equal(module(x), x)

    def test_likeness_of_channels_is_a_mixture_of_channels(self) -> None:
        module, x = ChannelLikeness(), noise(1, 3, 4, 5)
        nn.init.ones_(module.gamma)
        flat = x[0].flatten(1)
        weights = (-(flat @ flat.T)).softmax(1)
        torch.testing.assert_close(module(x) - x, (weights @ flat).view_as(x))


class TestClassContext:
    def test_class_means_are_weighted_means_of_members(self) -> None:
        x, logits = noise(2, 4, 3, 5), noise(2, 3, 3, 5) * 3
        means = class_means(x, logits)
        members = logits.argmax(1)
        for b in range(2):
            for k in members[b].unique():
                mask = members[b] == k
                weights = logits[b, k][mask].softmax(0)
                expected = (x[b][:, mask] * weights).sum(1)
                found = means[b][:, mask]
                torch.testing.assert_close(found, expected[:, None].expand_as(found))

    def test_memory_is_mixed_by_probability(self) -> None:
        net = MCIBI(1, 2, encoder="resnet18", encoder_params=THIN, width=8)
        sure = torch.zeros(1, 2, 3, 4)
        sure[:, 1] = 50.0
        expected = net.memory[1].view(1, 8, 1, 1).expand(1, 8, 3, 4)
        torch.testing.assert_close(net.recall(sure), expected)
        even = net.memory.mean(0).view(1, 8, 1, 1).expand(1, 8, 3, 4)
        torch.testing.assert_close(net.recall(torch.zeros(1, 2, 3, 4)), even)


class TestDSSPN:
    @pytest.mark.parametrize(
        "tree", [[0, 1, 2, 3], [[0, 1], [2, 3]], [3, [1, [0, 2]]], [[[0]], [1, 2, 3]]]
    )
    def test_probabilities_of_leaves_sum_to_one(self, tree: list[object]) -> None:
        head = TreeHead(tree, 6, 4).eval()  # type: ignore[arg-type]
        if tree[0] != [[0]]:  # an only child's score is no probability
            p = head(noise(2, 6, 3, 5)).exp()
            torch.testing.assert_close(p.sum(1), torch.ones(2, 3, 5))

    def test_leaves_come_in_the_order_of_the_outputs(self) -> None:
        """The root of [2, [1, 0]] decides between 2 and the rest: p₀ + p₁ = 1 − p₂."""
        head, x = TreeHead([2, [1, 0]], 6, 4).eval(), noise(1, 6, 3, 5)
        features = torch.cat([x, head.root.feature(x)], 1)
        root = head.root.score(features).softmax(1)
        torch.testing.assert_close(head(x)[:, 2].exp(), root[:, 0])

    @pytest.mark.parametrize("tree", [[0, 0], [0, [1, 2]], [1, 2]])
    def test_a_tree_without_each_output_is_refused(self, tree: list[object]) -> None:
        with pytest.raises(RecipeError, match="each output"):
            DSSPN(1, 2, tree=tree, encoder="resnet18", encoder_params=THIN)  # type: ignore[arg-type]


DILATED = ["deeplab_v1", "deeplab_v2", "fcn_resnet", "pspnet", "isnet", "mcibi", "dsspn"]


@pytest.mark.parametrize("name", DILATED)
def test_dilated_networks_have_output_stride_8(name: str) -> None:
    with torch.device("meta"):
        net = BACKBONES.build(name, BACKBONES.get(name).about.thin, 2, 3).eval()
        assert net.transform(torch.zeros(1, 2, 64, 96)).shape == (1, 3, 8, 12)


@pytest.mark.parametrize("name", ["pspnet", "bisenet"])
def test_kept_time_frees_frames_from_the_length_of_the_chunk(name: str) -> None:
    """Nothing but the convolutions' reach then joins two frames: far frames do not matter."""
    params = {**BACKBONES.get(name).about.thin, "keep_time": True}
    reach = 512  # of dilated branches at stride 8 or 16, generously
    x = noise(1, 1, 8, 3 * reach)
    other = x.clone()
    other[..., 2 * reach :] = 0.0

    def first_frames(keep_time: bool, features: Tensor) -> Tensor:
        torch.manual_seed(0)
        net = BACKBONES.build(name, {**params, "keep_time": keep_time}, 1, 1).eval()
        with torch.inference_mode():
            return net(features)[..., :reach]

    torch.testing.assert_close(first_frames(True, x), first_frames(True, other))
    assert not torch.allclose(first_frames(False, x), first_frames(False, other))


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("fastfcn", {"neck": "asp"}, "did you mean 'aspp'"),
        ("fcn_vgg", {"finest": 4}, "finest"),
        ("deeplab_v3_plus", {"low": 9}, "low"),
        ("deeplab_v3", {"output_stride": 32}, "output_stride"),
        ("wide_resnet_attention", {"order": "paralel"}, "did you mean 'parallel'"),
        ("fcn_resnet", {"encoder": "resnet52"}, "did you mean 'resnet50'"),
        ("fcn_resnet", {"encoder_params": {"widht": 0.5}}, "did you mean 'width'"),
        ("fcn_resnet", {"encoder_params": {"stem": "dep"}}, "did you mean 'deep'"),
        ("fcn_resnet", {"encoder_params": {"n_blocks": [1]}}, "resnet50"),
        ("fcn_resnet", {"encoder_params": {"multigrid": []}}, "resnet50"),
    ],
)
def test_impossible_parameters_are_refused(
    name: str, params: dict[str, object], message: str
) -> None:
    with torch.device("meta"), pytest.raises(RecipeError, match=message):
        BACKBONES.build(name, params, 1, 1)
