"""Stem formats, blocks and files for tests of what is written."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.helpers.reading import Samples, music
from vocalsep.audio.formats import StemFormat, plan_format
from vocalsep.audio.write import open_writer
from vocalsep.types import AudioInfo


def planned(
    name: str,
    subtype: str | None = None,
    layout: str = "stereo",
    rate: int = 48000,
    depth: int = 24,
) -> StemFormat:
    """The plan for an integer source of that depth, rate and layout."""
    n_channels = {"mono": 1, "stereo": 2, "5.1": 6, "5.1(side)": 6, "7.1": 8}[layout]
    info = AudioInfo("x", rate, n_channels, None, "any", "any", depth, layout=layout)
    return plan_format(info, name, subtype)


def blocks_of(stem_format: StemFormat, n_samples: int) -> Samples:
    """(C, N) music as the format's writer takes it: int32 codes or float32."""
    audio = music(n_samples, stem_format.n_channels, stem_format.sample_rate)
    if stem_format.bit_depth is None:
        return audio.astype(np.float32)
    return np.rint(audio * 2.0 ** (stem_format.bit_depth - 1)).astype(np.int32)


def write(path: Path, stem_format: StemFormat, audio: Samples, block_samples: int = 7001) -> Path:
    """Write (C, N) in blocks and commit."""
    with open_writer(path, stem_format, audio.shape[1]) as writer:
        for start in range(0, audio.shape[1], block_samples):
            writer.write(audio[:, start : start + block_samples])
        writer.commit()
    return path


def full_scale(stem_format: StemFormat, audio: Samples) -> Samples:
    """(C, N) codes or samples as floats at full scale ±1."""
    return audio / 2.0 ** (stem_format.bit_depth - 1) if stem_format.bit_depth else audio
