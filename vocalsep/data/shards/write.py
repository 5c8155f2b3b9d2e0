"""Write a bank as tar shards.

A sample is some seconds of one song (or of one unpaired track):

    <key>.<stem>.flac   every stem of that span
    <key>.json          {"song", "group", "start_s", "sample_rate", "n_samples", "stems": {stem:
                        {"band_hz", "licence", "path"}}}

Samples of all songs are shuffled over the shards, once and for all, so that each shard is a mixture
of the whole set. `shardindex.json` counts the samples of each shard, as the WebDataset library's
own index does; with it a resumed training skips whole shards instead of reading them.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from vocalsep.atomic import replacing
from vocalsep.data.bank import INDEX as BANK_INDEX
from vocalsep.data.bank import Bank, Track
from vocalsep.data.parallel import each_of
from vocalsep.errors import DataError, OutputError

INDEX = "shardindex.json"
OPUS_RATES = (8000, 12000, 16000, 24000, 48000)
SILENT = 1e-4  # RMS below which a span of a song is left out: nothing can be learned from it
OPUS_BYTES_PER_S = 40_000  # upper bound, stereo


@dataclass(frozen=True)
class ShardOptions:
    """How shards are written.

    Attributes:
        folder: where to.
        codec: flac | opus.
        seconds: length of a sample; at least four times a training segment is a good choice.
        shard_bytes: largest size of a shard.
        workers: processes.
    """

    folder: Path
    codec: str = "flac"
    seconds: float = 12.0
    shard_bytes: int = 512_000_000
    workers: int = 1


@dataclass(frozen=True)
class _Sample:
    key: str
    tracks: tuple[Track, ...]
    start: int
    n_samples: int


@dataclass(frozen=True)
class _Job:
    bank: Path
    path: Path
    samples: tuple[_Sample, ...]
    codec: str


def write_shards(bank: Bank, options: ShardOptions, report: Callable[[str], None]) -> Path:
    """Write all shards that are missing, then the index; returns the index.

    Args:
        report: called with a line for every shard.

    Raises:
        DataError: the bank is damaged, or Opus cannot hold its rate.
        OutputError: a shard cannot be written; the whole ones are kept.
    """
    if options.codec == "opus" and bank.sample_rate not in OPUS_RATES:
        raise DataError(
            f"{bank.folder} is packed at {bank.sample_rate} Hz, which Opus cannot hold; pack it "
            f"at 48000 Hz, or use flac"
        )
    bank.check_files()
    try:
        options.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{options.folder}: cannot be made: {error.strerror}") from error
    jobs = _plan(bank, options)
    for job, message in zip(jobs, each_of(_write_shard, jobs, options.workers), strict=True):
        if message:
            raise OutputError(message)
        report(f"{job.path}: {len(job.samples)} samples")
    rows = [{"url": job.path.name, "nsamples": len(job.samples)} for job in jobs]
    index = {"__kind__": "wids-shard-index-v1", "wids_version": 1, "shardlist": rows}
    target = options.folder / INDEX
    message = _write_whole(target, lambda path: path.write_text(json.dumps(index, indent=1)))
    if message:
        raise OutputError(message)
    return target


def _plan(bank: Bank, options: ShardOptions) -> list[_Job]:
    """Which sample goes where: a function of the bank and the options alone."""
    samples = [
        sample
        for number, tracks in enumerate(_songs(bank.tracks))
        for sample in _cut(bank, tracks, f"{number:06d}", options.seconds)
    ]
    if not samples:
        raise DataError(f"{bank.folder}: it holds nothing but silence; pack other songs")
    order = np.random.default_rng(0).permutation(len(samples))
    # Of FLAC only the upper bound is known before it is written.
    per_second = 4 * bank.sample_rate if options.codec == "flac" else OPUS_BYTES_PER_S
    most_stems = max(len(sample.tracks) for sample in samples)
    n_bytes = int(options.seconds * per_second * most_stems) + 4096
    per_shard = max(1, options.shard_bytes // n_bytes)
    # Another plan writes other names: shards of two plans never mix.
    what = (repr(options.seconds), options.codec, str(per_shard), _digest(bank))
    plan = hashlib.sha256(" ".join(what).encode()).hexdigest()[:8]
    return [
        _Job(
            bank.folder,
            options.folder / f"{plan}-{first // per_shard:06d}.tar",
            tuple(samples[k] for k in order[first : first + per_shard]),
            options.codec,
        )
        for first in range(0, len(order), per_shard)
    ]


def _songs(tracks: Sequence[Track]) -> list[tuple[Track, ...]]:
    songs: dict[str, list[Track]] = {}
    for number, track in enumerate(tracks):
        # A NUL keeps unpaired tracks apart from each other and from any song's name.
        songs.setdefault(track.song or f"\0{number}", []).append(track)
    for song, stems in songs.items():
        targets = [stem.target for stem in stems]
        if len(set(targets)) < len(targets):
            raise DataError(f"the song {song!r} has two tracks for one stem; pack it with one each")
    return [tuple(stems) for stems in songs.values()]


def _cut(bank: Bank, tracks: tuple[Track, ...], name: str, seconds: float) -> list[_Sample]:
    """The spans of a song in which something sounds; the last one is shorter."""
    length = max(track.n_samples for track in tracks)
    size = max(1, round(seconds * bank.sample_rate))
    return [
        _Sample(f"{name}_{start // size:05d}", tracks, start, min(size, length - start))
        for start in range(0, length, size)
        if max(bank.level(track, start, size) for track in tracks) > SILENT
    ]


def _write_shard(job: _Job) -> str:
    """Write one shard unless it is there; returns why it could not be written, or nothing."""
    if job.path.exists():
        return ""
    bank = Bank(job.bank)

    def write(path: Path) -> None:
        with tarfile.open(path, "w") as tar:
            for sample in job.samples:
                for name, data in _files(bank, sample, job.codec):
                    member = tarfile.TarInfo(name)
                    member.size = len(data)
                    tar.addfile(member, io.BytesIO(data))

    return _write_whole(job.path, write)


def _files(bank: Bank, sample: _Sample, codec: str) -> list[tuple[str, bytes]]:
    first = sample.tracks[0]
    about = {
        "song": first.song,
        "group": first.group,
        "start_s": sample.start / bank.sample_rate,
        "sample_rate": bank.sample_rate,
        "n_samples": sample.n_samples,
        "stems": {
            t.target: {"band_hz": t.band_hz, "licence": t.licence, "path": t.path}
            for t in sample.tracks
        },
    }
    files = [(f"{sample.key}.json", json.dumps(about).encode())]
    for track in sample.tracks:
        audio = bank.read(track, sample.start, sample.n_samples)[: track.n_channels]
        buffer = io.BytesIO()
        container, subtype = ("FLAC", "PCM_16") if codec == "flac" else ("OGG", "OPUS")
        soundfile.write(buffer, audio.T, bank.sample_rate, format=container, subtype=subtype)
        files.append((f"{sample.key}.{track.target}.{codec}", buffer.getvalue()))
    return files


def _digest(bank: Bank) -> str:
    return hashlib.sha256((bank.folder / BANK_INDEX).read_bytes()).hexdigest()


def _write_whole(path: Path, write: Callable[[Path], object]) -> str:
    """Write so that the file appears complete; returns why it could not be, or nothing."""
    try:
        with replacing(path) as temporary:
            write(temporary)
    except OSError as error:
        return f"{path}: cannot be written: {error.strerror or error}"
    return ""
