"""What a caller can choose; plain values, free of torch, so that help texts stay instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vocalsep.inference.quality import Precision

#: The shipped model that segments.
DEFAULT_MODEL = "camvid"


@dataclass(frozen=True)
class CrfOptions:
    """The two kernels of the dense CRF; defaults as in Krähenbühl and Koltun's own code.

    Attributes:
        n_iterations: of mean field.
        smooth_weight, smooth_px: weight and width σ (pixels) of the kernel of place alone.
        colour_weight, colour_px: weight and width σ (pixels) of the kernel of place and colour.
        colour_steps: its width along colour, in steps of 8-bit pictures.
    """

    n_iterations: int = 10
    smooth_weight: float = 3.0
    smooth_px: float = 1.0
    colour_weight: float = 4.0
    colour_px: float = 67.0
    colour_steps: float = 3.0


@dataclass(frozen=True)
class PredictOptions:
    """How a picture is looked at.

    Attributes:
        overlap: fraction of a tile that neighbours share.
        window: how tiles fade into each other.
        scales: sizes at which the picture is looked at; the answers are averaged.
        flips: axes along which mirror images are looked at: h, v, and d of volumes.
        crf: sharpen along the edges of the picture; None leaves the network's word.
        precision: number format inside the network.
    """

    overlap: float = 0.5
    window: Literal["gaussian", "linear"] = "gaussian"
    scales: tuple[float, ...] = (1.0,)
    flips: str = ""
    crf: CrfOptions | None = None
    precision: Precision = "auto"
