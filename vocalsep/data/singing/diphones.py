"""Nonsense syllables on random melodies, spoken by the diphone voices of MBROLA.

MBROLA (Dutoit et al., ICSLP 1996) joins recorded diphones with any pitch and length. There are some
seventy voices in thirty languages (Debian: `mbrola-us1` and others in non-free; mind the licence of
each). Which sounds a voice knows, and which follow each other, its file says.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from vocalsep.data.flac import levelled
from vocalsep.data.singing.melody import Intonation, Melody, Note
from vocalsep.errors import DataError

SILENCE = "_"
VOWEL = re.compile(r"[aeiouyAEIOUVQ@{}&269]")  # a SAMPA symbol of a vowel starts with one of these
TONIC_HZ = (105.0, 330.0)  # of men and women; the voices do not say which they are
CONSONANT_S = (0.05, 0.12)
PITCH_S = 0.03  # between two pitch points
PHRASE = (4, 14)  # notes
DYNAMICS = (0.5, 1.0)  # of phrases, linear


@dataclass(frozen=True)
class Voice:
    """What a diphone voice knows.

    Attributes:
        path: its file.
        followers: which sounds follow a sound.
        vowels: sounds that can be held.
    """

    path: Path
    followers: dict[str, list[str]]
    vowels: frozenset[str]


def read_voice(path: Path) -> Voice:
    """The sounds of a voice, from the header of its file.

    Raises:
        DataError: it cannot be read, or is no MBROLA voice.
    """
    try:
        data = path.read_bytes()
        pairs = list(_diphones(data))
    except (OSError, ValueError, struct.error) as error:
        raise DataError(
            f"{path}: no MBROLA voice ({error}); name its file, not its folder"
        ) from error
    followers: dict[str, list[str]] = {}
    for left, right in pairs:
        followers.setdefault(left, []).append(right)
    vowels = frozenset(sound for pair in pairs for sound in pair if VOWEL.match(sound))
    return Voice(path, followers, vowels)


def _diphones(data: bytes) -> Iterator[tuple[str, str]]:
    if data[:6] != b"MBROLA":
        raise ValueError("it does not start with MBROLA")
    (count, old_size) = struct.unpack_from("<HH", data, 11)
    place = 27 if old_size == 0 else 23  # the size of the marks has four bytes more since 2.06
    for _ in range(count):
        names = []
        for _ in range(2):
            end = data.index(0, place)
            names.append(data[place:end].decode("latin-1"))
            place = end + 1
        place += 4  # where it is cut, how long it is
        yield names[0], names[1]


def find_program(program: str) -> str:
    """Where the program is.

    Raises:
        DataError: it is not installed.
    """
    found = shutil.which(program)
    if not found:
        raise DataError(f"{program}: not found; install MBROLA (Debian: mbrola)")
    return found


def sing(
    voice: Voice, seconds: float, rng: np.random.Generator, program: str = "mbrola"
) -> tuple[npt.NDArray[np.float32], int]:
    """Sing for about so many seconds.

    Returns:
        (N,) with its peak at 0.9, and the rate in Hz.

    Raises:
        DataError: the program is missing or fails.
    """
    score, gains = _score(voice, seconds, rng)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "song.pho"), Path(folder, "song.wav")
        source.write_text("\n".join(score) + "\n", encoding="latin-1")
        # -e: what it does not know becomes silence
        command = [find_program(program), "-e", str(voice.path), str(source), str(target)]
        try:
            subprocess.run(command, check=True, capture_output=True)
            sung, rate = soundfile.read(target, dtype="float32")
        except (subprocess.CalledProcessError, soundfile.LibsndfileError) as error:
            raise DataError(f"{voice.path}: MBROLA cannot sing with it ({error})") from error
    times, levels = zip(*gains, strict=True)
    sung *= np.interp(np.arange(len(sung)) / rate, times, levels)
    return levelled(sung), rate


def _score(
    voice: Voice, seconds: float, rng: np.random.Generator
) -> tuple[list[str], list[tuple[float, float]]]:
    """Lines `sound milliseconds (percent Hz)…`, and how loud it is when: (s, linear)."""
    low, high = TONIC_HZ
    melody = Melody(rng, low * (high / low) ** rng.random())
    intonation = Intonation(rng)
    lines: list[str] = []
    gains = [(0.0, 1.0)]
    now = 0.0
    while now < seconds:
        syllables = _phrase(voice, int(rng.integers(*PHRASE)), rng)
        loudness, before_hz = rng.uniform(*DYNAMICS), None
        for index, (consonants, vowel) in enumerate(syllables):
            note = melody.note(held=index == len(syllables) - 1)
            for sound in consonants:
                length = rng.uniform(*CONSONANT_S)
                lines.append(f"{sound} {1000 * length:.0f}")
                now += length
            lines.append(_sung(vowel, note, intonation, before_hz))
            now, before_hz = now + note.seconds, note.hz
            gains.append((now, loudness * rng.uniform(0.7, 1.2)))
        pause = rng.uniform(0.15, 1.2)
        lines.append(f"{SILENCE} {1000 * pause:.0f}")
        now += pause
    return lines, gains


def _sung(vowel: str, note: Note, intonation: Intonation, before_hz: float | None) -> str:
    times = np.arange(0, note.seconds, PITCH_S)
    pitch = intonation.curve(note, times, before_hz)
    points = (f"{100 * t / note.seconds:.0f} {hz:.0f}" for t, hz in zip(times, pitch, strict=True))
    return f"{vowel} {1000 * note.seconds:.0f} {' '.join(points)}"


def _phrase(
    voice: Voice, n_notes: int, rng: np.random.Generator
) -> list[tuple[tuple[str, ...], str]]:
    """Syllables (consonants, vowel) whose sounds the voice can join, at most n_notes of them."""
    found: list[tuple[tuple[str, ...], str]] = []
    before = SILENCE
    while len(found) < n_notes:
        after = voice.followers.get(before, [])
        with_consonant = [
            (sound, vowel)
            for sound in after
            if sound not in voice.vowels and sound != SILENCE
            for vowel in voice.followers.get(sound, [])
            if vowel in voice.vowels
        ]
        alone = [sound for sound in after if sound in voice.vowels]
        if with_consonant and (rng.random() < 0.88 or not alone):
            consonant, vowel = with_consonant[rng.integers(len(with_consonant))]
            found.append(((consonant,), vowel))
        elif alone:
            found.append(((), alone[rng.integers(len(alone))]))
        else:
            break
        before = found[-1][1]
    return found
