"""Small data sets in the formats of MUSDB18 and MUSDB18-HQ."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from tests.helpers.synth import write_stem

Audio = npt.NDArray[np.float32]
RATE = 44100
STEMS = ("drums", "bass", "other", "vocals")


def song_stems(seconds: float, seed: int) -> dict[str, Audio]:
    """Four stereo stems that a codec and an ear can tell apart, at 44.1 kHz."""
    rng = np.random.default_rng(seed)
    n = int(seconds * RATE)
    time = np.arange(n) / RATE
    tones = {"bass": 80.0, "other": 440.0, "vocals": 900.0}
    stems = {
        name: np.sin(2 * np.pi * hz * rng.uniform(0.9, 1.1) * time) for name, hz in tones.items()
    }
    stems["drums"] = rng.standard_normal(n) * np.exp(-30 * (time % 0.25))
    pans = {"drums": 0.5, "bass": 0.4, "other": 0.7, "vocals": 0.45}
    return {
        name: (0.15 * np.stack([pans[name] * stems[name], (1 - pans[name]) * stems[name]])).astype(
            np.float32
        )
        for name in STEMS
    }


def write_stem_mp4(path: Path, stems: dict[str, Audio]) -> None:
    """Five AAC tracks: mixture, drums, bass, other, vocals."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tracks = [sum(stems.values(), np.float32(0)), *(stems[name] for name in STEMS)]
    with av.open(str(path), "w", format="mp4") as container:
        streams = [container.add_stream("aac", rate=RATE, layout="stereo") for _ in tracks]
        for stream in streams:
            stream.bit_rate = 256_000
        for start in range(0, tracks[0].shape[1], 1024):
            for stream, track in zip(streams, tracks, strict=True):
                piece = np.ascontiguousarray(track[:, start : start + 1024])
                frame = av.AudioFrame.from_ndarray(piece, "fltp", "stereo")
                frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))


def make_musdb18(root: Path, names: dict[str, list[str]], seconds: float = 1.0) -> None:
    """`names` of songs for each of "train" and "test"."""
    for half, songs in names.items():
        for seed, name in enumerate(songs):
            write_stem_mp4(root / half / f"{name}.stem.mp4", song_stems(seconds, seed))


def make_musdb18hq(root: Path, names: dict[str, list[str]], seconds: float = 1.0) -> None:
    """The same as folders of WAV files."""
    for half, songs in names.items():
        for seed, name in enumerate(songs):
            stems = song_stems(seconds, seed)
            for stem, audio in {**stems, "mixture": sum(stems.values(), np.float32(0))}.items():
                write_stem(root / half / name / f"{stem}.wav", audio, RATE)
