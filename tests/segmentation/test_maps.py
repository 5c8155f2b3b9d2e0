"""Maps of probabilities come back from their files as they went in, however they were cut."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vocalsep.segmentation.maps import npz_map, png_maps
from vocalsep.segmentation.tiles import Floats


def probabilities(rng: np.random.Generator, *size: int) -> Floats:
    return np.moveaxis(rng.dirichlet(np.ones(3), size), -1, 0).astype(np.float32)


@pytest.mark.parametrize(("n_bits", "most"), [(8, 255), (16, 65535)])
@pytest.mark.parametrize("cut", [1, 7, 40])
def test_grey_pngs(
    tmp_path: Path, rng: np.random.Generator, n_bits: int, most: int, cut: int
) -> None:
    wanted = probabilities(rng, 40, 25)
    wanted[:, 3, 5] = [1.0, 0.0, 0.0]
    paths = [tmp_path / f"{index}.png" for index in range(3)]
    with png_maps(paths, (40, 25), n_bits) as maps:
        for start in range(0, 40, cut):
            maps.write(wanted[:, start : start + cut])
    for path, values in zip(paths, wanted, strict=True):
        with Image.open(path) as image:
            assert image.mode == ("L" if n_bits == 8 else "I;16")
            got = np.asarray(image)
        np.testing.assert_array_equal(got, np.rint(values * most))
    assert sorted(tmp_path.iterdir()) == paths


def test_a_numpy_archive(tmp_path: Path, rng: np.random.Generator) -> None:
    wanted = probabilities(rng, 6, 5, 4)
    path = tmp_path / "maps.npz"
    with npz_map(path, (6, 5, 4), ["a", "b", "ç"]) as maps:
        maps.write(wanted[:, :4])
        maps.write(wanted[:, 4:])
    with np.load(path) as archive:
        assert archive["classes"].tolist() == ["a", "b", "ç"]
        got = archive["probabilities"]
    assert got.dtype == np.float16
    np.testing.assert_allclose(np.moveaxis(got, -1, 0), wanted, atol=5e-4)


def test_nothing_is_left_of_what_fails(tmp_path: Path) -> None:
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    with pytest.raises(RuntimeError), png_maps(paths, (4, 4), 8) as maps:
        maps.write(np.zeros((2, 2, 4), np.float32))
        raise RuntimeError
    with pytest.raises(RuntimeError), npz_map(tmp_path / "c.npz", (4, 4), ["a"]):
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_maps_are_not_held(tmp_path: Path) -> None:
    """A map of 40 MB is written with a few rows in memory."""
    rows = np.full((2, 50, 1000), 0.5, np.float32)
    tracemalloc.start()
    try:
        with png_maps([tmp_path / "a.png", tmp_path / "b.png"], (5000, 1000), 16) as maps:
            for _ in range(100):
                maps.write(rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * rows.nbytes
