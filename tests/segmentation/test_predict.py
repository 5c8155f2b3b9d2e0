"""A picture of any size and kind through the whole of tiles, views and CRF."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from tests.segmentation.models import colour_segmenter, thin_segmenter
from vocalsep.errors import DeviceError, VocalsepError
from vocalsep.segmentation.crf import dense_crf
from vocalsep.segmentation.options import CrfOptions, PredictOptions
from vocalsep.segmentation.predict import Pixels, Predictor, most_probable
from vocalsep.segmentation.tiles import Floats

FLOAT32 = PredictOptions(precision="float32")


def options(**changes: object) -> PredictOptions:
    return PredictOptions(**{"precision": "float32", **changes})  # type: ignore[arg-type]


def predictor(chosen: PredictOptions = FLOAT32, ndim: int = 2, tile: int = 32) -> Predictor:
    return Predictor(colour_segmenter(ndim, tile=tile), chosen, "cpu")


def whole(pixels: Pixels, ndim: int = 2) -> Floats:
    """The answer of the same network to all of a float picture at once."""
    picture = torch.from_numpy(np.moveaxis(pixels, -1, 0)[None].astype(np.float32))
    with torch.inference_mode():
        return colour_segmenter(ndim)(picture)[0].softmax(0).numpy()


@pytest.mark.parametrize("size", [(70, 45), (32, 32), (5, 90), (1, 1)])
@pytest.mark.parametrize(
    "chosen",
    [FLOAT32, options(overlap=0.0), options(window="linear"), options(flips="hv")],
    ids=["default", "no overlap", "linear", "flips"],
)
def test_any_size_is_one_picture(
    rng: np.random.Generator, size: tuple[int, int], chosen: PredictOptions
) -> None:
    pixels = rng.random((*size, 3)).astype(np.float32)
    got = predictor(chosen).probabilities(pixels)
    np.testing.assert_allclose(got, whole(pixels), atol=1e-5)
    np.testing.assert_array_equal(predictor(chosen).labels(pixels), whole(pixels).argmax(0))


def test_volumes_are_cut_along_three_axes(rng: np.random.Generator) -> None:
    pixels = rng.random((20, 9, 30, 3)).astype(np.float32)
    got = predictor(options(flips="hvd"), ndim=3, tile=12).probabilities(pixels)
    np.testing.assert_allclose(got, whole(pixels, 3), atol=1e-5)


@pytest.mark.parametrize(("kind", "most"), [(np.uint8, 255), (np.uint16, 65535)])
def test_integers_count_from_nothing_to_their_greatest(kind: type, most: int) -> None:
    pixels = np.array([[[0, most, 0], [most, 0, 0], [most, most, 0]]], kind)
    np.testing.assert_array_equal(predictor().labels(pixels), [[2, 1, 0]])


def smooth_picture(height: int, width: int) -> npt.NDArray[np.float32]:
    """Red on one side, green on the other, soft in between."""
    across = np.linspace(0, 1, width, dtype=np.float32)
    row = np.stack([across, 1 - across, 0 * across], axis=-1)
    return np.broadcast_to(row, (height, width, 3))


def test_scales_agree_on_a_smooth_picture() -> None:
    pixels = smooth_picture(50, 120)
    got = predictor(options(scales=(0.5, 1.0, 1.75))).probabilities(pixels)
    assert got.shape == (3, 50, 120)
    assert np.abs(got - whole(pixels)).max() < 0.05
    np.testing.assert_allclose(got.sum(0), 1.0, atol=1e-5)


def test_the_network_sees_tiles_of_its_size_at_every_scale() -> None:
    segmenter, seen = colour_segmenter(tile=32), set()
    segmenter.backbone.register_forward_hook(
        lambda module, inputs, output: seen.add(tuple(inputs[0].shape))
    )
    chosen = options(scales=(0.5, 2.0))
    Predictor(segmenter, chosen, "cpu").labels(np.zeros((200, 150, 3), np.uint8))
    assert seen == {(1, 3, 32, 32)}


def test_the_crf_gets_the_picture_in_steps_of_eight_bits(rng: np.random.Generator) -> None:
    crf = CrfOptions(n_iterations=3)
    pixels = rng.integers(0, 256, (20, 40, 3)).astype(np.uint8)
    got = predictor(options(crf=crf)).probabilities(pixels)
    plain = predictor().probabilities(pixels)
    np.testing.assert_allclose(got, dense_crf(plain, pixels, crf), atol=1e-4)
    assert np.abs(got - plain).max() > 0.05


def test_rows_come_before_the_picture_is_done() -> None:
    calls: list[float] = []
    rows = predictor().rows(np.zeros((320, 32, 3), np.uint8), calls.append)
    next(rows)
    assert 0 < calls[-1] < 0.2
    list(rows)
    assert calls == sorted(calls)
    assert calls[-1] == 1.0


def test_bfloat16_is_near_float32(rng: np.random.Generator) -> None:
    pixels = rng.random((40, 40, 3)).astype(np.float32)
    exact = Predictor(thin_segmenter(), FLOAT32, "cpu").probabilities(pixels)
    rough = Predictor(thin_segmenter(), PredictOptions(precision="bfloat16"), "cpu")
    deviation = np.abs(rough.probabilities(pixels) - exact)
    assert 0 < deviation.max() < 0.1
    assert (most_probable(exact) == rough.labels(pixels)).mean() > 0.97


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scales": (0.0,)}, "scales"),
        ({"scales": ()}, "scales"),
        ({"flips": "x"}, "flips 'x': expected some of the letters 'hv'"),
        ({"flips": "d"}, "flips 'd'"),
        ({"flips": "hh"}, "flips 'hh'"),
        ({"overlap": 1.0}, "overlap of 1.0"),
    ],
)
def test_impossible_options_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(VocalsepError, match=message):
        predictor(options(**changes))


@pytest.mark.parametrize("shape", [(3, 3), (3, 3, 4), (0, 3, 3), (2, 3, 3, 3)])
def test_other_arrays_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(VocalsepError, match=r"expected a picture|takes 3"):
        list(predictor().rows(np.zeros(shape, np.uint8)))


def test_no_thread_is_no_choice() -> None:
    with pytest.raises(DeviceError, match="0 threads"):
        Predictor(colour_segmenter(), FLOAT32, "cpu", 0)


def test_running_out_of_memory_is_one_line() -> None:
    segmenter = colour_segmenter()

    def full(*arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    segmenter.backbone.register_forward_hook(full)
    with pytest.raises(DeviceError, match="out of memory on cpu with tiles of 32 × 32"):
        Predictor(segmenter, FLOAT32, "cpu").labels(np.zeros((40, 40, 3), np.uint8))


def test_other_errors_of_a_network_are_not_hidden() -> None:
    segmenter = colour_segmenter()

    def broken(*arguments: object) -> None:
        raise RuntimeError("shape mismatch")

    segmenter.backbone.register_forward_hook(broken)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        Predictor(segmenter, FLOAT32, "cpu").labels(np.zeros((40, 40, 3), np.uint8))


def test_values_of_any_range_are_shades_for_the_crf(rng: np.random.Generator) -> None:
    """A volume with large numbers and the same picture in 0…1 are refined alike."""
    crf = options(crf=CrfOptions(n_iterations=2))
    pixels = rng.random((10, 10, 3)).astype(np.float32)
    pixels[0, 0], pixels[0, 1] = 0.0, 1.0
    segmenter = colour_segmenter(tile=10)
    first = Predictor(segmenter, crf, "cpu").probabilities(pixels)
    segmenter.backbone.register_forward_pre_hook(lambda module, inputs: (inputs[0] / 1000,))
    second = Predictor(segmenter, crf, "cpu").probabilities(1000 * pixels)
    np.testing.assert_allclose(first, second, atol=1e-3)
