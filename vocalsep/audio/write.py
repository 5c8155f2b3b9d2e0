"""Stem files: written beside their final name, tagged, then renamed in one step.

A reader of the folder sees a stem complete or not at all. Whatever interrupts the work leaves
at most hidden files, which the next run removes; see `vocalsep/audio/unfinished.py`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from vocalsep.audio._output_file import StickyFile, check_space, output_error
from vocalsep.audio._write_pyav import PyAVEncoder
from vocalsep.audio._write_soundfile import SoundfileEncoder
from vocalsep.audio._write_wav import WavEncoder, WavStreamEncoder, wav_bytes
from vocalsep.audio.formats import StemFormat
from vocalsep.audio.tags import Tags, write_tags
from vocalsep.audio.unfinished import UnfinishedName
from vocalsep.errors import UnsupportedFormat
from vocalsep.types import Block


class _Encoder(Protocol):
    def write(self, block: Block) -> None: ...
    def close(self) -> None: ...


class BlockWriter:
    """One stem file in the making; a context manager that aborts unless `commit` was called.

    Integer formats take (C, n) int32 codes at the format's depth, others (C, n) float samples
    at full scale ±1, both at the format's sample rate. Memory does not grow with the length
    (except the index that M4A keeps: some bytes per 1024 samples).
    """

    def __init__(self, path: Path, stem_format: StemFormat, tags: Tags) -> None:
        """Create the temporary file.

        Raises:
            OutputError: the folder is missing or not writable.
        """
        self.path = path
        self._format = stem_format
        self._tags = tags
        self._finished = False
        try:
            self._name = UnfinishedName(path.parent)
        except OSError as error:
            raise output_error(path, error) from error
        self._temporary = self._name.path(stem_format.extension)
        try:
            self._file = StickyFile(self._temporary)
        except OSError as error:
            self._name.close()
            raise output_error(path, error) from error
        with self._failures():
            self._encoder = _encoder(cast(BinaryIO, self._file), stem_format)

    def write(self, block: Block) -> None:
        """Append a block.

        Raises:
            OutputError: the disk is full or gone; the temporary file is removed.
        """
        with self._failures():
            self._encoder.write(block)

    def finish(self) -> Path:
        """Complete and tag the temporary file; it still waits for `commit`.

        Returns:
            The temporary file, a complete audio file.

        Raises:
            OutputError: as for `write`.
        """
        if not self._finished:
            with self._failures():
                self._encoder.close()
                self._file.check()
                self._file.close()
                write_tags(self._temporary, self._tags, self._format)
            self._finished = True
        return self._temporary

    def commit(self) -> None:
        """Give the file its final name, replacing what was there.

        Raises:
            OutputError: as for `write`, or the final name is refused.
        """
        self.finish()
        with self._failures():
            os.replace(self._temporary, self.path)
        self._name.close()

    def abort(self) -> None:
        """Remove the temporary file; the final name keeps what it had."""
        with suppress(OSError):
            self._file.close()
        self._name.close()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """Any failure removes the temporary file; one of the disk becomes an OutputError."""
        try:
            yield
            self._file.check()
        except Exception as error:
            self.abort()
            # A library may complain in its own way of what the disk refused.
            cause = self._file.error or error
            if isinstance(cause, OSError):
                raise output_error(self.path, cause) from error
            raise

    def __enter__(self) -> BlockWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.abort()  # harmless after commit: the temporary name is gone by then


class PipeWriter:
    """A stem on its way into a pipe; `close` flushes it and leaves the stream open."""

    def __init__(self, stream: BinaryIO, stem_format: StemFormat, raw: bool) -> None:
        try:
            self._encoder = WavStreamEncoder(stream, stem_format, has_header=not raw)
        except OSError as error:
            raise output_error("standard output", error) from error

    def write(self, block: Block) -> None:
        """Append (C, n) codes or samples.

        Raises:
            OutputError: the reading side is gone or the disk behind the pipe is full.
        """
        try:
            self._encoder.write(block)
        except OSError as error:
            raise output_error("standard output", error) from error

    def close(self) -> None:
        """Flush.

        Raises:
            OutputError: as for `write`.
        """
        try:
            self._encoder.close()
        except OSError as error:
            raise output_error("standard output", error) from error


def open_writer(
    path: Path, stem_format: StemFormat, n_samples: int | None, tags: Tags | None = None
) -> BlockWriter:
    """Start a stem file.

    Args:
        path: final name; its folder exists.
        stem_format: from `plan_format`.
        n_samples: length to come in samples, None if unknown.
        tags: written on `finish`.

    Raises:
        OutputError: the folder is missing, not writable or too full for the length.
    """
    if stem_format.container == "wav" and n_samples is not None:
        check_space(path, wav_bytes(stem_format, n_samples))
    return BlockWriter(path, stem_format, tags or Tags())


def open_pipe_writer(stream: BinaryIO, stem_format: StemFormat, raw: bool = False) -> PipeWriter:
    """Start a stem on a binary stream: WAV of unknown length, or raw interleaved float32.

    Args:
        stream: writable, need not seek.
        stem_format: container "wav"; float samples where `raw`.
        raw: bare little-endian float32 instead of WAV.

    Raises:
        UnsupportedFormat: a container that needs a seekable file.
        OutputError: the stream refuses the header.
    """
    if stem_format.container != "wav" or (raw and not stem_format.is_float):
        raise UnsupportedFormat(
            f"standard output takes wav or raw float32, not {stem_format.codec} in "
            f"{stem_format.container}; use --format wav, or -o with a folder"
        )
    return PipeWriter(stream, stem_format, raw)


def _encoder(file: BinaryIO, stem_format: StemFormat) -> _Encoder:
    if stem_format.container == "wav":
        return WavEncoder(file, stem_format)
    if stem_format.codec in ("flac", "vorbis"):
        return SoundfileEncoder(file, stem_format)
    return PyAVEncoder(file, stem_format)
