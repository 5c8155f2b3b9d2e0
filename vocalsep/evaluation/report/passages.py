"""The best and the worst ten seconds of a run, cut out to be heard and seen."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import soundfile

from vocalsep.audio.resample import resample_blocks
from vocalsep.evaluation.methods import Method
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.pictures import spectrogram
from vocalsep.evaluation.signals import Audio
from vocalsep.evaluation.tracks import Track

LENGTH_S = 10
CLIP_RATE = 44100  # Hz, what every MP3 decoder plays
MAX_CLIPS_BYTES = 12_000_000  # of all clips; the page stays well below 20 MB
_CLIP_BYTES = 185_000  # of one clip, about


@dataclass(frozen=True)
class Place:
    """A passage of a track: where, and the median SDR of the first stem there (dB)."""

    track: str
    start_s: int
    sdr: float
    kind: str  # "best" or "worst"


@dataclass(frozen=True)
class Clip:
    """A sound with its picture.

    Attributes:
        label: what a button says.
        mp3, webp: files as bytes; a page without sound has no mp3.
    """

    label: str
    mp3: bytes
    webp: bytes


@dataclass(frozen=True)
class Passage:
    """A passage with all its clips by stem; the mixture is the first of each."""

    place: Place
    clips: dict[str, tuple[Clip, ...]]


def choose_places(records: Sequence[Record], stem: str, n_each: int) -> list[Place]:
    """The passages with the lowest and the highest median SDR, no two of one track and kind.

    Args:
        records: of one method.
    """
    best: list[Place] = []
    worst: list[Place] = []
    for record in records:
        values = np.array(record.frames.get(stem, {}).get("SDR", []))
        length = min(LENGTH_S, len(values))
        if not np.isfinite(values).any():
            continue
        spans = np.lib.stride_tricks.sliding_window_view(values, length)
        # A passage counts when somebody sings in most of it.
        heard = np.isfinite(spans).sum(1) > length / 2
        medians = np.array([_median(span) for span in spans])
        medians[~heard] = math.nan
        if heard.any():
            low, high = int(np.nanargmin(medians)), int(np.nanargmax(medians))
            worst.append(Place(record.track, low, float(medians[low]), "worst"))
            best.append(Place(record.track, high, float(medians[high]), "best"))
    worst.sort(key=lambda place: place.sdr)
    best.sort(key=lambda place: -place.sdr)
    return [*worst[:n_each], *best[:n_each]]


def passages_that_fit(n_stems: int, n_methods: int) -> int:
    """How many passages of each kind the page has room for: one to three."""
    clips = n_stems * (2 + n_methods)
    return max(1, min(3, MAX_CLIPS_BYTES // (2 * clips * _CLIP_BYTES)))


def cut_passages(
    places: Sequence[Place],
    tracks: Sequence[Track],
    methods: Sequence[Method],
    stems: Sequence[str],
    sound: bool = True,
) -> list[Passage]:
    """Load and estimate the songs of the passages again, as they were scored, and cut them out."""

    def cut(label: str, audio: Audio, start_s: int, sample_rate: int) -> Clip:
        span = slice(start_s * sample_rate, (start_s + LENGTH_S) * sample_rate)
        return make_clip(label, audio[:, span], sample_rate, sound)

    by_name = {track.name: track for track in tracks}
    found: dict[Place, Passage] = {}
    for name in dict.fromkeys(place.track for place in places):
        song = by_name[name].load(stems).song
        estimates = [(method.name, method.estimate(song).stems) for method in methods]
        shown = [("reference", song.sources), *estimates]
        for place in places:
            if place.track == name:
                where = (place.start_s, song.sample_rate)
                heard = cut("mixture", song.mixture, *where)
                clips = {
                    stem: (heard, *(cut(label, e[stem], *where) for label, e in shown))
                    for stem in song.sources
                }
                found[place] = Passage(place, clips)
    return [found[place] for place in places]


def _median(values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan


def make_clip(label: str, audio: Audio, sample_rate: int, sound: bool = True) -> Clip:
    """A sound (C, N) as MP3, unless the page has no sound, and as a picture."""
    picture = spectrogram(audio, sample_rate)
    return Clip(label, _mp3(audio, sample_rate) if sound else b"", picture)


def _mp3(audio: Audio, sample_rate: int) -> bytes:
    resampled = np.concatenate(list(resample_blocks([audio], sample_rate, CLIP_RATE)), axis=1)
    buffer = io.BytesIO()
    # A little quieter: what clips in the MP3 would be heard as a fault of the estimate.
    soundfile.write(buffer, 0.9 * resampled.T, CLIP_RATE, format="MP3")
    return buffer.getvalue()
