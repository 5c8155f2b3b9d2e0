"""Read pictures: any common format and pixel kind in, upright grey or RGB pixels out.

What a viewer would show is what comes out: turned as its EXIF data asks, transparent parts over
white, CMYK and palettes as RGB, the first frame of an animation. 16 bits a pixel are kept where
the decoder gives them (grey PNG and TIFF); colour with 16 bits comes with its upper 8.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from vocalsep.errors import UnreadablePicture

Pixels: TypeAlias = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]  # (H, W, C)

#: Larger ones are refused by their header, before memory is spent: these are 0.5 GB as RGB, and up
#: to 3 GB while Pillow decodes them.
MOST_PIXELS = 178_956_970
MOST_SIDE = 131_072  # the time that Pillow takes grows with the square of a row's length
#: Formats of pixels alone: nothing that would start another program (EPS) or draws (WMF).
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "TGA")
#: Suffixes of their files, for whoever looks for pictures in a folder.
SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jfif", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm", ".pgm",
     ".pbm", ".pnm", ".jp2", ".j2k", ".avif", ".tga"}
)  # fmt: skip

SIDEWAYS = (5, 6, 7, 8)  # orientations that swap width and height

_ORIENTATION = 0x0112  # the EXIF tag
#: How a stored picture is turned upright (EXIF 2.3, 4.6.4 A): value -> (array (H, W, …)) -> array.
_UPRIGHT: dict[int, Callable[[Any], Any]] = {
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: stored[::-1].swapaxes(0, 1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: stored[:, ::-1].swapaxes(0, 1),
}
_opening = threading.Lock()

# Pillow warns of damaged metadata: either it does not matter, or we raise what it leads to.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


@dataclass(frozen=True)
class PictureInfo:
    """What a picture's header says.

    Attributes:
        name: what messages call it.
        format: Pillow's name of it, e.g. "PNG".
        width, height: pixels, upright.
        mode: Pillow's name of the kind of pixels as stored, e.g. "RGB", "P", "I;16", "CMYK".
        orientation: EXIF, 1 (upright) to 8.
    """

    name: str
    format: str
    width: int
    height: int
    mode: str
    orientation: int


@dataclass(frozen=True)
class Picture:
    """Upright pixels.

    Attributes:
        pixels: (H, W, C) uint8 or uint16, grey (C = 1) or RGB (C = 3).
    """

    pixels: Pixels
    info: PictureInfo


def read_picture(path: Path, n_channels: int = 3) -> Picture:
    """Decode a picture.

    Args:
        n_channels: 1 for grey (ITU-R 601 luma of colours) or 3 for RGB.

    Raises:
        UnreadablePicture: missing, empty, of no known format, damaged, cut off, or larger than
            `MOST_PIXELS` or `MOST_SIDE`.
    """
    if n_channels not in (1, 3):
        raise ValueError(f"n_channels is {n_channels}: expected 1 (grey) or 3 (RGB)")
    with open_image(path) as image:
        info = _info(path, image)
        stored: npt.NDArray[Any] = _decoded(path, image, "RGB" if n_channels == 3 else "L")
    if stored.ndim == 2:
        stored = np.repeat(stored[:, :, None], n_channels, axis=2)
    pixels = upright(stored, info.orientation)
    return Picture(np.ascontiguousarray(pixels), info)


def upright(stored: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """Turn (H, W, …) as the EXIF orientation, 1 to 8, asks; a view."""
    turned: npt.NDArray[Any] = _UPRIGHT[orientation](stored) if orientation > 1 else stored
    return turned


def probe_picture(path: Path) -> PictureInfo:
    """What the header says (of a PNG, whose EXIF data may stand last, all is read).

    Raises:
        UnreadablePicture: as `read_picture`, but for what only decoding can tell.
    """
    with open_image(path) as image:
        return _info(path, image)


def to_float(pixels: Pixels) -> npt.NDArray[np.float32]:
    """(H, W, C) integers -> (C, H, W) float32, 0…1.

    >>> to_float(np.array([[[0, 51, 255]]], np.uint8)).ravel().tolist()
    [0.0, 0.20000000298023224, 1.0]
    """
    height, width, n_channels = pixels.shape
    out = np.empty((n_channels, height, width), np.float32)
    np.divide(pixels.transpose(2, 0, 1), np.iinfo(pixels.dtype).max, out=out, dtype=np.float32)
    return out


@contextmanager
def open_image(path: Path) -> Iterator[Image.Image]:
    """The file, its header read and judged; whatever the decoder raises is an UnreadablePicture.

    Raises:
        UnreadablePicture: see `read_picture`.
    """
    try:
        with _opened(path) as image:
            if image.width * image.height > MOST_PIXELS or max(image.size) > MOST_SIDE:
                raise _too_large(path, f"{image.width} × {image.height} pixels")
            yield image
    except UnreadablePicture:
        raise
    except Image.DecompressionBombError as error:
        raise _too_large(path, "too many pixels") from error
    except FileNotFoundError as error:
        raise UnreadablePicture(f"{path}: no such picture") from error
    except UnidentifiedImageError as error:
        what = "an empty file" if path.stat().st_size == 0 else "not a picture of a known format"
        raise UnreadablePicture(f"{path}: {what}; expected one of {', '.join(FORMATS)}") from error
    except Exception as error:  # damaged files make decoders fail in any way they can
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        why = why.splitlines()[0]
        raise UnreadablePicture(
            f"{path}: damaged or cut off ({why}); expected a whole picture, get it again"
        ) from error


def _opened(path: Path) -> Image.Image:
    """Our limit stands where Pillow raises; its warning at the half of that says nothing new."""
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(path, formats=FORMATS)


def _too_large(path: Path, size: str) -> UnreadablePicture:
    return UnreadablePicture(
        f"{path}: {size}, expected at most {MOST_PIXELS:,} in all and {MOST_SIDE:,} a side; cut it "
        f"into parts"
    )


def _info(path: Path, image: Image.Image) -> PictureInfo:
    orientation = image.getexif().get(_ORIENTATION, 1)
    orientation = orientation if orientation in _UPRIGHT else 1
    width, height = image.size[::-1] if orientation in SIDEWAYS else image.size
    return PictureInfo(str(path), image.format or "", width, height, image.mode, orientation)


def _decoded(path: Path, image: Image.Image, mode: str) -> Pixels:
    """(H, W) grey or (H, W, 3) pixels of mode L or RGB; grey with 16 bits keeps them."""
    if image.mode.startswith("I"):
        return _wide(path, np.asarray(image))
    if image.mode == "F":
        raise UnreadablePicture(
            f"{path}: has floating-point pixels, expected 8 or 16 bits; save it as 16-bit TIFF"
        )
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, coloured)
    if mode == "RGB" and image.mode in ("1", "L"):
        mode = "L"  # one channel is repeated later, which is cheaper than converting
    if image.mode != mode:
        image = image.convert("RGB").convert(mode) if mode == "L" else image.convert(mode)
    return np.asarray(image)


def _wide(path: Path, values: npt.NDArray[Any]) -> npt.NDArray[np.uint16]:
    """16 bits of what Pillow keeps in 16 or 32 bits of either byte order."""
    if values.size and not 0 <= int(values.min()) <= int(values.max()) <= 65535:
        raise UnreadablePicture(
            f"{path}: pixels from {values.min()} to {values.max()}, expected 0 to 65535"
        )
    return values.astype(np.uint16)
