"""What is planned for every source, and what is refused with which remedy."""

from __future__ import annotations

import re

import pytest

from vocalsep.audio.formats import FORMATS, StemFormat, plan_format
from vocalsep.errors import UnsupportedFormat
from vocalsep.types import AudioInfo

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


def source(
    kind: str = "pcm",
    depth: int | None = 16,
    rate: int = 44100,
    layout: str | None = "stereo",
    n_channels: int = 2,
) -> AudioInfo:
    return AudioInfo(
        name="song",
        sample_rate=rate,
        n_channels=n_channels,
        n_samples=None,
        codec="any",
        container="any",
        bit_depth=depth if kind == "pcm" else None,
        is_float=kind == "float",
        is_lossy=kind == "lossy",
        layout=layout,
    )


@pytest.mark.parametrize(
    ("kind", "depth", "name", "codec", "planned_depth"),
    [
        ("pcm", 8, "wav", "pcm_u8", 8),
        ("pcm", 16, "wav", "pcm_s16le", 16),
        ("pcm", 20, "wav", "pcm_s24le", 24),
        ("pcm", 24, "wav", "pcm_s24le", 24),
        ("pcm", 32, "wav", "pcm_s32le", 32),
        ("lossy", None, "wav", "pcm_s16le", 16),
        ("float", None, "wav", "pcm_f32le", None),
        ("pcm", 8, "flac", "flac", 16),
        ("pcm", 16, "flac", "flac", 16),
        ("pcm", 24, "flac", "flac", 24),
        ("pcm", 32, "flac", "flac", 24),
        ("lossy", None, "flac", "flac", 16),
        ("float", None, "flac", "flac", 24),
        ("pcm", 24, "mp3", "mp3", None),
        ("pcm", 24, "m4a", "aac", None),
        ("pcm", 24, "ogg", "vorbis", None),
        ("pcm", 24, "opus", "opus", None),
    ],
)
def test_default_keeps_the_source_depth(
    kind: str, depth: int | None, name: str, codec: str, planned_depth: int | None
) -> None:
    planned = plan_format(source(kind, depth), name)
    assert (planned.codec, planned.bit_depth) == (codec, planned_depth)
    assert planned.is_float == (codec == "pcm_f32le")
    assert planned.is_lossless == (name in ("wav", "flac"))
    assert planned.extension == f".{name}"


@pytest.mark.parametrize(("depth", "expected"), [(8, 16), (16, 16), (24, 24), (32, 24)])
def test_alac_takes_the_smallest_depth_that_loses_nothing(depth: int, expected: int) -> None:
    assert plan_format(source(depth=depth), "m4a", "alac").bit_depth == expected
    assert plan_format(source("lossy"), "m4a", "alac").bit_depth == 16
    assert plan_format(source("float"), "m4a", "alac").bit_depth == 24


def test_opus_converts_to_48_khz_and_says_so() -> None:
    planned = plan_format(source(rate=44100), "opus")
    assert planned.sample_rate == 48000
    assert "48000 Hz" in planned.notes[0] and "44100 Hz" in planned.notes[0]
    assert plan_format(source(rate=48000), "opus").notes == ()


def test_lost_depth_is_noted() -> None:
    assert "24 bit" in plan_format(source(depth=32), "flac").notes[0]
    assert "float" in plan_format(source("float"), "wav", "pcm_16").notes[0]
    assert plan_format(source("lossy"), "wav").notes == ()
    assert plan_format(source(depth=24), "wav").notes == ()


REFUSED = [
    (source(rate=96000), "mp3", None, "96000 Hz"),
    (source(n_channels=6, layout="5.1"), "mp3", None, "at most 2 channels, not 6"),
    (source(rate=44056), "m4a", "aac", "44056 Hz"),
    (source(rate=384000), "ogg", None, "384000 Hz"),
    (source(rate=768000), "flac", None, "768000 Hz"),
    (source(n_channels=10, layout=None), "flac", None, "at most 8 channels"),
    (source(n_channels=8, layout="7.1"), "m4a", "alac", "7.1"),
    (source(n_channels=7, layout="6.1"), "opus", None, "6.1"),
    (source(n_channels=8, layout="octagonal"), "ogg", None, "octagonal"),
]


@pytest.mark.parametrize(("info", "name", "subtype", "obstacle"), REFUSED)
def test_refusal_names_the_obstacle_and_formats_that_work(
    info: AudioInfo, name: str, subtype: str | None, obstacle: str
) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        plan_format(info, name, subtype)
    message = str(caught.value)
    assert obstacle in message and "\n" not in message
    remedies = re.findall(r"\b(?:wav|flac|mp3|m4a|ogg|opus)\b", message.split("--format")[1])
    assert "wav" in remedies
    for remedy in remedies:
        assert isinstance(plan_format(info, remedy), StemFormat)


def test_unknown_names_are_refused_with_the_known_ones() -> None:
    with pytest.raises(UnsupportedFormat, match=r"'flak'.*wav, flac, .*did you mean 'flac'"):
        plan_format(source(), "flak")
    with pytest.raises(UnsupportedFormat, match=r"wav has no subtype 'pcm16'.*'pcm_16'"):
        plan_format(source(), "wav", "pcm16")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("n_channels", [1, 2, 6, 8])
def test_common_layouts_are_kept(name: str, n_channels: int) -> None:
    n_channels = min(n_channels, 2) if name == "mp3" else n_channels
    planned = plan_format(source(n_channels=n_channels, layout=LAYOUTS[n_channels]), name)
    assert (planned.n_channels, planned.layout) == (n_channels, LAYOUTS[n_channels])


def test_side_surrounds_count_as_surrounds_where_a_codec_knows_one_kind() -> None:
    info = source(n_channels=6, layout="5.1(side)")
    assert plan_format(info, "wav").layout == "5.1(side)"
    assert plan_format(info, "flac").layout == "5.1(side)"
    planned = plan_format(info, "ogg")
    assert planned.layout == "5.1" and "5.1(side) is written as 5.1" in planned.notes[0]


def test_unknown_layout_stays_unknown_in_wav_and_is_named_elsewhere() -> None:
    info = source(n_channels=6, layout=None)
    assert plan_format(info, "wav").layout is None
    planned = plan_format(info, "opus")
    assert planned.layout == "5.1" and "unknown" in planned.notes[-1]
    assert plan_format(source(n_channels=2, layout=None)).layout == "stereo"
