"""Any source of sound as a stream of blocks, sample by sample what a player plays.

probe(path)                    AudioInfo without decoding it all
open_audio(path, Span(…))      AudioReader of a file or a part of it
open_pipe(stream, RawFormat)   AudioReader of WAV or raw f32le from a stream
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from vocalsep.audio._containers import wav_sample_rate
from vocalsep.audio._pipe import PipeSource, RawFormat
from vocalsep.audio._pyav import PyavSource
from vocalsep.audio._soundfile import SoundfileSource, is_soundfile
from vocalsep.audio._source import Source, require_plausible_rate
from vocalsep.audio._track import file_layout
from vocalsep.errors import UnreadableAudio
from vocalsep.types import AudioInfo, Block

__all__ = ["AudioReader", "RawFormat", "Span", "open_audio", "open_pipe", "probe"]


@dataclass(frozen=True)
class Span:
    """A part of a source in seconds; `end_s` None means to the end."""

    start_s: float = 0.0
    end_s: float | None = None

    def samples(self, sample_rate: int) -> tuple[int, int | None]:
        """First sample and the sample after the last; None: to the end."""
        end_s = math.inf if self.end_s is None else self.end_s
        end = None if end_s == math.inf else round(end_s * sample_rate)
        return round(self.start_s * sample_rate), end


class AudioReader:
    """An opened source; use it as a context manager.

    Attributes:
        info: what is known of the source; `n_samples` is that of the span.
        warnings: sentences about damage, filled while `blocks` is read.
        length_hint_s: about how long the span is, where `info.n_samples` is None; None if there
            is not even an estimate.
    """

    def __init__(self, source: Source, span: Span) -> None:
        self._source = source
        self._start, self._end = _checked(span, source.info)
        self.info = replace(source.info, n_samples=self._n_samples(source.info.n_samples))
        self.warnings: list[str] = source.damage.messages
        self.length_hint_s = self._length_hint()

    def __enter__(self) -> AudioReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; harmless when repeated."""
        self._source.close()

    def blocks(self, block_samples: int = 65536) -> Iterator[Block]:
        """Yield the samples in order, as (C, n) blocks of arbitrary lengths n ≥ 1.

        May be called once.

        Args:
            block_samples: about how many samples a block should have.

        Raises:
            UnreadableAudio: a sample is NaN or infinite, or there are no samples at all.
        """
        position = self._start
        for block in self._source.blocks(self._start, block_samples):
            wanted = block if self._end is None else block[:, : max(self._end - position, 0)]
            if wanted.shape[1] == 0:
                break
            _require_finite(wanted, position, self.info)
            position += wanted.shape[1]
            yield wanted
        if position == self._start:
            raise UnreadableAudio(
                f"{self.info.name}: no samples from {position / self.info.sample_rate:g} s on"
                if position
                else f"{self.info.name}: it holds no samples"
            )

    def _n_samples(self, full: int | None) -> int | None:
        if full is None:
            return None
        return min(full, full if self._end is None else self._end) - self._start

    def _length_hint(self) -> float | None:
        if self.info.length_s is not None:
            return self.info.length_s
        full = self._source.length_hint_s
        rate = self.info.sample_rate
        ends = [end for end in (full, None if self._end is None else self._end / rate) if end]
        return max(min(ends) - self._start / rate, 0.0) if ends else None


def probe(path: Path) -> AudioInfo:
    """Find out what `path` holds.

    Raises:
        UnreadableAudio: there is no file, or no sound in it that can be decoded; with the reason.
    """
    with open_audio(path) as reader:
        return reader.info


def open_audio(path: Path, span: Span = Span(), track: int = 0) -> AudioReader:
    """Open a sound file or an audio track of a video, by default the first.

    Raises:
        UnreadableAudio: as `probe`, or the span is empty or lies behind the end.
    """
    name = _shown(path)
    _require_file(path, name)
    source = _open_source(path, name, track)
    try:
        return AudioReader(source, span)
    except BaseException:
        source.close()
        raise


def open_pipe(stream: BinaryIO, raw: RawFormat | None) -> AudioReader:
    """Read WAV (raw None) or f32le PCM from a stream that need not seek; it stays open.

    Raises:
        UnreadableAudio: the stream is empty or not PCM WAV.
    """
    return AudioReader(PipeSource(stream, raw), Span())


def _shown(path: Path) -> str:
    """The path as one printable line: names may hold line ends and bytes that are no text."""
    text = str(path).encode("utf-8", "backslashreplace").decode()
    return "".join(char if char >= " " else ascii(char)[1:-1] for char in text)


def _open_source(path: Path, name: str, track: int) -> Source:
    if track or not is_soundfile(path):
        return PyavSource(path, name, track)
    # Decoders refuse an absurd rate without a word about it.
    rate = wav_sample_rate(path)
    if rate is not None:
        require_plausible_rate(name, rate)
    try:
        source = SoundfileSource(path, name, file_layout(path))
    except UnreadableAudio:
        return PyavSource(path, name)  # e.g. ADPCM or MP3 in WAV
    if source.info.n_samples:
        return source
    source.close()
    # Recorders that were stopped hard leave a size of 0: FFmpeg reads on to the end.
    try:
        return PyavSource(path, name)
    except UnreadableAudio:
        raise UnreadableAudio(f"{name}: it holds no samples") from None


def _require_file(path: Path, name: str) -> None:
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableAudio(f"{name}: a directory, expected a sound file")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableAudio(f"{name}: not a regular file; use - to read from a pipe")
        if status.st_size == 0:
            raise UnreadableAudio(f"{name}: the file is empty (0 bytes)")
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableAudio(f"{name}: cannot be opened ({reason})") from None


def _checked(span: Span, info: AudioInfo) -> tuple[int, int | None]:
    """Return the span in samples, or raise UnreadableAudio if nothing lies in it."""
    end_s = math.inf if span.end_s is None else span.end_s
    if not 0 <= span.start_s < end_s or span.start_s == math.inf:  # also false for NaN
        to = "the end" if span.end_s is None else f"{span.end_s:g} s"
        raise UnreadableAudio(
            f"{info.name}: the span from {span.start_s:g} s to {to} is empty; "
            "expected 0 ≤ start < end"
        )
    start, end = span.samples(info.sample_rate)
    if info.n_samples is not None and info.n_samples <= start:
        raise UnreadableAudio(
            f"{info.name}: the span starts at {span.start_s:g} s, but the sound ends "
            f"at {info.length_s:.3f} s"
        )
    return start, end


def _require_finite(block: Block, position: int, info: AudioInfo) -> None:
    if np.isfinite(block).all():
        return
    first = position + int(np.flatnonzero(~np.isfinite(block).all(axis=0))[0])
    raise UnreadableAudio(
        f"{info.name}: a sample at {first / info.sample_rate:.3f} s is NaN or infinite, expected "
        "finite numbers; repair or export the file again"
    )
