"""A song beside the voice that was found in it, and how stems and mixes of the two are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.audio.formats import StemFormat
from vocalsep.audio.read import open_audio
from vocalsep.audio.tags import Tags
from vocalsep.inference.encode import Pair, StemEncoder, StemFiles
from vocalsep.inference.events import FileResult
from vocalsep.inference.fifo import BlockFifo
from vocalsep.karaoke.options import Treatment
from vocalsep.karaoke.stretch import stretch
from vocalsep.types import AudioInfo, Block

#: Gives the pairs (mixture, voice) of a song from its start, as often as it is called.
PairSource: TypeAlias = Callable[[], Iterator[Pair]]

_BLOCK_SAMPLES = 65536
_CLICK_HZ, _CLICK_LEVEL, _CLICK_DECAY_S, _CLICK_S = 1000.0, 0.4, 0.015, 0.12


def click(sample_rate: int, n_channels: int) -> npt.NDArray[np.float32]:
    """One second of a count-in: a short tone in all channels, then silence; (C, sample_rate)."""
    time_s = np.arange(sample_rate) / sample_rate
    tone = _CLICK_LEVEL * np.sin(2 * np.pi * _CLICK_HZ * time_s) * np.exp(-time_s / _CLICK_DECAY_S)
    tone[time_s > _CLICK_S] = 0.0
    return np.repeat(tone[np.newaxis].astype(np.float32), n_channels, axis=0)


@dataclass(frozen=True)
class Take:
    """A song and its voice, sample by sample together.

    Attributes:
        source: the song, decoded again whenever it is needed.
        voice: float32 WAV of the same rate, channels and length.
        info: of the song.
        result: what the separation told.
    """

    source: Path
    voice: Path
    info: AudioInfo
    result: FileResult

    def pairs(self) -> Iterator[Pair]:
        """(mixture, voice) from the start, both (C, n)."""
        with open_audio(self.source) as song, open_audio(self.voice) as voice:
            waiting = BlockFifo()
            ahead = waiting.tee(voice.blocks())
            for mixture in song.blocks():
                n_samples = mixture.shape[-1]
                while waiting.n_samples < n_samples and next(ahead, None) is not None:
                    pass
                n_samples = min(n_samples, waiting.n_samples)
                if n_samples:
                    yield mixture[..., :n_samples], waiting.take(n_samples)

    def with_guide(self, gain: float) -> PairSource:
        """Pairs in which only part of the voice counts as voice: `gain` of it stays in the rest."""

        def pairs() -> Iterator[Pair]:
            for mixture, voice in self.pairs():
                yield mixture, voice * (1.0 - gain)

        return pairs

    def treated(self, treatment: Treatment) -> PairSource:
        """Pairs whose residual is the instrumental as the user wants it.

        A new key or tempo needs the whole song in memory.
        """
        song = self.with_guide(treatment.guide_gain)
        if not treatment.keeps_time_and_key:
            song = self._mixed(self._stretched(treatment))

        def pairs() -> Iterator[Pair]:
            for _ in range(treatment.count_in_s):
                second = click(self.info.sample_rate, self.info.n_channels)
                yield second, np.zeros_like(second)
            yield from song()

        return pairs

    def _mixed(self, mix: npt.NDArray[np.float32]) -> PairSource:
        """(C, M) as pairs without any voice."""

        def pairs() -> Iterator[Pair]:
            for start in range(0, mix.shape[-1], _BLOCK_SAMPLES):
                block = mix[:, start : start + _BLOCK_SAMPLES]
                yield block, np.zeros_like(block)

        return pairs

    def _stretched(self, treatment: Treatment) -> npt.NDArray[np.float32]:
        """(C, M) instrumental and guide, changed apart and mixed."""
        pairs = list(self.pairs())
        voice = np.concatenate([voice for _, voice in pairs], axis=-1, dtype=np.float32)
        rest = np.concatenate([mix - voice for mix, voice in pairs], axis=-1, dtype=np.float32)
        del pairs
        done = stretch(rest, self.info.sample_rate, treatment, is_voice=False)
        if treatment.guide_gain:
            guide = stretch(voice, self.info.sample_rate, treatment, is_voice=True)
            done = done + treatment.guide_gain * guide
        return done.astype(np.float32, copy=False)


@dataclass(frozen=True)
class Recording:
    """What is to be written of pairs (mixture, voice).

    Attributes:
        info: of the mixture.
        stem_format: of the files.
        stems: names of the voice and of what is left without it.
        outputs: where to write them; one of the two may be missing.
        tags: per stem that is written.
    """

    info: AudioInfo
    stem_format: StemFormat
    stems: tuple[str, str]
    outputs: dict[str, Path]
    tags: dict[str, Tags]


def record(pairs: PairSource, recording: Recording) -> FileResult:
    """Write the stems; a second time, all quieter by one gain, if an integer format would clip.

    Returns:
        Levels, gain and overs; times, source and outputs are for the caller to fill in.

    Raises:
        OutputError: the files cannot be written.
    """
    gain = 1.0
    encoder = _pass(pairs, recording, gain)
    wanted = encoder.gain_that_fits(iter(recording.outputs))
    if wanted != 1.0:
        gain = wanted
        encoder = _pass(pairs, recording, gain)
    levels = encoder.levels()
    return FileResult(
        source=recording.info.name,
        outputs=recording.outputs,
        levels={stem: levels[stem] for stem in recording.outputs},
        gain=gain,
        overs=sum(encoder.overs[stem] for stem in recording.outputs),
        audio_s=encoder.n_samples / recording.info.sample_rate,
        seconds=0.0,
        warnings=(),
    )


def _pass(pairs: PairSource, recording: Recording, gain: float) -> StemEncoder:
    stem_format = recording.stem_format
    encoder = StemEncoder(recording.info, stem_format, recording.stems, gain)
    with StemFiles(recording.outputs, stem_format, None, recording.tags) as sink:
        encoder.run(_estimates(pairs()), sink)
        sink.commit()
    return encoder


def _estimates(pairs: Iterator[Pair]) -> Iterator[tuple[Block, Block]]:
    """As the encoder takes them."""
    for mixture, voice in pairs:
        yield mixture, voice[np.newaxis]
