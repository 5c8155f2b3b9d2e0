"""Label maps: raw numbers in, index PNGs out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vocalsep.errors import OutputError, UnreadablePicture
from vocalsep.images.labels import has_colours, pack, read_colours, read_labels, write_labels
from vocalsep.images.palette import voc_palette
from vocalsep.images.read import read_picture

MAP = np.array([[0, 1, 2], [3, 254, 255]], np.uint8)


def test_written_labels_are_indices_with_colours(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "labels.png"
    palette = voc_palette(256)
    write_labels(path, MAP, palette)
    assert np.array_equal(read_labels(path), MAP)
    shown = read_picture(path).pixels
    assert [tuple(c) for c in shown.reshape(-1, 3).tolist()] == [palette[v] for v in MAP.ravel()]
    write_labels(path, MAP, palette[:2])
    assert np.array_equal(read_labels(path), MAP)
    assert read_picture(path).pixels[1, 1].tolist() == [0, 0, 0]


def test_an_index_png_holds_256_classes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="257 classes"):
        write_labels(tmp_path / "a.png", MAP, voc_palette(257))
    with pytest.raises(ValueError, match="301 classes"):
        write_labels(tmp_path / "a.png", np.array([[300]]), voc_palette(3))
    with pytest.raises(ValueError, match="at most 256"):
        write_labels(tmp_path / "a.png", np.array([[-1]]), voc_palette(3))
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write_labels(tmp_path / "file" / "a.png", MAP, voc_palette(2))


def test_raw_numbers_of_every_kind(tmp_path: Path) -> None:
    def read(image: Image.Image, suffix: str = "png") -> np.ndarray:
        image.save(tmp_path / f"a.{suffix}")
        return read_labels(tmp_path / f"a.{suffix}")

    assert read(Image.fromarray(MAP)).tolist() == MAP.tolist()
    assert read(Image.fromarray(MAP * np.uint16(257))).tolist() == (MAP * np.uint16(257)).tolist()
    assert read(Image.fromarray(MAP.astype(np.int32) * 1000), "tif").max() == 255_000
    bits = read(Image.fromarray(MAP % 2 * np.uint8(255)).convert("1"))
    assert (bits.tolist(), bits.dtype) == ((MAP % 2).tolist(), np.uint8)
    assert read(Image.fromarray(MAP[..., None].repeat(3, 2))).tolist() == MAP.tolist()
    transparent = np.stack([MAP, MAP * 0 + 9], -1)
    assert read(Image.fromarray(transparent, "LA")).tolist() == MAP.tolist()


def test_colours_are_no_numbers_unless_asked(tmp_path: Path) -> None:
    rgb = np.array([[[1, 2, 3], [255, 255, 255]]], np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(rgb).save(path)
    with pytest.raises(UnreadablePicture, match="a picture in colours"):
        read_labels(path)
    assert read_colours(path).tolist() == [[1 + 2 * 256 + 3 * 65536, 2**24 - 1]]
    assert read_colours(path).dtype == np.uint32
    assert has_colours(path)
    Image.fromarray(MAP).save(path)
    assert not has_colours(path)
    assert pack(np.zeros((2, 5, 3), np.uint8)).shape == (2, 5)


def test_label_maps_of_no_use_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no")
    for read in (read_labels, read_colours, has_colours):
        with pytest.raises(UnreadablePicture, match="not a picture"):
            read(tmp_path / "a.png")


def test_the_voc_palette() -> None:
    """As the development kit's devkit_doc tells: aeroplane, bicycle, …, tv, and the void border."""
    palette = voc_palette(256)
    assert palette[:6] == [
        (0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0), (0, 0, 128), (128, 0, 128),
    ]  # fmt: skip
    assert palette[20] == (0, 64, 128)
    assert palette[255] == (224, 224, 192)
    assert len(set(palette)) == 256
