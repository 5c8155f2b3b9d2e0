"""Test signals, and FFmpeg's program as the player that a reader must agree with."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from vocalsep.audio.read import Span, open_audio

Samples = npt.NDArray[Any]
RATE = 44100
needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")


def music(n_samples: int = 50_000, n_channels: int = 2, rate: int = RATE) -> Samples:
    """Return (C, n) of sweeps and drums, different in every channel, on the 16-bit grid."""
    rng = np.random.default_rng(7)
    time = np.arange(n_samples) / rate
    pitch = 200.0 + 110.0 * np.arange(n_channels)[:, None]
    sweep = 0.3 * np.sin(2 * np.pi * pitch * time * (1 + 0.2 * time))
    drums = 0.1 * rng.standard_normal((n_channels, n_samples)) * np.exp(-8 * (time * 4 % 1))
    return np.round((sweep + drums) * 2**15) / 2**15


def write_song(folder: Path, n_samples: int) -> Path:
    """Write `music` as 16-bit stereo WAV."""
    path = folder / "song.wav"
    soundfile.write(path, music(n_samples).T, RATE, subtype="PCM_16")
    return path


def ffmpeg(*arguments: str | Path) -> bytes:
    """Run ffmpeg and return its standard output."""
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def played(path: Path, n_channels: int = 2, filters: str = "anull") -> Samples:
    """Return (C, n) as FFmpeg plays the first audio track."""
    data = ffmpeg("-i", path, "-map", "0:a:0", "-af", filters, "-f", "f32le", "-")
    return np.frombuffer(data, "<f4").reshape(-1, n_channels).T


def read(path: Path, span: Span | None = None, block_samples: int = 65536) -> Samples:
    """Return (C, n): all that the reader yields."""
    return read_damaged(path, span, block_samples)[0]


def read_damaged(
    path: Path, span: Span | None = None, block_samples: int = 65536
) -> tuple[Samples, list[str]]:
    """Return all that the reader yields, and its warnings."""
    with open_audio(path, span or Span()) as reader:
        samples = np.concatenate(list(reader.blocks(block_samples)), axis=1)
        return samples, reader.warnings


def lag(signal: Samples, reference: Samples) -> int:
    """Return by how many samples `signal` (C, n) is late against `reference`, by correlation."""
    size = 2 * max(signal.shape[1], reference.shape[1])
    spectrum = np.fft.rfft(signal[0], size) * np.fft.rfft(reference[0], size).conj()
    shift = int(np.argmax(np.fft.irfft(spectrum, size)))
    return shift if shift < size // 2 else shift - size
