"""Decoded samples of a stream, kept in memory for the mixer to draw from."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from vocalsep.data.bank import FULL_SCALE, Track, levels_of, segment_of
from vocalsep.data.bank import LEVEL_BLOCK as BLOCK
from vocalsep.data.shards.read import SampleStream
from vocalsep.data.sources import load_bytes
from vocalsep.errors import DataError, UnreadableAudio

_AUDIO = (".flac", ".opus", ".ogg", ".wav")
Stem = tuple[Track, npt.NDArray[np.int16], npt.NDArray[np.float32]]  # track, samples, levels


class Pool:
    """The last `size` samples of a stream, of which `refresh` are new at every step.

    At step j it holds the samples j·refresh … j·refresh + size − 1 of its stream, however it got
    there. It is read like a bank.
    """

    whole = False  # a group may be missing just now

    def __init__(self, stream: SampleStream, sample_rate: int, size: int, refresh: int) -> None:
        self.stream = stream
        self.name = f"the pool of {size} samples of mixing.shards"
        self.sample_rate = sample_rate
        self.size = size
        self.refresh = refresh
        self._held: deque[list[Stem]] = deque(maxlen=size)
        self._by_key: dict[str, Stem] = {}
        self._source: Iterator[dict[str, Any]] = iter(())
        self._n_read = -1  # number of the next sample; −1: nothing was read yet

    @property
    def tracks(self) -> list[Track]:
        """All stems of all samples that are held, oldest first."""
        return [track for stems in self._held for track, _, _ in stems]

    def move_to(self, step: int) -> None:
        """Hold what belongs to `step`, counted in steps of this stream.

        Raises:
            DataError: a shard or a sample in it cannot be read.
        """
        first = step * self.refresh
        if not first <= self._n_read <= first + self.size:
            self._held.clear()
            self._source = self.stream.samples(first)
            self._n_read = first
        while self._n_read < first + self.size:
            self._held.append(self._decode(next(self._source), self._n_read))
            self._n_read += 1
        self._by_key = {stem[0].key: stem for stems in self._held for stem in stems}

    def read(self, track: Track, start: int, n_samples: int) -> npt.NDArray[np.float32]:
        """(2, n_samples) float32 from sample `start`; zeros beyond the ends; mono on both sides."""
        return segment_of(self._by_key[track.key][1], start, n_samples)

    def level(self, track: Track, start: int, n_samples: int) -> float:
        """About the RMS of that segment."""
        levels = self._by_key[track.key][2]
        first, last = (max(0, at // BLOCK) for at in (start, start + n_samples))
        energy = np.square(levels[first : last + 1]).sum() * BLOCK
        return float(np.sqrt(energy / n_samples))

    def _decode(self, sample: dict[str, Any], number: int) -> list[Stem]:
        where = f"{sample['__url__']}, {sample['__key__']}"
        try:
            about = json.loads(sample.get("json", b"{}"))
            names = [name for name in sample if name.endswith(_AUDIO) and "." in name]
            stems = [self._stem(sample, name, about, number) for name in names]
        except (ValueError, AttributeError, TypeError, UnreadableAudio) as error:
            raise DataError(f"{where}: not a sample of stems ({error}); write it again") from error
        if not stems:
            raise DataError(f"{where}: no stem in it; expected files such as key.vocals.flac")
        return stems

    def _stem(self, sample: dict[str, Any], name: str, about: dict[str, Any], number: int) -> Stem:
        target = name.rpartition(".")[0]
        decoded = load_bytes(sample[name], f"{sample['__key__']}.{name}", self.sample_rate)
        peak = max(1.0, float(np.abs(decoded.samples).max(initial=0.0)))
        samples = np.round(decoded.samples.T * np.float32(FULL_SCALE / peak)).astype("<i2")
        stem = about.get("stems", {}).get(target, {})
        track = Track(
            key=f"{number}.{target}",
            target=target,
            group=str(about.get("group", "shards")),
            # Stems of one sample are one song, whatever other spans of it are in the pool.
            song=f"{number}",
            path=f"{sample['__key__']}.{name}",
            licence=str(stem.get("licence", "not stated")),
            band_hz=min(float(stem.get("band_hz") or decoded.band_hz), decoded.band_hz),
            n_channels=samples.shape[1],
            n_samples=len(samples),
        )
        return track, samples, levels_of(samples)
