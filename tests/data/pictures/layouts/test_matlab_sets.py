"""Data sets whose labels lie in MATLAB files: SBD and EgoHands."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pictures import save_picture
from vocalsep.data.pictures.layouts import Wanted, read_pictures
from vocalsep.data.pictures.pair import read_pair
from vocalsep.errors import DataError

scipy_io = pytest.importorskip("scipy.io")


@pytest.fixture
def sbd(tmp_path: Path) -> Path:
    save_picture(tmp_path / "img" / "a.jpg", (3, 4))
    (tmp_path / "cls").mkdir()
    labels = np.array([[0, 1, 20, 255]] * 3, np.uint8)
    scipy_io.savemat(tmp_path / "cls" / "a.mat", {"GTcls": {"Segmentation": labels}})
    (tmp_path / "train.txt").write_text("a\n")
    return tmp_path


def test_sbd(sbd: Path) -> None:
    found = read_pictures(sbd)
    assert (found.layout, len(found.classes)) == ("sbd", 21)
    assert read_pair(found.pairs[0])[1].tolist() == [[0, 1, 20, 255]] * 3


def test_sbd_without_its_structure(sbd: Path) -> None:
    pair = read_pictures(sbd).pairs[0]
    scipy_io.savemat(pair.labels, {"GTinst": 1})
    with pytest.raises(DataError, match=r"a\.mat: lacks GTcls\.Segmentation"):
        read_pair(pair)
    pair.labels.unlink()
    with pytest.raises(DataError, match="no set of pictures"):
        read_pictures(sbd)


@pytest.fixture
def egohands(tmp_path: Path) -> Path:
    for video in ("CARDS_OFFICE_B_S", "CHESS_COURTYARD_B_T"):
        folder = tmp_path / "_LABELLED_SAMPLES" / video
        polygons = np.zeros(
            (1, 2), [(hand, object) for hand in ("myleft", "myright", "yourleft", "yourright")]
        )
        square = np.array([[2, 3], [4, 3], [4, 5], [2, 5]], float)  # x, y from 1 on
        polygons[0, 0] = (square, np.zeros((0, 0)), np.zeros((0, 0)), square + np.array([5, 0]))
        polygons[0, 1] = tuple(np.zeros((0, 0)) for _ in range(4))
        for number in (11, 40):
            save_picture(folder / f"frame_{number:04d}.jpg", (8, 12))
        scipy_io.savemat(folder / "polygons.mat", {"polygons": polygons})
    return tmp_path


def test_egohands_fills_the_outlines(egohands: Path) -> None:
    found = read_pictures(egohands)
    assert found.layout == "egohands"
    assert found.classes[1] == "my left hand"
    assert [pair.name for pair in found.pairs][:2] == [
        "CARDS_OFFICE_B_S/frame_0011",
        "CARDS_OFFICE_B_S/frame_0040",
    ]
    _, labels = read_pair(pickle.loads(pickle.dumps(found.pairs[0])))
    expected = np.zeros((8, 12), np.uint8)
    expected[2:5, 1:4] = 1
    expected[2:5, 6:9] = 4
    assert np.array_equal(labels, expected)
    assert not read_pair(found.pairs[1])[1].any()


def test_egohands_is_divided_by_lists_of_videos(egohands: Path) -> None:
    (egohands / "val.txt").write_text("CHESS_COURTYARD_B_T\n")
    assert len(read_pictures(egohands, wanted=Wanted("val")).pairs) == 2
    (egohands / "val.txt").write_text("CHESS\n")
    with pytest.raises(DataError, match=r"val\.txt: lists the video CHESS"):
        read_pictures(egohands, wanted=Wanted("val"))


def test_egohands_damaged(egohands: Path) -> None:
    folder = egohands / "_LABELLED_SAMPLES" / "CARDS_OFFICE_B_S"
    save_picture(folder / "frame_0099.jpg", (8, 12))
    pair = read_pictures(egohands).pairs[2]
    with pytest.raises(DataError, match="has outlines of 2 frames"):
        read_pair(pair)
    scipy_io.savemat(folder.with_name("CHESS_COURTYARD_B_T") / "polygons.mat", {"polygons": 1})
    with pytest.raises(DataError, match="lacks the structure polygons"):
        read_pair(read_pictures(egohands).pairs[-1])
    (folder / "polygons.mat").unlink()
    with pytest.raises(DataError, match=r"lacks polygons\.mat"):
        read_pictures(egohands)
