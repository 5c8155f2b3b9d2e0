"""The Python door: load a model once, segment pictures and volumes of any size with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from vocalsep.errors import DeviceError, VocalsepError
from vocalsep.inference.devices import DeviceChoice, choose_device, choose_dtype
from vocalsep.inference.engine import is_out_of_memory
from vocalsep.models.load import load_segmenter
from vocalsep.models.segmenter import Segmenter
from vocalsep.segmentation.crf import dense_crf
from vocalsep.segmentation.options import DEFAULT_MODEL, PredictOptions
from vocalsep.segmentation.tiles import (
    Floats,
    Place,
    TiledAxis,
    blended,
    middle,
    mirrored,
    n_tiles,
    tiled_axes,
)
from vocalsep.segmentation.tta import (
    AXES,
    Estimate,
    at_scale,
    mean_of_streams,
    mean_over_mirrorings,
    mirrorings,
)

#: (*size, C) uint8 or uint16 of full range, or float of 0…1.
Pixels: TypeAlias = npt.NDArray[Any]
#: Called after every tile with what part of the work is done, 0…1.
OnTile: TypeAlias = Callable[[float], None]

_DEFAULTS = PredictOptions()


class Predictor:
    """Says of every pixel of a picture what it shows.

    One object serves any number of pictures, one at a time. The network sees one tile at a time
    and a strip of tiles of probabilities is held, so its memory depends on the width of the
    picture alone. A CRF needs the whole picture: K × H × W numbers several times over.

    >>> predictor = Predictor.from_pretrained("camvid")                   # doctest: +SKIP
    >>> labels = predictor.labels(pixels)                                 # doctest: +SKIP
    >>> predictor.classes[labels[100, 200]]                               # doctest: +SKIP
    'road'

    Args:
        segmenter: the network.
        options: tiles, test-time augmentation, CRF, number format.
        device: "auto", "cpu", "cuda", "cuda:1", "mps".
        threads: CPU threads, for the whole process; None leaves torch's choice.

    Attributes:
        classes: names, in the order of labels.
        palette: (R, G, B) of each.
        ndim: 2 for pictures, 3 for volumes.
        pixels: what the network wants of pictures and volumes.
        choice: the device and the reason for it.
        name, sha256: of the model file.

    Raises:
        DeviceError: an explicitly asked device is not there, or fewer than one thread.
        VocalsepError: impossible options.
    """

    name = "unnamed"
    sha256 = ""

    def __init__(
        self,
        segmenter: Segmenter,
        options: PredictOptions = _DEFAULTS,
        device: str = "auto",
        threads: int | None = None,
    ) -> None:
        self.classes = segmenter.classes
        self.palette = segmenter.palette
        self.ndim = segmenter.ndim
        self.in_channels = segmenter.in_channels
        self.pixels = segmenter.pixels
        _check_options(options, self.ndim)
        if threads is not None:
            if threads < 1:
                raise DeviceError(f"{threads} threads: expected at least 1")
            torch.set_num_threads(threads)  # for the whole process: torch knows no other way
        self.choice: DeviceChoice = choose_device(device)
        self._options = options
        self._tile = segmenter.tile
        self._segmenter = segmenter.to(self.choice.device)
        segmenter.for_inference(choose_dtype(options.precision, self.choice.device))

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path = DEFAULT_MODEL,
        options: PredictOptions = _DEFAULTS,
        device: str = "auto",
        threads: int | None = None,
    ) -> Predictor:
        """Load a shipped model by name or a model file by path.

        Raises:
            ModelError: unknown or damaged model, or one that does not segment.
            DeviceError, VocalsepError: see the class.
        """
        segmenter, card = load_segmenter(name_or_path)
        predictor = cls(segmenter, options, device, threads)
        predictor.name, predictor.sha256 = card.name, card.sha256
        return predictor

    def labels(self, pixels: Pixels, on_tile: OnTile | None = None) -> npt.NDArray[np.uint8]:
        """The most probable class of every pixel: (*size, C) -> (*size) uint8."""
        parts = [most_probable(rows) for rows in self.rows(pixels, on_tile)]
        return np.concatenate(parts)

    def probabilities(self, pixels: Pixels, on_tile: OnTile | None = None) -> Floats:
        """Of every class in every pixel: (*size, C) -> (K, *size) float32."""
        return np.concatenate(list(self.rows(pixels, on_tile)), axis=1)

    def rows(self, pixels: Pixels, on_tile: OnTile | None = None) -> Iterator[Floats]:
        """The probabilities from the first row to the last, as they become known.

        Args:
            pixels: (*size, C) uint8 or uint16 (0 … their greatest number) or float (as the
                network wants it: of pictures 0…1), C as the network wants it.
            on_tile: hears of the progress.

        Yields:
            (K, n, *rest) float32; the n add up to the first size.

        Raises:
            VocalsepError: another number of axes or channels, or an empty picture.
            DeviceError: out of memory.
        """
        self._check(pixels)
        try:
            rows = self._tiled(pixels, on_tile or (lambda done: None))
            if self._options.crf is None:
                yield from rows
            else:
                whole = np.concatenate(list(rows), axis=1)
                yield dense_crf(whole, _shades(pixels), self._options.crf)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            tile = " × ".join(map(str, self._tile))
            raise DeviceError(
                f"out of memory on {self.choice.device} with tiles of {tile}: close other programs "
                "or try --device cpu, without --crf"
            ) from error

    def _tiled(self, pixels: Pixels, on_tile: OnTile) -> Iterator[Floats]:
        size, options = pixels.shape[:-1], self._options
        whole = mirrored(pixels, self._tile)
        grids = [self._grid(whole.shape[:-1], scale) for scale in options.scales]
        steps = _Steps(sum(map(n_tiles, grids)), on_tile)
        streams = [
            blended(grid, self._reader(whole, scale, steps))
            for grid, scale in zip(grids, options.scales, strict=True)
        ]
        rows = mean_of_streams(streams) if len(streams) > 1 else streams[0]
        return _cropped(rows, middle(size, self._tile))

    def _grid(self, size: Sequence[int], scale: float) -> tuple[TiledAxis, ...]:
        """Tiles that are as large as the network wants them once they are scaled."""
        tile = [max(1, round(n / scale)) for n in self._tile]
        return tiled_axes(size, tile, self._options.overlap, self._options.window)

    def _reader(self, pixels: Pixels, scale: float, steps: _Steps) -> Callable[[Place], Floats]:
        """What `blended` calls for each tile."""
        device = self.choice.device
        mirror_images = mirrorings(self._options.flips, self.ndim)
        look: Estimate = at_scale(mean_over_mirrorings(self._look, mirror_images), scale)

        def estimate(place: Place) -> Floats:
            values = np.moveaxis(_full_scale(pixels[place]), -1, 0)
            with torch.inference_mode():
                tile = torch.from_numpy(np.ascontiguousarray(values)).to(device)
                answer: Floats = look(tile[None])[0].cpu().numpy()
            steps.done()
            return answer

        return estimate

    def _look(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self._segmenter(pictures)
        return logits.softmax(1)

    def _check(self, pixels: Pixels) -> None:
        kind = {2: "a picture (H, W, C)", 3: "a volume (D, H, W, C)"}[self.ndim]
        if pixels.ndim != self.ndim + 1 or not all(pixels.shape):
            raise VocalsepError(f"an array of shape {pixels.shape}: expected {kind}")
        if pixels.shape[-1] != self.in_channels:
            raise VocalsepError(
                f"{pixels.shape[-1]} channels: the model {self.name!r} takes {self.in_channels}"
            )


class _Steps:
    """Counts tiles."""

    def __init__(self, total: int, on_tile: OnTile) -> None:
        self._total = total
        self._n_done = 0
        self._on_tile = on_tile

    def done(self) -> None:
        self._n_done += 1
        self._on_tile(self._n_done / self._total)


def most_probable(rows: Floats) -> npt.NDArray[np.uint8]:
    """(K, …) probabilities -> (…) labels."""
    labels: npt.NDArray[np.uint8] = rows.argmax(0).astype(np.uint8)
    return labels


def _full_scale(pixels: Pixels) -> Floats:
    """Integers brought to 0…1; floats are taken as they are."""
    if np.issubdtype(pixels.dtype, np.integer):
        return np.divide(pixels, np.iinfo(pixels.dtype).max, dtype=np.float32)
    return pixels.astype(np.float32, copy=False)


def _shades(pixels: Pixels) -> Floats:
    """The picture in steps of 8 bits; floats are stretched from their least to their greatest."""
    values = _full_scale(pixels)
    if np.issubdtype(pixels.dtype, np.floating):
        least = values.min()
        values = (values - least) / max(float(values.max() - least), 1e-12)
    return np.multiply(values, 255.0, dtype=np.float32)


def _cropped(rows: Iterator[Floats], place: Place) -> Iterator[Floats]:
    """What lies in the middle of mirrored rows."""
    first, *others = place
    position = 0
    for part in rows:
        start, stop = (min(max(0, edge - position), part.shape[1]) for edge in _ends(first))
        position += part.shape[1]
        if start < stop:
            inside = (slice(None), slice(start, stop), *others)
            yield part[inside]


def _ends(part: slice) -> tuple[int, int]:
    return int(part.start), int(part.stop)


def _check_options(options: PredictOptions, ndim: int) -> None:
    """Raises VocalsepError."""
    letters = AXES[:ndim]
    if not options.scales or not all(0.05 <= scale <= 20 for scale in options.scales):
        raise VocalsepError(f"scales {list(options.scales)}: expected numbers from 0.05 to 20")
    if set(options.flips) - set(letters) or len(set(options.flips)) != len(options.flips):
        raise VocalsepError(f"flips {options.flips!r}: expected some of the letters {letters!r}")
    if not 0 <= options.overlap <= 0.9:
        raise VocalsepError(f"an overlap of {options.overlap}: expected 0 to 0.9")
