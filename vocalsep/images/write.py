"""Write pictures, whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from vocalsep.atomic import write_whole
from vocalsep.errors import OutputError

#: Suffix -> Pillow's format and how it is saved: small losses where the format has any.
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", {}),
    ".jpg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".jpeg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".webp": ("WEBP", {"quality": 90}),
    ".tif": ("TIFF", {"compression": "tiff_deflate"}),
    ".tiff": ("TIFF", {"compression": "tiff_deflate"}),
}


def write_picture(path: Path, pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> None:
    """Write pixels in the format that the suffix names; makes the folders above.

    Args:
        pixels: (H, W, 3) uint8 RGB, (H, W) uint8 grey, or (H, W) uint16 grey as PNG or TIFF.

    Raises:
        OutputError: no such format, one that cannot hold these pixels, or the file cannot be
            written; nothing half-written is left.
    """
    if path.suffix.lower() not in FORMATS:
        raise OutputError(
            f"{path}: cannot write pictures as {path.suffix or 'a file without suffix'}; expected "
            f"{', '.join(FORMATS)}"
        )
    kind, options = FORMATS[path.suffix.lower()]
    buffer = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind, **options)
    except (OSError, ValueError) as error:  # e.g. JPEG ends at 65500 pixels a side
        height, width = pixels.shape[:2]
        raise OutputError(
            f"{path}: {kind} cannot hold {width} × {height} pixels of {pixels.dtype} ({error}); "
            f"expected another format, such as .png"
        ) from error
    write_whole(path, buffer.getvalue())
