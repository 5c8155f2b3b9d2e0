"""Sung speech as a folder of FLAC files, one for each voice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.audio.read import probe
from vocalsep.data.flac import write_flac
from vocalsep.data.singing import diphones, speech
from vocalsep.data.sources import AudioFile, load_file, sound_files
from vocalsep.errors import DataError

SPEECH_S = 60.0  # of a recording that are used


def write_sung(
    voices: Sequence[Path], folder: Path, seconds: float, seed: int, mbrola: str | None = None
) -> Iterator[Path]:
    """Write about `seconds` of singing for each voice, mono, at the rate of the voice.

    A voice sings the same whatever others are asked for, and one that is there already is left.

    Args:
        voices: sound files of speech, one a speaker, and folders of such; MBROLA voices if
            `mbrola` is given.
        folder: gets a FLAC file with the name of each.
        mbrola: the program, for diphone voices.

    Yields:
        Each file when it is complete.

    Raises:
        DataError: see `speech.analyse`, `diphones.read_voice` and `diphones.sing`; two voices of
            one name.
        OutputError: a file cannot be written.
    """
    files = [file for voice in voices for file in sound_files(voice)]
    names = [file.stem for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"two voices are called {twice[0]!r}: give each its own folder")
    for file in files:
        target = folder / f"{file.stem}.flac"
        if not target.exists():
            rng = np.random.default_rng(_seed(seed, file.stem))
            if mbrola:
                write_flac(target, *diphones.sing(diphones.read_voice(file), seconds, rng, mbrola))
            else:
                write_flac(target, *_sung_speech(file, seconds, rng))
        yield target


def _seed(seed: int, name: str) -> list[int]:
    return [seed, *hashlib.sha256(name.encode()).digest()[:4]]


def _sung_speech(
    file: Path, seconds: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], int]:
    """The recording, sung again and again, each time on another melody."""
    rate = max(speech.LOWEST_RATE, probe(file).sample_rate)
    spoken = load_file(AudioFile(file), rate).samples.mean(0, dtype=np.float64)
    speech.load_world()  # that it is missing is not the file's fault
    try:
        parts = speech.analyse(spoken[: round(SPEECH_S * rate)], rate)
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    takes: list[npt.NDArray[np.float64]] = []
    while sum(map(len, takes)) < seconds * rate:
        takes.append(speech.sing(parts, rng))
    return np.concatenate(takes), rate
