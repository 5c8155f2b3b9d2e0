"""Estimates on disk: stem files of a track, as this package and other tools write them.

<folder>/<track>/vocals.wav                 ours, Spleeter's
<folder>/test/<track>/vocals.wav            SiSEC's and museval's; any one folder between
<folder>/<track>_(Vocals).wav               flat; the stem's name ends the file's name
<folder>/vocals.wav                         the folder of the track itself
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from vocalsep.audio.read import open_audio
from vocalsep.audio.spill import gathered
from vocalsep.data.layouts.base import audio_files
from vocalsep.data.sources import is_audio
from vocalsep.errors import DataError
from vocalsep.evaluation.signals import Audio
from vocalsep.evaluation.songs import Song
from vocalsep.evaluation.tracks import SLACK_S
from vocalsep.registry import did_you_mean

#: What tools call their stems.
ALIASES = {
    "vocal": "vocals",
    "voice": "vocals",
    "instrumental": "accompaniment",
    "instrum": "accompaniment",
    "no_vocals": "accompaniment",
    "karaoke": "accompaniment",
    "music": "accompaniment",
    "background": "accompaniment",
}
_STEMS = {"vocals", "accompaniment", "drums", "bass", "other", "piano", "guitar", "residual"}


def find_estimates(folder: Path, track: str) -> dict[str, Path]:
    """The stem files of a track: stem name -> file.

    Raises:
        DataError: there are none.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; expected one with estimates")
    for place in [folder / track, *sorted(p / track for p in folder.iterdir() if p.is_dir())]:
        if place.is_dir() and (found := _stems_in(place)):
            return found
    flat = _flat(folder, track)
    if flat:
        return flat
    if folder.resolve().name == track and (found := _stems_in(folder)):
        return found
    names = [p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    hint = did_you_mean(track, names) if names else f"expected {folder / track}/vocals.wav"
    raise DataError(f"{folder}: no estimates of {track!r} in it; {hint}")


def load_estimates(folder: Path, song: Song) -> tuple[dict[str, Audio], list[str]]:
    """Decode the estimates of a song, in its shape.

    Returns:
        Stem name -> (C, N), and notes on what did not fit exactly.

    Raises:
        DataError: none, or a rate or length that differs by more than a few samples.
        UnreadableAudio: a file cannot be decoded.
    """
    notes: list[str] = []
    stems = {
        stem: _load(path, song, notes) for stem, path in find_estimates(folder, song.name).items()
    }
    return stems, notes


def stem_of(name: str) -> str:
    """The stem that a file is called after.

    >>> [stem_of(name) for name in ("Vocals", "no_vocals", "drums")]
    ['vocals', 'accompaniment', 'drums']
    """
    plain = name.lower().strip(" ()[]")
    return ALIASES.get(plain, plain)


def _stems_in(folder: Path) -> dict[str, Path]:
    return {
        stem_of(path.stem): path
        for path in audio_files(folder)
        if path.stem.lower() not in ("mixture", "mix", "linear_mixture")
    }


def _flat(folder: Path, track: str) -> dict[str, Path]:
    """Files named <track><separator><stem>, perhaps numbered in front (1_song_(Vocals).wav)."""
    known = "|".join(sorted(_STEMS | ALIASES.keys(), key=len, reverse=True))
    pattern = re.compile(
        rf"(?:\d+_)?{re.escape(track)}[ ._-]+[(\[]?(?P<stem>{known})[)\]]?", re.IGNORECASE
    )
    matches = ((pattern.fullmatch(p.stem), p) for p in sorted(folder.iterdir()) if is_audio(p))
    return {stem_of(match["stem"]): path for match, path in matches if match}


def _load(path: Path, song: Song, notes: list[str]) -> Audio:
    n_channels, n_samples = song.mixture.shape
    with open_audio(path) as reader:
        if reader.info.sample_rate != song.sample_rate:
            raise DataError(
                f"{path}: {reader.info.sample_rate} Hz, the reference has {song.sample_rate} Hz; "
                f"resample the estimate"
            )
        audio = gathered(reader.blocks())
    missing = n_samples - audio.shape[1]
    if abs(missing) > SLACK_S * song.sample_rate:
        raise DataError(
            f"{path}: {audio.shape[1]} samples, the reference has {n_samples}; estimates must lie "
            f"where the song lies, separate the whole song again"
        )
    if missing:
        notes.append(
            f"{path.name}: {abs(missing)} samples too {'short' if missing > 0 else 'long'}"
        )
        cut = audio[:, :n_samples]
        audio = np.pad(cut, ((0, 0), (0, missing))) if missing > 0 else cut
    if len(audio) != n_channels:
        notes.append(f"{path.name}: {len(audio)} channel(s) for {n_channels}")
        audio = audio.mean(0, keepdims=True) if n_channels == 1 else audio[:n_channels]
    return np.broadcast_to(audio, (n_channels, n_samples))
