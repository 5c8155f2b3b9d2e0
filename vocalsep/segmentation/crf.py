"""Dense CRF: labels that follow the edges of the picture.

Every pixel is connected with every other; two that are near, or near and of one colour, are to
have the same label. Mean-field inference of Krähenbühl and Koltun, "Efficient Inference in Fully
Connected CRFs with Gaussian Edge Potentials", NIPS 2011:

    U  = −log p                                       p: the network's probabilities
    k₁ = exp(−½‖Δpos/σ₁‖²)                            place alone
    k₂ = exp(−½(‖Δpos/σα‖² + ‖Δcolour/σβ‖²))          place and colour
    nᵢ = 1 / √Σⱼ kᵢⱼ                                  symmetric normalisation, j = i included
    Qᵢ ∝ exp(−Uᵢ + Σₘ wₘ Σⱼ nᵢ kᵢⱼ nⱼ Qⱼ)             again and again, from Q = p

The first kernel is computed exactly (to 1e-8), the second on the permutohedral lattice.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from vocalsep.segmentation.lattice import Lattice
from vocalsep.segmentation.options import CrfOptions
from vocalsep.segmentation.tiles import Floats

#: (N, K) -> (N, K), N all pixels.
Filter: TypeAlias = Callable[[Tensor], Tensor]

_LEAST_PROBABILITY = 1e-10
#: Beyond this many σ a Gaussian is below 2e-8 and left out.
_REACH = 6.0
_PIECE = 128


def dense_crf(
    probabilities: Floats, colours: npt.NDArray[np.generic], options: CrfOptions
) -> Floats:
    """Refine the probabilities of a picture or volume by what it looks like.

    Args:
        probabilities: (K, *size).
        colours: (*size, C) the picture itself, in steps of 8 bits (0 … 255).
        options: kernels and iterations.

    Returns:
        (K, *size), summing to 1 over the classes.

    Raises:
        VocalsepError: widths too small for the picture.
    """
    n_classes, *size = probabilities.shape
    with torch.inference_mode():
        flat = torch.from_numpy(np.ascontiguousarray(probabilities)).reshape(n_classes, -1).T
        log_p = flat.clamp_min(_LEAST_PROBABILITY).log()
        messages = _messages(colours, options)
        q = log_p.softmax(dim=1)
        for _ in range(options.n_iterations if messages else 0):
            q = (log_p + sum(weight * send(q) for weight, send in messages)).softmax(dim=1)
        refined: Floats = q.T.reshape(n_classes, *size).numpy()
    return refined


def _messages(colours: npt.NDArray[np.generic], options: CrfOptions) -> list[tuple[float, Filter]]:
    """Each kernel with its weight, those of weight 0 left out."""
    size, found = colours.shape[:-1], []
    if options.smooth_weight:
        smooth = _smooth(size, options.smooth_px)
        found.append((options.smooth_weight, _normalised(smooth, size)))
    if options.colour_weight:
        places = np.indices(size, np.float64).reshape(len(size), -1).T / options.colour_px
        shades = colours.reshape(-1, colours.shape[-1]).astype(np.float64) / options.colour_steps
        lattice = Lattice(np.concatenate([places, shades], axis=1))
        found.append((options.colour_weight, _normalised(lattice.filter, size)))
    return found


def _normalised(kernel: Filter, size: tuple[int, ...]) -> Filter:
    """n·k·n of a kernel; whatever gain it has cancels."""
    n = kernel(torch.ones(int(np.prod(size)), 1)).clamp_min(1e-20).rsqrt()
    return lambda q: n * kernel(n * q)


def _smooth(size: tuple[int, ...], width_px: float) -> Filter:
    """A Gaussian along every axis of the picture."""
    reach = ceil(_REACH * width_px)
    # Lines are cut into pieces with `reach` on both sides; each is one product with this matrix.
    distance = torch.arange(_PIECE + 2 * reach)[:, None] - reach - torch.arange(_PIECE)
    taps = torch.exp(-0.5 * (distance / width_px) ** 2) * (distance.abs() <= reach)

    def along_last(lines: Tensor) -> Tensor:
        n = lines.shape[-1]
        padded = functional.pad(lines, (reach, -n % _PIECE + reach))
        pieces = padded.unfold(-1, _PIECE + 2 * reach, _PIECE).reshape(-1, _PIECE + 2 * reach)
        return (pieces @ taps).reshape(*lines.shape[:-1], -1)[..., :n]

    def smoothed(values: Tensor) -> Tensor:
        picture = values.T.reshape(-1, *size)
        for axis in range(1, picture.ndim):
            picture = along_last(picture.movedim(axis, -1)).movedim(-1, axis)
        return picture.reshape(values.shape[1], -1).T

    return smoothed
