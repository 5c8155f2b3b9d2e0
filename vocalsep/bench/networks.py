"""Speed and memory of every network as a mask estimator: `python -m vocalsep.bench.networks JSON`.

Each network runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from vocalsep.bench.jobs import median_s
from vocalsep.bench.memory import peak_rss_bytes
from vocalsep.bench.report import run
from vocalsep.errors import VocalsepError


@dataclass(frozen=True)
class Size:
    """What every network is given: one stereo spectrogram, or its samples for those in 1-D.

    Attributes:
        n_bins: frequency bins.
        n_frames: frames.
        hop_length: samples from frame to frame.
        sample_rate: Hz.
        repeats: runs after the first; the median counts.
    """

    n_bins: int = 1024
    n_frames: int = 256
    hop_length: int = 1024
    sample_rate: int = 44100
    repeats: int = 3

    @property
    def length_s(self) -> float:
        return self.n_frames * self.hop_length / self.sample_rate


@dataclass(frozen=True)
class Measured:
    """What one network needs.

    Attributes:
        name: of the network.
        n_parameters: with two input and two output channels and default parameters.
        x_real_time: seconds of audio a second.
        memory_mb: peak of weights and features together; None where the system cannot tell.
        failed: why there are no numbers; empty if there are.
    """

    name: str
    n_parameters: int = 0
    x_real_time: float = 0.0
    memory_mb: float | None = None
    failed: str = ""


def measure_all(names: Sequence[str], size: Size) -> Iterator[Measured]:
    """Measure networks one after the other; one that fails says why."""
    for name in names:
        try:
            printed = run(
                ["-m", "vocalsep.bench.networks", json.dumps({"name": name, **asdict(size)})]
            )
            yield Measured(**json.loads(printed.splitlines()[-1]))
        except VocalsepError as error:
            yield Measured(name, failed=str(error))


def measure(name: str, size: Size) -> Measured:
    """Run one network in this process, in float32 with inference alone."""
    import torch

    from vocalsep.backbones import BACKBONES
    from vocalsep.backbones.listing import build, count_parameters, signature

    ndim = 2 if 2 in BACKBONES.get(name).about.ndims else 1
    known = signature(name)
    wanted = {"ndim": ndim, "n_bins": size.n_bins}
    before = peak_rss_bytes()
    net = build(name, (2, 2), {key: wanted[key] for key in wanted if key in known}).eval()
    shape = (size.n_bins, size.n_frames) if ndim == 2 else (size.n_frames * size.hop_length,)
    features = torch.rand(1, 2, *shape)
    with torch.inference_mode():
        seconds = median_s(lambda: net(features), size.repeats)
    after = peak_rss_bytes()
    used = None if before is None or after is None else (after - before) / 1e6
    return Measured(name, count_parameters(net), size.length_s / seconds, used)


def main() -> None:
    """Measure the network that the first argument names."""
    order = json.loads(sys.argv[1])
    name = order.pop("name")
    print(json.dumps(asdict(measure(name, Size(**order)))))


if __name__ == "__main__":
    main()
