"""Least-squares projections onto delayed copies of the references: the engine of BSS Eval.

An estimate e is explained by references s_k that may be filtered by L taps,

    P(e)[n] = Σ_k Σ_τ c_k[τ] · s_k[n − τ],      0 ≤ τ < L,

with the filters c that leave the least error over the whole signal. They solve the normal
equations G c = D, where G holds the correlations of the delayed references (Toeplitz blocks)
and D those with the estimate. All correlations come from short FFTs over blocks, summed in the
frequency domain: memory stays that of a few blocks however long the song is.

Vincent, Gribonval & Févotte, "Performance measurement in blind audio source separation", IEEE
TASLP 14(4), 2006, section III; the images version: Vincent et al., "First stereo audio source
separation evaluation campaign", ICA 2007.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch

from vocalsep.evaluation.signals import Signal

Float64 = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]
Item = TypeVar("Item")
Result = TypeVar("Result")

_N_FFT = 2**14  # of the correlations: small enough for the cache, large against the lags
_CHUNK_BLOCKS = 4  # transformed at a time
RIDGE = 1e-13


@dataclass(frozen=True)
class Filters:
    """Distortion filters of estimates j = 0 … S − 1, estimate j belonging to source j.

    Attributes:
        joint: (S, C, S·C, L) from every channel of every source to estimate j, channel c.
        own: (S, C, C, L) from the channels of source j alone.
        inner: (S, C, S·C, L) D, inner products of the estimates with the delayed references.
    """

    joint: Float64
    own: Float64
    inner: Float64


class Projection:
    """The space of the delayed references of one song.

    Args:
        references: (S, C, N) true sources, float.
        n_taps: L, length of the distortion filters.
    """

    def __init__(self, references: Signal, n_taps: int = 512) -> None:
        self.n_taps = n_taps
        self.n_channels = references.shape[1]
        self._references = references
        lags = correlations(references, references, n_taps)  # (S·C, S·C, 2·L − 1)
        self.gram = _toeplitz_blocks(lags, n_taps)  # (S·C·L, S·C·L)
        self._solve_joint = _Solver(self.gram)
        size = self.n_channels * n_taps
        own = [slice(start, start + size) for start in range(0, len(self.gram), size)]
        self._solve_own = [_Solver(self.gram[part, part]) for part in own]

    def filters(self, estimates: Signal) -> Filters:
        """The filters that explain estimates (S, C, N) best."""
        n_sources, n_channels, _ = estimates.shape
        n_taps = self.n_taps
        lags = correlations(self._references, estimates, n_taps)[..., n_taps - 1 :]  # (in, S·C, L)
        n_in, n_out, _ = lags.shape
        inner = lags.transpose(1, 0, 2)  # (S·C, in, L)
        joint = self._solve_joint(inner.reshape(n_out, n_in * n_taps).T).T
        shape = (n_sources, n_channels, n_in, n_taps)
        inner = inner.reshape(shape)
        own = []
        for j, solve in enumerate(self._solve_own):
            first = j * n_channels
            wanted = inner[j, :, first : first + n_channels]  # (C, C, L)
            found = solve(wanted.reshape(n_channels, -1).T).T
            own.append(found.reshape(wanted.shape))
        return Filters(joint.reshape(shape), np.stack(own), inner)


def correlations(a: Signal, b: Signal, n_lags: int) -> Float64:
    """Σ_n a[n]·b[n + l] for −n_lags < l < n_lags, (…, N) and (…, N) -> (A, B, 2·n_lags − 1).

    A and B count all signals: their leading axes as one.
    """
    margin = n_lags - 1
    n_fft = max(_N_FFT, 1 << (4 * n_lags).bit_length())
    step = n_fft - 2 * margin  # new samples of a block
    size = (math.prod(a.shape[:-1]), math.prod(b.shape[:-1]), n_fft // 2 + 1)

    def cross_spectra(start: int) -> Complex:
        """(A, B, F) of the blocks that begin at `start`."""
        wide_a = _blocks(a, start - margin, step, n_fft)
        wide_b = wide_a if b is a else _blocks(b, start - margin, step, n_fft)
        # Zero-padded blocks of a against blocks of b that look `margin` to either side.
        spectra_a = np.fft.rfft(wide_a[..., margin : margin + step], n_fft)  # (A, blocks, F)
        spectra_b = np.fft.rfft(wide_b)  # (B, blocks, F)
        np.conj(spectra_a, out=spectra_a)
        total = np.empty(size, np.complex128)
        for i, j in product(range(size[0]), range(size[1])):
            total[i, j] = (spectra_a[i] * spectra_b[j]).sum(0)
        return total

    total = np.zeros(size, np.complex128)
    for part in in_threads(cross_spectra, range(0, a.shape[-1], _CHUNK_BLOCKS * step)):
        total += part
    lags: Float64 = np.fft.irfft(total, n_fft)[..., : 2 * n_lags - 1]
    return lags


def in_threads(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`map` on all processors, in order, a few results ahead.

    numpy works without Python's lock; its transforms use one processor each.
    """
    n_threads = torch.get_num_threads()
    if n_threads == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        yield from pool.map(work, items)


def _blocks(x: Signal, start: int, step: int, n_fft: int) -> Float64:
    """(signals, blocks, n_fft): a chunk of overlapping blocks, silence outside of the signal."""
    stop = start + (_CHUNK_BLOCKS - 1) * step + n_fft
    span = slice(max(start, 0), min(stop, x.shape[-1]))
    inside = x[..., span].reshape(math.prod(x.shape[:-1]), span.stop - span.start)
    chunk = np.zeros((len(inside), stop - start))
    first = max(-start, 0)
    chunk[:, first : first + inside.shape[-1]] = inside
    return np.lib.stride_tricks.sliding_window_view(chunk, n_fft, -1)[:, ::step]


def _toeplitz_blocks(lags: Float64, n_taps: int) -> Float64:
    """G[(i, τ), (j, σ)] = lags[i, j, τ − σ]; (n, n, 2L − 1) -> (n·L, n·L)."""
    n = len(lags)
    # Row τ of a block holds the lags τ, τ − 1, …: a window that slides over the reversed lags.
    rows = np.lib.stride_tricks.sliding_window_view(lags[..., ::-1], n_taps, -1)[..., ::-1, :]
    gram: Float64 = rows.transpose(0, 2, 1, 3).reshape(n * n_taps, n * n_taps)
    return gram


class _Solver:
    """Solves gram · x = right for many right sides by LU, with museval's tiny ridge.

    Where a pivot is zero nevertheless (a voice that is the same on both channels) museval falls
    back to least squares, which takes a hundred times as long. A ridge of RIDGE of the largest
    correlation gives the same projection: the directions that it damps carry no energy.
    """

    def __init__(self, gram: Float64) -> None:
        self._lu, self._pivots, info = _factorised(gram, float(np.finfo(np.float64).eps))
        if info:
            self._lu, self._pivots, _ = _factorised(gram, RIDGE * float(gram.max()))

    def __call__(self, right: Float64) -> Float64:
        solved = torch.linalg.lu_solve(self._lu, self._pivots, torch.from_numpy(right.copy()))
        found: Float64 = solved.numpy()
        return found


def _factorised(gram: Float64, ridge: float) -> tuple[torch.Tensor, torch.Tensor, bool]:
    """LU, pivots, and whether a pivot is zero."""
    ridged = torch.from_numpy(gram + ridge * np.eye(len(gram)))
    lu, pivots, info = torch.linalg.lu_factor_ex(ridged)
    return lu, pivots, bool(info)
