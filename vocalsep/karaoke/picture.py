"""The picture of a lyric video: the cover, or what the song looks like."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from vocalsep.audio.read import open_audio
from vocalsep.audio.tags import Cover, read_tags
from vocalsep.karaoke.subtitles import HEIGHT, WIDTH

Image = npt.NDArray[np.uint8]  # (H, W, 3) RGB

_BACKGROUND = (16, 18, 28)
#: From silence to loud: night blue, violet, orange, cream.
_COLOURS = np.array([[16, 18, 28], [58, 28, 96], [214, 92, 52], [252, 232, 190]], np.float64)
_FFT = 2048
_RANGE_DB = 70.0


def song_picture(song: Path) -> Image:
    """(HEIGHT, WIDTH, 3): the cover in the middle, else a spectrogram of the whole song."""
    cover = read_tags(song).cover
    image = None if cover is None else _cover_image(cover)
    return _spectrogram(song) if image is None else image


def _cover_image(cover: Cover) -> Image | None:
    """The cover, scaled to fit; None if it cannot be decoded."""
    try:
        with av.open(io.BytesIO(cover.data)) as container:
            frame = next(container.decode(video=0))
    except (av.FFmpegError, StopIteration, ValueError):
        return None
    scale = min(WIDTH / frame.width, HEIGHT / frame.height)
    width, height = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
    small = frame.reformat(width, height, format="rgb24").to_ndarray()
    image: Image = np.full((HEIGHT, WIDTH, 3), _BACKGROUND, np.uint8)
    top, left = (HEIGHT - height) // 2, (WIDTH - width) // 2
    image[top : top + height, left : left + width] = small
    return image


def _spectrogram(song: Path) -> Image:
    """Time from left to right, pitch from below, logarithmic from 50 Hz on."""
    with open_audio(song) as reader:
        rate = reader.info.sample_rate
        mono = np.concatenate([block.mean(axis=0) for block in reader.blocks()])
    padded = np.pad(mono.astype(np.float32), (_FFT // 2, _FFT))
    starts = np.linspace(0, len(mono), WIDTH).astype(int)
    frames = padded[starts[:, None] + np.arange(_FFT)] * np.hanning(_FFT)
    level_db = 20.0 * np.log10(np.abs(np.fft.rfft(frames)) + 1e-9)  # (W, F)
    pitches = np.geomspace(rate / 2 * 0.98, 50.0, HEIGHT)
    rows = level_db[:, np.minimum((pitches * _FFT / rate).astype(int), _FFT // 2)].T  # (H, W)
    loud = np.clip(1.0 + (rows - level_db.max()) / _RANGE_DB, 0.0, 1.0)
    steps = np.linspace(0.0, 1.0, len(_COLOURS))
    channels = [np.interp(loud, steps, _COLOURS[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).astype(np.uint8)
