"""The tracks of a data set as they lie on disk, decoded one at a time.

Every layout that training knows can be evaluated (vocalsep/data/layouts/), and besides

    a folder of stem files        one song
    stereo files of two mono      left accompaniment, right voice: MIR-1K and iKala, as published
    sources                       ("split-stereo", only when asked for by name)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vocalsep.audio.read import probe
from vocalsep.data.layouts import read_stems
from vocalsep.data.layouts.base import audio_files, one_file
from vocalsep.data.layouts.songs import STEMS, target_of
from vocalsep.data.sources import MIXTURE, StemSource, by_song, fingerprint, is_audio, load
from vocalsep.errors import DataError, UnreadableAudio
from vocalsep.evaluation.signals import Audio
from vocalsep.evaluation.songs import Song, sum_of

#: Layout of stereo files that hold two mono sources.
SPLIT_STEREO = "split-stereo"
#: Files that differ by no more are cut to the shorter one; codecs leave such differences.
SLACK_S = 0.1


@dataclass(frozen=True)
class Loaded:
    """A decoded track and what had to be said about it."""

    song: Song
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Track:
    """A track and the files of its true stems.

    Attributes:
        name: unique in its set.
        sources: its stems, and the mixture where there is one.
        split_stereo: the only file holds the accompaniment left and the voice right.
    """

    name: str
    sources: tuple[StemSource, ...]
    split_stereo: bool = False

    def fingerprint(self) -> str:
        """Changes when a file is written again."""
        return fingerprint(self.sources, 0)

    def load(self, stems: Sequence[str]) -> Loaded:
        """Decode the stems at their own rate, as many channels as they have (at most two).

        Args:
            stems: the wanted ones. The last may be missing: it is then the sum of all others.

        Raises:
            DataError: a stem is missing, or rates or lengths differ.
            UnreadableAudio: a file cannot be decoded.
        """
        if self.split_stereo:
            return self._load_split(stems)
        by_target = {source.target: source for source in self.sources}
        wanted = {stem: [by_target[stem]] for stem in stems if stem in by_target}
        if stems[-1] not in wanted:
            others = {k: v for k, v in by_target.items() if k not in (*stems, MIXTURE)}
            # An accompaniment beside its own parts would be counted twice.
            finer = {k: v for k, v in others.items() if k != "accompaniment"} or others
            wanted[stems[-1]] = list(finer.values())
        missing = [stem for stem in stems if not wanted.get(stem)]
        if missing:
            raise DataError(
                f"{self.name}: no reference for {', '.join(missing)}; it has "
                f"{', '.join(sorted(by_target)) or 'nothing'}; add the files or score other stems"
            )
        rate = self._sample_rate([source for parts in wanted.values() for source in parts])
        audio = {s.path: load(s, rate).samples for parts in wanted.values() for s in parts}
        recorded = by_target.get(MIXTURE)
        if recorded is not None:
            audio[recorded.path] = load(recorded, rate).samples
        audio, notes = _equal_lengths(audio, rate, self.name)
        sources: dict[str, Audio] = {
            stem: sum_of([audio[source.path] for source in parts]) for stem, parts in wanted.items()
        }
        mixture = audio[recorded.path] if recorded is not None else None
        ordered = {stem: sources[stem] for stem in stems}
        return Loaded(Song(self.name, ordered, rate, mixture), tuple(notes))

    def _load_split(self, stems: Sequence[str]) -> Loaded:
        if set(stems) != {"vocals", "accompaniment"}:
            raise DataError(
                f"{self.name}: a split stereo file holds vocals and accompaniment, not "
                f"{', '.join(stems)}"
            )
        source = self.sources[0]
        rate = self._sample_rate([source])
        decoded = load(source, rate)
        if decoded.n_channels != 2:
            raise DataError(
                f"{source.path}: {decoded.n_channels} channel(s), expected two: accompaniment "
                f"left, voice right"
            )
        sides = {"accompaniment": decoded.samples[:1], "vocals": decoded.samples[1:]}
        return Loaded(Song(self.name, {stem: sides[stem] for stem in stems}, rate))

    def _sample_rate(self, sources: Iterable[StemSource]) -> int:
        rates: dict[int, str] = {}
        for source in sources:
            file = next(source.files)
            rates.setdefault(probe(file.path).sample_rate, source.path)
        if len(rates) > 1:
            told = ", ".join(f"{path} {rate} Hz" for rate, path in rates.items())
            raise DataError(f"{self.name}: rates differ ({told}); resample the references to one")
        return next(iter(rates))


def find_tracks(roots: Sequence[Path], layout: str = "", split: str = "") -> list[Track]:
    """The tracks of data sets, sorted by name; nothing is decoded.

    Args:
        layout: name of the layout, empty: guessed.
        split: train | valid | test, for sets that are divided; empty: all of an undivided set,
            the test half of MUSDB18.

    Raises:
        DataError: nothing there, or two tracks have one name.
    """
    found: dict[str, Track] = {}
    for root in roots:
        for track in _tracks_of(root, layout, split):
            if track.name in found:
                raise DataError(
                    f"{root}: a second track is called {track.name!r}; results are kept by name, "
                    f"rename one or score the sets apart"
                )
            found[track.name] = track
    return [found[name] for name in sorted(found)]


def _tracks_of(root: Path, layout: str, split: str) -> list[Track]:
    if not root.exists():
        raise DataError(f"{root}: no such folder; name a folder with songs, or a list of stems")
    if layout == SPLIT_STEREO:
        return _split_stereo(root)
    single = _single_song(root) if not layout else None
    if single is not None:
        return [single]
    songs = by_song(read_stems(root, layout, split or _usual_split(root)))
    if not songs:
        raise DataError(f"{root}: no song with true stems in it; unpaired files cannot be scored")
    return [Track(name, tuple(sources)) for name, sources in songs.items()]


def _usual_split(root: Path) -> str:
    """The test half where a set has one, else the validation part, else everything."""
    for split, folders in {"test": ("test",), "valid": ("valid", "validation", "val")}.items():
        if any((root / folder).is_dir() for folder in folders):
            return split
    return "train"


def _single_song(root: Path) -> Track | None:
    if not root.is_dir():
        return None
    files = {target_of(path): path for path in audio_files(root)}
    if len(STEMS & files.keys()) < 2:
        return None
    name = root.resolve().name
    return Track(
        name,
        tuple(
            StemSource(target, name, name, str(path), one_file(path))
            for target, path in files.items()
        ),
    )


def _split_stereo(root: Path) -> list[Track]:
    files = sorted(path for path in root.rglob("*") if path.is_file() and is_audio(path))
    if not files:
        raise DataError(f"{root}: no sound file in it; expected stereo files of two mono sources")
    return [
        Track(
            path.stem,
            (StemSource("vocals", root.name, path.stem, str(path), one_file(path)),),
            split_stereo=True,
        )
        for path in files
    ]


def _equal_lengths(
    audio: dict[str, Audio], sample_rate: int, name: str
) -> tuple[dict[str, Audio], list[str]]:
    """Cut what is a few samples longer, give all the same channels; complain about more.

    Raises:
        DataError: lengths differ by more than SLACK_S.
    """
    n_channels = max(len(samples) for samples in audio.values())
    lengths = {path: samples.shape[1] for path, samples in audio.items()}
    shortest, longest = (pick(lengths, key=lambda k: lengths[k]) for pick in (min, max))
    least, most = lengths[shortest], lengths[longest]
    if least == 0:
        raise UnreadableAudio(f"{name}: {shortest} holds no samples")
    if most - least > SLACK_S * sample_rate:
        raise DataError(
            f"{name}: {longest} has {most} samples, {shortest} {least}; references of one song "
            f"are of equal length"
        )
    notes = [f"references cut by up to {most - least} samples to {least}"] if most > least else []
    cut = {
        path: np.broadcast_to(samples[:, :least], (n_channels, least))
        for path, samples in audio.items()
    }
    return cut, notes
