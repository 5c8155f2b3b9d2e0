"""What a check of pictures finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.helpers.pictures import save_labels, save_picture
from vocalsep.data.pictures.check import check_pictures, every_split
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.layouts import Wanted
from vocalsep.errors import DataError

CLASSES = ("sky", "road", "car")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for seed, name in enumerate(("train/a", "train/b", "val/c")):
        split, stem = name.split("/")
        size = (4, 5 + seed)
        save_picture(tmp_path / split / f"{stem}.png", size, seed)
        labels = np.zeros(size, np.uint8)
        labels[0, :2] = 1, IGNORE
        save_labels(tmp_path / f"{split}annot" / f"{stem}.png", labels)
    return tmp_path


def test_a_good_set(root: Path) -> None:
    steps: list[tuple[int, int]] = []
    sets = every_split(root, "", Wanted("", CLASSES))
    report = check_pictures(sets, 1, lambda *step: steps.append(step))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert report.problems == report.remarks == []
    assert report.unseen("train") == ["car"]
    summary = report.summary()
    assert list(summary) == ["train", "val"]
    assert summary["train"] == {
        "pictures": 2, "smallest": [4, 5], "largest": [4, 6], "sizes": 2,
        "void": pytest.approx(2 / 44),
        "classes": {"sky": pytest.approx(40 / 42), "road": pytest.approx(2 / 42), "car": 0.0},
    }  # fmt: skip


def test_everything_that_is_wrong_is_told_at_once(root: Path) -> None:
    save_labels(root / "trainannot" / "a.png", np.full((4, 5), 7, np.uint8))
    (root / "val" / "c.png").write_bytes(b"")
    report = check_pictures(every_split(root, "folder", Wanted("", CLASSES)), 2)
    assert len(report.problems) == 2
    assert "a.png: its pixels have the values 7" in report.problems[0]
    assert "c.png: an empty file" in report.problems[1]
    assert report.summary()["val"]["smallest"] == []


def test_a_picture_in_two_splits_is_a_problem_twice_in_one_is_a_remark(root: Path) -> None:
    save_picture(root / "train" / "b.png", (4, 6), 7)
    for path in (root / "val", root / "train"):
        save_picture(path / "again.png", (4, 6), 7)
        save_labels(path.with_name(f"{path.name}annot") / "again.png", np.zeros((4, 6), np.uint8))
    report = check_pictures(every_split(root, "", Wanted("", CLASSES)), 1)
    assert report.remarks == ["b is the same picture as again"]
    assert report.problems == [
        "again of val is the same picture as again of train; remove one of them"
    ]


def test_void_pictures_are_remarked(root: Path) -> None:
    save_labels(root / "trainannot" / "a.png", np.full((4, 5), IGNORE, np.uint8))
    report = check_pictures(every_split(root, "", Wanted("train", CLASSES)), 1)
    assert report.remarks == ["a: 100% of its pixels are void"]


def test_classes_may_be_unknown(root: Path) -> None:
    report = check_pictures(every_split(root, "", Wanted("")), 1)
    assert len(report.classes) == IGNORE
    assert not report.problems
    assert report.unseen("train") == [str(n) for n in range(2, IGNORE)]


def test_what_is_not_there(root: Path) -> None:
    with pytest.raises(DataError, match="no split 'tests'"):
        every_split(root, "", Wanted("tests", CLASSES))
    with pytest.raises(DataError, match="nothing of the layout voc"):
        every_split(root, "voc", Wanted(""))
