"""Passages of a song without stems that may train: voice that is agreed on, and breaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Audio = npt.NDArray[np.float32]
Energies = npt.NDArray[np.float64]

BLOCK_S = 0.5  # what is judged at a time
FADE_S = 0.05  # at the ends of a passage

AGREED_DB = 7.0  # energy of two estimates over that of their difference
AUDIBLE_DB = -9.0  # of the voice against the mixture
SOFT_DB = -25.0  # below the song's loudest voice: not worth taking
LEAST_VOICE_S = 1.5

BREAK_DB = -14.0  # estimated voice against the mixture, at most
LEAST_BREAK_S = 4.0


def agreed_voice(mixture: Audio, first: Audio, second: Audio, rate: int) -> list[slice]:
    """Where two estimates of the voice hardly differ, and the voice is not drowned.

    Args:
        mixture: (C, N).
        first, second: (C, N) estimates from models, or views of the song, that err differently.
        rate: Hz.

    Returns:
        Slices of samples, in order.
    """
    voice = _energies((first + second) * np.float32(0.5), rate)
    both = (_energies(first, rate) + _energies(second, rate)) / 2
    alike = _decibels(both, _energies(first - second, rate)) > AGREED_DB
    audible = _decibels(voice, _energies(mixture, rate)) > AUDIBLE_DB
    loudest = np.percentile(voice, 95) if voice.size else 0.0
    loud = voice > loudest * 10 ** (SOFT_DB / 10)
    return _runs(alike & audible & loud, LEAST_VOICE_S, rate)


def breaks(mixture: Audio, voice: Audio, rate: int) -> list[slice]:
    """Where hardly any voice was found: intros, solos. (C, N) each."""
    share = _decibels(_energies(voice, rate), _energies(mixture, rate))
    return _runs(share < BREAK_DB, LEAST_BREAK_S, rate)


def share_db(mixture: Audio, voice: Audio, passage: slice) -> float:
    """Energy of the voice against the mixture in a passage, dB."""
    sums = [np.array([np.square(x[:, passage], dtype=np.float64).sum()]) for x in (voice, mixture)]
    return float(_decibels(*sums)[0])


def joined(sound: Audio, passages: Sequence[slice], rate: int) -> Audio:
    """The passages (C, M) one after the other, each faded in and out."""
    n_fade = round(FADE_S * rate)
    ramp = np.linspace(0.0, 1.0, n_fade, dtype=np.float32)
    parts = [sound[:, :0]]
    for passage in passages:
        part = sound[:, passage].copy()
        part[:, :n_fade] *= ramp
        part[:, -n_fade:] *= ramp[::-1]
        parts.append(part)
    return np.concatenate(parts, axis=1)


def _energies(sound: Audio, rate: int) -> Energies:
    """(C, N) -> energy of every whole block."""
    size = round(BLOCK_S * rate)
    whole = sound[:, : sound.shape[1] // size * size]
    blocks = whole.reshape(len(sound), -1, size)
    energies: Energies = np.square(blocks, dtype=np.float64).sum((0, 2))
    return energies


def _decibels(above: Energies, below: Energies) -> Energies:
    tiny = 1e-9  # digital silence against itself is 0 dB
    decibels: Energies = 10 * np.log10((above + tiny) / (below + tiny))
    return decibels


def _runs(chosen: npt.NDArray[np.bool_], least_s: float, rate: int) -> list[slice]:
    """Runs of chosen blocks of at least so many seconds, as samples."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    size = round(BLOCK_S * rate)
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [slice(a * size, b * size) for a, b in pairs if (b - a) * BLOCK_S >= least_s]
