"""What a player hears: files decoded by the ffmpeg program, and where its sound lies."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None, reason="the ffmpeg program is the reference player"
)


def ffmpeg(*arguments: str) -> bytes:
    """Run ffmpeg; its standard output. Anything it complains about fails the test."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return done.stdout


def played(path: Path, n_channels: int) -> np.ndarray:
    """(C, n) float64 samples of the first audio track as ffmpeg plays them."""
    raw = ffmpeg("-i", f"file:{path}", "-map", "0:a:0", "-f", "f64le", "-")
    return np.frombuffer(raw, np.float64).reshape(-1, n_channels).T


def probed(path: Path, entry: str) -> str:
    """One field of ffprobe for the first audio stream, e.g. "stream=channel_layout"."""
    command = ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", entry]
    command += ["-of", "default=nokey=1:noprint_wrappers=1", f"file:{path}"]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return done.stdout.strip()


def lag(reference: np.ndarray, heard: np.ndarray) -> int:
    """By how many samples (n,) `heard` comes later than (n,) `reference`: cross-correlation."""
    size = 1 << (len(reference) + len(heard)).bit_length()
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(reference, size))
    best = int(np.argmax(np.fft.irfft(spectrum, size)))
    return best if best < size // 2 else best - size


def clicks(n_channels: int, n_samples: int, sample_rate: int) -> np.ndarray:
    """(C, N) float32: short clicks at irregular times, other ones in each channel."""
    audio = np.zeros((n_channels, n_samples), np.float32)
    shape = np.hanning(8)[1:-1]  # six samples: not above what codecs keep
    for channel in range(n_channels):
        for k, fraction in enumerate((0.05, 0.17, 0.38, 0.59, 0.71, 0.93)):
            at = int(n_samples * fraction) + 331 * channel
            at = min(at, n_samples - len(shape))
            audio[channel, at : at + len(shape)] += (0.6 - 0.08 * k) * shape
    return audio


def music(n_channels: int, n_samples: int, sample_rate: int) -> np.ndarray:
    """(C, N) float32: swept tones over soft noise with a beat, other ones in each channel."""
    rng = np.random.default_rng(7)
    t = np.arange(n_samples) / sample_rate
    steps = np.cumsum(rng.standard_normal((n_channels, n_samples + 8)), axis=1)
    noise = steps[:, 8:] - steps[:, :-8]
    beat = np.exp(-8 * (t % 0.25))
    tones = [
        np.sin(2 * np.pi * (220 + 90 * c) * t + 6 * np.sin(2 * np.pi * (2.3 + 0.4 * c) * t))
        for c in range(n_channels)
    ]
    return (0.3 * np.array(tones) + 0.02 * noise * beat).astype(np.float32)
