"""Output formats: what each can carry, and the plan of a stem file made before any work.

| name | subtypes                           | rates (Hz)     | channels | coding                 |
|------|------------------------------------|----------------|----------|------------------------|
| wav  | pcm_8 pcm_16 pcm_24 pcm_32 float32 | any            | any      | RF64 past 4 GB         |
| flac | pcm_16 pcm_24                      | 1 to 655350    | 1 to 8   | compression level 5    |
| mp3  | mp3                                | 9 up to 48000  | 1, 2     | 160 kbit/s per channel |
| m4a  | aac alac                           | 13 up to 96000 | 1 to 8   | AAC 128 kbit/s/channel |
| ogg  | vorbis                             | 8000 to 192000 | 1 to 8   | Vorbis quality 7       |
| opus | opus                               | 48000 only     | 1 to 8   | 80 kbit/s per channel  |
"""

from __future__ import annotations

import difflib
from collections.abc import Container
from dataclasses import dataclass

from vocalsep.audio._layouts import PLAIN_LAYOUTS, speakers
from vocalsep.errors import UnsupportedFormat
from vocalsep.types import AudioInfo

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
AAC_RATES = (7350, *MP3_RATES, 64000, 88200, 96000)
OPUS_RATE = 48000


@dataclass(frozen=True)
class StemFormat:
    """Everything a writer needs to know of a stem file.

    `bit_depth` is that of integer samples (PCM, FLAC, ALAC) and None for float and lossy
    formats. `notes` are sentences the user should see: what the format changes.
    """

    extension: str  # with its dot, e.g. ".wav"
    container: str  # "wav", "flac", "mp3", "mp4" or "ogg"
    codec: str  # FFmpeg's codec name, e.g. "pcm_s16le", "aac"
    sample_rate: int  # Hz, of the blocks that the writer is given
    n_channels: int
    layout: str | None  # FFmpeg's name; None if unknown
    bit_depth: int | None
    is_float: bool
    is_lossless: bool  # the file gives back the written blocks, sample for sample
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Coding:
    """One subtype: its codec and the limits of that codec."""

    codec: str
    rates: Container[int]
    layouts: tuple[str, ...] | None = None  # None: any layout of up to `max_channels`
    max_channels: int = 8
    bit_depth: int | None = None
    is_float: bool = False
    is_lossy: bool = False


@dataclass(frozen=True)
class _Family:
    """One `--format` name: its file type and its subtypes."""

    extension: str
    container: str
    subtypes: dict[str, _Coding]


def _wav(codec: str, n_bytes: int, depth: int | None) -> _Coding:
    # The header holds bytes per second in 32 and bytes per sample of all channels in 16 bits.
    rates = range(1, 2**32 // (n_bytes * 64))
    return _Coding(codec, rates, max_channels=64, bit_depth=depth, is_float=depth is None)


def _flac(depth: int) -> _Coding:
    return _Coding("flac", range(1, 655351), bit_depth=depth)


_VORBIS = ("mono", "stereo", "3.0", "quad", "5.0", "5.1", "6.1", "7.1")
# 5.0 and 6.1 are legal in Opus, but FFmpeg's wrapper of libopus permutes their channels.
_OPUS = ("mono", "stereo", "3.0", "quad", "5.1", "7.1")
_AAC = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1")
_ALAC = ("mono", "stereo", "3.0", "4.0", "5.0", "5.1", "6.1(back)", "7.1(wide)")

FORMATS: dict[str, _Family] = {
    "wav": _Family(
        ".wav",
        "wav",
        {
            "pcm_8": _wav("pcm_u8", 1, 8),
            "pcm_16": _wav("pcm_s16le", 2, 16),
            "pcm_24": _wav("pcm_s24le", 3, 24),
            "pcm_32": _wav("pcm_s32le", 4, 32),
            "float32": _wav("pcm_f32le", 4, None),
        },
    ),
    "flac": _Family(".flac", "flac", {"pcm_16": _flac(16), "pcm_24": _flac(24)}),
    "mp3": _Family(
        ".mp3", "mp3", {"mp3": _Coding("mp3", MP3_RATES, ("mono", "stereo"), 2, is_lossy=True)}
    ),
    "m4a": _Family(
        ".m4a",
        "mp4",
        {
            "aac": _Coding("aac", AAC_RATES, _AAC, is_lossy=True),
            # ALAC holds 16 or 24 bit; `_bit_depth` picks the one that loses nothing it can keep.
            "alac": _Coding("alac", range(1, 384001), _ALAC, bit_depth=24),
        },
    ),
    "ogg": _Family(
        ".ogg", "ogg", {"vorbis": _Coding("vorbis", range(8000, 192001), _VORBIS, is_lossy=True)}
    ),
    "opus": _Family(".opus", "ogg", {"opus": _Coding("opus", (OPUS_RATE,), _OPUS, is_lossy=True)}),
}

# Where the left and right surrounds stand; formats that know one of the two mean either.
_SIBLINGS = {"5.1(side)": "5.1", "5.0(side)": "5.0", "quad(side)": "quad", "downmix": "stereo"}


def plan_format(info: AudioInfo, name: str = "wav", subtype: str | None = None) -> StemFormat:
    """Decide how the stems of a source are written, or why they cannot be.

    WAV keeps the depth of integer sources, is 16-bit for lossy and float32 for float ones.
    FLAC keeps 16 and 24 bit and takes 24 for more.

    Args:
        info: the source.
        name: a key of `FORMATS`.
        subtype: one of the format's subtypes; None takes its default for this source.

    Raises:
        UnsupportedFormat: the name is unknown or the codec cannot carry the source's rate,
            channels or layout; the message names formats that can.
    """
    family = FORMATS.get(name)
    if family is None:
        raise UnsupportedFormat(f"unknown format {_unknown(name, FORMATS)}")
    chosen = subtype or _default_subtype(info, name)
    coding = family.subtypes.get(chosen)
    if coding is None:
        raise UnsupportedFormat(f"{name} has no subtype {_unknown(chosen, family.subtypes)}")
    obstacle = _obstacle(info, coding)
    if obstacle:
        raise UnsupportedFormat(f"{info.name}: {coding.codec} {obstacle}; {_remedy(info)}")
    layout = _layout(info, coding)
    bit_depth = _bit_depth(info, coding)
    sample_rate = OPUS_RATE if coding.codec == "opus" else info.sample_rate
    return StemFormat(
        extension=family.extension,
        container=family.container,
        codec=coding.codec,
        sample_rate=sample_rate,
        n_channels=info.n_channels,
        layout=layout,
        bit_depth=bit_depth,
        is_float=coding.is_float,
        is_lossless=not coding.is_lossy,
        notes=_notes(info, coding, sample_rate, bit_depth, layout),
    )


def _unknown(value: str, known: dict[str, _Family] | dict[str, _Coding]) -> str:
    close = difflib.get_close_matches(value, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{value!r}, expected one of {', '.join(known)}{hint}"


def _default_subtype(info: AudioInfo, name: str) -> str:
    subtypes = FORMATS[name].subtypes
    if name not in ("wav", "flac"):
        return next(iter(subtypes))
    if info.is_float and "float32" in subtypes:
        return "float32"
    depth = 16 if info.is_lossy else (info.bit_depth or 24)
    fitting = [key for key, coding in subtypes.items() if (coding.bit_depth or 0) >= depth]
    return fitting[0] if fitting else "pcm_24"


def _obstacle(info: AudioInfo, coding: _Coding) -> str | None:
    """Why the codec cannot carry the source, as the end of a sentence; None if it can."""
    if info.n_channels > coding.max_channels:
        return f"carries at most {coding.max_channels} channels, not {info.n_channels}"
    if info.sample_rate not in coding.rates and coding.codec != "opus":
        return f"cannot carry a sample rate of {info.sample_rate} Hz"
    if coding.layouts is not None and _layout(info, coding) not in coding.layouts:
        return f"cannot carry the channel layout {info.layout or info.n_channels}"
    return None


def _remedy(info: AudioInfo) -> str:
    able = [
        name
        for name in FORMATS
        if not _obstacle(info, FORMATS[name].subtypes[_default_subtype(info, name)])
    ]
    return f"use --format {' or '.join(able)}" if able else "no output format can carry it"


def _layout(info: AudioInfo, coding: _Coding) -> str | None:
    """The layout that is written: the source's, its sibling, or the codec's for that count."""
    layout = info.layout or PLAIN_LAYOUTS.get(info.n_channels)
    if coding.layouts is None or layout in coding.layouts:
        return layout
    if layout is None:
        return next((x for x in coding.layouts if len(speakers(x)) == info.n_channels), None)
    return _SIBLINGS.get(layout, layout)


def _bit_depth(info: AudioInfo, coding: _Coding) -> int | None:
    if coding.codec == "alac" and (info.is_lossy or (info.bit_depth or 24) <= 16):
        return 16
    return coding.bit_depth


def _notes(
    info: AudioInfo,
    coding: _Coding,
    sample_rate: int,
    bit_depth: int | None,
    layout: str | None,
) -> tuple[str, ...]:
    notes = []
    if sample_rate != info.sample_rate:
        notes.append(
            f"{coding.codec} carries {sample_rate} Hz only: stems are converted from "
            f"{info.sample_rate} Hz"
        )
    source_depth = 32 if info.is_float else info.bit_depth
    if bit_depth and source_depth and source_depth > bit_depth:
        kind = "float" if info.is_float else f"{source_depth}-bit"
        notes.append(f"{kind} samples are reduced to {bit_depth} bit with dither")
    if layout != info.layout and info.n_channels > 2:
        notes.append(f"channel layout {info.layout or 'unknown'} is written as {layout}")
    return tuple(notes)
