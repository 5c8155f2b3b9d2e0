"""Which tracks make up a stem of the recipe, and drawing one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from vocalsep.data.bank import Track
from vocalsep.errors import DataError
from vocalsep.recipe.mixing import VOICE

ACCOMPANIMENT = "accompaniment"


@dataclass(frozen=True)
class Take:
    """One recording of a stem: aligned tracks that are summed (drums + bass + other)."""

    tracks: tuple[Track, ...]

    @property
    def group(self) -> str:
        """Where it comes from."""
        return self.tracks[0].group

    @property
    def n_samples(self) -> int:
        """Of the longest track."""
        return max(track.n_samples for track in self.tracks)

    @property
    def band_hz(self) -> float:
        """Of the track that is known least far up."""
        return min(track.band_hz for track in self.tracks)


def parts_of(stems: Sequence[str], targets: set[str]) -> dict[str, set[str]]:
    """Stem of the recipe -> targets of a song's tracks that are summed for it.

    A stem is the track of its name. "accompaniment" is everything but the voice, and the last stem
    is everything that is in no other one. Tracks of a bare "accompaniment" serve no recipe that
    wants parts of it.

    >>> song = {"vocals", "drums", "bass", "other"}
    >>> {k: sorted(v) for k, v in parts_of(["vocals", "accompaniment"], song).items()}
    {'vocals': ['vocals'], 'accompaniment': ['bass', 'drums', 'other']}
    >>> {k: sorted(v) for k, v in parts_of(["drums", "residual"], song).items()}
    {'drums': ['drums'], 'residual': ['bass', 'other', 'vocals']}
    >>> parts_of(["drums", "residual"], {"vocals", "accompaniment"})
    {'drums': set(), 'residual': set()}
    """
    parts: dict[str, set[str]] = {}
    for stem in stems[:-1]:
        if stem in targets:
            parts[stem] = {stem}
        else:
            parts[stem] = targets - {VOICE} if stem == ACCOMPANIMENT else set()
    claimed = set().union(*parts.values()) if parts else set()
    undivided = {ACCOMPANIMENT} if set(stems[:-1]) - {VOICE, ACCOMPANIMENT} else set()
    rest = targets - claimed
    parts[stems[-1]] = set() if rest & undivided else rest
    return parts


def takes_of(tracks: Sequence[Track], stems: Sequence[str]) -> list[dict[str, Take]]:
    """Every song, and every unpaired track as a song of one stem: stem -> take."""
    songs: dict[str, list[Track]] = {}
    for number, track in enumerate(tracks):
        # A NUL keeps unpaired tracks apart from each other and from any song's name.
        songs.setdefault(track.song or f"\0{number}", []).append(track)
    found = []
    for song in songs.values():
        parts = parts_of(stems, {track.target for track in song})
        if len(song) == 1:  # unpaired: nothing can be a remainder but what is called so
            parts = _unpaired(song[0].target, stems)
        takes = {
            stem: Take(tuple(track for track in song if track.target in targets))
            for stem, targets in parts.items()
            if targets
        }
        if takes:
            found.append(takes)
    return found


def _unpaired(target: str, stems: Sequence[str]) -> dict[str, set[str]]:
    whole = len(stems) == 2 and stems[0] == VOICE  # all music is what is not the voice
    stem = target if target in stems else stems[-1] if whole else None
    return {stem: {target}} if stem is not None else {}


class Shelf:
    """The takes of one stem, drawn by group share, and within a group by length.

    Raises:
        DataError: there is none, or a share names a group that has none.
    """

    def __init__(
        self, source: str, stem: str, takes: Sequence[Take], shares: Mapping[str, float]
    ) -> None:
        by_group: dict[str, list[Take]] = {}
        for take in takes:
            by_group.setdefault(take.group, []).append(take)
        if not by_group:
            raise DataError(f"{source}: no track is of the stem {stem!r}; add some")
        unknown = sorted(set(shares) - set(by_group))
        if unknown:
            raise DataError(
                f"{source} has no {stem} in the group {unknown[0]!r}; "
                f"it has: {', '.join(sorted(by_group))}"
            )
        # Without shares every group counts by its length.
        weights = dict(shares) or {g: float(_total(takes)) for g, takes in by_group.items()}
        self.groups = [by_group[group] for group in weights]
        self._groups_to = np.cumsum(list(weights.values())) / sum(weights.values())
        self._takes_to = [
            np.cumsum([take.n_samples for take in takes]) / _total(takes) for takes in self.groups
        ]

    def draw(self, rng: np.random.Generator) -> Take:
        """One take."""
        group = int(np.searchsorted(self._groups_to[:-1], rng.random(), "right"))
        take = int(np.searchsorted(self._takes_to[group][:-1], rng.random(), "right"))
        return self.groups[group][take]


def _total(takes: Sequence[Take]) -> int:
    return sum(take.n_samples for take in takes)
