"""The dense CRF against its definition, computed by brute force over all pairs of pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import torch

from vocalsep.errors import VocalsepError
from vocalsep.segmentation.crf import dense_crf
from vocalsep.segmentation.lattice import Lattice
from vocalsep.segmentation.options import CrfOptions
from vocalsep.segmentation.tiles import Floats

Colours = npt.NDArray[np.uint8]
ALONE = CrfOptions(colour_weight=0.0)  # the kernel of place only


def brute_force(probabilities: Floats, colours: Colours, options: CrfOptions) -> Floats:
    """Mean field as defined, in float64."""
    n_classes, *size = probabilities.shape
    places = np.indices(size).reshape(len(size), -1).T.astype(float)
    shades = colours.reshape(len(places), -1).astype(float)
    apart_px = ((places[:, None] - places) ** 2).sum(-1)
    apart_steps = ((shades[:, None] - shades) ** 2).sum(-1)
    far = apart_px / options.colour_px**2 + apart_steps / options.colour_steps**2
    kernels = [
        (options.smooth_weight, np.exp(-0.5 * apart_px / options.smooth_px**2)),
        (options.colour_weight, np.exp(-0.5 * far)),
    ]
    log_p = np.log(probabilities.reshape(n_classes, -1).T.astype(float))
    q = softmax(log_p)
    for _ in range(options.n_iterations):
        scores = log_p.copy()
        for weight, kernel in kernels:
            n = 1 / np.sqrt(kernel.sum(1, keepdims=True))
            scores += weight * n * (kernel @ (n * q))
        q = softmax(scores)
    return q.T.reshape(probabilities.shape).astype(np.float32)


def softmax(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    raised = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(raised / raised.sum(1, keepdims=True))


def unsure(rng: np.random.Generator, *size: int, n_classes: int = 3) -> Floats:
    return np.moveaxis(rng.dirichlet(np.ones(n_classes), size), -1, 0).astype(np.float32)


def edge(rng: np.random.Generator, height: int, width: int) -> Colours:
    """Dark on the left, light on the right, a little noise."""
    grey = np.where(np.arange(width) < width // 2, 60, 180)[None, :, None]
    return (grey + rng.integers(-4, 5, (height, width, 3))).astype(np.uint8)


@pytest.mark.parametrize("smooth_px", [0.3, 1.0, 5.0])
@pytest.mark.parametrize("size", [(12, 12), (1, 30), (5, 6, 7)])
def test_the_kernel_of_place_is_exact(
    rng: np.random.Generator, size: tuple[int, ...], smooth_px: float
) -> None:
    probabilities = unsure(rng, *size)
    colours = np.zeros((*size, 1), np.uint8)
    options = replace(ALONE, smooth_px=smooth_px)
    got = dense_crf(probabilities, colours, options)
    np.testing.assert_allclose(got, brute_force(probabilities, colours, options), atol=2e-5)


def test_lines_longer_than_a_piece_have_no_seam(rng: np.random.Generator) -> None:
    probabilities = unsure(rng, 2, 300)
    colours = np.zeros((2, 300, 1), np.uint8)
    got = dense_crf(probabilities, colours, ALONE)
    np.testing.assert_allclose(got, brute_force(probabilities, colours, ALONE), atol=2e-5)


@pytest.mark.parametrize(
    ("options", "most"),
    [
        (CrfOptions(), 0.01),
        (CrfOptions(colour_weight=10, colour_px=80, colour_steps=13, smooth_px=3), 0.005),
        (CrfOptions(colour_px=5, colour_steps=10, smooth_weight=0), 0.02),
    ],
)
def test_near_the_definition_on_a_picture_with_an_edge(options: CrfOptions, most: float) -> None:
    """The lattice approximates; how far off it is was measured, the label hardly ever changes."""
    worst, n_agree = [], 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        probabilities, colours = unsure(rng, 12, 12), edge(rng, 12, 12)
        got = dense_crf(probabilities, colours, options)
        wanted = brute_force(probabilities, colours, options)
        worst.append(np.abs(got - wanted).mean())
        n_agree += int((got.argmax(0) == wanted.argmax(0)).sum())
    assert max(worst) < most
    assert n_agree >= 0.98 * 5 * 144


def test_weight_zero_returns_the_probabilities(rng: np.random.Generator) -> None:
    probabilities = unsure(rng, 9, 8)
    options = CrfOptions(smooth_weight=0.0, colour_weight=0.0)
    got = dense_crf(probabilities, edge(rng, 9, 8), options)
    np.testing.assert_allclose(got, probabilities, atol=1e-6)


def test_no_iteration_returns_the_probabilities(rng: np.random.Generator) -> None:
    probabilities = unsure(rng, 9, 8)
    got = dense_crf(probabilities, edge(rng, 9, 8), CrfOptions(n_iterations=0))
    np.testing.assert_allclose(got, probabilities, atol=1e-6)


def test_on_one_colour_the_second_kernel_only_smooths(rng: np.random.Generator) -> None:
    """Then place and colour are place alone, at the other width."""
    probabilities = unsure(rng, 12, 12)
    colours = np.full((12, 12, 3), 77, np.uint8)
    both = CrfOptions(smooth_weight=0.0, colour_weight=2.0, colour_px=2.0)
    place = CrfOptions(smooth_weight=2.0, smooth_px=2.0, colour_weight=0.0)
    got = dense_crf(probabilities, colours, both)
    wanted = dense_crf(probabilities, colours, place)
    assert np.abs(got - wanted).max() < 0.02
    assert np.abs(probabilities - wanted).max() > 0.1  # which is not what came in


def test_labels_move_to_the_edge_of_the_picture(rng: np.random.Generator) -> None:
    """A network that is wrong by three columns is put right where the colours change."""
    colours = edge(rng, 40, 40)
    left = np.where(np.arange(40) < 23, 0.8, 0.2).astype(np.float32)  # the edge is at 20
    probabilities = np.broadcast_to(np.stack([left, 1 - left])[:, None], (2, 40, 40))
    labels = dense_crf(probabilities, colours, CrfOptions()).argmax(0)
    np.testing.assert_array_equal(labels, np.broadcast_to(np.arange(40) >= 20, (40, 40)))


def test_a_lattice_filters_like_a_gaussian(rng: np.random.Generator) -> None:
    """Points all over the plane, compared after normalisation: the gain is arbitrary."""
    points = rng.random((400, 2)) * 6
    values = torch.from_numpy(np.sin(points).astype(np.float32))
    lattice = Lattice(points)
    got = lattice.filter(values) / lattice.filter(torch.ones(400, 1))
    kernel = np.exp(-0.5 * ((points[:, None] - points) ** 2).sum(-1))
    wanted = kernel @ values.numpy() / kernel.sum(1, keepdims=True)
    assert np.abs(got.numpy() - wanted).mean() < 0.02
    # A plain mean would be farther off by far.
    assert np.abs(values.mean(0).numpy() - wanted).mean() > 0.2


def test_shares_of_a_point_sum_to_one(rng: np.random.Generator) -> None:
    """What comes out of the lattice without blur is what went in: one corner alone per point."""
    points = rng.random((50, 5)) * 1000  # so far apart that nobody has a neighbour
    lattice = Lattice(points)
    ones = lattice.filter(torch.ones(50, 1))
    assert ones.min() > 0
    scaled = lattice.filter(3 * torch.ones(50, 1))
    torch.testing.assert_close(scaled, 3 * ones)


def test_widths_far_too_small_are_refused(rng: np.random.Generator) -> None:
    colours = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    with pytest.raises(VocalsepError, match="widths of the CRF are too small"):
        dense_crf(unsure(rng, 8, 8), colours, CrfOptions(colour_px=1e-4, colour_steps=1e-4))
