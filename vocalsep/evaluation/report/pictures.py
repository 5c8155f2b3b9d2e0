"""Pictures of the page as WebP files, a quarter of the size of PNG: spectrograms."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]

N_ROWS, N_COLUMNS = 150, 480
RANGE_DB = 75.0  # from black to white
QUALITY = 75  # of 100: no difference to be seen
LOWEST_HZ, HIGHEST_HZ = 60.0, 16_000.0
# Stops of the palette from silence to loud, evenly spaced (r, g, b): dark violet to pale yellow.
_STOPS = ((8, 6, 22), (54, 16, 96), (128, 30, 116), (206, 58, 92), (248, 130, 72), (252, 240, 180))


def spectrogram(signal: npt.NDArray[np.floating], sample_rate: int) -> bytes:
    """A spectrogram with logarithmic frequency, low notes at the bottom, as a WebP file.

    Args:
        signal: (C, N); channels are averaged. Full scale ±1: pictures of one song compare.
    """
    mono = np.asarray(signal, np.float64).mean(0)
    n_fft = 4096 if sample_rate > 24_000 else 2048
    padded = np.pad(mono, (n_fft // 2, n_fft // 2))
    starts = np.linspace(0, len(mono), N_COLUMNS, endpoint=False).astype(int)
    window = np.hanning(n_fft)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[starts] * window
    power = np.abs(np.fft.rfft(frames)) ** 2 / np.square(window.sum() / 2)  # (columns, bins)
    edges = np.geomspace(LOWEST_HZ, min(HIGHEST_HZ, sample_rate / 2.01), N_ROWS + 1)
    bins = edges / sample_rate * n_fft
    bands = np.stack([_band(power, *pair) for pair in pairwise(bins)])  # (rows, columns)
    level = 10 * np.log10(bands + 1e-12)
    shade = np.clip((level + RANGE_DB) / RANGE_DB, 0, 1)  # 0 dB is a full-scale sine
    return webp(palette()[np.round(255 * shade[::-1]).astype(np.uint8)])


def webp(pixels: Bytes) -> bytes:
    """A WebP file of RGB pixels (H, W, 3)."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=QUALITY, method=6)
    return buffer.getvalue()


def palette() -> Bytes:
    """(256, 3) colours from silence to loud."""
    places = np.linspace(0, 1, len(_STOPS))
    wanted = np.linspace(0, 1, 256)
    channels = [np.interp(wanted, places, stops) for stops in zip(*_STOPS, strict=True)]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)


def _band(power: npt.NDArray[np.float64], low: float, high: float) -> npt.NDArray[np.float64]:
    """(columns,) the loudest bin between two bin positions; between bins, the nearest."""
    first = min(int(low), power.shape[1] - 1)
    found: npt.NDArray[np.float64] = power[:, first : max(first + 1, int(high))].max(axis=1)
    return found
