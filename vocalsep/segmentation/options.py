"""What a caller can choose; plain values, free of torch, so that help texts stay instant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vocalsep.inference.options import RunOptions
from vocalsep.inference.quality import Precision

#: The shipped model that segments.
DEFAULT_MODEL = "camvid"

DEFAULT_OUTPUT = "segmented"

#: Fields as of `vocalsep separate`.
DEFAULT_TEMPLATE = "{folder}/{track}.{stem}.{ext}"

_DEFAULT_RUN = RunOptions()


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


@dataclass(frozen=True)
class OutputOptions:
    """What is written for each picture, beside its labels.

    Attributes:
        overlay: the picture with the colours of the classes over it.
        legend: under the overlay, which colour is which class.
        probabilities: maps of each class, as "png" (8 bits), "png16" or one "npz" (float16).
        contours: outlines of each class, as "geojson" or "coco".
        template: names below the output folder; {stem} is labels, overlay, contours, …
    """

    overlay: bool = True
    legend: bool = False
    probabilities: Literal["png", "png16", "npz"] | None = None
    contours: Literal["geojson", "coco"] | None = None
    template: str = DEFAULT_TEMPLATE


@dataclass(frozen=True)
class SegmentOptions:
    """Everything `vocalsep segment` is told.

    Attributes:
        inputs: pictures, videos, volumes, or folders of them.
        output: folder.
        model: name or path.
        write: what is written.
        predict: how it is looked at.
        run: device and threads.
        recursive: also take the folders inside folders.
        skip_existing: leave alone what is up to date.
        json: report as JSON events on standard output.
        dry_run: plan and report, but segment nothing.
    """

    inputs: tuple[str, ...]
    output: str = DEFAULT_OUTPUT
    model: str = DEFAULT_MODEL
    write: OutputOptions = OutputOptions()
    predict: PredictOptions = PredictOptions()
    run: RunOptions = _DEFAULT_RUN
    recursive: bool = False
    skip_existing: bool = False
    json: bool = False
    dry_run: bool = False
