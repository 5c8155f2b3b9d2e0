"""Small made signals and banks, so that no test needs a download."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from vocalsep.data.bank import FULL_SCALE, Bank, Track, write_index
from vocalsep.recipe import Audio, Mixing, Part, Recipe, Training, Validation

RATE = 8000


def voice(n_samples: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """(2, N): a harmonic tone with vibrato, on and off once a second."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_samples) / RATE
    pitch = rng.uniform(150, 300) * (1 + 0.02 * np.sin(2 * np.pi * 5 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    tone = sum(np.sin(k * phase) / k for k in range(1, 8))
    tone = tone * (np.sin(2 * np.pi * time) > -0.5) * 0.1
    return np.broadcast_to(tone, (2, n_samples)).astype(np.float32)


def music(n_samples: int, seed: int = 1) -> npt.NDArray[np.float32]:
    """(2, N): decaying noise bursts, different left and right."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_samples) / RATE
    noise = rng.standard_normal((2, n_samples)) * np.exp(-8 * (time % 0.25))
    return (0.1 * noise).astype(np.float32)


def write_stem(path: Path, audio: npt.NDArray[np.float32], rate: int = RATE) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio.T, rate, subtype="FLOAT")


def make_bank(folder: Path, seconds: float = 4.0) -> Bank:
    """One aligned song, one loose voice and one loose accompaniment."""
    folder.mkdir(parents=True, exist_ok=True)
    n = int(seconds * RATE)
    stems = [
        ("vocals", "songs", "one", voice(n), 4000.0),
        ("accompaniment", "songs", "one", music(n), 4000.0),
        ("vocals", "loose", "", voice(n, 5), 2000.0),
        ("accompaniment", "games", "", music(n, 6), 4000.0),
    ]
    tracks = []
    for number, (target, group, song, audio, band_hz) in enumerate(stems):
        key = f"k{number}"
        np.round(audio.T * FULL_SCALE).astype("<i2").tofile(folder / f"{key}.i16")
        tracks.append(Track(key, target, group, song, f"{key}.wav", "CC0-1.0", band_hz, 2, n))
    write_index(folder, RATE, tracks)
    return Bank(folder)


def tiny_recipe(bank: Path, songs: dict[str, str] | None = None, steps: int = 4) -> Recipe:
    """A network of a few hundred weights on the bank of `make_bank`."""
    return Recipe(
        name="tiny",
        licence="CC0-1.0",
        training_data="made signals",
        audio=Audio(sample_rate=RATE, n_fft=256, hop_length=64, n_bins=96),
        chunk_frames=64,
        backbone=Part("unet", {"widths": [4, 8], "kernel": 4, "norm": "group", "dropout": 0.1}),
        mixing=Mixing(bank=str(bank), segment_frames=32),
        training=Training(
            batch_size=2,
            max_steps=steps,
            warmup_steps=2,
            learning_rate=1e-2,
            precision="fp32",
            log_every=2,
            validate_every=2,
            workers=0,
        ),
        validation=Validation(songs=songs or {}, seconds=2.0),
    )
