"""Spectrogram files: readable by another decoder, tones at their height."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from vocalsep.evaluation.report.pictures import (
    HIGHEST_HZ,
    LOWEST_HZ,
    N_COLUMNS,
    N_ROWS,
    palette,
    png,
    spectrogram_png,
)


def decoded(data: bytes) -> np.ndarray:
    """(H, W, 3), by FFmpeg."""
    with av.open(io.BytesIO(data)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_a_png_is_its_indices(rng: np.random.Generator) -> None:
    indices = rng.integers(0, 256, (7, 5), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(png(indices, palette())), palette()[indices])


@pytest.mark.parametrize("frequency", [200.0, 3000.0])
def test_a_tone_is_a_line_at_its_height(frequency: float) -> None:
    rate = 44100
    time = np.arange(rate) / rate
    tone = np.stack([np.sin(2 * np.pi * frequency * time)] * 2)
    tone[:, rate // 2 :] = 0.0
    image = decoded(spectrogram_png(tone, rate)).astype(int).sum(-1)
    assert image.shape == (N_ROWS, N_COLUMNS)
    row = int(image[:, N_COLUMNS // 4].argmax())
    share = np.log(frequency / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ)
    assert row == pytest.approx(N_ROWS * (1 - share), abs=4)
    assert image[:, -1].max() == palette()[0].sum()  # silence


def test_short_sounds_have_a_picture() -> None:
    assert decoded(spectrogram_png(np.ones((1, 3)), 8000)).shape == (N_ROWS, N_COLUMNS, 3)
