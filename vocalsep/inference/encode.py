"""The writing end of the stream: mixture and estimates become stems at their destination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

import numpy as np

from vocalsep.audio.formats import StemFormat
from vocalsep.audio.quantise import NO_SUMS, StemQuantiser, common_gain
from vocalsep.audio.resample import resample_blocks
from vocalsep.audio.tags import Tags
from vocalsep.audio.unfinished import remove_leftovers
from vocalsep.audio.write import open_pipe_writer, open_writer
from vocalsep.errors import OutputError
from vocalsep.inference.levels import Level, LevelMeter
from vocalsep.types import AudioInfo, Block, Stems

#: Mixture (C, n) and estimates (S − 1, C, n) of all stems but the residual.
Pair = tuple[Block, Block]

_PIECE_SAMPLES = 16384


class StemSink(Protocol):
    """Where stems go; leaving the context without `commit` leaves nothing behind."""

    def write(self, stems: Stems) -> None: ...
    def commit(self) -> None: ...
    def __enter__(self) -> StemSink: ...
    def __exit__(self, *error: object) -> None: ...


class StemFiles:
    """Stem files that get their final names together, when all of them are complete.

    Args:
        outputs: final path per stem.
        stem_format: of all of them.
        n_samples: length to come at the format's rate, None if unknown.
        tags: per stem.
    """

    def __init__(
        self,
        outputs: dict[str, Path],
        stem_format: StemFormat,
        n_samples: int | None,
        tags: dict[str, Tags],
    ) -> None:
        self._writers = {}
        self._cleanup = ExitStack()
        try:
            for folder in dict.fromkeys(path.parent for path in outputs.values()):
                self._make_folder(folder)
                remove_leftovers(folder)
            for stem, path in outputs.items():
                writer = open_writer(path, stem_format, n_samples, tags[stem])
                self._writers[stem] = self._cleanup.enter_context(writer)
        except BaseException:
            self._cleanup.close()
            raise

    def write(self, stems: Stems) -> None:
        """Append one block of every stem that is written.

        Raises:
            OutputError: see `BlockWriter.write`.
        """
        for stem, writer in self._writers.items():
            writer.write(stems[stem])

    def commit(self) -> None:
        """Complete all files, then rename all.

        Raises:
            OutputError: see `BlockWriter.finish`.
        """
        for writer in self._writers.values():
            writer.finish()
        for writer in self._writers.values():
            writer.commit()

    def _make_folder(self, folder: Path) -> None:
        """Create a folder; what is still empty at the end is removed again."""
        missing = []
        while not folder.exists() and folder != folder.parent:
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            try:
                new.mkdir(exist_ok=True)
            except OSError as error:
                raise OutputError(f"{new}: cannot be created: {error.strerror}") from error
            self._cleanup.callback(_remove_if_empty, new)

    def __enter__(self) -> StemFiles:
        return self

    def __exit__(self, *error: object) -> None:
        self._cleanup.close()


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # not empty: it holds our stems
        folder.rmdir()


class StemPipe:
    """One stem into a binary stream."""

    def __init__(self, stream: BinaryIO, stem: str, stem_format: StemFormat, raw: bool) -> None:
        self._stem = stem
        self._writer = open_pipe_writer(stream, stem_format, raw)

    def write(self, stems: Stems) -> None:
        """Append one block."""
        self._writer.write(stems[self._stem])

    def commit(self) -> None:
        """Flush."""
        self._writer.close()

    def __enter__(self) -> StemPipe:
        return self

    def __exit__(self, *error: object) -> None:
        """What is in a pipe cannot be taken back."""


def _in_pieces(pairs: Iterator[Pair]) -> Iterator[Pair]:
    """Shorter pairs: a chunk of many seconds would not fit the processor's cache."""
    for mixture, estimates in pairs:
        for start in range(0, mixture.shape[-1], _PIECE_SAMPLES):
            piece = slice(start, start + _PIECE_SAMPLES)
            yield mixture[:, piece], estimates[..., piece]


class StemEncoder:
    """Quantises one pass over a song and writes the stems, in the writing thread.

    Args:
        info: the source.
        stem_format: of all stems.
        names: of all stems, the residual last.
        gain: multiplies all of them.
        sums: further stems that are sums of those; see `StemQuantiser`.

    Attributes:
        n_samples: length so far at the source rate.
    """

    def __init__(
        self,
        info: AudioInfo,
        stem_format: StemFormat,
        names: tuple[str, ...],
        gain: float,
        sums: Mapping[str, tuple[str, ...]] = NO_SUMS,
    ) -> None:
        self.n_samples = 0
        self._info = info
        self._format = stem_format
        self._quantiser = StemQuantiser(info, stem_format, gain, names, sums)
        full_scale = 1.0 if stem_format.bit_depth is None else 2.0 ** (stem_format.bit_depth - 1)
        self._meters = {name: LevelMeter(full_scale) for name in self._quantiser.peak}

    @property
    def overs(self) -> Mapping[str, int]:
        """Samples per stem so far that do not fit the format."""
        return self._quantiser.overs

    def run(self, pairs: Iterator[Pair], sink: StemSink) -> None:
        """Write all pairs to `sink`; does not commit."""
        for stems in self._at_output_rate(self._stems(pairs)):
            sink.write(stems)

    def levels(self) -> dict[str, Level]:
        """Levels per stem, before a conversion of the rate."""
        return {name: meter.level() for name, meter in self._meters.items()}

    def gain_that_fits(self, stems: Iterable[str]) -> float:
        """The common gain at which none of the written `stems` clips; 1.0 if none did."""
        peak = {stem: self._quantiser.peak[stem] for stem in stems if self.overs[stem]}
        return common_gain(peak, self._format, len(self._quantiser.names))

    def _stems(self, pairs: Iterator[Pair]) -> Iterator[Stems]:
        for mixture, estimates in _in_pieces(pairs):
            stems = self._quantiser(mixture, estimates)
            for name, meter in self._meters.items():
                meter.add(stems[name])
            self.n_samples += mixture.shape[-1]
            yield stems

    def _at_output_rate(self, stems: Iterator[Stems]) -> Iterator[Stems]:
        if self._format.sample_rate == self._info.sample_rate:
            yield from stems
            return
        # One resampler for all stems: they stay together whatever lengths it gives out.
        names = list(self._meters)
        stacked = (np.concatenate([blocks[name] for name in names]) for blocks in stems)
        for block in resample_blocks(stacked, self._info.sample_rate, self._format.sample_rate):
            yield dict(zip(names, np.split(block, len(names)), strict=True))
