"""Lossy coding: encoded and decoded again in memory, aligned to the sample.

It costs 20 to 100 times what a filter costs (`vocalsep data cost` prints the table), so give it a
small probability.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

import av
import numpy as np
import soxr

from vocalsep.data.augment.base import AUGMENTATIONS, Augmentation, Segment, Sound
from vocalsep.data.draws import checked_range, log_uniform


@dataclass(frozen=True)
class _Codec:
    """How a codec is called, and what it does by itself.

    `bands_hz` is measured with white noise: up to which bit rate (kbit/s, stereo) the encoder cuts
    off where. Opus fills the whole band at all of these rates.
    """

    encoder: str
    decoder: str
    sample_format: str
    delay: int  # samples that come out before the first one
    bands_hz: tuple[tuple[float, float], ...]


CODECS = {
    "mp3": _Codec(
        "libmp3lame", "mp3float", "fltp", 0, ((80, 10_500), (112, 15_000), (160, 16_500))
    ),
    "aac": _Codec("aac", "aac", "fltp", 1024, ((80, 12_000), (112, 16_000), (160, 17_000))),
    "opus": _Codec("libopus", "libopus", "flt", 0, ()),
}
# What each encoder takes; another rate is resampled there and back.
RATES = {
    "mp3": (8000, 16000, 22050, 32000, 44100, 48000),
    "aac": (8000, 16000, 22050, 32000, 44100, 48000),
    "opus": (48000,),
}


@AUGMENTATIONS.register("codec")
class LossyCodec(Augmentation):
    """MP3, AAC or Opus at some bit rate, there and back.

    What the encoder cuts off at the top counts as unknown.

    Args:
        codecs: drawn from these: mp3, aac, opus.
        kbps: range of the bit rate of both channels together, within 32…320 kbit/s.
        p: probability.
    """

    joint: ClassVar[bool] = False

    def __init__(
        self,
        sample_rate: int,
        codecs: tuple[str, ...] = ("mp3", "aac", "opus"),
        kbps: tuple[float, float] = (64.0, 192.0),
        p: float = 0.02,
    ) -> None:
        super().__init__(sample_rate, p)
        checked_range("kbps", kbps, 32, 320)
        unknown = sorted(set(codecs) - set(CODECS))
        if unknown or not codecs:
            raise ValueError(f"codecs is {list(codecs)}: expected some of {', '.join(CODECS)}")
        self.codecs = tuple(codecs)
        self.kbps = kbps

    def apply(self, rng: np.random.Generator, sound: Sound) -> Sound:
        """The sound with the marks of a codec."""
        name = self.codecs[int(rng.integers(len(self.codecs)))]
        kbps = log_uniform(rng, self.kbps)
        peak = float(np.abs(sound.samples).max())
        if peak == 0.0:
            return sound
        # Encoders expect full scale at ±1, and may overshoot by a few dB.
        scale = np.float32(0.5 / peak)
        samples = round_trip(sound.samples * scale, self.sample_rate, name, kbps)
        cut_hz = next((hz for most, hz in CODECS[name].bands_hz if kbps <= most), 20_000.0)
        return Sound(samples / scale, min(sound.band_hz, cut_hz))


def round_trip(samples: Segment, sample_rate: int, codec: str, kbps: float) -> Segment:
    """Encode and decode (2, N) samples; the same length, at lag 0."""
    n = samples.shape[1]
    rates = RATES[codec]
    # The lowest that holds the band, so that nothing but the codec takes something away.
    rate = next((each for each in rates if each >= sample_rate), rates[-1])
    if rate != sample_rate:
        samples = np.ascontiguousarray(soxr.resample(samples.T, sample_rate, rate).T)
    decoded = np.concatenate(list(_decoded(samples, rate, CODECS[codec], kbps)), axis=1)
    decoded = decoded[:, CODECS[codec].delay :]
    if rate != sample_rate:
        decoded = soxr.resample(decoded.T, rate, sample_rate).T
    out = np.zeros((2, n), np.float32)
    n_kept = min(n, decoded.shape[1])
    out[:, :n_kept] = decoded[:, :n_kept]
    return out


def _decoded(samples: Segment, rate: int, codec: _Codec, kbps: float) -> Iterator[Segment]:
    encoder = _context(codec.encoder, "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, "stereo", codec.sample_format
    encoder.bit_rate, encoder.time_base = int(kbps * 1000), Fraction(1, rate)
    encoder.open()
    decoder = _context(codec.decoder, "r")
    decoder.sample_rate, decoder.layout = rate, "stereo"
    if encoder.extradata:
        decoder.extradata = encoder.extradata
    for frame in [*_frames(samples, rate, codec, encoder.frame_size), None]:
        for packet in encoder.encode(frame):
            yield from (_samples(each) for each in decoder.decode(packet))
    yield from (_samples(each) for each in decoder.decode(None))


def _context(name: str, mode: Literal["r", "w"]) -> av.AudioCodecContext:
    context = av.CodecContext.create(name, mode)
    assert isinstance(context, av.AudioCodecContext)
    return context


def _frames(samples: Segment, rate: int, codec: _Codec, size: int) -> Iterator[av.AudioFrame]:
    # Two frames of silence push the end through the delays of encoder and decoder.
    n_padded = -samples.shape[1] % size + 2 * size
    padded = np.pad(samples, ((0, 0), (0, n_padded)))
    for start in range(0, padded.shape[1], size):
        piece = padded[:, start : start + size]
        planar = codec.sample_format.endswith("p")
        array = np.ascontiguousarray(piece if planar else piece.T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(array, codec.sample_format, "stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate, start, Fraction(1, rate)
        yield frame


def _samples(frame: av.AudioFrame) -> Segment:
    """(2, n) float32 within ±1 of any frame."""
    array = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, 2).T
    scale = 1 / 32768 if array.dtype == np.int16 else 1
    return np.multiply(array, scale, dtype=np.float32)
