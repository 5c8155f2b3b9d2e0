"""Decode a data set into a bank: in parallel, resumable, keyed by content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vocalsep.atomic import write_whole
from vocalsep.data.bandwidth import bandwidth_hz
from vocalsep.data.bank import FULL_SCALE, Track, levels_of, write_index
from vocalsep.data.parallel import each_of
from vocalsep.data.sources import MIXTURE, StemSource, content_key, fingerprint, load
from vocalsep.errors import DataError, OutputError, UnreadableAudio


@dataclass(frozen=True)
class PackOptions:
    """How a bank is made.

    Attributes:
        bank: its folder.
        sample_rate: of the bank, Hz.
        workers: processes.
        bandwidth: whether the band of each stem is measured; otherwise it is half of the source's
            rate, if the list does not say less.
    """

    bank: Path
    sample_rate: int = 44100
    workers: int = 1
    bandwidth: bool = False

    def fingerprint(self, sources: Sequence[StemSource]) -> str:
        """Of what the bank is to hold; changes with any of the files."""
        measured = " bandwidth" if self.bandwidth else ""
        return f"{fingerprint(sources, self.sample_rate)}{measured}"


def pack(
    sources: Sequence[StemSource], options: PackOptions, report: Callable[[str], None]
) -> list[Track]:
    """Decode every stem and write the index.

    Mixtures are left out: training sums the stems.

    Args:
        report: called with one line for every stem that was decoded or left out.

    Raises:
        DataError: nothing could be decoded.
        OutputError: the bank cannot be written; what is complete in it is kept.
    """
    jobs = [_Job(source, options) for source in sources if source.target != MIXTURE]
    try:
        options.bank.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{options.bank}: cannot be made: {error.strerror}") from error
    tracks: list[Track] = []
    outcomes = each_of(_pack_one, jobs, options.workers)
    for job, outcome in zip(jobs, outcomes, strict=True):
        if isinstance(outcome, Track):
            tracks.append(outcome)
            report(f"{job.source.path}: {outcome.n_samples / options.sample_rate:.1f} s")
        else:
            report(f"left out: {outcome}")
    if not tracks:
        raise DataError(f"none of {len(jobs)} stems could be decoded; check the paths")
    # Whatever was left out is tried again by the next call: the index is no proof of completeness.
    whole = len(tracks) == len(jobs)
    made_from = options.fingerprint(sources) if whole else ""
    write_index(options.bank, options.sample_rate, tracks, made_from)
    return tracks


@dataclass(frozen=True)
class _Job:
    source: StemSource
    options: PackOptions


def _pack_one(job: _Job) -> Track | str:
    """The packed track, or why it was left out; a bank that cannot be written stops the work."""
    source, options = job.source, job.options
    try:
        key = content_key(source, options.sample_rate)
        target = options.bank / f"{key}.i16"
        meta, levels = target.with_suffix(".shape"), target.with_suffix(".levels")
        if not (target.exists() and meta.exists()):
            decoded = load(source, options.sample_rate)
            write_track(target, decoded.samples, decoded.band_hz)
        n_channels, band_hz = (float(x) for x in meta.read_text().split())
        n_samples = target.stat().st_size // (2 * int(n_channels))
        samples = np.memmap(target, "<i2", "r", shape=(n_samples, int(n_channels)))
        if not levels.exists():  # a bank of an older version
            write_whole(levels, levels_of(samples).tobytes())
        if options.bandwidth:
            band_hz = min(band_hz, bandwidth_hz(samples.T, options.sample_rate))
    except (UnreadableAudio, DataError) as error:
        return str(error)
    except OSError as error:
        return f"{source.path}: {error}"
    band = min(source.band_hz or band_hz, band_hz)
    return Track(
        key,
        source.target,
        source.group,
        source.song,
        source.path,
        source.licence,
        band,
        int(n_channels),
        n_samples,
    )


def write_track(target: Path, audio: npt.NDArray[np.float32], band_hz: float) -> None:
    """Write one track, its levels, and last its shape file, which marks it complete.

    A track that would clip is scaled: levels are drawn anew for every example anyway.

    Args:
        target: `<key>.i16`.
        audio: (1 or 2, N).

    Raises:
        OutputError: a file cannot be written; no half one is left.
    """
    peak = max(1.0, float(np.abs(audio).max(initial=0.0)))
    samples = np.round(audio.T * np.float32(FULL_SCALE / peak)).astype("<i2")
    write_whole(target, samples.tobytes())
    write_whole(target.with_suffix(".levels"), levels_of(samples).tobytes())
    write_whole(target.with_suffix(".shape"), f"{audio.shape[0]} {band_hz}".encode())
