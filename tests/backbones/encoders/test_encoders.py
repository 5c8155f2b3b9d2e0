"""One contract for every encoder in the registry, and the published parameter counts."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vocalsep.backbones.encoders import ENCODERS
from vocalsep.backbones.encoders.resnet import ResNet
from vocalsep.errors import RecipeError

# Published counts with an ImageNet classifier of 1000 classes, less that classifier.
REFERENCES = {
    "alexnet": 61_100_840 - 58_631_144,
    "densenet121": 7_978_856 - 1_025_000,
    "densenet161": 28_681_000 - 2_209_000,
    "googlenet": 6_624_904 - 1_025_000,
    "mobilenet_v1": 4_231_976 - 1_025_000,
    "mobilenet_v2": 3_504_872 - 1_281_000,
    "mobilenet_v3_large": 5_483_032 - 2_511_080,
    "mobilenet_v3_small": 2_542_856 - 1_615_848,
    "resnet18": 11_689_512 - 513_000,
    "resnet34": 21_797_672 - 513_000,
    "resnet50": 25_557_032 - 2_049_000,
    "resnet101": 44_549_160 - 2_049_000,
    "vgg16": 14_714_688,
    "vgg16_bn": 138_365_992 - 123_642_856,
    "wide_resnet38": 109_167_912 - 4_097_000,
    "wide_resnet50_2": 68_883_240 - 2_049_000,
    "wide_resnet101_2": 126_886_696 - 2_049_000,
    "xception41": 26_969_560 - 2_049_000,
    "xception65": 39_916_312 - 2_049_000,
}
DILATED = [
    "densenet121",
    "mobilenet_v1",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "resnet18",
    "resnet50",
    "vgg16",
    "wide_resnet38",
    "xception41",
]


@pytest.mark.parametrize("name", REFERENCES)
def test_published_number_of_parameters(name: str) -> None:
    with torch.device("meta"):
        encoder = ENCODERS.build(name, {}, 3)
    assert sum(p.numel() for p in encoder.parameters()) == REFERENCES[name]


def test_every_encoder_has_a_published_number() -> None:
    """But DFNet, which is counted within DF-Seg."""
    assert set(ENCODERS.names()) - set(REFERENCES) == {"dfnet_v1", "dfnet_v2"}


@pytest.mark.parametrize("name", ENCODERS.names())
def test_features_are_what_the_attributes_say(name: str) -> None:
    with torch.device("meta"):
        encoder = ENCODERS.build(name, {"width": 1 / 16}, 1)
        features = encoder(torch.zeros(2, 1, 64, 128))
    expected = [
        (2, channels, 64 // stride, 128 // stride)
        for channels, stride in zip(encoder.channels, encoder.strides, strict=True)
    ]
    assert [tuple(each.shape) for each in features] == expected


@pytest.mark.parametrize("name", DILATED)
@pytest.mark.parametrize("output_stride", [8, 16])
def test_dilation_keeps_the_output_stride(name: str, output_stride: int) -> None:
    with torch.device("meta"):
        encoder = ENCODERS.build(name, {"width": 1 / 16, "output_stride": output_stride}, 1)
        last = encoder(torch.zeros(2, 1, 64, 128))[-1]
    assert last.shape[2:] == (64 // output_stride, 128 // output_stride)
    rates = {m.dilation[0] for m in encoder.modules() if isinstance(m, nn.Conv2d)}
    # VGG has no convolution behind its last pooling.
    assert max(rates) == (16 if name == "vgg16" else 32) // output_stride


def rates(encoder: ResNet) -> list[list[int]]:
    """The dilations of every stage's 3×3 convolutions."""
    return [
        [
            m.dilation[0]
            for m in stage.modules()
            if isinstance(m, nn.Conv2d) and m.kernel_size[0] == 3
        ]
        for stage in encoder.stages
    ]


def test_resnet_dilations_and_multigrid() -> None:
    """Chen et al. 2017: the rate of the last stage's units is base × (1, 2, 4)."""
    params = {"width": 1 / 16, "output_stride": 8, "multigrid": (1, 2, 4)}
    encoder = ENCODERS.build("resnet50", params, 1)
    assert rates(encoder) == [[1] * 3, [1] * 4, [2] * 6, [4, 8, 16]]
    params["output_stride"] = 16
    assert rates(ENCODERS.build("resnet50", params, 1))[2:] == [[1] * 6, [2, 4, 8]]


@pytest.mark.parametrize(("stem_stride", "strides"), [(1, (1, 1, 2, 4, 8)), (2, (2, 2, 4, 8, 16))])
def test_resnet_stem_stride_refines_all_features(
    stem_stride: int, strides: tuple[int, ...]
) -> None:
    encoder = ENCODERS.build("resnet18", {"width": 1 / 16, "stem_stride": stem_stride}, 1)
    sizes = [each.shape[2] for each in encoder(torch.zeros(1, 1, 32, 32))]
    assert encoder.strides == strides
    assert sizes == [32 // stride for stride in strides]


def test_deep_stem_has_three_convolutions() -> None:
    """64, 64 and 128 channels: 123,776 parameters more than the 7×7 one (Zhao et al. 2017)."""
    with torch.device("meta"):
        deep = ENCODERS.build("resnet50", {"stem": "deep"}, 3)
    assert sum(p.numel() for p in deep.parameters()) == 23_508_032 + 123_776


def test_features_before_the_activation_become_those_after_it() -> None:
    torch.manual_seed(0)
    encoder = ENCODERS.build("resnet18", {"width": 1 / 16}, 1).eval()
    x = torch.randn(1, 1, 32, 32)
    after = encoder(x)
    encoder.activated = False
    before = encoder(x)
    assert min(each.min() for each in before[1:]) < 0
    for a, b in zip(after, before, strict=True):
        torch.testing.assert_close(a, b.relu())


def test_unknown_encoder_names_the_closest() -> None:
    with pytest.raises(RecipeError, match="did you mean 'resnet50'"):
        ENCODERS.build("resnet_50", {}, 1)
