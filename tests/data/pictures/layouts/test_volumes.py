"""Folders of volumes."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel
import numpy as np
import pytest

from vocalsep.data.pictures.layouts import Wanted, guess_picture_layout, read_pictures
from vocalsep.data.pictures.pair import read_pair_labels
from vocalsep.errors import DataError

LABELS = np.array([[[0, 1, 2], [2, 255, 1]]], np.uint8)


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, values)
    else:
        nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)


def decathlon(root: Path, n: int, labels: dict[str, object]) -> Path:
    for index in range(n):
        save(root / "imagesTr" / f"case_{index}_0000.nii.gz", LABELS.astype(np.float32))
        save(root / "labelsTr" / f"case_{index}.nii.gz", LABELS)
    (root / "dataset.json").write_text(json.dumps({"labels": labels}))
    return root


@pytest.mark.parametrize(
    "labels", [{"0": "air", "1": "bone", "2": "fat"}, {"air": 0, "fat": 2, "bone": 1}]
)
def test_one_part_is_folded(tmp_path: Path, labels: dict[str, object]) -> None:
    root = decathlon(tmp_path, 7, labels)
    assert guess_picture_layout(root) == "volumes"
    found = {split: read_pictures(root, "", Wanted(split)) for split in ("train", "val")}
    assert found["train"].classes == ("air", "bone", "fat")
    names = {split: [pair.name for pair in each.pairs] for split, each in found.items()}
    assert names == {
        "train": ["case_1", "case_2", "case_3", "case_4", "case_6"],
        "val": ["case_0", "case_5"],
    }
    pair = found["train"].pairs[0]
    assert pair.labels == root / "labelsTr" / "case_1.nii.gz"
    np.testing.assert_array_equal(read_pair_labels(pair), LABELS)


def test_splits_of_arrays_and_chosen_classes(tmp_path: Path) -> None:
    for split, n in (("train", 2), ("val", 1)):
        for index in range(n):
            save(tmp_path / "images" / split / f"{index}.npy", LABELS.astype(np.float32))
            save(tmp_path / "labels" / split / f"{index}.npy", LABELS)
    (tmp_path / "classes.txt").write_text("air\nbone\nfat\n")
    assert guess_picture_layout(tmp_path) == "volumes"
    found = read_pictures(tmp_path, "", Wanted("train+val", ["fat", "air"]))
    assert len(found.pairs) == 3
    read = read_pair_labels(found.pairs[0])
    np.testing.assert_array_equal(read, [[[1, 255, 0], [0, 255, 255]]])


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    root = decathlon(tmp_path, 2, {"air": 0, "bone": 1, "fat": 2})
    (root / "labelsTr" / "case_1.nii.gz").unlink()
    with pytest.raises(DataError, match=r"case_1_0000.nii.gz: it has no label map"):
        read_pictures(root)
    save(root / "imagesTr" / "case_0_0001.nii.gz", LABELS)
    with pytest.raises(DataError, match="channel in a file of its own"):
        read_pictures(root)
    (root / "imagesTr" / "case_0_0001.nii.gz").rename(root / "imagesTr" / "case_0.nii")
    with pytest.raises(DataError, match="expected one of them"):
        read_pictures(root)


@pytest.mark.parametrize("text", ["", "{}", '{"labels": {"air": 0, "fat": 2}}', '{"labels": 3}'])
def test_damaged_class_lists_are_told(tmp_path: Path, text: str) -> None:
    root = decathlon(tmp_path, 2, {})
    (root / "dataset.json").write_text(text)
    with pytest.raises(DataError, match='expected "labels"'):
        read_pictures(root)
