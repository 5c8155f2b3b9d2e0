"""Whether two recordings of the same music lie at lag 0 and fit each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vocalsep.data.augment.filters import fast_fft_size
from vocalsep.errors import DataError

ALIKE = 0.2  # least correlation at the best lag of a mixture and its own instrumental
GAIN_DB = 3.0  # most level difference between the two


def find_lag(
    mixture: npt.NDArray[np.float32], part: npt.NDArray[np.float32]
) -> tuple[int, float, float]:
    """Where `part` lies in `mixture`, both (C, N).

    Returns:
        Samples by which the mixture's copy is later than `part`; the correlation coefficient
        there, 0…1; and the factor of the copy, in dB.
    """
    a, b = mixture.mean(0), part.mean(0)
    size = fast_fft_size(len(a) + len(b))
    product = np.fft.rfft(a, size) * np.fft.rfft(b, size).conj()
    lags = np.fft.irfft(product, size)
    best = int(np.argmax(np.abs(lags)))
    lag = best if best < len(a) else best - size
    energy_a, energy_b = float(np.dot(a, a)), float(np.dot(b, b))
    if energy_a == 0.0 or energy_b == 0.0:
        return 0, 0.0, 0.0
    peak = abs(float(lags[best]))
    return lag, peak / np.sqrt(energy_a * energy_b), float(20 * np.log10(peak / energy_b + 1e-9))


def require_aligned(
    name: str,
    mixture: npt.NDArray[np.float32],
    part: npt.NDArray[np.float32],
    sample_rate: int,
) -> None:
    """Refuse a mixture and an instrumental whose difference would not be the voice.

    Raises:
        DataError: they are different music, lie apart, or differ in level.
    """
    lag, correlation, gain_db = find_lag(mixture, part)
    if correlation < ALIKE:
        raise DataError(
            f"{name}: mixture and instrumental are not the same music (correlation "
            f"{correlation:.2f}, expected at least {ALIKE}); pair the right files"
        )
    if lag:
        side = "start of the mixture" if lag > 0 else "start of the instrumental"
        raise DataError(
            f"{name}: the instrumental lies {lag / sample_rate:+.4f} s ({lag:+d} samples at "
            f"{sample_rate} Hz) in the mixture, expected 0; cut that much off the {side}"
        )
    if abs(gain_db) > GAIN_DB:
        raise DataError(
            f"{name}: the mixture holds the instrumental at {gain_db:+.1f} dB, expected 0 ± "
            f"{GAIN_DB:g} dB; change the instrumental's level by that much"
        )
