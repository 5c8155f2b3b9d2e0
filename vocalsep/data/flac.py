"""Sounds that were made to train on, as FLAC files."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import soundfile

from vocalsep.atomic import replacing
from vocalsep.errors import OutputError

PEAK = 0.9

Floating = TypeVar("Floating", bound=np.floating)


def levelled(sound: npt.NDArray[Floating]) -> npt.NDArray[Floating]:
    """The sound with its peak at 0.9; silence stays silent."""
    out: npt.NDArray[Floating] = sound.copy()
    out *= PEAK / max(1e-9, float(np.abs(sound).max(initial=0.0)))
    return out


def write_flac(target: Path, sound: npt.NDArray[np.floating], rate: int) -> None:
    """Write (N,) or (C, N), full scale ±1, in 16 bits; folders are made.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            soundfile.write(temporary, sound.T, rate, format="FLAC", subtype="PCM_16")
    except (OSError, soundfile.LibsndfileError) as error:
        raise OutputError(f"{target}: cannot be written ({error})") from error
