"""What each augmentation costs, in milliseconds of CPU time."""

from __future__ import annotations

import time

import numpy as np
import torch

from vocalsep.data.augment import AUGMENTATIONS, Sound

REPEATS = 5


def measure(sample_rate: int, seconds: float) -> dict[str, float]:
    """Name -> median milliseconds of CPU time for a stereo segment, in one thread as when loading.

    Raises:
        DataError: python-stretch is not installed.
    """
    rng = np.random.default_rng(0)
    samples = 0.1 * rng.standard_normal((2, int(seconds * sample_rate)))
    sound = Sound(samples.astype(np.float32), sample_rate / 2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {name: _median_ms(name, sample_rate, sound) for name in AUGMENTATIONS.names()}
    finally:
        torch.set_num_threads(threads)


def _median_ms(name: str, sample_rate: int, sound: Sound) -> float:
    augmentation = AUGMENTATIONS.build(name, {"p": 1.0}, sample_rate)
    rng = np.random.default_rng(0)
    times = []
    for _ in range(REPEATS + 1):  # the first is a warm-up
        start = time.process_time()
        augmentation(rng, sound)
        times.append(time.process_time() - start)
    return 1000 * sorted(times[1:])[REPEATS // 2]
