"""Plain folders of pictures and label maps, and what all layouts share."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import save_labels, save_picture
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.layouts import Wanted, guess_picture_layout, read_pictures
from vocalsep.data.pictures.layouts.folder import read_classes
from vocalsep.data.pictures.pair import read_pair
from vocalsep.errors import DataError, RecipeError

CLASSES = ("sky", "road", "car")
MAP = np.array([[0, 1, 2], [2, 1, 3]], np.uint8)  # 3 is void


def annot(root: Path) -> Path:
    for split, names in (("train", ["a", "b"]), ("val", ["c"])):
        for name in names:
            save_picture(root / split / f"{name}.webp", (2, 3))
            save_labels(root / f"{split}annot" / f"{name}.png", MAP)
    return root


def image_folders(root: Path) -> Path:
    for split, names in (("train", ["a", "b"]), ("val", ["c"])):
        for name in names:
            save_picture(root / "images" / split / f"{name}.jpg", (2, 3))
            save_labels(root / "masks" / split / f"{name}.png", MAP)
    return root


WANTED = Wanted("train", CLASSES, [3])


@pytest.mark.parametrize("make", [annot, image_folders])
def test_pictures_and_labels_are_found(tmp_path: Path, make: object) -> None:
    root = make(tmp_path)  # type: ignore[operator]
    assert guess_picture_layout(root) == "folder"
    found = read_pictures(root, wanted=WANTED)
    assert (found.layout, found.classes, len(found.palette)) == ("folder", CLASSES, 3)
    assert [pair.name for pair in found.pairs] == ["a", "b"]
    pixels, labels = read_pair(found.pairs[1])
    assert (pixels.shape, pixels.dtype) == ((2, 3, 3), np.uint8)
    assert labels.tolist() == [[0, 1, 2], [2, 1, IGNORE]]
    assert read_pair(found.pairs[0], 1)[0].shape == (2, 3, 1)
    both = read_pictures(root, "folder", Wanted("train+val", CLASSES))
    assert [pair.name for pair in both.pairs] == ["a", "b", "c"]
    assert read_pair(pickle.loads(pickle.dumps(found.pairs[0])))[1].tolist() == labels.tolist()


def test_an_undivided_set_is_for_training(tmp_path: Path) -> None:
    save_picture(tmp_path / "images" / "a.png", (2, 3))
    save_labels(tmp_path / "labels" / "a.png", MAP)
    assert len(read_pictures(tmp_path, wanted=WANTED).pairs) == 1
    with pytest.raises(DataError, match=r"no split 'val': .*train"):
        read_pictures(tmp_path, wanted=Wanted("val", CLASSES))


@pytest.mark.parametrize("ending", ["_mask", "_L"])
def test_names_of_label_maps_may_go_on(tmp_path: Path, ending: str) -> None:
    for name in "ab":
        save_picture(tmp_path / "images" / f"{name}.png", (2, 3))
        save_labels(tmp_path / "masks" / f"{name}{ending}.png", MAP)
    found = read_pictures(tmp_path, wanted=WANTED)
    assert [pair.labels.name for pair in found.pairs] == [f"a{ending}.png", f"b{ending}.png"]


def test_a_slice_of_a_split(tmp_path: Path) -> None:
    for number in range(10):
        save_picture(tmp_path / "images" / f"{number}.png", (2, 3))
        save_labels(tmp_path / "masks" / f"{number}.png", MAP)

    def names(split: str) -> str:
        pairs = read_pictures(tmp_path, wanted=Wanted(split, CLASSES)).pairs
        return "".join(pair.name for pair in pairs)

    assert names("train[:80%]") == "01234567"
    assert names("train[80%:]") == "89"
    assert names("train[-3:-1]+train[:1]") == "780"
    for split in ("train[", "train[a:]", "", "train[1]", "+"):
        with pytest.raises(DataError, match="cannot be understood"):
            names(split)
    with pytest.raises(DataError, match=r"train\[10:\] is empty"):
        names("train[10:]")
    with pytest.raises(DataError, match="no split 'trian'"):
        names("trian[:1]")


def test_classes_are_selected_and_ordered_by_name(tmp_path: Path) -> None:
    annot(tmp_path)
    (tmp_path / "classes.txt").write_text("sky\nroad\ncar\nstreet lamp\n")
    found = read_pictures(tmp_path, wanted=Wanted("train", ["car", "sky"]))
    assert found.classes == ("car", "sky")
    assert read_pair(found.pairs[0])[1].tolist() == [[1, IGNORE, 0], [0, IGNORE, IGNORE]]
    assert read_pictures(tmp_path).classes == (*CLASSES, "street lamp")
    with pytest.raises(DataError, match="no class 'raod': did you mean 'road'"):
        read_pictures(tmp_path, wanted=Wanted("train", ["raod"]))


def test_label_maps_in_colours(tmp_path: Path) -> None:
    annot(tmp_path)
    colours = np.array([[1, 2, 3], [128, 64, 128], [9, 9, 9], [0, 0, 0]], np.uint8)
    for name in "ab":
        save_labels(tmp_path / "trainannot" / f"{name}.png", colours[MAP])
    (tmp_path / "classes.txt").write_text("sky 1 2 3\nroad #804080\ncar\t9,9,9\n")
    found = read_pictures(tmp_path)
    assert found.palette == ((1, 2, 3), (128, 64, 128), (9, 9, 9))
    assert read_pair(found.pairs[0])[1].tolist() == [[0, 1, 2], [2, 1, IGNORE]]
    (tmp_path / "classes.txt").write_text("sky #010203\nroad #804080\nmoon #ffffff\n")
    with pytest.raises(DataError, match=r"a\.png.* 592137"):
        read_pair(read_pictures(tmp_path).pairs[0])
    (tmp_path / "classes.txt").unlink()
    with pytest.raises(DataError, match="a colour for each class"):
        read_pictures(tmp_path, wanted=WANTED)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "distinct names"),
        ("a\nb\na\n", "distinct names"),
        ("a #010203\nb\n", "in every line"),
        ("a 1 2 300\n", "in every line"),
    ],
)
def test_bad_lists_of_classes(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "classes.txt").write_text(text)
    with pytest.raises(DataError, match=says):
        read_classes(tmp_path / "classes.txt")
    (tmp_path / "classes.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="cannot be read"):
        read_classes(tmp_path / "classes.txt")


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_label_maps_of_turned_pictures(tmp_path: Path, orientation: int) -> None:
    """Drawn over what a viewer shows or over what is stored, they end up over the same pixels."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.repeat(MAP[:, :, None] * np.uint8(80), 3, axis=2)
    annot(tmp_path)
    Image.fromarray(stored).save(tmp_path / "val" / "c.png", exif=exif)
    (tmp_path / "val" / "c.webp").unlink()
    pair = read_pictures(tmp_path, wanted=Wanted("val", CLASSES, [3])).pairs[0]
    pixels, labels = read_pair(pair)
    assert pixels.shape == (3, 2, 3)
    expected = np.where(pixels[..., 0] == 240, IGNORE, pixels[..., 0] // 80)
    assert np.array_equal(labels, expected)
    save_labels(pair.labels, np.where(labels == IGNORE, 3, labels).astype(np.uint8))
    assert np.array_equal(read_pair(pair)[1], expected)


class TestBadInput:
    def test_wrong_values_name_the_file(self, tmp_path: Path) -> None:
        found = read_pictures(annot(tmp_path), wanted=Wanted("train", CLASSES))
        with pytest.raises(DataError, match=r"a\.png: .* values 3, .* expected 0 to 2, 255"):
            read_pair(found.pairs[0])

    def test_sizes_must_agree(self, tmp_path: Path) -> None:
        save_picture(annot(tmp_path) / "train" / "a.webp", (2, 4))
        with pytest.raises(DataError, match=r"a\.png: 3 × 2 pixels, expected 4 × 2 as a\.webp"):
            read_pair(read_pictures(tmp_path, wanted=WANTED).pairs[0])

    def test_a_missing_label_map(self, tmp_path: Path) -> None:
        (annot(tmp_path) / "trainannot" / "b.png").unlink()
        with pytest.raises(DataError, match=r"b\.webp: it has no label map; expected .*b\.png"):
            read_pictures(tmp_path, wanted=WANTED)

    def test_a_damaged_picture_or_label_map(self, tmp_path: Path) -> None:
        pair = read_pictures(annot(tmp_path), wanted=WANTED).pairs[0]
        pair.labels.write_bytes(b"")
        with pytest.raises(DataError, match=r"a\.png: an empty file"):
            read_pair(pair)
        pair.image.write_bytes(b"nothing")
        with pytest.raises(DataError, match=r"a\.webp: not a picture"):
            read_pair(pair)

    def test_unknown_split_layout_and_folder(self, tmp_path: Path) -> None:
        annot(tmp_path)
        with pytest.raises(DataError, match="no split 'trian': did you mean 'train'"):
            read_pictures(tmp_path, wanted=Wanted("trian", CLASSES))
        with pytest.raises(RecipeError, match="did you mean 'folder'"):
            read_pictures(tmp_path, "floder", WANTED)
        for layout in ("", "folder"):
            with pytest.raises(DataError, match="no such folder"):
                read_pictures(tmp_path / "none", layout, WANTED)

    def test_an_empty_folder_or_split(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match="no set of pictures"):
            read_pictures(tmp_path, wanted=WANTED)
        (tmp_path / "train").mkdir()
        (tmp_path / "trainannot").mkdir()
        with pytest.raises(DataError, match="the split train is empty"):
            read_pictures(tmp_path, wanted=WANTED)

    def test_unknown_classes(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"does not say what its classes are.*classes\.txt"):
            read_pictures(annot(tmp_path))
