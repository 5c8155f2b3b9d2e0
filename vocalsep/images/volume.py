"""Volumes in files: NumPy arrays, and NIfTI through nibabel.

scan.npy       (*size), or (C, *size) with channels first; the distance between neighbours
               along each axis, if it is not 1, in scan.json beside it: {"spacing": [3, 1, 1]}
scan.nii.gz    (*size), or (*size, C) with channels last; spacing in mm from its header. Axes
               are turned to run to the right, to the front and up, whatever the scanner did.
"""

from __future__ import annotations

import gzip
import io
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from vocalsep.atomic import write_whole
from vocalsep.errors import UnreadablePicture

Values: TypeAlias = npt.NDArray[Any]  # integers or floats

SUFFIXES = (".npy", ".nii", ".nii.gz")
NDIM = 3
MOST_VALUES = 2**30  # larger ones are refused by their header: 4 GB as float32


@dataclass(frozen=True)
class Volume:
    """Values as they are in the file.

    Attributes:
        values: (C, *size), any kind of numbers.
        spacing: distance between neighbours along each axis.
    """

    values: Values
    spacing: tuple[float, ...]


def is_volume(path: Path) -> bool:
    """Whether a file is a volume, by its name."""
    return path.name.lower().endswith(SUFFIXES)


def stem_of(path: Path) -> str:
    """The name without its suffix, which may have two dots.

    >>> stem_of(Path("a/scan.1.nii.gz"))
    'scan.1'
    """
    suffix = next((s for s in SUFFIXES if path.name.lower().endswith(s)), "")
    return path.name[: len(path.name) - len(suffix)]


def read_volume(path: Path) -> Volume:
    """Read a volume; arrays stay on disk until they are used.

    Raises:
        UnreadablePicture: missing, empty, of no known format, damaged, of other than three axes
            (four with channels), too large, or with values that are not finite; or nibabel is
            not installed.
    """
    with _as_unreadable(path):
        values, spacing = _read_npy(path) if path.suffix.lower() == ".npy" else _read_nifti(path)
        if values.ndim not in (NDIM, NDIM + 1) or 0 in values.shape:
            shape = " × ".join(map(str, values.shape))
            raise UnreadablePicture(
                f"{path}: its shape is {shape or 'that of a number'}, expected {NDIM} axes, or "
                f"{NDIM + 1} with channels"
            )
        if values.dtype.kind not in "buif":
            raise UnreadablePicture(f"{path}: holds {values.dtype}, expected real numbers")
        if values.dtype.kind == "f" and not math.isfinite(values.sum(dtype=np.float64)):
            raise UnreadablePicture(f"{path}: has values that are not finite; mend or leave it out")
    return Volume(values if values.ndim > NDIM else values[None], spacing)


def read_volume_labels(path: Path) -> npt.NDArray[np.integer[Any]]:
    """The raw numbers of a label map, (*size), whole though they may be stored as floats.

    Raises:
        UnreadablePicture: as `read_volume`, or it has channels or fractions.
    """
    values = read_volume(path).values
    if len(values) != 1:
        raise UnreadablePicture(f"{path}: has {len(values)} channels, expected a label map of one")
    whole = values[0].astype(np.int64) if values.dtype.kind == "f" else np.asarray(values[0])
    if values.dtype.kind == "f" and (whole != values[0]).any():
        raise UnreadablePicture(f"{path}: has fractions, expected a label map of whole numbers")
    return whole.astype(np.uint8) if whole.dtype == bool else whole


def write_volume(path: Path, values: Values, like: Path) -> None:
    """Write values as a volume that lies in space as another does.

    Args:
        path: its suffix chooses the format.
        values: (*size), or (C, *size) with channels.
        like: the volume that was read, whose axes and place a NIfTI file gets, whose
            distances an array.

    Raises:
        UnreadablePicture: `like` cannot be read.
        OutputError: the file cannot be written.
    """
    if path.suffix.lower() == ".npy":
        spacing = read_volume(like).spacing
        buffer = io.BytesIO()
        np.save(buffer, values)
        write_whole(path, buffer.getvalue())
        if spacing != (1.0,) * NDIM:
            write_whole(_sidecar(path), json.dumps({"spacing": spacing}).encode())
        return
    data = _nifti_bytes(values, like)
    write_whole(path, gzip.compress(data, 6) if path.suffix.lower() == ".gz" else data)


def _read_npy(path: Path) -> tuple[Values, tuple[float, ...]]:
    values = np.load(path, mmap_mode="r")
    if not isinstance(values, np.ndarray):
        raise ValueError("not one array")
    _check_size(path, values.shape)
    return values, _spacing_beside(path)


def _spacing_beside(path: Path) -> tuple[float, ...]:
    """What the JSON file beside an array says; 1 without one."""
    beside = _sidecar(path)
    if not beside.is_file():
        return (1.0,) * NDIM
    try:
        spacing = tuple(map(float, json.loads(beside.read_text(encoding="utf-8"))["spacing"]))
    except (ValueError, TypeError, LookupError) as error:
        raise UnreadablePicture(f'{beside}: expected {{"spacing": [3, 1, 1]}}') from error
    return _checked_spacing(beside, spacing)


def _sidecar(path: Path) -> Path:
    return path.with_name(stem_of(path) + ".json")


def _read_nifti(path: Path) -> tuple[Values, tuple[float, ...]]:
    image = _nibabel().load(path)
    _check_size(path, image.shape)
    upright = _nibabel().as_closest_canonical(image)
    values = np.asanyarray(upright.dataobj)
    spacing = tuple(map(float, upright.header.get_zooms()[:NDIM]))
    if values.ndim > NDIM:
        values = np.moveaxis(values, -1, 0)
    return values, _checked_spacing(path, spacing)


def _nifti_bytes(values: Values, like: Path) -> bytes:
    """A NIfTI file of values whose axes run as `read_volume` has them."""
    nibabel = _nibabel()
    if values.ndim > NDIM:
        values = np.moveaxis(values, 0, -1)
    if like.suffix.lower() == ".npy":
        return bytes(
            nibabel.Nifti1Image(values, np.diag([*read_volume(like).spacing, 1.0])).to_bytes()
        )
    with _as_unreadable(like):
        image = nibabel.load(like)
    turns = nibabel.orientations
    back = turns.ornt_transform(turns.axcodes2ornt("RAS"), nibabel.io_orientation(image.affine))
    turned = turns.apply_orientation(values, back)
    return bytes(nibabel.Nifti1Image(np.ascontiguousarray(turned), image.affine).to_bytes())


def _check_size(path: Path, shape: tuple[int, ...]) -> None:
    if math.prod(shape) > MOST_VALUES:
        raise UnreadablePicture(
            f"{path}: {' × '.join(map(str, shape))} values, expected at most {MOST_VALUES:,} in "
            f"all; cut it into parts"
        )


def _checked_spacing(path: Path, spacing: tuple[float, ...]) -> tuple[float, ...]:
    if len(spacing) != NDIM or not all(0 < step < math.inf for step in spacing):
        raise UnreadablePicture(
            f"{path}: the spacing is {list(spacing)}, expected {NDIM} numbers above 0"
        )
    return spacing


def _nibabel() -> Any:
    try:
        import nibabel
    except ImportError as error:
        raise UnreadablePicture(
            "NIfTI files need nibabel: pip install 'vocalsep[volumes]', or save volumes as .npy"
        ) from error
    return nibabel


@contextmanager
def _as_unreadable(path: Path) -> Iterator[None]:
    """Damaged files make readers fail in any way they can; each becomes one line."""
    try:
        yield
    except UnreadablePicture:
        raise
    except FileNotFoundError as error:
        raise UnreadablePicture(f"{path}: no such volume") from error
    except Exception as error:
        why = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadablePicture(
            f"{path}: not a volume, damaged or cut off ({why}); expected one of "
            f"{', '.join(SUFFIXES)}"
        ) from error
