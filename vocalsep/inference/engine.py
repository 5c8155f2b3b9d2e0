"""Run the network on batches of chunks, on whatever device there is, without running out of it.

When a device has no memory left, the engine halves the batch, then the chunk, then moves to the
CPU, and says each step in one line. What it has learnt it keeps for the following batches.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from vocalsep.dsp.overlap import ChunkGeometry, chunks, overlap_add
from vocalsep.errors import DeviceError
from vocalsep.inference.devices import choose_device, choose_dtype
from vocalsep.inference.quality import Precision
from vocalsep.models.base import BaseSeparator

LOGGER = logging.getLogger("vocalsep")

_BACK_OFF_OVERLAP = 0.25

# Audio per call of the network. Four chunks of 3 s are up to a sixth faster than one, but their
# large buffers fragment the heap: measured, memory crept up by a tenth over three hours.
_CPU_BATCH_S = 3.0
_GPU_BATCH_S = 96.0


class Engine:
    """A network on its device.

    Attributes:
        separator: the network, in inference mode; its batch norms are folded into its convolutions.
        choice: the device and the reason for it.
        dtype: the number format inside the network; estimates are always float32.
        batch_size: how many chunks a caller should hand over at a time.

    Raises:
        DeviceError: an explicitly asked device is not there, or fewer than one thread.
    """

    def __init__(
        self,
        separator: BaseSeparator,
        device: str = "auto",
        precision: Precision = "auto",
        threads: int | None = None,
    ) -> None:
        if threads is not None:
            if threads < 1:
                raise DeviceError(f"{threads} threads: expected at least 1")
            torch.set_num_threads(threads)  # for the whole process: torch knows no other way
        self.choice = choose_device(device)
        self.dtype = choose_dtype(precision, self.device)
        self.separator = separator.to(self.device)
        self.separator.for_inference(self.dtype)
        chunk_s = separator.chunk_samples / separator.sample_rate
        batch_s = _CPU_BATCH_S if self.device.type == "cpu" else _GPU_BATCH_S
        self.batch_size = max(1, round(batch_s / chunk_s))
        self._max_batch: int | None = None  # none: whatever comes
        self._max_chunk: int | None = None

    @property
    def device(self) -> torch.device:
        """Where the network runs now."""
        return self.choice.device

    def estimate(self, mixture: Tensor) -> Tensor:
        """Estimate the targets between the network's margins, float32 on the CPU.

        Args:
            mixture: (B, 2, L) float32, L > 2·margins.

        Returns:
            (B, S, 2, L − 2·margins).

        Raises:
            DeviceError: out of memory even for the smallest piece on the CPU.
        """
        while True:
            try:
                return self._estimate_within_limits(mixture)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # Outside the handler: the traceback would keep the failed tensors alive.
            self._back_off(*mixture.shape[::2])

    def _estimate_within_limits(self, mixture: Tensor) -> Tensor:
        size = self._max_batch or max(1, mixture.shape[0])
        parts = [self._estimate_length(part) for part in mixture.split(size)]
        return torch.cat(parts)

    def _estimate_length(self, mixture: Tensor) -> Tensor:
        """(b, 2, L) -> (b, S, 2, L − 2·margins), in shorter chunks if L was too much."""
        if self._max_chunk is None or mixture.shape[-1] <= self._max_chunk:
            return self._forward(mixture)
        margin = self.separator.margin_samples
        geometry = ChunkGeometry.from_overlap(self._max_chunk, _BACK_OFF_OVERLAP, margin)
        parts = (
            self._forward(torch.from_numpy(chunk)).numpy()
            for chunk in chunks([mixture.numpy()], geometry)
        )
        blocks = [torch.from_numpy(block) for block in overlap_add(parts, geometry)]
        return torch.cat(blocks, dim=-1)

    def _forward(self, mixture: Tensor) -> Tensor:
        with torch.inference_mode(), _deterministic_cudnn():
            estimates = self.separator.forward_valid(mixture.to(self.device))
            return estimates.float().cpu()

    def _back_off(self, n_batch: int, n_samples: int) -> None:
        """Ask for less next time: half the batch, then half the chunk, then the CPU."""
        batch = min(n_batch, self._max_batch or n_batch)
        chunk = min(n_samples, self._max_chunk or n_samples)
        margins = 2 * self.separator.margin_samples
        shorter = (chunk - margins) // 2
        shortest = 4 * self.separator.n_fft
        if batch > 1:
            self._max_batch = batch // 2
            step = f"batch of {self._max_batch}"
        elif shorter >= shortest:
            self._max_chunk = shorter + margins
            step = f"chunks of {self._max_chunk} samples"
        elif self.device.type != "cpu":
            self._move_to_cpu()
            step = "the CPU"
        else:
            raise DeviceError(
                f"out of memory on the CPU for {chunk} samples: close other programs and try again"
            )
        LOGGER.warning("out of memory: going on with %s", step)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _move_to_cpu(self) -> None:
        self.choice = choose_device("cpu")
        self.dtype = choose_dtype("float32", self.device)
        self.separator.to(self.device)
        self.separator.set_backbone_dtype(self.dtype)
        self._max_batch = self._max_chunk = None


def is_out_of_memory(error: Exception) -> bool:
    """Whether an error says that a device, or the machine, has no memory left."""
    # CUDA has a class for it; MPS and the CPU allocator only have their words.
    words = str(error).lower()
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or any(
        phrase in words for phrase in ("out of memory", "can't allocate memory")
    )


@contextmanager
def _deterministic_cudnn() -> Iterator[None]:
    """Same samples on every run: no search for the fastest algorithm, no racing sums."""
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        yield
