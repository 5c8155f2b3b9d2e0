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
    spectrogram,
    webp,
)


def decoded(data: bytes) -> np.ndarray:
    """(H, W, 3), by FFmpeg."""
    with av.open(io.BytesIO(data)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def test_a_picture_is_its_pixels() -> None:
    pixels = np.repeat(np.repeat(palette()[::64].reshape(2, 2, 3), 32, 0), 32, 1)
    seen = decoded(webp(pixels)).astype(int)
    assert seen.shape == (64, 64, 3)
    np.testing.assert_allclose(seen[16::32, 16::32], pixels[16::32, 16::32], atol=12)


@pytest.mark.parametrize("frequency", [200.0, 3000.0])
def test_a_tone_is_a_line_at_its_height(frequency: float) -> None:
    rate = 44100
    time = np.arange(rate) / rate
    tone = np.stack([np.sin(2 * np.pi * frequency * time)] * 2)
    tone[:, rate // 2 :] = 0.0
    image = decoded(spectrogram(tone, rate)).astype(int).sum(-1)
    assert image.shape == (N_ROWS, N_COLUMNS)
    row = int(image[:, N_COLUMNS // 4].argmax())
    share = np.log(frequency / LOWEST_HZ) / np.log(HIGHEST_HZ / LOWEST_HZ)
    assert row == pytest.approx(N_ROWS * (1 - share), abs=4)
    assert image[:, -8:].max() < palette()[0].sum() + 20  # silence


def test_short_sounds_have_a_picture() -> None:
    assert decoded(spectrogram(np.ones((1, 3)), 8000)).shape == (N_ROWS, N_COLUMNS, 3)
