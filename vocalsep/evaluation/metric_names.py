"""Every number that a table may show: what it is, where it comes from, how tracks are joined."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Joined = Literal["median", "mean", "by length", "pooled"]


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        key: in result files.
        label: in tables.
        unit: "dB", "%", or nothing for shares.
        group: what has to be asked for.
        higher: whether more is better; None where a value in the middle (0 or 1) is.
        joined: how the tracks of a set become one number: median, mean, or the mean weighted by
            length (which makes NSDR GNSDR, and so on); "pooled" is what all their pixels give.
        meaning: one line for people, with the source.
    """

    key: str
    label: str
    unit: str
    group: str
    higher: bool | None
    joined: Joined
    meaning: str


_V4 = "BSS Eval v4 as in museval 0.4.1: windows of 1 s, median over windows, then over tracks"
_SRC = "BSS Eval v3 sources as in mir_eval 0.8, mono, whole track; mean weighted by length"
_IMG = "BSS Eval v3 images as in mir_eval 0.8, whole track; mean over tracks"

METRICS = (
    Metric("v4_sdr", "SDR v4", "dB", "v4", True, "median", f"signal to distortion. {_V4}"),
    Metric("v4_isr", "ISR v4", "dB", "v4", True, "median", f"image to spatial distortion. {_V4}"),
    Metric("v4_sir", "SIR v4", "dB", "v4", True, "median", f"signal to interference. {_V4}"),
    Metric("v4_sar", "SAR v4", "dB", "v4", True, "median", f"signal to artefacts. {_V4}"),
    Metric(
        "sdr", "global SDR", "dB", "energy", True, "mean",
        "energy of the source over that of the error, whole track, no filter allowed for (Music "
        "Demixing Challenge 2021); mean over tracks",
    ),
    Metric(
        "si_sdr", "SI-SDR", "dB", "energy", True, "mean",
        "the same after the best gain (Le Roux et al. 2019); mean over tracks",
    ),
    Metric("src_nsdr", "GNSDR", "dB", "v3", True, "by length", f"SDR above the mixture's. {_SRC}"),
    Metric("src_sdr", "GSDR", "dB", "v3", True, "by length", f"signal to distortion. {_SRC}"),
    Metric("src_sir", "GSIR", "dB", "v3", True, "by length", f"signal to interference. {_SRC}"),
    Metric("src_sar", "GSAR", "dB", "v3", True, "by length", f"signal to artefacts. {_SRC}"),
    Metric("img_sdr", "SDR v3", "dB", "v3", True, "mean", f"signal to distortion. {_IMG}"),
    Metric("img_isr", "ISR v3", "dB", "v3", True, "mean", f"image to spatial distortion. {_IMG}"),
    Metric("img_sir", "SIR v3", "dB", "v3", True, "mean", f"signal to interference. {_IMG}"),
    Metric("img_sar", "SAR v3", "dB", "v3", True, "mean", f"signal to artefacts. {_IMG}"),
    Metric(
        "lsd", "LSD", "dB", "spectral", False, "mean",
        "log-spectral distance, floor −80 dB (Gray & Markel 1976); mean over tracks",
    ),
    Metric(
        "leakage", "leakage", "dB", "singing", False, "mean",
        "level of the vocal estimate in pauses of the voice, re the mixture; mean over tracks",
    ),
    Metric(
        "dip", "dips", "dB", "singing", False, "mean",
        "accompaniment lost where somebody sings; mean over tracks",
    ),
    Metric(
        "voice_held", "voice held", "", "energy", None, "mean",
        "share of the true voice in the vocal estimate, 1 is perfect; mean over tracks",
    ),
    Metric(
        "music_held", "music held", "", "energy", None, "mean",
        "share of the accompaniment in the vocal estimate, 0 is perfect; mean over tracks",
    ),
)  # fmt: skip

_SET = "over all pixels of the set"
_MEAN = "mean over classes of"

#: Of pictures: first those of all classes, then of each.
LABEL_METRICS = (
    Metric(
        "miou", "mean IoU", "%", "labels", True, "pooled",
        f"{_MEAN} the intersection over union, {_SET}; of one picture, over the "
        "classes in it",
    ),
    Metric("accuracy", "pixel accuracy", "%", "labels", True, "pooled", f"right pixels, {_SET}"),
    Metric("mdice", "mean Dice", "%", "labels", True, "pooled", f"{_MEAN} Dice, {_SET}"),
    Metric(
        "mbf1", "mean boundary F1", "%", "labels", True, "pooled",
        f"{_MEAN} boundary F1",
    ),
    Metric("iou", "IoU", "%", "classes", True, "pooled", f"TP/(TP + FP + FN) {_SET}"),
    Metric("dice", "Dice", "%", "classes", True, "pooled", f"2·TP/(2·TP + FP + FN) {_SET}"),
    Metric(
        "bf1", "boundary F1", "%", "classes", True, "pooled",
        "contours within 0.75 % of the diagonal of each other (Csurka et al. 2013), mean over the "
        "pictures that have the class",
    ),
    Metric("recall", "recall", "%", "classes", True, "pooled", f"TP/(TP + FN) {_SET}"),
)  # fmt: skip

BY_KEY = {metric.key: metric for metric in (*METRICS, *LABEL_METRICS)}
