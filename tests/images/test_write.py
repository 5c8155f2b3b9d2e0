"""Pictures written come back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vocalsep.errors import OutputError
from vocalsep.images.read import read_picture
from vocalsep.images.write import FORMATS, write_picture


@pytest.mark.parametrize("suffix", FORMATS)
def test_colour_and_grey_come_back(tmp_path: Path, suffix: str) -> None:
    ramp = np.add.outer(np.arange(40), 2 * np.arange(60)).astype(np.uint8)
    colour = np.stack([ramp, ramp[::-1], ramp // 2], -1)
    path = tmp_path / "deep" / f"a{suffix.upper()}"
    write_picture(path, colour)
    assert np.abs(read_picture(path).pixels.astype(int) - colour).mean() < 3
    write_picture(path, ramp)
    assert np.abs(read_picture(path, 1).pixels[..., 0].astype(int) - ramp).mean() < 2
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_come_back(tmp_path: Path, rng: np.random.Generator, suffix: str) -> None:
    deep = rng.integers(0, 65536, (5, 6), np.uint16)
    write_picture(tmp_path / f"a{suffix}", deep)
    assert np.array_equal(read_picture(tmp_path / f"a{suffix}", 1).pixels[..., 0], deep)


def test_lossless_ones_are(tmp_path: Path, rng: np.random.Generator) -> None:
    pixels = rng.integers(0, 256, (9, 8, 3), np.uint8)
    for suffix in (".png", ".tiff"):
        write_picture(tmp_path / f"a{suffix}", pixels[:, ::-1])
        assert np.array_equal(read_picture(tmp_path / f"a{suffix}").pixels, pixels[:, ::-1])


def test_what_a_format_cannot_hold(tmp_path: Path) -> None:
    wide = np.zeros((1, 70_000, 3), np.uint8)
    for name, pixels in (("a.jpg", wide), ("a.webp", wide), ("a.jpg", wide[..., 0])):
        deep = pixels.astype(np.uint16) if pixels.ndim == 2 else pixels  # JPEG has 8 bits
        with pytest.raises(OutputError, match=r"cannot hold 70000 × 1 .* expected another format"):
            write_picture(tmp_path / name, deep)
    for name in ("a.xyz", "a"):
        with pytest.raises(OutputError, match=r"expected \.png"):
            write_picture(tmp_path / name, wide)
    assert not list(tmp_path.iterdir())
