"""What a player hears of a written file, at full precision."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from tests.helpers.reading import Samples, ffmpeg


def played(path: Path, n_channels: int) -> Samples:
    """(C, n) float64 of the first audio track, as FFmpeg's program plays it."""
    data = ffmpeg("-i", f"file:{path}", "-map", "0:a:0", "-f", "f64le", "-")
    return np.frombuffer(data, "<f8").reshape(-1, n_channels).T


def probed(path: Path, entry: str) -> str:
    """One field of ffprobe for the first audio stream, e.g. "stream=channel_layout"."""
    command = ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries", entry]
    command += ["-of", "default=nokey=1:noprint_wrappers=1", f"file:{path}"]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def clicks(n_samples: int, n_channels: int = 2) -> Samples:
    """(C, n): short clicks at irregular times, different in every channel."""
    audio = np.zeros((n_channels, n_samples))
    click = np.hanning(10)[1:-1]  # long enough to stay below what codecs cut off
    for channel in range(n_channels):
        for k, place in enumerate((0.05, 0.17, 0.38, 0.59, 0.71, 0.93)):
            start = int(n_samples * place) + 331 * channel
            audio[channel, start : start + len(click)] += (0.6 - 0.08 * k) * click
    return audio
