"""Facts about one stem, found by decoding all of it."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vocalsep.data.bandwidth import bandwidth_hz
from vocalsep.data.sources import Decoded, StemSource, load, probe_rate
from vocalsep.errors import DataError, UnreadableAudio

SILENT_DB = -60.0  # RMS below which a tenth of a second counts as silent
CLIP_LEVEL = 0.9999  # of full scale
CLIP_RUN = 3  # samples in a row at full scale: one may be chance


@dataclass(frozen=True)
class Facts:
    """What was found out about a stem.

    Attributes:
        target, song, path, group: as in the data set.
        error: why it could not be decoded; the rest is then zero.
        sample_rate: of the source, Hz.
        n_channels: of the source.
        n_samples: per channel.
        band_hz: highest frequency with content.
        peak: largest magnitude, full scale 1.
        rms_db: level, dB of full scale.
        silent: share of its tenths of seconds that are silent, 0…1.
        n_clipped: places where it clips.
        content: hash of the decoded samples.
    """

    target: str
    song: str
    path: str
    group: str
    error: str = ""
    sample_rate: int = 0
    n_channels: int = 0
    n_samples: int = 0
    band_hz: float = 0.0
    peak: float = 0.0
    rms_db: float = -math.inf
    silent: float = 1.0
    n_clipped: int = 0
    content: str = ""

    @property
    def seconds(self) -> float:
        """Length."""
        return self.n_samples / self.sample_rate if self.sample_rate else 0.0


def inspect(source: StemSource) -> tuple[Facts, npt.NDArray[np.float32] | None]:
    """The facts about a stem, and its samples (C, N) at its own rate if it can be decoded."""
    names = (source.target, source.song, source.path, source.group)
    try:
        decoded = load(source, probe_rate(source))
    except (UnreadableAudio, DataError) as error:
        return Facts(*names, error=str(error)), None
    except OSError as error:
        return Facts(*names, error=f"{source.path}: {error.strerror}"), None
    return _facts(names, decoded), decoded.samples


def _facts(names: tuple[str, str, str, str], decoded: Decoded) -> Facts:
    samples = decoded.samples
    magnitude = np.abs(samples)
    rms = float(np.sqrt(np.mean(np.square(samples))))
    return Facts(
        *names,
        sample_rate=decoded.sample_rate,
        n_channels=decoded.n_channels,
        n_samples=samples.shape[1],
        band_hz=bandwidth_hz(samples, decoded.sample_rate),
        peak=float(magnitude.max()),
        rms_db=20 * math.log10(rms) if rms > 0 else -math.inf,
        silent=_silent_share(samples, decoded.sample_rate),
        n_clipped=_count_clipped(magnitude),
        content=_content(samples),
    )


def _silent_share(samples: npt.NDArray[np.float32], sample_rate: int) -> float:
    size = max(1, min(sample_rate // 10, samples.shape[1]))
    n = samples.shape[1] // size * size
    energy = np.square(samples[:, :n]).mean(0).reshape(-1, size).mean(1)
    return float(np.mean(energy < 10 ** (SILENT_DB / 10)))


def _count_clipped(magnitude: npt.NDArray[np.float32]) -> int:
    """Runs of at least CLIP_RUN samples at full scale, in all channels."""
    full = (magnitude >= CLIP_LEVEL).astype(np.int8)
    run = full[:, CLIP_RUN - 1 :].copy()
    for k in range(CLIP_RUN - 1):
        run &= full[:, k : full.shape[1] - CLIP_RUN + 1 + k]
    return int(np.count_nonzero(np.diff(run, axis=1, prepend=0) == 1))


def _content(samples: npt.NDArray[np.float32]) -> str:
    """Of the samples at 16 bits: the same whatever lossless format they lie in."""
    rounded = np.round(np.clip(samples, -1, 1) * 32767).astype("<i2")
    return hashlib.sha256(np.ascontiguousarray(rounded.T).tobytes()).hexdigest()[:24]
