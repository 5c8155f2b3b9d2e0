"""nnU-Net's self-configuration: from what the data look like to patch, batch, stages and spacing.

Source: Isensee et al., "nnU-Net", Nature Methods 18, 2021, with the numbers of its code
(MIC-DKFZ/nnUNet, default planner). Everything is arithmetic on shapes: nothing is trained or
measured. An axis of a spectrogram is as good as one of a volume: give the typical size of what is
to be found in bins and frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, prod
from statistics import median
from typing import Any

from vocalsep.backbones.base import padded_size
from vocalsep.recipe.part import check

MIN_EDGE = 4  # no axis of the coarsest stage is shorter
ANISOTROPY = 3.0  # an axis this much coarser than the others is treated on its own
FIRST_WIDTH = 32
MAX_WIDTH = {2: 512, 3: 320}
LARGEST_PATCH = {2: 2048**2, 3: 256**3}  # values, before the patch is shrunk to the budget
BUDGET = {2: 85_000_000, 3: 560_000_000}  # values in all feature maps, at 8 GB of GPU memory
BUDGET_BATCH = {2: 12, 3: 2}
BUDGET_GB = 8.0
MIN_BATCH = 2
MAX_SHARE = 0.05  # of the data set in one batch


@dataclass(frozen=True)
class Fingerprint:
    """What the planner must know of a data set.

    Attributes:
        shapes: size of every example along each axis.
        spacings: distance between neighbouring values of every example along each axis, any unit.
        in_channels: D of the input.
        out_channels: D of the output.
    """

    shapes: Sequence[Sequence[int]]
    spacings: Sequence[Sequence[float]]
    in_channels: int = 1
    out_channels: int = 2


@dataclass(frozen=True)
class Plan:
    """A configuration of `nn_unet` and its training.

    Attributes:
        spacing: to resample all examples to.
        patch: size of a training example.
        batch_size: examples a step.
        strides: of every stage along each axis.
        kernels: of every stage along each axis.
    """

    spacing: tuple[float, ...]
    patch: tuple[int, ...]
    batch_size: int
    strides: tuple[tuple[int, ...], ...]
    kernels: tuple[tuple[int, ...], ...]

    @property
    def ndim(self) -> int:
        return len(self.patch)

    @property
    def widths(self) -> list[int]:
        """D of every stage: doubles up to a limit."""
        most = MAX_WIDTH[self.ndim]
        return [min(most, FIRST_WIDTH * 2**stage) for stage in range(len(self.strides))]

    @property
    def total_stride(self) -> tuple[int, ...]:
        """Down-sampling of the coarsest stage along each axis."""
        return tuple(prod(stride[axis] for stride in self.strides) for axis in range(self.ndim))

    def params(self) -> dict[str, Any]:
        """The recipe keys of `nn_unet`."""
        return {
            "widths": self.widths,
            "strides": [list(stride) for stride in self.strides],
            "kernels": [list(kernel) for kernel in self.kernels],
            "ndim": self.ndim,
        }

    def n_values(self, fingerprint: Fingerprint) -> int:
        """Numbers in all feature maps of one patch: what decides how much memory training takes."""
        sizes, size = [], self.patch
        for stride in self.strides:
            size = tuple(-(-n // s) for n, s in zip(size, stride, strict=True))
            sizes.append(prod(size))
        maps = [width * n for width, n in zip(self.widths, sizes, strict=True)]
        encoder = 2 * sum(maps)
        decoder = 3 * sum(maps[:-1])  # up, and two convolutions
        return encoder + decoder + fingerprint.out_channels * sizes[0]


def plan(fingerprint: Fingerprint, memory_gb: float = BUDGET_GB) -> Plan:
    """Configure `nn_unet` for a data set.

    The patch starts as large as the typical example, in the proportions of the spacing; while a
    batch of it would not fit the memory, the axis that covers most of the example shrinks.

    Args:
        fingerprint: of the training data.
        memory_gb: of the GPU.

    Raises:
        RecipeError: no examples, or axes that are not 2 or 3.
    """
    ndim = len(fingerprint.shapes[0]) if fingerprint.shapes else 0
    check("number of axes", ndim, ndim in BUDGET, "2 or 3, of at least one example")
    spacing = target_spacing(fingerprint)
    shapes = [
        [n * old / new for n, old, new in zip(shape, spacings, spacing, strict=True)]
        for shape, spacings in zip(fingerprint.shapes, fingerprint.spacings, strict=True)
    ]
    typical = [max(1, round(median(axis))) for axis in zip(*shapes, strict=True)]
    scale = (LARGEST_PATCH[ndim] * prod(spacing)) ** (1 / ndim)
    patch = [min(round(scale / s), n) for s, n in zip(spacing, typical, strict=True)]
    found = topology(spacing, patch)
    budget = BUDGET[ndim] * memory_gb / BUDGET_GB
    while found.n_values(fingerprint) > budget:
        covered = [n / t for n, t in zip(found.patch, typical, strict=True)]
        axis = max(range(ndim), key=lambda n: (covered[n], n))  # of equal ones the last
        found = topology(spacing, shrink(found, axis))
    fitting = round(budget / found.n_values(fingerprint) * BUDGET_BATCH[ndim])
    n_values = prod(typical) * len(shapes)
    most = round(n_values * MAX_SHARE / prod(found.patch))
    return replace(found, batch_size=max(MIN_BATCH, min(fitting, most)))


def shrink(found: Plan, axis: int) -> list[int]:
    """The patch, shorter along one axis by what the strides of the shorter patch divide.

    A shorter axis may be halved less often: from 256 with total stride 64 that leads to 224, which
    32 divides, and not past it to 192.
    """
    for_step = list(found.patch)
    for_step[axis] -= found.total_stride[axis]
    patch = list(found.patch)
    patch[axis] -= topology(found.spacing, for_step).total_stride[axis]
    return patch


def target_spacing(fingerprint: Fingerprint) -> tuple[float, ...]:
    """The median along every axis; a far coarser axis of few values gets its 10th percentile.

    >>> target_spacing(Fingerprint([(10, 200, 200)] * 2, [(8.0, 1.0, 1.0), (10.0, 1.0, 1.0)]))
    (8.2, 1.0, 1.0)
    """
    spacings = [sorted(axis) for axis in zip(*fingerprint.spacings, strict=True)]
    sizes = [median(axis) for axis in zip(*fingerprint.shapes, strict=True)]
    target = [median(axis) for axis in spacings]
    worst = target.index(max(target))
    finest_other = max(s for axis, s in enumerate(target) if axis != worst)
    fewest_other = min(n for axis, n in enumerate(sizes) if axis != worst)
    if target[worst] > ANISOTROPY * finest_other and sizes[worst] * ANISOTROPY < fewest_other:
        target[worst] = max(percentile(spacings[worst], 0.1), finest_other)
    return tuple(target)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of ordered values lies, linear between neighbours.

    >>> percentile([0.0, 1.0, 2.0], 0.25)
    0.5
    """
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (at - low) * (ordered[high] - ordered[low])


def topology(spacing: Sequence[float], patch: Sequence[int]) -> Plan:
    """Stages for a patch: halve all axes of about the finest spacing while they are long enough.

    An axis is halved while it keeps `MIN_EDGE` values and its spacing is below twice that of the
    finest axis that can still be halved; its kernel is 1 until its spacing is below twice the
    finest of all. The patch is padded to what the strides divide.
    """
    axes = range(len(patch))
    current, size = list(spacing), [float(n) for n in patch]
    strides: list[tuple[int, ...]] = [(1,) * len(patch)]
    kernels: list[tuple[int, ...]] = []
    kernel = [1] * len(patch)
    while True:
        long = [axis for axis in axes if size[axis] >= 2 * MIN_EDGE]
        finest = min((current[axis] for axis in long), default=0.0)
        halved = [axis for axis in long if current[axis] / finest < 2]
        if not halved or (len(halved) == 1 and size[halved[0]] < 3 * MIN_EDGE):
            break
        kernel = [
            3 if k == 3 or current[axis] / min(current) < 2 else 1 for axis, k in enumerate(kernel)
        ]
        for axis in halved:
            current[axis] *= 2
            size[axis] = ceil(size[axis] / 2)
        strides.append(tuple(2 if axis in halved else 1 for axis in axes))
        kernels.append(tuple(kernel))
    kernels.append((3,) * len(patch))
    found = Plan(tuple(spacing), tuple(patch), MIN_BATCH, tuple(strides), tuple(kernels))
    return replace(found, patch=padded_size(patch, found.total_stride))
