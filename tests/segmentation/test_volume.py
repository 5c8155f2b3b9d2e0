"""Volumes: labels lie in space as the volume does, whatever its spacing and format."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.segmentation.models import Colours, thin_recipe
from vocalsep.errors import VocalsepError
from vocalsep.images.volume import read_volume_labels
from vocalsep.inference.cancel import CancelToken
from vocalsep.models.segmenter import Segmenter
from vocalsep.segmentation.options import OutputOptions, PredictOptions, SegmentOptions
from vocalsep.segmentation.plan import plan_segment
from vocalsep.segmentation.predict import Predictor
from vocalsep.segmentation.work import Segmented

Values = npt.NDArray[np.float32]


def predictor(spacing: list[float] | None = None, z_score: bool = False) -> Predictor:
    """Tells voxels by their first channel against their second."""
    recipe = thin_recipe(ndim=3, in_channels=2, tile=8)
    recipe = replace(recipe, pixels=replace(recipe.pixels, spacing=spacing or [], z_score=z_score))
    segmenter = Segmenter(recipe)
    segmenter.backbone = Colours()
    return Predictor(segmenter, PredictOptions(precision="float32"), "cpu")


def segmented(path: Path, model: Predictor, write: OutputOptions | None = None) -> Segmented:
    options = SegmentOptions((str(path),), str(path.parent / "out"), write=write or OutputOptions())
    plan = plan_segment(options, model)
    if plan.failures:
        raise plan.failures[0].error
    result = plan.works[0].run(lambda step: None, CancelToken())
    assert isinstance(result, Segmented)
    return result


def blocks(shape: tuple[int, int, int]) -> Values:
    """(2, *shape): an eighth of it is of class 1, another of class 2, the rest of neither."""
    values = np.zeros((2, *shape), np.float32)
    d, h, w = (n // 2 for n in shape)
    values[0, :d, :h, :w] = 1.0
    values[1, d:, h:, w:] = 1.0
    return values


def labels_of(values: Values) -> npt.NDArray[np.int64]:
    return values[0].astype(int) + 2 * values[1].astype(int)


def test_an_array_gives_an_array(tmp_path: Path) -> None:
    values = blocks((12, 20, 9))
    np.save(tmp_path / "scan.npy", values)
    result = segmented(tmp_path / "scan.npy", predictor())
    got = read_volume_labels(result.outputs["labels"])
    assert result.outputs["labels"].name == "scan.labels.npy"
    np.testing.assert_array_equal(got, labels_of(values))
    assert result.shares["red thing"] == pytest.approx(6 * 10 * 4 / (12 * 20 * 9), abs=1e-5)


def test_an_uneven_spacing_changes_nothing_unless_the_model_has_one(tmp_path: Path) -> None:
    values = blocks((12, 20, 10))
    np.save(tmp_path / "scan.npy", values)
    (tmp_path / "scan.json").write_text(json.dumps({"spacing": [3, 1, 1]}))
    got = segmented(tmp_path / "scan.npy", predictor()).outputs["labels"]
    np.testing.assert_array_equal(np.load(got), labels_of(values))
    assert json.loads(got.with_name("scan.labels.json").read_text()) == {"spacing": [3, 1, 1]}


def test_a_model_of_one_spacing_sees_volumes_at_it(tmp_path: Path) -> None:
    values = blocks((12, 20, 10))
    np.save(tmp_path / "scan.npy", values)
    (tmp_path / "scan.json").write_text(json.dumps({"spacing": [3, 1, 1]}))
    model, seen = predictor(spacing=[1.0, 1.0, 1.0]), []
    rows = model.rows

    def watched(pixels: Values, on_tile: object = None) -> object:
        seen.append(pixels.shape)
        return rows(pixels)

    model.rows = watched  # type: ignore[method-assign, assignment]
    got = np.load(segmented(tmp_path / "scan.npy", model).outputs["labels"])
    assert seen == [(36, 20, 10, 2)]
    assert got.shape == (12, 20, 10)
    assert (got == labels_of(values)).mean() > 0.98  # borders may move by half a voxel


def test_values_are_brought_to_one_scale_where_the_model_wants_it(tmp_path: Path) -> None:
    values = 1000.0 + 50.0 * blocks((12, 12, 12))
    np.save(tmp_path / "scan.npy", values)
    got = np.load(segmented(tmp_path / "scan.npy", predictor(z_score=True)).outputs["labels"])
    np.testing.assert_array_equal(got, labels_of(blocks((12, 12, 12))))


def test_nifti_keeps_its_place_in_space(tmp_path: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    values = blocks((12, 20, 10))
    affine = np.diag([-2.0, -2.0, 3.0, 1.0])
    affine[:3, 3] = [40.0, -7.0, 5.0]
    path = tmp_path / "scan.1.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.moveaxis(values, 0, -1), affine), path)
    output = segmented(path, predictor()).outputs["labels"]
    assert output.name == "scan.1.labels.nii.gz"
    image = nibabel.load(output)
    np.testing.assert_allclose(image.affine, affine)
    np.testing.assert_array_equal(np.asarray(image.dataobj), labels_of(values))


def test_probabilities_of_a_volume(tmp_path: Path) -> None:
    values = blocks((8, 9, 10))
    np.save(tmp_path / "scan.npy", values)
    write = OutputOptions(probabilities="npz")
    outputs = segmented(tmp_path / "scan.npy", predictor(), write).outputs
    with np.load(outputs["probabilities"]) as archive:
        maps = archive["probabilities"]
    assert maps.shape == (8, 9, 10, 3)
    np.testing.assert_array_equal(maps.argmax(-1), labels_of(values))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((4, 4), np.float32), "expected 3 axes"),
        (np.zeros((4, 4, 4), np.float32), "has 1 channels, the model"),
        (np.full((2, 4, 4, 4), np.nan, np.float32), "not finite"),
    ],
)
def test_other_arrays_are_refused(tmp_path: Path, values: Values, message: str) -> None:
    np.save(tmp_path / "scan.npy", values)
    with pytest.raises(VocalsepError, match=message):
        segmented(tmp_path / "scan.npy", predictor())


def test_what_else_cannot_be_had_of_a_volume(tmp_path: Path) -> None:
    np.save(tmp_path / "scan.npy", blocks((4, 4, 4)))
    with pytest.raises(VocalsepError, match="--probabilities npz can be written"):
        segmented(tmp_path / "scan.npy", predictor(), OutputOptions(contours="coco"))
    (tmp_path / "photo.png").write_bytes(b"")
    with pytest.raises(VocalsepError, match="segments volumes"):
        segmented(tmp_path / "photo.png", predictor())
