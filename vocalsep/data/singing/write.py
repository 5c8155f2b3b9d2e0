"""Sung speech as a folder of FLAC files, one for each voice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.audio.read import probe
from vocalsep.data.flac import write_flac
from vocalsep.data.parallel import each_of
from vocalsep.data.singing import diphones, speech
from vocalsep.data.sources import AudioFile, load_file, sound_files
from vocalsep.errors import DataError, UnreadableAudio

SPEECH_S = 60.0  # of a recording that are used


@dataclass(frozen=True)
class Sung:
    """What became of a voice.

    Attributes:
        path: its file.
        error: why there is none.
    """

    path: Path
    error: str = ""


def write_sung(
    voices: Sequence[Path],
    folder: Path,
    seconds: float,
    seed: int,
    mbrola: str | None = None,
    workers: int = 1,
) -> Iterator[Sung]:
    """Write about `seconds` of singing for each voice, mono, at the rate of the voice.

    A voice sings the same whatever others are asked for, and one that is there already is left.
    One that cannot sing (see `speech.analyse`, `diphones.read_voice` and `diphones.sing`) does not
    stop the others.

    Args:
        voices: sound files of speech, one a speaker, and folders of such; MBROLA voices if
            `mbrola` is given.
        folder: gets a FLAC file with the name of each.
        mbrola: the program, for diphone voices.
        workers: processes.

    Yields:
        What became of each voice, in order.

    Raises:
        DataError: no voices, or two of one name; the vocoder or the program is not installed; a
            process was killed.
        OutputError: a file cannot be written.
    """
    files = [file for voice in voices for file in sound_files(voice)]
    names = [file.stem for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"two voices are called {twice[0]!r}: give each its own folder")
    if mbrola:
        diphones.find_program(mbrola)
    else:
        speech.load_world()
    write = partial(_write, folder=folder, seconds=seconds, seed=seed, mbrola=mbrola)
    yield from each_of(write, files, workers)


def _write(voice: Path, folder: Path, seconds: float, seed: int, mbrola: str | None) -> Sung:
    target = folder / f"{voice.stem}.flac"
    if target.exists():
        return Sung(target)
    rng = np.random.default_rng(_seed(seed, voice.stem))
    sound: npt.NDArray[np.floating[Any]]
    try:
        if mbrola:
            sound, rate = diphones.sing(diphones.read_voice(voice), seconds, rng, mbrola)
        else:
            sound, rate = _sung_speech(voice, seconds, rng)
    except (DataError, UnreadableAudio) as error:
        return Sung(target, str(error))
    write_flac(target, sound, rate)
    return Sung(target)


def _seed(seed: int, name: str) -> list[int]:
    return [seed, *hashlib.sha256(name.encode()).digest()[:4]]


def _sung_speech(
    file: Path, seconds: float, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], int]:
    """The recording, sung again and again, each time on another melody."""
    rate = max(speech.LOWEST_RATE, probe(file).sample_rate)
    spoken = load_file(AudioFile(file), rate).samples.mean(0, dtype=np.float64)
    try:
        parts = speech.analyse(spoken[: round(SPEECH_S * rate)], rate)
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    takes: list[npt.NDArray[np.float64]] = []
    while sum(map(len, takes)) < seconds * rate:
        takes.append(speech.sing(parts, rng))
    return np.concatenate(takes), rate
