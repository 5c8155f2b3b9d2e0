"""Self-training: voices and breaks out of songs that come without stems.

Free songs with singing are many, their stems few. Where two models, or one model at two speeds,
agree on the voice of a song, their estimate is taken for a voice to train on; where they hear
none, or the song's UltraStar text has no notes, the song is taken for music to train on. After
Wang et al., "Semi-Supervised Singing Voice Separation with Noisy Self-Training", ICASSP 2021,
who choose among pseudo-labelled songs likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vocalsep.data import passages
from vocalsep.data.flac import levelled, write_flac
from vocalsep.data.passages import Audio
from vocalsep.data.sources import AudioFile, load_file, sound_files
from vocalsep.dsp.speeds import at_speed
from vocalsep.errors import DataError
from vocalsep.inference.quality import SEMITONE
from vocalsep.inference.separator import Separator
from vocalsep.karaoke.ultrastar_notes import song_lines
from vocalsep.karaoke.ultrastar_text import SongText

VOCALS, ACCOMPANIMENT = "vocals", "accompaniment"
RATE = 44100  # Hz, of what is written

LEAST_S = {VOCALS: 8.0, ACCOMPANIMENT: 6.0}  # of a song; less is not written

# A note may begin a little early and its sound goes on after it.
BEFORE_NOTES_S, AFTER_NOTES_S, LEAST_GAP_S = 0.7, 1.0, 3.0
GAP_DB = -4.0  # estimated voice against the mixture, at most: backing voices have no notes


@dataclass(frozen=True)
class Harvest:
    """What came of a song: seconds of each stem."""

    song: Path
    seconds: dict[str, float]


def harvest(songs: Sequence[Path], judges: Sequence[Separator], folder: Path) -> Iterator[Harvest]:
    """Write vocals/SONG.flac and accompaniment/SONG.flac: a set of the layout `stems`.

    A song whose files are there already is judged again and they are replaced.

    Args:
        songs: sound files, and folders of such; an UltraStar text beside a song that names it
            tells where nobody sings.
        judges: one or two that estimate vocals: the first hears the songs a semitone higher, the
            last a semitone lower.
        folder: gets a folder a stem.

    Yields:
        Each song when its files are complete.

    Raises:
        DataError: two songs of one name, a folder without songs, or a judge without vocals.
        UnreadableAudio: a song cannot be decoded.
        OutputError: a file cannot be written.
    """
    for judge in judges:
        if VOCALS not in judge.stems:
            raise DataError(f"model {judge.model.name}: estimates no {VOCALS}; name another")
    for name, song in _named(songs).items():
        found = _judged(song, judges)
        for stem, sound in found.items():
            if sound.shape[1] >= LEAST_S[stem] * RATE:
                write_flac(folder / stem / f"{name}.flac", levelled(sound), RATE)
        yield Harvest(song, {stem: sound.shape[1] / RATE for stem, sound in found.items()})


def _named(songs: Sequence[Path]) -> dict[str, Path]:
    """Songs by name: that of the file, or of its folder where files of several are alike."""
    files = [file for song in songs for file in sound_files(song)]
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        names = [file.resolve().parent.name for file in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"two songs are called {twice[0]!r}: name their files or folders apart")
    return dict(zip(names, files, strict=True))


def _judged(song: Path, judges: Sequence[Separator]) -> dict[str, Audio]:
    """(C, M) of each stem, of the passages that may be taken."""
    mixture = load_file(AudioFile(song), RATE).samples
    higher = _estimate(judges[0], mixture, SEMITONE)
    lower = _estimate(judges[-1], mixture, 1 / SEMITONE)
    voice: Audio = (higher + lower) * np.float32(0.5)
    sung = passages.agreed_voice(mixture, higher, lower, RATE)
    gaps = _gaps(song, mixture.shape[1])
    if gaps is None:
        quiet = passages.breaks(mixture, voice, RATE)
    else:
        quiet = [gap for gap in gaps if passages.share_db(mixture, voice, gap) < GAP_DB]
    return {
        VOCALS: passages.joined(voice, sung, RATE),
        ACCOMPANIMENT: passages.joined(mixture, quiet, RATE),
    }


def _estimate(judge: Separator, mixture: Audio, speed: float) -> Audio:
    def vocals(played: Tensor) -> Tensor:
        found = judge.separate(played[0].numpy(), RATE)[VOCALS]
        return torch.from_numpy(np.asarray(found, np.float32))[None, None]

    estimate: Audio = at_speed(vocals, torch.from_numpy(mixture)[None], speed, 0)[0, 0].numpy()
    return estimate


def _gaps(song: Path, n_samples: int) -> list[slice] | None:
    """Where the UltraStar text of a song has no notes; None if it has no text."""
    for path in sorted(song.parent.glob("*.txt")):
        text = SongText(path.read_bytes())
        if text.is_song and song.name in (text.get("AUDIO"), text.get("MP3")):
            lines = song_lines(text, path.name)
            notes = [(line.start_s - BEFORE_NOTES_S, line.end_s + AFTER_NOTES_S) for line in lines]
            return _between(notes, n_samples / RATE)
    return None


def _between(spans: list[tuple[float, float]], length_s: float) -> list[slice]:
    gaps, end_s = [], 0.0
    for start_s, stop_s in [*sorted(spans), (length_s, length_s)]:
        until_s = min(start_s, length_s)
        if until_s - end_s >= LEAST_GAP_S:
            gaps.append(slice(round(end_s * RATE), round(until_s * RATE)))
        end_s = max(end_s, stop_s)
    return gaps
