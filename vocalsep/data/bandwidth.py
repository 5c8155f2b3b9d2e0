"""How far up the spectrum of a recording really goes.

MP3 at 128 kbit/s ends at 16 kHz, and 8 kHz material often comes in 44.1 kHz files. What lies above
is unknown rather than silent, and must not be learned as silence. Such an end is a cliff: the
spectrum falls by many dB within a few hundred hertz, into nothing. Music and voices fade out
slowly instead, or fall but not into nothing, so a soft sound does not count as cut off.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

N_FFT = 4096
N_FRAMES = 400  # the loudest of them are looked at
BAND_HZ = 100.0  # resolution of the answer
EDGE_HZ = 500.0  # a cliff is at most this wide
CLIFF_DB = 18.0  # and falls at least this far
EMPTY_DB = 75.0  # to this far below the loudest BAND_HZ of the spectrum
SMEAR = 20  # bands below the foot within which a lossy codec may have blurred the cliff
LOWEST_HZ = 2000.0  # nothing is cut off below


def bandwidth_hz(samples: npt.NDArray[np.float32], sample_rate: int) -> float:
    """The highest frequency of (C, N) samples; half of the sample rate where there is no cliff."""
    levels_db = _levels_db(samples, sample_rate)
    nyquist = sample_rate / 2
    if levels_db is None:
        return nyquist
    n_edge = max(1, round(EDGE_HZ / BAND_HZ))
    # Louder of what follows, from each band to the top.
    above = np.maximum.accumulate(levels_db[::-1])[::-1]
    first = round(LOWEST_HZ / BAND_HZ)
    nothing_db = levels_db.max() - EMPTY_DB
    for edge in range(first, len(levels_db) - n_edge - 1):
        below, foot = levels_db[edge - n_edge : edge].mean(), above[edge + n_edge]
        if foot <= min(nothing_db, below - CLIFF_DB):
            return BAND_HZ * _steepest(levels_db, max(first, edge - SMEAR), edge + n_edge)
    return nyquist


def _steepest(levels_db: npt.NDArray[np.float64], first: int, last: int) -> int:
    """The band from `first` to `last` where the next three lie furthest below the last three."""
    falls = [levels_db[k - 3 : k].mean() - levels_db[k : k + 3].mean() for k in range(first, last)]
    return first + int(np.argmax(falls))


def _levels_db(
    samples: npt.NDArray[np.float32], sample_rate: int
) -> npt.NDArray[np.float64] | None:
    """Level of every BAND_HZ over the loudest frames; None for silence."""
    mono = samples.mean(0) if len(samples) == 1 else samples[0]
    n = len(mono) // N_FFT
    if n == 0:
        return None
    starts = np.linspace(0, len(mono) - N_FFT, min(n, N_FRAMES)).astype(int)
    frames = np.stack([mono[start : start + N_FFT] for start in starts])
    energy = np.square(frames).sum(1)
    if energy.max() == 0:
        return None
    # A Blackman window: side lobes of the loud low end must not fill the empty top.
    loud = frames[energy >= np.quantile(energy, 0.5)]
    power = np.square(np.abs(np.fft.rfft(loud * np.blackman(N_FFT)))).mean(0)
    hz = np.fft.rfftfreq(N_FFT, 1 / sample_rate)
    n_bands = int(sample_rate / 2 / BAND_HZ)
    number = np.minimum((hz / BAND_HZ).astype(int), n_bands - 1)
    total = np.bincount(number, power, n_bands) / np.maximum(np.bincount(number, None, n_bands), 1)
    # Rounding noise of 16 bits is the floor of what can be told.
    return 10 * np.log10(total + 1e-9)
