"""Every input codec × every output codec: both stems lie where a player hears the source.

The default run takes every input to WAV and FLAC's source to every output; the slow one takes all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.helpers.players import clicks, played
from tests.helpers.reading import RATE, Samples, ffmpeg, lag, music, needs_ffmpeg, read
from vocalsep.audio.formats import FORMATS, StemFormat, plan_format
from vocalsep.audio.quantise import StemQuantiser
from vocalsep.audio.read import open_audio
from vocalsep.audio.resample import resample_blocks
from vocalsep.audio.tags import read_tags
from vocalsep.audio.write import open_writer
from vocalsep.types import AudioInfo, Block

pytestmark = needs_ffmpeg

N = 40_000
SIGNALS = {"clicks": clicks, "music": music}
INPUTS = {
    "pcm.wav": [],
    "float.wav": ["-c:a", "pcm_f32le"],
    "pcm.aiff": [],
    "flac.flac": [],
    "lame.mp3": ["-b:a", "192k"],
    "vorbis.ogg": ["-c:a", "libvorbis"],
    "opus.opus": ["-c:a", "libopus"],
    "aac.m4a": ["-c:a", "aac", "-b:a", "192k"],
    "alac.m4a": ["-c:a", "alac"],
    "adts.aac": ["-b:a", "192k"],
    "wma.wma": ["-c:a", "wmav2", "-b:a", "192k"],
    "aac.mkv": ["-c:a", "aac", "-b:a", "192k"],
    "aac.mp4": ["-c:a", "aac", "-b:a", "192k"],
    "opus.webm": ["-c:a", "libopus"],
}
OUTPUTS = [
    *(("wav", subtype) for subtype in ("pcm_16", "pcm_24", "float32")),
    *(("flac", "pcm_16"), ("mp3", "mp3"), ("m4a", "aac"), ("m4a", "alac")),
    *(("ogg", "vorbis"), ("opus", "opus")),
]
#: FFmpeg drops the last samples of some Ogg Vorbis files; libsndfile, and so the reader, does not.
PLAYER_MISSES = {"vorbis": 128}
#: FFmpeg plays the last AAC frame whole, past the end that the edit list declares.
PLAYER_ADDS = {"aac": 1023}
BASIC = [
    *((name, "wav", "pcm_16") for name in INPUTS),
    *(("flac.flac", *output) for output in OUTPUTS),
]
FULL = [(name, *output) for name, output in product(INPUTS, OUTPUTS)]


@dataclass(frozen=True)
class Song:
    """An encoded file, what the reader gives of it and what a player hears of it."""

    path: Path
    info: AudioInfo
    blocks: list[Block]
    heard: Samples  # (C, N)


Songs = Callable[[str, str], Song]


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Songs:
    folder = tmp_path_factory.mktemp("songs")

    @cache
    def song(name: str, signal: str) -> Song:
        source = folder / f"{signal}.wav"
        soundfile.write(source, SIGNALS[signal](N).T, RATE, subtype="PCM_16")
        path = folder / f"{signal}-{name}"
        ffmpeg("-i", source, "-metadata", "title=So", *INPUTS[name], path)
        with open_audio(path) as reader:
            blocks = list(reader.blocks(7001))
            heard = played(path, 2)
            if reader.info.container == "mp4":  # a player stops at the declared end
                heard = heard[:, : reader.info.n_samples]
            return Song(path, reader.info, blocks, heard)

    return song


def stems_of(song: Song, stem_format: StemFormat, folder: Path) -> dict[str, Path]:
    """Both stems of a separator that takes 0.4 of everything for voice, with tags."""
    quantiser = StemQuantiser(song.info, stem_format)
    pairs = [quantiser(block, np.asarray(0.4 * block[None], block.dtype)) for block in song.blocks]
    paths = {name: folder / f"{name}{stem_format.extension}" for name in quantiser.names}
    tags = read_tags(song.path)
    rates = song.info.sample_rate, stem_format.sample_rate
    for name, path in paths.items():
        with open_writer(path, stem_format, None, tags.for_stem(name, "by test")) as writer:
            for block in resample_blocks((pair[name] for pair in pairs), *rates):
                writer.write(block)
            writer.commit()
    return paths


def check(song: Song, stem_format: StemFormat, folder: Path) -> None:
    paths = stems_of(song, stem_format, folder)
    n_source = sum(block.shape[1] for block in song.blocks)
    assert 0 <= n_source - song.heard.shape[1] <= PLAYER_MISSES.get(song.info.codec, 0)
    rates = song.info.sample_rate, stem_format.sample_rate
    n_samples = round(n_source * rates[1] / rates[0])
    source = np.concatenate(list(resample_blocks([song.heard], *rates)), axis=1)
    stems = {name: played(path, 2) for name, path in paths.items()}
    n_common = min(source.shape[1], *(stem.shape[1] for stem in stems.values()))
    source = source[:, :n_common]
    for name, share in (("vocals", 0.4), ("accompaniment", 0.6)):
        stem = stems[name]
        assert read(paths[name]).shape[1] == n_samples
        extra = stem.shape[1] - n_samples
        codec = stem_format.codec
        assert -PLAYER_MISSES.get(codec, 0) <= extra <= PLAYER_ADDS.get(codec, 0)
        for channel in range(2):
            assert lag(stem[channel, None], source[channel, None]) == 0
        level = np.vdot(stem[:, :n_common], source) / np.vdot(source, source)
        assert level == pytest.approx(share, rel=0.05)
    if stem_format.is_lossless:
        step = 2.0 ** (1 - (stem_format.bit_depth or 24))
        total = sum(stem[:, :n_common] for stem in stems.values())
        # Decoders differ in their last float bits.
        assert np.abs(total - source).max() <= 1.5 * step + 2e-6


@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize(("name", "output", "subtype"), BASIC, ids=["-".join(c) for c in BASIC])
def test_stems_lie_where_the_source_is_heard(
    tmp_path: Path, songs: Songs, name: str, output: str, subtype: str, signal: str
) -> None:
    song = songs(name, signal)
    check(song, plan_format(song.info, output, subtype), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("signal", SIGNALS)
@pytest.mark.parametrize(("name", "output", "subtype"), FULL, ids=["-".join(c) for c in FULL])
def test_every_input_to_every_output(
    tmp_path: Path, songs: Songs, name: str, output: str, subtype: str, signal: str
) -> None:
    song = songs(name, signal)
    check(song, plan_format(song.info, output, subtype), tmp_path)


def test_the_grid_is_complete() -> None:
    assert {name for name, _ in OUTPUTS} == set(FORMATS)
