"""The best and the worst pictures of a run: as they are, with true and said labels, and errors."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
from PIL import Image

from vocalsep.data.pictures.codes import IGNORE
from vocalsep.data.pictures.pair import Pair, read_pair
from vocalsep.evaluation.pictures.methods import Labels, PictureMethod
from vocalsep.evaluation.pictures.run import ALL
from vocalsep.evaluation.records import Record
from vocalsep.evaluation.report.pictures import webp
from vocalsep.images.labels import Colour

Rgb = npt.NDArray[np.uint8]  # (H, W, 3)

LONGEST_SIDE = 480  # pixels of a figure
N_EACH = 3  # best and worst
_OPACITY = 0.6  # of labels over the picture
_WRONG = np.array([225, 29, 72], np.float64)
_FAINT = 0.35  # of the picture behind errors


@dataclass(frozen=True)
class Exhibit:
    """A picture and what the methods make of it.

    Attributes:
        figures: caption -> WebP file.
    """

    name: str
    kind: str  # "best" or "worst"
    miou: float
    figures: Mapping[str, bytes]


@dataclass(frozen=True)
class Chosen:
    """The result of a picture, and whether it is one of the "best" or of the "worst"."""

    record: Record
    kind: str


@dataclass(frozen=True)
class Drawing:
    """How exhibits are drawn.

    Attributes:
        palette: of the classes.
        photographs: with the picture and its true labels; without, only what a method made of it.
    """

    palette: Sequence[Colour]
    photographs: bool = True


def choose_pictures(records: Sequence[Record]) -> list[Chosen]:
    """The results of one method with the lowest and the highest mean IoU."""
    known = [r for r in records if math.isfinite(r.scores[ALL]["miou"])]
    ranked = sorted(known, key=lambda record: record.scores[ALL]["miou"])
    n_worst = min(N_EACH, (len(ranked) + 1) // 2)
    worst, rest = ranked[:n_worst], ranked[n_worst:]
    best = rest[::-1][:N_EACH]
    return [*(Chosen(r, "worst") for r in worst), *(Chosen(r, "best") for r in best)]


def exhibit(
    chosen: Chosen, pair: Pair, methods: Sequence[PictureMethod], drawing: Drawing
) -> Exhibit:
    """Read and segment a picture again, as it was scored, and draw it.

    Raises:
        DataError, UnreadablePicture: its files have gone.
    """
    pixels, true = read_pair(pair)
    picture: Rgb = (pixels >> 8 * (pixels.dtype.itemsize - 1)).astype(np.uint8)
    figures: dict[str, Rgb] = {}
    if drawing.photographs:
        figures = {"picture": picture, "true labels": overlaid(picture, true, drawing.palette)}
    else:
        picture = np.full_like(picture, 255)
    for method in methods:
        said = method.labels(pair)
        figures[method.name] = overlaid(picture, said, drawing.palette)
        figures[f"errors of {method.name}"] = errors(picture, true, said)
    small = {caption: webp(_reduced(rgb)) for caption, rgb in figures.items()}
    return Exhibit(pair.name, chosen.kind, chosen.record.scores[ALL]["miou"], small)


def overlaid(picture: Rgb, labels: Labels, palette: Sequence[Colour]) -> Rgb:
    """The colours of the classes over a picture (H, W, 3); void shows the picture."""
    colours = np.zeros((256, 3))
    colours[: len(palette)] = palette
    opacity = np.where(labels == IGNORE, 0.0, _OPACITY)[..., None]
    mixed = opacity * colours[labels] + (1 - opacity) * picture
    return np.round(mixed).astype(np.uint8)


def errors(picture: Rgb, true: Labels, said: Labels) -> Rgb:
    """What is wrong in red over the faint grey picture; void is black."""
    grey = picture.mean(-1, keepdims=True).repeat(3, axis=-1)
    faint = 255 * (1 - _FAINT) + _FAINT * grey
    drawn = np.where((true != said)[..., None], _WRONG, faint)
    drawn[true == IGNORE] = 0
    return np.round(drawn).astype(np.uint8)


def exhibits_html(exhibits: Sequence[Exhibit], lead: str) -> str:
    """The section of the page; nothing without exhibits."""
    if not exhibits:
        return ""
    cards = "".join(map(_card, exhibits))
    return (
        "<h2>Look</h2><p class=soft>The pictures with the lowest and the highest mean IoU of "
        f"{escape(lead)}. Errors are red, black has no true label.</p>{cards}"
    )


def _card(shown: Exhibit) -> str:
    tone = "up" if shown.kind == "best" else "down"
    figures = "".join(_figure(caption, data) for caption, data in shown.figures.items())
    return (
        f"<div class='card picture'><header><h3>{escape(shown.name)}</h3><span class=soft>mean IoU "
        f'{shown.miou:.1f} %</span><span class="tag {tone}">{shown.kind}</span></header>'
        f"<div class=pictures>{figures}</div></div>"
    )


def _figure(caption: str, data: bytes) -> str:
    source = f"data:image/webp;base64,{base64.b64encode(data).decode('ascii')}"
    return (
        f'<figure><img alt="{escape(caption)}" src="{source}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _reduced(rgb: Rgb) -> Rgb:
    image = Image.fromarray(rgb)
    image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return np.asarray(image)
