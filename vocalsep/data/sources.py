"""What a data set consists of before it is decoded: stems, and the files they are made of."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from vocalsep.audio.read import open_audio
from vocalsep.audio.resample import resample_blocks
from vocalsep.audio.spill import gathered
from vocalsep.errors import DataError, UnreadableAudio

#: Target of what is only there to be checked against the sum of the stems; never packed.
MIXTURE = "mixture"
AUDIO_SUFFIXES = {
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".m4a", ".mp4", ".aac", ".wma", ".mka",
    ".aif", ".aiff", ".w64", ".rf64", ".caf", ".webm",
}  # fmt: skip


@dataclass(frozen=True)
class AudioFile:
    """A file, one of several audio tracks in it, or a sound file inside an archive.

    Attributes:
        path: of the file or archive.
        track: number of the audio track.
        span: first byte and number of bytes inside an archive; None: all of the file.
    """

    path: Path
    track: int = 0
    span: tuple[int, int] | None = None

    def blocks(self) -> Iterator[bytes]:
        """The bytes, in pieces."""
        start, left = self.span or (0, self.path.stat().st_size)
        with self.path.open("rb") as opened:
            opened.seek(start)
            while block := opened.read(min(left, 1 << 20)):
                left -= len(block)
                yield block


@dataclass(frozen=True)
class Summand:
    """Files that are joined in time, and the sign with which they count."""

    files: tuple[AudioFile, ...]
    sign: int = 1


@dataclass(frozen=True)
class StemSource:
    """One stem of a data set: a sum of (joined) files.

    Attributes:
        target: "vocals", "drums", … or MIXTURE.
        group: where it comes from; recipes give shares to groups.
        song: stems of one song carry the same name and are aligned; empty when unpaired.
        path: what lists and messages call it, relative to the root.
        summands: what it is made of. With a negative one it is a difference, whose parts must lie
            at lag 0.
        licence: of the audio.
        band_hz: no content above; 0 when full-band or not known.
    """

    target: str
    group: str
    song: str
    path: str
    summands: tuple[Summand, ...]
    licence: str = "not stated"
    band_hz: float = 0.0

    @property
    def files(self) -> Iterator[AudioFile]:
        """All files, in order."""
        return (file for summand in self.summands for file in summand.files)

    @property
    def is_difference(self) -> bool:
        """Whether something is subtracted."""
        return any(summand.sign < 0 for summand in self.summands)


@dataclass(frozen=True)
class Decoded:
    """A decoded file or sum: (C, N) float32 with C 1 or 2, and the highest frequency it can hold.

    `n_channels` and `sample_rate` are those of the source.
    """

    samples: npt.NDArray[np.float32]
    band_hz: float
    sample_rate: int
    n_channels: int


def by_song(sources: Iterable[StemSource]) -> dict[str, list[StemSource]]:
    """The stems of each song, in order; unpaired ones are left out."""
    songs: dict[str, list[StemSource]] = {}
    for source in sources:
        if source.song:
            songs.setdefault(source.song, []).append(source)
    return songs


def is_audio(path: Path) -> bool:
    """Whether a name looks like a sound file that is there to be heard."""
    return path.suffix.lower() in AUDIO_SUFFIXES and not path.name.startswith(".")


def sound_files(place: Path) -> list[Path]:
    """A sound file itself, or those of a folder and the folders in it, by name.

    Raises:
        DataError: there are none in the folder.
    """
    if not place.is_dir():
        return [place]
    found = sorted(file for file in place.rglob("*") if is_audio(file))
    if not found:
        raise DataError(f"{place}: no sound files in it")
    return found


def content_key(source: StemSource, sample_rate: int) -> str:
    """Of the bytes, the rate, and how files are joined and summed: 24 hexadecimal digits.

    Raises:
        OSError: a file cannot be read.
    """
    digest = hashlib.sha256(str(sample_rate).encode())
    for summand in source.summands:
        sign = "+" if summand.sign > 0 else "-"
        digest.update(f"{sign}{len(summand.files)}".encode())
        for file in summand.files:
            if file.track:
                digest.update(f"#{file.track}".encode())
            for block in file.blocks():
                digest.update(block)
    return digest.hexdigest()[:24]


def fingerprint(sources: Iterable[StemSource], sample_rate: int) -> str:
    """Changes when a file is added, removed or written again; quick, as nothing is opened."""
    digest = hashlib.sha256(str(sample_rate).encode())
    for source in sources:
        digest.update(repr((source.target, source.group, source.song, source.path)).encode())
        for file in source.files:
            try:
                status = file.path.stat()
            except OSError:
                continue
            digest.update(repr((status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()[:24]


def load_file(file: AudioFile, sample_rate: int) -> Decoded:
    """Decode a file in mono or stereo; of more channels, the first two.

    Raises:
        UnreadableAudio: it is missing, damaged, empty, or holds NaN.
    """
    if file.span is not None:
        return load_bytes(b"".join(file.blocks()), f"{file.path}, byte {file.span[0]}", sample_rate)
    with open_audio(file.path, track=file.track) as reader:
        info = reader.info
        blocks: Iterator[npt.NDArray[np.float32]] = (
            block[:2].astype(np.float32, copy=False) for block in reader.blocks()
        )
        samples = gathered(resample_blocks(blocks, info.sample_rate, sample_rate))
    return Decoded(
        samples,
        min(info.sample_rate, sample_rate) / 2,
        info.sample_rate,
        info.n_channels,
    )


def load_bytes(data: bytes, name: str, sample_rate: int) -> Decoded:
    """Decode FLAC, Ogg Opus or WAV in memory, as they lie in tar shards.

    Raises:
        UnreadableAudio: libsndfile cannot decode it.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, n_channels = file.samplerate, file.channels
            samples = file.read(dtype="float32", always_2d=True)[:, :2].T  # (C, N)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise UnreadableAudio(f"{name}: cannot be decoded ({error}); write it as FLAC") from error
    if not np.isfinite(samples).all():
        raise UnreadableAudio(f"{name}: a sample is NaN or infinite; export the file again")
    samples = np.concatenate(list(resample_blocks([samples], rate, sample_rate)), 1)
    return Decoded(samples, min(rate, sample_rate) / 2, rate, n_channels)


def load(source: StemSource, sample_rate: int) -> Decoded:
    """Decode, join and sum the files of a stem.

    Raises:
        UnreadableAudio: a file cannot be decoded.
        DataError: a difference whose parts do not lie at lag 0.
    """
    if not all(summand.files for summand in source.summands):
        raise DataError(f"{source.path}: a folder without sound files in it; remove it or fill it")
    parts = [_joined(summand.files, sample_rate) for summand in source.summands]
    if len(parts) == 1 and source.summands[0].sign > 0:
        return parts[0]
    signs = [summand.sign for summand in source.summands]
    if source.is_difference:
        # Only differences need it, and it pulls in the FFT of whole songs.
        from vocalsep.data.alignment import require_aligned

        plus, minus = (_of_sign(parts, signs, sign) for sign in (1, -1))
        require_aligned(source.path, plus, minus, sample_rate)
    total = summed([part.samples * sign for part, sign in zip(parts, signs, strict=True)])
    if source.is_difference:  # beyond the end of the shorter one it would be something else
        total = total[:, : min(part.samples.shape[1] for part in parts)]
    first = parts[0]
    band_hz = max(part.band_hz for part in parts)
    n_channels = max(part.n_channels for part in parts)
    return Decoded(total, band_hz, first.sample_rate, n_channels)


def _of_sign(parts: list[Decoded], signs: list[int], wanted: int) -> npt.NDArray[np.float32]:
    return summed([p.samples for p, sign in zip(parts, signs, strict=True) if sign == wanted])


def _joined(files: tuple[AudioFile, ...], sample_rate: int) -> Decoded:
    parts = [load_file(file, sample_rate) for file in files]
    if len(parts) == 1:
        return parts[0]
    n_channels = max(len(part.samples) for part in parts)
    samples = np.concatenate([_to_channels(part.samples, n_channels) for part in parts], axis=1)
    first = parts[0]
    band_hz = max(part.band_hz for part in parts)
    return Decoded(samples, band_hz, first.sample_rate, first.n_channels)


def summed(signals: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """The sum of (C, N) signals, C 1 or 2: as wide as the widest, as long as the longest."""
    n_channels = max(len(signal) for signal in signals)
    total = np.zeros((n_channels, max(signal.shape[1] for signal in signals)), np.float32)
    for signal in signals:
        total[:, : signal.shape[1]] += _to_channels(signal, n_channels)
    return total


def _to_channels(audio: npt.NDArray[np.float32], n_channels: int) -> npt.NDArray[np.float32]:
    return np.broadcast_to(audio, (n_channels, audio.shape[1])) if len(audio) == 1 else audio


def probe_rate(source: StemSource) -> int:
    """The sample rate of a stem's first file, Hz.

    Raises:
        UnreadableAudio: it cannot be opened.
    """
    file = next(source.files, None)
    if file is None:
        raise DataError(f"{source.path}: a folder without sound files in it; remove it or fill it")
    if file.span is not None:
        return int(soundfile.info(io.BytesIO(b"".join(file.blocks()))).samplerate)
    with open_audio(file.path, track=file.track) as reader:
        return reader.info.sample_rate
