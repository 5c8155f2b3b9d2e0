"""What is measured, each in a process of its own: `python -m vocalsep.bench.jobs JSON`.

The one argument is a JSON object {"job": name, "setting": {...}, ...}; the last line printed is
the result, a JSON object of numbers.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vocalsep.bench.memory import peak_rss_bytes
from vocalsep.heap import keep_freed_memory
from vocalsep.inference.quality import Precision

REPEATS = 5


@dataclass(frozen=True)
class Setting:
    """What is measured with.

    Attributes:
        model: name or path.
        quality: preset of `--quality`.
        device: as for `--device`.
        threads: of the network; None leaves the choice to torch.
        minutes: lengths of the songs of the memory measure.
        recipe: file of the recipe of the training measure; none: that of the model.
    """

    model: str = "vocals"
    quality: str = "normal"
    device: str = "auto"
    threads: int | None = None
    minutes: tuple[int, ...] = (3, 30)
    recipe: str | None = None


def network(setting: Setting, precision: Precision) -> dict[str, float]:
    """The network alone, STFT to inverse STFT, on chunks that are already in memory.

    Returns:
        × real time: seconds of chunks over seconds of work, median of the repeats.
    """
    import torch

    from vocalsep.inference.engine import Engine
    from vocalsep.models.load import load_separator

    separator, _ = load_separator(setting.model)
    engine = Engine(separator, setting.device, precision, setting.threads)
    shape = (engine.batch_size, separator.n_channels, separator.chunk_samples)
    mixture = 0.1 * torch.randn(shape, generator=torch.Generator().manual_seed(0))  # (B, C, L)
    length_s = engine.batch_size * separator.chunk_samples / separator.sample_rate
    return {"x_real_time": length_s / median_s(lambda: engine.estimate(mixture))}


def files(setting: Setting, source: str, output: str, stem_format: str) -> dict[str, float]:
    """From a file to two finished files: decode, network, encode, tags, rename.

    The model is loaded and has run once before the clock starts.

    Returns:
        Seconds, median of the repeats.
    """
    from vocalsep.inference.options import FileOptions
    from vocalsep.inference.separator import Separator

    separator = Separator.from_pretrained(
        setting.model, device=setting.device, quality=setting.quality, threads=setting.threads
    )
    options = FileOptions(format=stem_format)
    return {"seconds": median_s(lambda: separator.separate_file(source, output, options))}


def memory(setting: Setting, source: str, output: str, stem_format: str) -> dict[str, float]:
    """One file from start to end in this process.

    Returns:
        The most memory the process ever held, in bytes; nothing where the system cannot tell.
    """
    from vocalsep.inference.options import FileOptions
    from vocalsep.inference.separator import Separator

    separator = Separator.from_pretrained(
        setting.model, device=setting.device, quality=setting.quality, threads=setting.threads
    )
    separator.separate_file(source, output, FileOptions(format=stem_format))
    peak = peak_rss_bytes()
    return {} if peak is None else {"peak_rss_bytes": peak}


def pictures(setting: Setting, precision: Precision) -> dict[str, float]:
    """From pixels in memory to labels: pictures of the size that the network gets at a time.

    Returns:
        Pictures a second, median of the repeats.
    """
    import numpy as np

    from vocalsep.models.load import load_segmenter
    from vocalsep.segmentation.options import PredictOptions
    from vocalsep.segmentation.predict import Predictor

    segmenter, _ = load_segmenter(setting.model)
    options = PredictOptions(precision=precision)
    predictor = Predictor(segmenter, options, setting.device, setting.threads)
    size = (*segmenter.tile, segmenter.in_channels)
    pixels = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    return {"pictures_per_s": 1 / median_s(lambda: predictor.labels(pixels))}


def training(setting: Setting, source: str) -> dict[str, float]:
    """Steps of the trainer, with the real loader and with one batch again and again.

    Args:
        setting: recipe or model, device and threads.
        source: folder in which a bank may be made.

    Returns:
        Numbers of `TrainingSpeed`; nothing from all processes but the first.
    """
    from vocalsep.bench.training import measure_training

    return measure_training(setting, source)


def evaluation(setting: Setting, seconds: int) -> dict[str, float]:
    """BSS Eval v4, ours and museval's; see bench/evaluation.py."""
    from vocalsep.bench.evaluation import bss_eval

    return bss_eval(seconds)


def median_s(work: Callable[[], Any], repeats: int = REPEATS) -> float:
    """Seconds that `work` takes, median of `repeats` after one run to warm up."""
    work()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


JOBS: dict[str, Callable[..., dict[str, float]]] = {
    "network": network,
    "files": files,
    "memory": memory,
    "training": training,
    "evaluation": evaluation,
    "pictures": pictures,
}


def main() -> None:
    """Run the job that the first argument describes."""
    keep_freed_memory()  # as the command line does
    order = json.loads(sys.argv[1])
    setting = Setting(**order.pop("setting"))
    result = JOBS[order.pop("job")](setting, **order)
    if result:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
