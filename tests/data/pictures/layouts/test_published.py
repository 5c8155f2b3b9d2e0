"""Published data sets, on small made copies of how they lie."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import save_labels, save_picture
from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.layouts import (
    GUESSES,
    PICTURE_LAYOUTS,
    Wanted,
    guess_picture_layout,
    read_pictures,
)
from vocalsep.data.pictures.layouts.coco_stuff import CLASSES as COCO_CLASSES
from vocalsep.data.pictures.layouts.coco_stuff import IDS
from vocalsep.data.pictures.pair import read_pair
from vocalsep.errors import DataError

SIZE = (4, 5)


def labels_of(*values: int, dtype: type[np.integer] = np.uint8) -> np.ndarray:
    """A map of SIZE with `values` first, filled up with the last one."""
    flat = np.full(SIZE[0] * SIZE[1], values[-1], dtype)
    flat[: len(values)] = values
    return flat.reshape(SIZE)


def voc(root: Path) -> None:
    for name in ("a", "b", "c", "d"):
        save_picture(root / "JPEGImages" / f"{name}.jpg", SIZE)
    for name in ("a", "b"):
        path = root / "SegmentationClass" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        indexed = Image.fromarray(labels_of(0, 15, 20, 255), "P")
        indexed.putpalette(bytes(range(256)) * 3)
        indexed.save(path)
    for name in ("a", "c"):
        save_labels(root / "SegmentationClassAug" / f"{name}.png", labels_of(7))
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("a\n")
    (lists / "val.txt").write_text("b\n\n")
    (lists / "trainaug.txt").write_text("a\nc\n")
    (lists / "aug_paths.txt").write_text("/JPEGImages/c.jpg /SegmentationClassAug/c.png\n")


def cityscapes(root: Path) -> None:
    for split, city in (("train", "ulm"), ("train", "aachen"), ("val", "lindau")):
        stem = f"{city}_000000_000019"
        save_picture(root / "leftImg8bit" / split / city / f"{stem}_leftImg8bit.png", SIZE)
        folder = root / "gtFine" / split / city
        save_labels(folder / f"{stem}_gtFine_labelIds.png", labels_of(7, 8, 33, 0, 255))
        save_labels(folder / f"{stem}_gtFine_instanceIds.png", labels_of(7))
    save_picture(root / "leftImg8bit/train_extra/ulm/ulm_000000_000001_leftImg8bit.png", SIZE)
    coarse = root / "gtCoarse/train_extra/ulm/ulm_000000_000001_gtCoarse_labelIds.png"
    save_labels(coarse, labels_of(26))


def mapillary(root: Path) -> None:
    labels = [
        {"readable": "Bird", "color": [165, 42, 42], "evaluate": True},
        {"readable": "Ego Vehicle", "color": [1, 2, 3], "evaluate": False},
        {"readable": "Road", "color": [128, 64, 128], "evaluate": True},
    ]
    (root / "config.json").write_text(json.dumps({"labels": labels}))
    save_picture(root / "training" / "images" / "a.jpg", SIZE)
    save_labels(root / "training" / "labels" / "a.png", labels_of(0, 1, 2))
    save_picture(root / "validation" / "images" / "b.jpg", SIZE)
    instances = labels_of(5, 256 + 1, 2 * 256, dtype=np.uint16)
    save_labels(root / "validation" / "instances" / "b.png", instances)


def sunrgbd(root: Path) -> None:
    for number in (1, 2):
        save_picture(root / "SUNRGBD-train_images" / f"img-{number:06d}.jpg", SIZE)
        save_labels(
            root / "sunrgbd_train_test_labels" / f"img-{5050 + number:06d}.png",
            labels_of(0, 1, 37),
        )
    save_picture(root / "SUNRGBD-test_images" / "img-000001.jpg", SIZE)
    save_labels(root / "sunrgbd_train_test_labels" / "img-000001.png", labels_of(5))


def coco_stuff(root: Path) -> None:
    for split in ("train2017", "val2017"):
        save_picture(root / "images" / split / "000000000009.jpg", SIZE)
        path = root / "annotations" / split / "000000000009.png"
        save_labels(path, labels_of(0, 89, 91, 181, 255))


def coco_panoptic(root: Path) -> None:
    ids = [5, 256 * 7, 65536 * 9 + 1, 0]
    colours = np.array([[n & 255, n >> 8 & 255, n >> 16] for n in ids], np.uint8)
    categories = [
        {"id": 200, "name": "rug", "isthing": 0},
        {"id": 1, "name": "person", "isthing": 1},
        {"id": 90, "name": "toothbrush", "isthing": 1},
    ]
    for split in ("train2017", "val2017"):
        segments = [
            {"id": number, "category_id": category, "iscrowd": 0}
            for number, category in zip(ids, (90, 200, 1), strict=False)
        ]
        told = {
            "categories": categories,
            "annotations": [{"file_name": "7.png", "image_id": 7, "segments_info": segments}],
        }
        save_picture(root / split / "7.jpg", SIZE)
        save_labels(
            root / f"annotations/panoptic_{split}" / "7.png", colours[labels_of(0, 1, 2, 3)]
        )
        (root / f"annotations/panoptic_{split}.json").write_text(json.dumps(told))


Make = Callable[[Path], None]
#: Layout -> how to make one, names of train, and the first labels of its first picture.
SETS: dict[str, tuple[Make, list[str], list[int]]] = {
    "voc": (voc, ["a"], [0, 15, 20, IGNORE]),
    "cityscapes": (
        cityscapes,
        ["aachen_000000_000019", "ulm_000000_000019"],
        [0, 1, 18, IGNORE, IGNORE],
    ),
    "mapillary": (mapillary, ["a"], [0, IGNORE, 1]),
    "sunrgbd": (sunrgbd, ["005051", "005052"], [IGNORE, 0, 36]),
    "coco_stuff": (coco_stuff, ["000000000009"], [0, 79, 80, 170, IGNORE]),
    "coco_panoptic": (coco_panoptic, ["7"], [1, 2, 0, IGNORE]),
}


@pytest.mark.parametrize("name", SETS)
class TestPublished:
    @pytest.fixture
    def root(self, name: str, tmp_path: Path) -> Path:
        SETS[name][0](tmp_path)
        return tmp_path

    def test_it_is_guessed_and_read(self, name: str, root: Path) -> None:
        _, names, first = SETS[name]
        found = read_pictures(root)
        assert found.layout == name == guess_picture_layout(root)
        assert [pair.name for pair in found.pairs] == names
        assert len(found.classes) == len(set(found.classes)) == len(found.palette)
        pixels, labels = read_pair(found.pairs[0])
        assert pixels.shape == (*SIZE, 3)
        assert labels.ravel()[: len(first)].tolist() == first

    def test_splits(self, name: str, root: Path) -> None:
        other = "test" if name == "sunrgbd" else "val"
        assert len(read_pictures(root, wanted=Wanted(f"train+{other}")).pairs) > len(SETS[name][1])
        with pytest.raises(DataError, match=r"no split 'vall': (did you mean|choose one of)"):
            read_pictures(root, wanted=Wanted("vall"))

    def test_classes_are_known_by_name(self, name: str, root: Path) -> None:
        whole = read_pictures(root)
        last = read_pictures(root, wanted=Wanted("train", whole.classes[-1:]))
        assert last.classes == whole.classes[-1:]
        assert last.palette == whole.palette[-1:]
        of_whole, of_last = read_pair(whole.pairs[0])[1], read_pair(last.pairs[0])[1]
        expected = np.where(of_whole == len(whole.classes) - 1, 0, IGNORE)
        assert np.array_equal(of_last, expected)
        with pytest.raises(DataError, match="no class 'unicorn'"):
            read_pictures(root, wanted=Wanted("train", ["unicorn"]))

    def test_a_missing_label_map_is_named(self, name: str, root: Path) -> None:
        pair = read_pictures(root).pairs[0]
        pair.labels.unlink()
        if name in {"voc", "coco_stuff", "mapillary"}:  # otherwise an empty folder remains
            save_labels(pair.labels.with_name("other.png"), labels_of(0))
        if name == "voc":
            (root / "SegmentationClassAug" / "a.png").unlink()
        with pytest.raises(DataError, match="it has no label map; expected"):
            read_pictures(root, name)

    def test_values_of_no_class_are_named(self, name: str, root: Path) -> None:
        pair = read_pictures(root).pairs[0]
        if name == "coco_panoptic":
            save_labels(pair.labels, np.full((*SIZE, 3), 200, np.uint8))
        else:
            save_labels(pair.labels, labels_of(0, 254))
        with pytest.raises(DataError, match=rf"{pair.labels.name}: its pixels have the values"):
            read_pair(pair)


def test_every_layout_can_be_guessed() -> None:
    assert sorted(GUESSES) == PICTURE_LAYOUTS.names()
    assert {*SETS, "folder", "sbd", "egohands"} <= set(GUESSES)
    assert all(PICTURE_LAYOUTS.build(name, {}).summary for name in GUESSES)


def test_voc_prefers_its_own_label_maps(tmp_path: Path) -> None:
    voc(tmp_path)
    found = read_pictures(tmp_path, wanted=Wanted("trainaug"))
    assert [pair.labels.parent.name for pair in found.pairs] == [
        "SegmentationClass",
        "SegmentationClassAug",
    ]
    assert [p.name for p in read_pictures(tmp_path, wanted=Wanted("aug_paths")).pairs] == ["c"]
    (tmp_path / "ImageSets/Segmentation/train.txt").write_text("zebra\n")
    with pytest.raises(DataError, match=r"train\.txt: lists zebra"):
        read_pictures(tmp_path)


def test_cityscapes_coarse(tmp_path: Path) -> None:
    cityscapes(tmp_path)
    pair = read_pictures(tmp_path, wanted=Wanted("train_extra")).pairs[0]
    assert np.array_equal(read_pair(pair)[1], labels_of(13))


def test_mapillary_instances_and_version_2(tmp_path: Path) -> None:
    mapillary(tmp_path)
    pair = read_pictures(tmp_path, wanted=Wanted("val")).pairs[0]
    assert read_pair(pair)[1].ravel()[:3].tolist() == [0, IGNORE, 1]
    newer = [{"readable": "Tunnel", "color": [0, 0, 0], "evaluate": True}]
    (tmp_path / "config_v2.0.json").write_text(json.dumps({"labels": newer}))
    assert read_pictures(tmp_path).classes == ("Bird", "Road")  # its label maps are not there
    save_labels(tmp_path / "training" / "v2.0" / "labels" / "a.png", labels_of(0))
    found = read_pictures(tmp_path)
    assert found.classes == ("Tunnel",)
    assert not read_pair(found.pairs[0])[1].any()


@pytest.mark.parametrize("text", ["", "[]", '{"labels": [{"readable": "x"}]}'])
def test_a_damaged_config(tmp_path: Path, text: str) -> None:
    mapillary(tmp_path)
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(DataError, match=r"config\.json: expected a list of labels"):
        read_pictures(tmp_path)


def test_sunrgbd_pictures_may_be_numbered_as_their_labels(tmp_path: Path) -> None:
    sunrgbd(tmp_path)
    folder = tmp_path / "SUNRGBD-train_images"
    for number in (1, 2):
        (folder / f"img-{number:06d}.jpg").rename(folder / f"img-{number + 5050:06d}.jpg")
    assert [pair.name for pair in read_pictures(tmp_path).pairs] == ["005051", "005052"]
    save_picture(folder / "cover.jpg", SIZE)
    with pytest.raises(DataError, match=r"cover\.jpg: expected a name such as img-000001"):
        read_pictures(tmp_path)


def test_names_of_coco_stuff_belong_to_their_ids() -> None:
    """Places in the published list of 182."""
    assert len(COCO_CLASSES) == len(IDS) == 171
    names = dict(zip(IDS, COCO_CLASSES, strict=True))
    for number, name in {1: "person", 13: "stop sign", 31: "handbag", 70: "toilet",
                         84: "book", 90: "toothbrush", 92: "banner", 100: "cardboard",
                         119: "flower", 149: "road", 169: "tree", 182: "wood"}.items():  # fmt: skip
        assert names[number] == name


def test_coco_stuff_archives_side_by_side(tmp_path: Path) -> None:
    coco_stuff(tmp_path)
    (tmp_path / "annotations").rename(tmp_path / "stuffthingmaps")
    (tmp_path / "images" / "train2017").rename(tmp_path / "train2017")
    (tmp_path / "images" / "val2017").rename(tmp_path / "val2017")
    assert len(read_pictures(tmp_path, wanted=Wanted("train+val")).pairs) == 2


def test_panoptic_segments_are_of_their_picture_alone(tmp_path: Path) -> None:
    coco_panoptic(tmp_path)
    path = tmp_path / "annotations/panoptic_train2017.json"
    told = json.loads(path.read_text())
    other = [{"id": 5, "category_id": 1}, {"id": 9, "category_id": 1}]
    told["annotations"].append({"file_name": "8.png", "segments_info": other})
    path.write_text(json.dumps(told))
    save_picture(tmp_path / "train2017" / "8.jpg", SIZE)
    eight = np.zeros((*SIZE, 3), np.uint8)
    eight[..., 0] = 5
    save_labels(tmp_path / "annotations/panoptic_train2017/8.png", eight)
    found = read_pictures(tmp_path)
    assert found.classes == ("person", "toothbrush", "rug")
    assert not read_pair(found.pairs[1])[1].any()
    assert read_pair(found.pairs[0])[1][0, 0] == 1


@pytest.mark.parametrize("text", ["", "[]", '{"categories": [{"id": 1}], "annotations": []}'])
def test_a_damaged_panoptic_list(tmp_path: Path, text: str) -> None:
    coco_panoptic(tmp_path)
    (tmp_path / "annotations/panoptic_val2017.json").write_text(text)
    with pytest.raises(DataError, match=r"panoptic_val2017\.json: expected categories"):
        read_pictures(tmp_path, wanted=Wanted("val"))
