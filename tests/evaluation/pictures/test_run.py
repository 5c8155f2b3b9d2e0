"""One picture: kept results, round trip, what does not fit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.evaluation.pictures.made import CLASSES, truth, write_estimates, write_set
from vocalsep.data.pictures.layouts import Wanted, read_pictures
from vocalsep.data.pictures.pair import Pair
from vocalsep.errors import DataError
from vocalsep.evaluation.pictures.methods import LabelFolderMethod, OneClassMethod, find_labels
from vocalsep.evaluation.pictures.run import (
    ALL,
    PictureSettings,
    evaluate_picture,
    most_frequent,
)
from vocalsep.evaluation.records import read_record, record_path
from vocalsep.images.labels import write_labels


@pytest.fixture
def pairs(tmp_path: Path) -> tuple[Pair, ...]:
    wanted = Wanted("val", CLASSES, ignore=[9])
    return read_pictures(write_set(tmp_path / "set"), "folder", wanted).pairs


@pytest.fixture
def settings(tmp_path: Path) -> PictureSettings:
    return PictureSettings(CLASSES, tmp_path / "out")


def test_a_perfect_estimate_and_its_file(
    pairs: tuple[Pair, ...], settings: PictureSettings, tmp_path: Path
) -> None:
    perfect = LabelFolderMethod("perfect", write_estimates(tmp_path / "perfect", 0))
    sky = OneClassMethod("sky alone", 0)
    outcome = evaluate_picture(pairs[0], [perfect, sky], settings)
    assert not outcome.failures
    first, second = outcome.records
    assert set(first.scores[ALL].values()) == {100.0}
    kept = truth(0) != 9
    assert second.scores[ALL]["accuracy"] == pytest.approx(100 * (truth(0)[kept] == 0).mean())
    again = read_record(record_path(settings.output, "perfect", "a"))
    assert again.labelled is not None and first.labelled is not None
    np.testing.assert_array_equal(again.labelled.counts, first.labelled.counts)
    np.testing.assert_allclose(again.labelled.boundary, first.labelled.boundary, atol=1e-5)
    assert again.labelled.counts.sum() == kept.sum()
    assert evaluate_picture(pairs[0], [perfect, sky], settings).n_kept == 2


def test_a_changed_file_class_or_code_is_done_again(
    pairs: tuple[Pair, ...], settings: PictureSettings, tmp_path: Path
) -> None:
    method = LabelFolderMethod("m", write_estimates(tmp_path / "m", 2))
    evaluate_picture(pairs[0], [method], settings)
    assert evaluate_picture(pairs[0], [method], settings).n_kept == 1
    renamed = replace(settings, classes=("x", "y", "z"))
    assert evaluate_picture(pairs[0], [method], renamed).n_kept == 0
    no_void = replace(pairs[0], codes=pairs[0].codes.select([0, 1, 2], [9, 2]))
    assert evaluate_picture(no_void, [method], renamed).n_kept == 0
    write_labels(tmp_path / "m" / "a.png", np.zeros((40, 60), np.uint8), [(1, 2, 3)])
    assert evaluate_picture(no_void, [method], renamed).n_kept == 0


def test_what_does_not_fit_is_told_and_the_others_go_on(
    pairs: tuple[Pair, ...], settings: PictureSettings, tmp_path: Path
) -> None:
    folder = write_estimates(tmp_path / "m", 0)
    good = OneClassMethod("sky", 0)
    for wrong, message in (
        (np.zeros((4, 6), np.uint8), r"shapes differ, (40, 60) and (4, 6)"),
        (np.full((40, 60), 7, np.uint8), "predicted labels from 7 to 7: expected 0 to 2"),
    ):
        write_labels(folder / "a.png", wrong, [(0, 0, 0)] * 8)
        outcome = evaluate_picture(pairs[0], [LabelFolderMethod("m", folder), good], settings)
        assert [record.method for record in outcome.records] == ["sky"]
        (line,) = outcome.failures
        assert line.startswith("m, a: the estimate does not fit") and message in line
    (folder / "b.png").unlink()
    outcome = evaluate_picture(pairs[1], [LabelFolderMethod("m", folder)], settings)
    assert "no label map of 'b' in it; expected b.png" in outcome.failures[0]
    pairs[2].labels.write_bytes(b"broken")
    assert "known format" in evaluate_picture(pairs[2], [good], settings).failures[0]


def test_where_label_maps_are_found(tmp_path: Path) -> None:
    (tmp_path / "any").mkdir()
    Image.new("L", (3, 3)).save(tmp_path / "any" / "x.png")
    assert find_labels(tmp_path, "x") == tmp_path / "any" / "x.png"
    (tmp_path / "z").mkdir()
    Image.new("L", (3, 3)).save(tmp_path / "z" / "labels.png")
    assert find_labels(tmp_path, "z") == tmp_path / "z" / "labels.png"
    with pytest.raises(DataError, match="it has no picture"):
        find_labels(tmp_path, "y")
    with pytest.raises(DataError, match="no such folder"):
        find_labels(tmp_path / "none", "y")


def test_the_most_frequent_class(pairs: tuple[Pair, ...]) -> None:
    assert most_frequent(pairs, 3) == 0  # more sky than road; void does not count
