"""Speaker positions of a channel layout, as WAV, FLAC and Vorbis number them."""

from __future__ import annotations

from functools import cache

#: Names of the WAVEFORMATEXTENSIBLE mask bits 0 … 17; FFmpeg orders channels the same way.
MASK_SPEAKERS = (
    *("FL", "FR", "FC", "LFE", "BL", "BR", "FLC", "FRC", "BC"),
    *("SL", "SR", "TC", "TFL", "TFC", "TFR", "TBL", "TBC", "TBR"),
)

#: Layouts that a file may leave unsaid because its channel count already says them.
PLAIN_LAYOUTS = {1: "mono", 2: "stereo"}

#: Channel order inside a Vorbis stream (Vorbis I specification, section 4.3.9), by layout.
VORBIS_ORDER = {
    "3.0": "FL FC FR",
    "quad": "FL FR BL BR",
    "5.0": "FL FC FR BL BR",
    "5.1": "FL FC FR BL BR LFE",
    "6.1": "FL FC FR SL SR BC LFE",
    "7.1": "FL FC FR SL SR BL BR LFE",
}


@cache
def speakers(layout: str) -> tuple[str, ...]:
    """Speaker names of one of FFmpeg's channel layouts, in FFmpeg's order; empty if unknown.

    >>> speakers("5.1")
    ('FL', 'FR', 'FC', 'LFE', 'BL', 'BR')
    """
    import av

    try:
        return tuple(channel.name for channel in av.AudioLayout(layout).channels)
    except ValueError:
        return ()


def wave_mask(layout: str | None) -> int:
    """The WAVEFORMATEXTENSIBLE channel mask, 0 where the layout has no such mask.

    >>> hex(wave_mask("5.1(side)"))
    '0x60f'
    """
    names = speakers(layout) if layout else ()
    if not names or any(name not in MASK_SPEAKERS for name in names):
        return 0
    return sum(1 << MASK_SPEAKERS.index(name) for name in names)


def vorbis_permutation(layout: str | None) -> list[int] | None:
    """Where each channel of a Vorbis stream comes from in FFmpeg's order; None: as it is.

    >>> vorbis_permutation("5.1")
    [0, 2, 1, 4, 5, 3]
    """
    if layout not in VORBIS_ORDER:
        return None
    ours = speakers(layout)
    return [ours.index(name) for name in VORBIS_ORDER[layout].split()]
