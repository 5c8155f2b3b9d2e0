"""Upsamplers against the values of their definitions."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from vocalsep.backbones.parts.positions import (
    bilinear_kernel,
    crop,
    depth_to_space,
    max_pool_with_positions,
    max_unpool,
    neighbourhoods,
)
from vocalsep.backbones.parts.resize import resize
from vocalsep.backbones.parts.up import UPSAMPLERS, upsampler
from vocalsep.backbones.parts.up_learned import (
    Carafe,
    DUpsampling,
    MetaUpscale,
    PixelShuffle,
    TransposedBilinear,
)
from vocalsep.errors import RecipeError

SMALL = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])


def values(rows: list[list[float]]) -> Tensor:
    return torch.tensor(rows)[None, None]


@pytest.mark.parametrize("name", UPSAMPLERS.names())
class TestEveryUpsampler:
    def test_gives_exactly_the_size(self, name: str) -> None:
        up = upsampler(name, 2, (3, 5)).eval()
        assert up(torch.randn(2, 3, 4, 6), (7, 12)).shape == (2, 5, 7, 12)

    def test_reaches_every_parameter(self, name: str) -> None:
        up = upsampler(name, 2, (3, 5))
        up(torch.randn(2, 3, 4, 6), (8, 12)).square().sum().backward()
        assert all(p.grad is not None and p.grad.any() for p in up.parameters())


@pytest.mark.parametrize("name", ["bicubic", "carafe", "dupsampling", "meta", "pixelshuffle"])
def test_planar_ones_refuse_other_dimensions(name: str) -> None:
    with pytest.raises(RecipeError, match="1-D"):
        upsampler(name, 1, (2, 2))


def test_nearest() -> None:
    rows = [[1.0, 1.0, 2.0, 2.0]] * 2 + [[3.0, 3.0, 4.0, 4.0]] * 2
    assert torch.equal(upsampler("nearest", 2, (1, 1))(SMALL, (4, 4)), values(rows))


def test_bilinear_in_both_conventions() -> None:
    up = upsampler("bilinear", 2, (1, 1))
    expected = [
        [1, 1.25, 1.75, 2],
        [1.5, 1.75, 2.25, 2.5],
        [2.5, 2.75, 3.25, 3.5],
        [3, 3.25, 3.75, 4],
    ]
    torch.testing.assert_close(up(SMALL, (4, 4)), values(expected))
    aligned = resize(SMALL, (4, 4), align_corners=True)
    torch.testing.assert_close(aligned[0, 0, 0], torch.tensor([1, 4 / 3, 5 / 3, 2]))
    torch.testing.assert_close(aligned[0, 0, 3], torch.tensor([3, 10 / 3, 11 / 3, 4]))


def test_bicubic_overshoots() -> None:
    row = upsampler("bicubic", 2, (1, 1))(SMALL, (4, 4))[0, 0, 0]
    torch.testing.assert_close(row, torch.tensor([0.68359375, 1.015625, 1.5625, 1.89453125]))


@pytest.mark.parametrize("factor", [2, 3, 4, 8])
def test_bilinear_kernel_interpolates_inside(factor: int) -> None:
    up = TransposedBilinear(2, (2, 2), factor)
    x = torch.randn(1, 2, 6, 7)
    size = (6 * factor, 7 * factor)
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(up(x, size)[inside], resize(x, size)[inside])


def test_bilinear_kernel_closed_form() -> None:
    line = torch.tensor([0.25, 0.75, 0.75, 0.25])
    torch.testing.assert_close(bilinear_kernel(2), line[:, None] * line)
    rows = TransposedBilinear(2, (1, 1))(SMALL, (4, 4))[0, 0, :2]
    expected = torch.tensor([[0.5625, 0.9375, 1.3125, 1.125], [1.125, 1.75, 2.25, 1.875]])
    torch.testing.assert_close(rows, expected)


def test_transposed_convolution_is_the_adjoint_of_the_convolution() -> None:
    up = TransposedBilinear(2, (3, 4))
    torch.nn.init.normal_(up.conv.weight)
    x, y = torch.randn(1, 3, 5, 6), torch.randn(1, 4, 10, 12)
    down = functional.conv2d(y, up.conv.weight, stride=2, padding=1)
    torch.testing.assert_close((up(x, (10, 12)) * y).sum(), (x * down).sum(), rtol=1e-4, atol=1e-4)


def test_max_unpool_puts_values_where_they_were() -> None:
    x = values([[1, 5, 2, 0], [3, 4, 8, 1], [0, 2, 1, 7], [9, 1, 3, 6.0]])
    pooled, positions = max_pool_with_positions(x)
    assert pooled[0, 0].tolist() == [[5, 8], [9, 7]]
    assert positions[0, 0].tolist() == [[1, 6], [12, 11]]
    expected = torch.zeros(1, 1, 4, 4)
    expected[0, 0, [0, 1, 2, 3], [1, 2, 3, 0]] = torch.tensor([5.0, 8.0, 7.0, 9.0])
    assert torch.equal(max_unpool(pooled, positions, (4, 4)), expected)


def test_max_unpool_meets_odd_sizes() -> None:
    pooled, positions = max_pool_with_positions(torch.randn(2, 3, 5, 7))
    assert max_unpool(pooled, positions, (5, 7)).shape == (2, 3, 5, 7)


def test_depth_to_space_orders() -> None:
    x = torch.arange(8.0).view(1, 8, 1, 1)
    assert depth_to_space(x, 2)[0].tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    assert depth_to_space(x, 2, class_fastest=True)[0].tolist() == [
        [[0, 2], [4, 6]],
        [[1, 3], [5, 7]],
    ]
    wide = torch.randn(2, 12, 3, 5)
    torch.testing.assert_close(functional.pixel_unshuffle(depth_to_space(wide, 2), 2), wide)


def test_pixelshuffle_is_a_convolution_shuffled() -> None:
    up = PixelShuffle(2, (3, 2), 3)
    x = torch.randn(1, 3, 4, 5)
    torch.testing.assert_close(up(x, (12, 15)), functional.pixel_shuffle(up.conv(x), 3))


class TestDUpsampling:
    def blocks(self, n_classes: int, factor: int) -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return torch.randint(0, n_classes, (2, 4 * factor, 6 * factor), generator=generator)

    def test_full_rank_rebuilds_the_labels_exactly(self) -> None:
        """W·Wᵀ = 1: what the encoder would have to give is Wᵀ·y."""
        labels, up = self.blocks(3, 2), DUpsampling(2, (12, 3))
        up.fit(labels)
        one_hot = functional.one_hot(labels, 3).permute(0, 3, 1, 2).float()
        blocks = functional.pixel_unshuffle(one_hot, 2)  # channel c·4 + a·2 + b
        blocks = blocks.unflatten(1, (3, 4)).transpose(1, 2).flatten(1, 2)
        codes = functional.conv2d(blocks, up.conv.weight.transpose(0, 1))
        torch.testing.assert_close(up(codes, (8, 12)), one_hot, atol=1e-5, rtol=0)

    def test_low_rank_error_is_the_sum_of_the_dropped_eigenvalues(self) -> None:
        labels, up = self.blocks(2, 2), DUpsampling(2, (3, 2))
        up.fit(labels)
        blocks = functional.one_hot(labels, 2).float().view(2, 4, 2, 6, 2, 2)
        y = blocks.transpose(2, 3).reshape(-1, 8)
        weight = up.conv.weight[:, :, 0, 0]
        error = (y - y @ weight @ weight.T).square().sum()
        dropped = torch.linalg.eigvalsh(y.T @ y)[:-3].sum()
        torch.testing.assert_close(error, dropped, rtol=1e-3, atol=1e-2)

    def test_temperature_divides_the_logits(self) -> None:
        up, x = DUpsampling(2, (3, 2)), torch.randn(1, 3, 2, 5)
        before = up(x, (4, 10))
        torch.nn.init.constant_(up.temperature, 2.0)
        torch.testing.assert_close(up(x, (4, 10)), before / 2)


class TestCarafe:
    def test_published_number_of_parameters(self) -> None:
        assert sum(p.numel() for p in Carafe(2, (256, 256)).parameters()) == 74_148

    def test_kernels_sum_to_one_so_constants_stay_inside(self) -> None:
        up, x = Carafe(2, (4, 4)), torch.randn(1, 4, 7, 8)
        torch.testing.assert_close(up.kernels(x).sum(1), torch.ones(1, 14, 16))
        out = up(torch.full((1, 4, 7, 8), 3.0), (14, 16))
        torch.testing.assert_close(out[..., 4:-4, 4:-4], torch.full((1, 4, 6, 8), 3.0))

    def test_equals_the_definition(self) -> None:
        up, x = Carafe(2, (2, 2)), torch.randn(1, 2, 3, 4)
        weights, padded = up.kernels(x)[0], functional.pad(x, [2] * 4)[0]
        expected = torch.zeros(2, 6, 8)
        for i in range(6):
            for j in range(8):
                patch = padded[:, i // 2 : i // 2 + 5, j // 2 : j // 2 + 5]
                expected[:, i, j] = (patch * weights[:, i, j].view(5, 5)).sum((1, 2))
        torch.testing.assert_close(up(x, (6, 8))[0], expected)


class TestMetaUpscale:
    def test_equals_the_definition_at_a_factor_that_is_not_whole(self) -> None:
        up, x = MetaUpscale(2, (2, 3)), torch.randn(1, 2, 4, 6)
        out = up(x, (6, 9))  # s = 1.5
        patches = neighbourhoods(x, 3)
        for i, j in ((0, 0), (1, 4), (5, 8), (3, 2)):
            row, column = i / 1.5, j / 1.5
            place = torch.tensor([row % 1, column % 1, 1 / 1.5])
            weights = up.weights(place).view(18, 3)
            expected = patches[0, :, :, int(row), int(column)].flatten() @ weights
            torch.testing.assert_close(out[0, :, i, j], expected, atol=1e-5, rtol=1e-4)

    def test_whole_factors_repeat_their_weights(self) -> None:
        """A constant input then gives a pattern of period s in the interior."""
        out = MetaUpscale(2, (1, 1))(torch.ones(1, 1, 6, 6), (18, 18))[..., 3:-3, 3:-3]
        torch.testing.assert_close(out[..., 3:, 3:], out[..., :-3, :-3])


def test_cropping_what_is_too_small_says_so() -> None:
    with pytest.raises(ValueError, match="expected at least"):
        crop(torch.zeros(1, 1, 4, 4), (5, 4))
