"""Speed and memory of every network as a mask estimator: `python -m vocalsep.bench.networks JSON`.

Each network runs in a process of its own, so that its peak memory is its own. Speed is by the wall
clock, as a user waits: other work on the machine makes it lower, never higher. So the fastest of
several runs counts, and all networks take their turns before the first has its next: a disturbance
of minutes does not fall on all runs of one of them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from vocalsep.bench.memory import peak_rss_bytes
from vocalsep.bench.report import run
from vocalsep.errors import VocalsepError
from vocalsep.heap import keep_freed_memory


@dataclass(frozen=True)
class Size:
    """What every network is given: one stereo spectrogram, or its samples for those in 1-D.

    Attributes:
        n_bins: frequency bins.
        n_frames: frames.
        hop_length: samples from frame to frame.
        sample_rate: Hz.
        threads: that share the work.
        repeats: runs after the first, at least.
        seconds: that these runs take together, at least.
    """

    n_bins: int = 512
    n_frames: int = 128
    hop_length: int = 1024
    sample_rate: int = 44100
    threads: int = 2
    repeats: int = 3
    seconds: float = 1.0

    @property
    def length_s(self) -> float:
        return self.n_frames * self.hop_length / self.sample_rate


@dataclass(frozen=True)
class Measured:
    """What one network needs.

    Attributes:
        name: of the network.
        n_parameters: with two input and two output channels and default parameters.
        x_real_time: seconds of audio over seconds of the fastest run.
        memory_mb: peak of weights and features together; None where the system cannot tell.
        failed: why there are no numbers; empty if there are.
    """

    name: str
    n_parameters: int = 0
    x_real_time: float = 0.0
    memory_mb: float | None = None
    failed: str = ""


def measure_all(names: Sequence[str], size: Size, rounds: int = 1) -> Iterator[Measured]:
    """Measure networks one after the other, in so many rounds; one that fails says why."""
    for name in [*names] * rounds:
        try:
            printed = run(
                ["-m", "vocalsep.bench.networks", json.dumps({"name": name, **asdict(size)})]
            )
            yield Measured(**json.loads(printed.splitlines()[-1]))
        except VocalsepError as error:
            yield Measured(name, failed=str(error))


def fastest(found: Iterable[Measured]) -> list[Measured]:
    """The best round of each network, in the order of the first round."""
    best: dict[str, Measured] = {}
    for each in found:
        so_far = best.setdefault(each.name, each)
        if each.x_real_time > so_far.x_real_time:
            best[each.name] = each
    return list(best.values())


def measure(name: str, size: Size) -> Measured:
    """Run one network in this process, in float32 with inference alone."""
    import torch

    from vocalsep.backbones import BACKBONES
    from vocalsep.backbones.listing import build, count_parameters, signature

    torch.set_num_threads(size.threads)
    ndim = 2 if 2 in BACKBONES.get(name).about.ndims else 1
    known = signature(name)
    wanted = {"ndim": ndim, "n_bins": size.n_bins}
    before = peak_rss_bytes()
    net = build(name, (2, 2), {key: wanted[key] for key in wanted if key in known}).eval()
    shape = (size.n_bins, size.n_frames) if ndim == 2 else (size.n_frames * size.hop_length,)
    features = torch.rand(1, 2, *shape)
    with torch.inference_mode():
        net(features)
        taken: list[float] = []
        while len(taken) < size.repeats or sum(taken) < size.seconds:
            start = time.perf_counter()
            net(features)
            taken.append(time.perf_counter() - start)
    after = peak_rss_bytes()
    used = None if before is None or after is None else (after - before) / 1e6
    return Measured(name, count_parameters(net), size.length_s / min(taken), used)


def main() -> None:
    """Measure the network that the first argument names."""
    keep_freed_memory()  # as the command line does
    order = json.loads(sys.argv[1])
    name = order.pop("name")
    print(json.dumps(asdict(measure(name, Size(**order)))))


if __name__ == "__main__":
    main()
