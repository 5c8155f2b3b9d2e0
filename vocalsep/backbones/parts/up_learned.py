"""Upsamplers that learn, or look at what they enlarge; filed in `UPSAMPLERS` of `up`.

All are 2-D, built from (ndim, (D_in, D_out), factor) and called with (features, size): the result
has exactly `size`, at most `factor` times the input's. Un-pooling needs the positions of its
maxima, so it is a function of its own: `positions.max_unpool`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from vocalsep.backbones.parts.positions import (
    bilinear_kernel,
    crop,
    depth_to_space,
    neighbourhoods,
)
from vocalsep.backbones.parts.up import UPSAMPLERS, keep_or_project
from vocalsep.errors import RecipeError


class _Planar(nn.Module):
    """What all of them share: 2-D only, so the features have rows and columns."""

    def __init__(self, ndim: int, factor: int) -> None:
        super().__init__()
        if ndim != 2:
            raise RecipeError(f"this upsampler has no form in {ndim}-D: use bilinear or transposed")
        self.factor = factor


@UPSAMPLERS.register("bicubic")
class Bicubic(_Planar):
    """Cubic interpolation (Keys, a = −0.75): overshoots, so a mask made of it must be clamped."""

    def __init__(self, ndim: int, channels: tuple[int, int], factor: int = 2) -> None:
        super().__init__(ndim, factor)
        self.project = keep_or_project(ndim, channels)

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        return functional.interpolate(self.project(features), list(size), mode="bicubic")


@UPSAMPLERS.register("transposed_bilinear")
class TransposedBilinear(_Planar):
    """Transposed convolution without bias that starts as bilinear interpolation (Long et al. 2015).

    Channel i starts from channel i alone; channels beyond the narrower of both start at zero.
    The borders differ from interpolation, because what lies outside counts as zero.
    """

    def __init__(self, ndim: int, channels: tuple[int, int], factor: int = 2) -> None:
        super().__init__(ndim, factor)
        kernel = bilinear_kernel(factor)
        self.conv = nn.ConvTranspose2d(
            *channels, len(kernel), factor, padding=factor // 2, bias=False
        )
        weight = torch.zeros_like(self.conv.weight)
        for channel in range(min(channels)):
            weight[channel, channel] = kernel
        self.conv.weight = nn.Parameter(weight)

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        return crop(self.conv(features), size)


@UPSAMPLERS.register("pixelshuffle")
class PixelShuffle(_Planar):
    """3×3 convolution to D_out·s² channels, which become s×s positions (Shi et al. 2016)."""

    def __init__(self, ndim: int, channels: tuple[int, int], factor: int = 2) -> None:
        super().__init__(ndim, factor)
        self.conv = nn.Conv2d(channels[0], channels[1] * factor**2, 3, padding=1)

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        return crop(depth_to_space(self.conv(features), self.factor), size)


@UPSAMPLERS.register("dupsampling")
class DUpsampling(_Planar):
    """Data-dependent up-sampling: a 1×1 convolution whose rows rebuild blocks of s×s labels.

    Source: Tian et al., "Decoders Matter for Semantic Segmentation", CVPR 2019. `fit` starts the
    weights from labels; the logits are divided by a learned temperature before the softmax.
    """

    def __init__(self, ndim: int, channels: tuple[int, int], factor: int = 2) -> None:
        super().__init__(ndim, factor)
        self.conv = nn.Conv2d(channels[0], channels[1] * factor**2, 1, bias=False)
        self.temperature = nn.Parameter(torch.ones(()))

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        logits = depth_to_space(self.conv(features), self.factor, class_fastest=True)
        return crop(logits, size) / self.temperature

    @torch.no_grad()
    def fit(self, labels: Tensor) -> None:
        """Start from labels (N, H, W), whole numbers below D_out; H and W multiples of the factor.

        With y the one-hot blocks (D_out·s² values), W holds the eigenvectors of Σ y·yᵀ with the
        largest eigenvalues: with its pseudo-inverse P = Wᵀ that minimises Σ‖y − W·P·y‖².
        """
        n_values, rank = self.conv.weight.shape[:2]
        blocks = functional.one_hot(labels, n_values // self.factor**2)
        blocks = blocks.unflatten(2, (-1, self.factor)).unflatten(1, (-1, self.factor))
        y = blocks.transpose(2, 3).reshape(-1, n_values).double()
        basis = torch.linalg.eigh(y.T @ y).eigenvectors.flip(1)[:, :rank]
        self.conv.weight.zero_()
        self.conv.weight[:, : basis.shape[1], 0, 0] = basis.to(self.conv.weight)


@UPSAMPLERS.register("carafe")
class Carafe(_Planar):
    """Content-aware reassembly: every output position has a kernel of its own that sums to 1.

    Source: Wang et al., "CARAFE", ICCV 2019: 1×1 to 64 channels, 3×3 to s²·k² kernel weights,
    pixel shuffle, softmax over k²; each output is the weighted sum of the k×k input neighbourhood
    around ⌊i/s⌋. At 256 channels, k = 5 and s = 2 that is 74,148 parameters.
    """

    def __init__(
        self, ndim: int, channels: tuple[int, int], factor: int = 2, kernel: int = 5
    ) -> None:
        super().__init__(ndim, factor)
        self.kernel = kernel
        self.project = keep_or_project(ndim, channels)
        self.compress = nn.Conv2d(channels[0], 64, 1)
        self.encode = nn.Conv2d(64, (factor * kernel) ** 2, 3, padding=1)

    def kernels(self, features: Tensor) -> Tensor:
        """(B, D, H, W) -> weights (B, k², s·H, s·W) that sum to 1 over k²."""
        weights = depth_to_space(self.encode(self.compress(features)), self.factor)
        return weights.softmax(dim=1)

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        weights = crop(self.kernels(features), size)
        around = neighbourhoods(self.project(features), self.kernel)
        width, taps = around.shape[1:3]
        nearest = nn.Upsample(scale_factor=self.factor, mode="nearest")
        around = crop(nearest(around.flatten(1, 2)), size).unflatten(1, (width, taps))
        out: Tensor = (around * weights[:, None]).sum(dim=2)
        return out


@UPSAMPLERS.register("meta")
class MetaUpscale(nn.Module):
    """Any real factor: the weights of every output position are computed from where it falls.

    Source: Hu et al., "Meta-SR", CVPR 2019: position i reads the 3×3 patch around ⌊i/s⌋ with the
    weights FC(ReLU(FC(v))), 256 hidden, v = (i/s − ⌊i/s⌋, j/s − ⌊j/s⌋, 1/s). Where the axes have
    different factors, 1/s is the geometric mean. That takes 9·D_in·D_out weights a position.
    """

    def __init__(self, ndim: int, channels: tuple[int, int]) -> None:
        super().__init__()
        if ndim != 2:
            raise RecipeError(f"meta has no form in {ndim}-D: use bilinear or transposed")
        self.out_channels = channels[1]
        n_weights = 9 * channels[0] * channels[1]
        self.weights = nn.Sequential(nn.Linear(3, 256), nn.ReLU(), nn.Linear(256, n_weights))

    def forward(self, features: Tensor, size: Sequence[int]) -> Tensor:
        # Whole numbers as long as possible: i·n/m rounded would now and then fall a row short.
        at = [
            torch.arange(m, device=features.device) * n
            for n, m in zip(features.shape[2:], size, strict=True)
        ]
        row, column = torch.meshgrid(*at, indexing="ij")
        scale = (features.shape[2] * features.shape[3] / (size[0] * size[1])) ** 0.5
        where = torch.stack(
            [row % size[0] / size[0], column % size[1] / size[1], torch.full_like(row / 1, scale)],
            -1,
        )
        weights = self.weights(where.to(features)).unflatten(-1, (-1, self.out_channels))
        around = neighbourhoods(features, 3).flatten(1, 2)
        around = around[..., row // size[0], column // size[1]]
        return torch.einsum("bnhw,hwno->bohw", around, weights)
