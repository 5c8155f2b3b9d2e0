"""How long BSS Eval v4 takes, ours and museval's, on the same made song in the same process."""

from __future__ import annotations

import time
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from vocalsep.bench.song import SAMPLE_RATE, song_block
from vocalsep.evaluation.metrics import BssEval

Signals = npt.NDArray[np.float64]


def made_song(seconds: int) -> tuple[Signals, Signals]:
    """References and estimates of two stereo sources, (2, 2, N) each."""
    chords = song_block(seconds).T / 32768  # (2, N)
    rng = np.random.default_rng(1)
    noise = (
        0.05 * rng.standard_normal(chords.shape) * (1 + np.sin(np.arange(chords.shape[1]) / 9e3))
    )
    references = np.stack([chords, noise])
    leak = 0.2 * references[::-1] + 1e-3 * rng.standard_normal(references.shape)
    return references, 0.9 * references + leak


def bss_eval(seconds: int) -> dict[str, float]:
    """Seconds of BSS Eval v4 of a stereo song with two targets, wall clock and processor.

    Returns:
        Ours; and, where museval is installed, museval's and the largest difference in dB.
    """
    references, estimates = made_song(seconds)
    started, busy = time.perf_counter(), time.process_time()
    scores = BssEval(references).framewise(estimates, SAMPLE_RATE, SAMPLE_RATE)
    found = {"ours_s": time.perf_counter() - started, "ours_cpu_s": time.process_time() - busy}
    if find_spec("museval") is None:
        return found
    from museval.metrics import bss_eval as reference_tool

    pair = (x.transpose(0, 2, 1) for x in (references, estimates))
    started, busy = time.perf_counter(), time.process_time()
    wanted = reference_tool(*pair, window=SAMPLE_RATE, hop=SAMPLE_RATE)
    found["museval_s"] = time.perf_counter() - started
    found["museval_cpu_s"] = time.process_time() - busy
    mine = (scores.sdr, scores.isr, scores.sir, scores.sar)
    gaps = [np.nanmax(np.abs(a - b)) for a, b in zip(mine, wanted[:4], strict=True)]
    return found | {"largest_difference_db": float(max(gaps))}
