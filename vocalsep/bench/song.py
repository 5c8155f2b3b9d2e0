"""A synthetic song of any length, to be measured with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

SAMPLE_RATE = 44100  # Hz
_BLOCK_S = 10  # one block is made and then repeated: noise takes longer to draw than to separate


def song_block(seconds: int = _BLOCK_S) -> npt.NDArray[np.int16]:
    """(n, 2) samples: a chord of decaying notes every half second, over quiet noise."""
    rng = np.random.default_rng(0)
    half = SAMPLE_RATE // 2
    time = np.arange(half) / SAMPLE_RATE
    notes = []
    for _ in range(2 * seconds):
        pitches = 110.0 * 2 ** (rng.integers(0, 36, size=4) / 12)
        chord = np.sin(2 * np.pi * pitches[:, None] * time).sum(axis=0) * np.exp(-4 * time)
        notes.append(chord)
    mono = 0.12 * np.concatenate(notes)
    stereo = mono[:, None] * [1.0, 0.8] + 0.01 * rng.standard_normal((len(mono), 2))
    return np.round(stereo * 32767).astype(np.int16)


def write_song(path: Path, seconds: int) -> None:
    """Write a 16-bit stereo file at 44.1 kHz, WAV or FLAC by its suffix; 10 s in memory."""
    block = song_block()
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 2, subtype="PCM_16") as file:
        for start in range(0, seconds, _BLOCK_S):
            file.write(block[: (seconds - start) * SAMPLE_RATE])
