"""Tags and covers: read from what taggers write, written where players look, no sample moved."""

from __future__ import annotations

import base64
import os
import shutil
import struct
import zlib
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutagen import id3
from mutagen.asf import ASF, ASFByteArrayAttribute
from mutagen.flac import FLAC, Picture
from mutagen.mp3 import MP3
from mutagen.oggopus import OggOpus

from tests.helpers.players import played
from tests.helpers.reading import ffmpeg, needs_ffmpeg
from tests.helpers.writing import blocks_of, planned, write
from vocalsep.audio._write_wav import WavEncoder, append_chunk
from vocalsep.audio.formats import FORMATS
from vocalsep.audio.tags import Cover, Tags, read_tags, write_tags
from vocalsep.audio.write import open_writer

TEXT = {
    "title": ("Tütle 愛 🎤",),
    "artist": ("AC/DC",),
    "album": ("Album",),
    "albumartist": ("Various",),
    "composer": ("Someone",),
    "track": ("3/12",),
    "disc": ("1/2",),
    "date": ("2019-05-04",),
    "genre": ("Rock",),
    "comment": ("first take",),
    "lyrics": ("la la\nla",),
}
EVERY_FORMAT = [(name, subtype) for name, family in FORMATS.items() for subtype in family.subtypes]


def png(seed: int = 0, size: int = 40) -> bytes:
    """A real picture of noise: a PNG that does not compress."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    rows = np.random.default_rng(seed).integers(0, 256, (size, 1 + 3 * size), dtype=np.uint8)
    rows[:, 0] = 0
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    pixels = zlib.compress(rows.tobytes())
    parts = chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@needs_ffmpeg
@pytest.mark.parametrize(("name", "subtype"), EVERY_FORMAT)
def test_round_trip_moves_no_sample(tmp_path: Path, name: str, subtype: str) -> None:
    stem_format = planned(name, subtype)
    audio = blocks_of(stem_format, 8001)
    path = write(tmp_path / f"stem{stem_format.extension}", stem_format, audio)
    before = played(path, 2)
    tags = Tags(TEXT, Cover("image/png", png(size=200)), "stem")  # larger than an Ogg page
    write_tags(path, tags, stem_format)
    assert read_tags(path) == tags
    np.testing.assert_array_equal(played(path, 2), before)
    if name != "m4a":
        assert soundfile.info(path).frames == before.shape[1]


@pytest.mark.parametrize("name", FORMATS)
def test_writers_tag_what_they_commit(tmp_path: Path, name: str) -> None:
    stem_format = planned(name)
    path = tmp_path / f"song{stem_format.extension}"
    tags = Tags(TEXT, name="song").for_stem("vocals", "model m, vocalsep 1.0")
    with open_writer(path, stem_format, None, tags) as writer:
        writer.write(blocks_of(stem_format, 3000))
        writer.commit()
    found = read_tags(path).text
    assert found["title"] == ("Tütle 愛 🎤 (Vocals)",)
    assert "\n".join(found["comment"]) == "model m, vocalsep 1.0\nfirst take"


def test_for_stem_names_the_stem() -> None:
    tags = Tags({"title": ("So",), "artist": ("A", "B")}, Cover("image/png", b"\x89PNG"), "file")
    instrumental = tags.for_stem("accompaniment", "by m")
    assert instrumental.text["title"] == ("So (Instrumental)",)
    assert instrumental.text["artist"] == ("A", "B") and instrumental.cover == tags.cover
    assert instrumental.text["comment"] == ("by m",)
    assert Tags(name="file").for_stem("drums", "by m").text["title"] == ("file (Drums)",)
    assert Tags().for_stem("vocals", "by m").text["title"] == ("(Vocals)",)


def test_several_values_survive_or_are_joined(tmp_path: Path) -> None:
    for name, expected in [("flac", ("A", "B")), ("m4a", ("A", "B")), ("mp3", ("A; B",))]:
        stem_format = planned(name)
        path = write(tmp_path / "stem", stem_format, blocks_of(stem_format, 1000))
        write_tags(path, Tags({"artist": ("A", "B")}), stem_format)
        assert read_tags(path).text["artist"] == expected


FFMPEG_INPUTS = {
    "mp3": ["-c:a", "libmp3lame"],
    "flac": ["-c:a", "flac"],
    "ogg": ["-c:a", "libvorbis"],
    "opus": ["-c:a", "libopus"],
    "m4a": ["-c:a", "aac"],
    "wma": ["-c:a", "wmav2"],
    "mkv": ["-c:a", "flac"],
    "wav": ["-c:a", "pcm_s16le"],
    "aiff": ["-c:a", "pcm_s16be", "-write_id3v2", "1"],
}


@needs_ffmpeg
@pytest.mark.parametrize("extension", FFMPEG_INPUTS)
def test_tags_of_other_programs(tmp_path: Path, extension: str) -> None:
    path = tmp_path / f"song.{extension}"
    metadata = {"title": "Tütle", "artist": "AC/DC", "album": "Al", "genre": "Rock", "date": "1999"}
    arguments = [x for key, value in metadata.items() for x in ("-metadata", f"{key}={value}")]
    arguments += ["-metadata", "comment=hi", "-metadata", "track=3"]
    arguments += ["-metadata", "replaygain_track_gain=-7.0 dB"]
    tone = "sine=440:sample_rate=48000:duration=0.1"
    ffmpeg("-f", "lavfi", "-i", tone, *FFMPEG_INPUTS[extension], *arguments, str(path))
    found = read_tags(path)
    assert found.name == "song" and found.cover is None
    expected = {key: (value,) for key, value in metadata.items()}
    assert dict(found.text) == {**expected, "comment": ("hi",), "track": ("3",)}


@needs_ffmpeg
@pytest.mark.parametrize("extension", ["mp3", "flac", "m4a", "mkv"])
def test_covers_of_other_programs(tmp_path: Path, extension: str) -> None:
    cover = tmp_path / "cover.png"
    cover.write_bytes(png())
    path = tmp_path / f"song.{extension}"
    picture = ["-i", str(cover), "-map", "0:a", "-map", "1:v", "-disposition:v", "attached_pic"]
    if extension == "mkv":
        picture = ["-attach", str(cover), "-metadata:s:t", "mimetype=image/png"]
    tone = "sine=440:sample_rate=48000:duration=0.1"
    codec = [*FFMPEG_INPUTS[extension], "-c:v", "copy"]
    ffmpeg("-f", "lavfi", "-i", tone, *picture, *codec, str(path))
    assert read_tags(path).cover == Cover("image/png", png())


def _flac_with(tmp_path: Path, comments: dict[str, Any]) -> Path:
    stem_format = planned("flac")
    path = write(tmp_path / "song.flac", stem_format, blocks_of(stem_format, 1000))
    file = FLAC(path)
    file.update(comments)
    file.save()
    return path


def test_levels_and_identifiers_of_the_mixture_are_left_behind(tmp_path: Path) -> None:
    comments = {"title": "So", "replaygain_track_gain": "-7 dB", "r128_track_gain": "-1000"}
    path = _flac_with(tmp_path, {**comments, "isrc": "USX", "musicbrainz_trackid": "1"})
    stem_format = planned("opus")
    stem = write(tmp_path / "stem.opus", stem_format, blocks_of(stem_format, 1000))
    write_tags(stem, read_tags(path).for_stem("vocals", "by m"), stem_format)
    assert set(OggOpus(stem)) - {"encoder"} == {"title", "comment"}


def test_totals_and_aliases_of_vorbis_comments(tmp_path: Path) -> None:
    comments = {"tracknumber": "3", "totaltracks": "12", "discnumber": "1/2", "year": "1999"}
    path = _flac_with(tmp_path, {**comments, "album artist": "V", "description": "hi"})
    assert dict(read_tags(path).text) == {
        "track": ("3/12",),
        "disc": ("1/2",),
        "date": ("1999",),
        "albumartist": ("V",),
        "comment": ("hi",),
    }


def test_the_front_cover_is_chosen_and_its_type_seen_from_its_bytes(tmp_path: Path) -> None:
    stem_format = planned("mp3")
    path = write(tmp_path / "song.mp3", stem_format, blocks_of(stem_format, 1000))
    file = MP3(path)  # with the empty tag of FFmpeg's muxer
    for kind, seed in ((4, 1), (3, 2)):
        file.tags.add(id3.APIC(mime="image/jpeg", type=kind, desc=str(kind), data=png(seed)))
    file.tags.add(id3.COMM(desc="iTunNORM", text="0000"))
    file.tags.add(id3.TCON(text="(17)"))
    file.save()
    found = read_tags(path)
    assert found.cover == Cover("image/png", png(2))
    assert dict(found.text) == {"genre": ("Rock",)}


@needs_ffmpeg
def test_wma_picture(tmp_path: Path) -> None:
    path = tmp_path / "song.wma"
    ffmpeg("-f", "lavfi", "-i", "sine=440:duration=0.1", str(path))
    file = ASF(path)
    words = "image/png\0".encode("utf-16-le") + "front\0".encode("utf-16-le")
    value = b"\x03" + struct.pack("<I", len(png())) + words + png()
    file["WM/Picture"] = [ASFByteArrayAttribute(value)]
    file.save()
    assert read_tags(path).cover == Cover("image/png", png())


def test_opus_cover_is_a_picture_block(tmp_path: Path) -> None:
    stem_format = planned("opus")
    path = write(tmp_path / "stem.opus", stem_format, blocks_of(stem_format, 1000))
    write_tags(path, Tags(cover=Cover("image/png", png())), stem_format)
    picture = Picture(base64.b64decode(OggOpus(path)["metadata_block_picture"][0]))
    assert (picture.type, picture.mime, picture.data) == (3, "image/png", png())


@pytest.mark.parametrize("subtype", ["pcm_8", "pcm_24", "float32"])
@pytest.mark.parametrize("max_size", [2**32 - 1, 1000])
def test_tags_behind_plain_and_rf64_samples(tmp_path: Path, subtype: str, max_size: int) -> None:
    stem_format = planned("wav", subtype, "mono")
    audio = blocks_of(stem_format, 1111)  # odd: pcm_8 and pcm_24 need a pad byte
    path = tmp_path / "stem.wav"
    with open(path, "wb") as file:
        encoder = WavEncoder(file, stem_format, max_size)
        encoder.write(audio)
        encoder.close()
    write_tags(path, Tags({"title": ("So",)}, Cover("image/png", png())), stem_format)
    data = path.read_bytes()
    assert data[:4] == (b"RIFF" if max_size > 1000 else b"RF64")
    layout = "<4xI" if max_size > 1000 else "<20xQ"
    assert struct.unpack_from(layout, data)[0] == len(data) - 8
    assert soundfile.info(path).frames == 1111
    if shutil.which("ffmpeg"):
        assert played(path, 1).shape == (1, 1111)
        assert read_tags(path).text["title"] == ("So",)


def test_a_wav_that_tags_would_push_past_4_gb_stays_as_it_is(tmp_path: Path) -> None:
    stem_format = planned("wav")
    path = write(tmp_path / "stem.wav", stem_format, blocks_of(stem_format, 100))
    before = path.read_bytes()
    with open(path, "r+b") as file:
        append_chunk(file, b"id3 ", bytes(100), max_size=len(before) + 107)
    assert path.read_bytes() == before
    with open(path, "r+b") as file:
        append_chunk(file, b"id3 ", bytes(100), max_size=len(before) + 108)
    assert len(path.read_bytes()) == len(before) + 108


def test_no_tags_no_change(tmp_path: Path) -> None:
    for name in FORMATS:
        stem_format = planned(name)
        path = write(tmp_path / "stem", stem_format, blocks_of(stem_format, 1000))
        before = path.read_bytes()
        write_tags(path, Tags(name="stem"), stem_format)
        assert path.read_bytes() == before


def test_missing_and_untagged_files_have_empty_tags(tmp_path: Path) -> None:
    assert read_tags(tmp_path / "none.mp3") == Tags(name="none")
    assert read_tags(tmp_path) == Tags(name=tmp_path.stem)
    stem_format = planned("wav")
    path = write(tmp_path / "stem.wav", stem_format, blocks_of(stem_format, 100))
    assert read_tags(path) == Tags(name="stem")


@pytest.mark.parametrize("name", ["mp3", "flac", "m4a", "ogg", "wav"])
@given(damage=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=40))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_damaged_tags_never_raise(
    tmp_path: Path, name: str, damage: list[tuple[float, int]]
) -> None:
    whole = tmp_path / f"whole.{name}"
    if not whole.exists():
        stem_format = planned(name)
        write(whole, stem_format, blocks_of(stem_format, 500))
        write_tags(whole, Tags(TEXT, Cover("image/png", png())), stem_format)
        assert mutagen.File(whole).tags
    data = bytearray(whole.read_bytes())
    for place, value in damage:
        data[int(place * (len(data) - 1))] = value
    broken = tmp_path / f"broken.{name}"
    broken.write_bytes(data[: len(data) - 7 * len(damage)])
    assert read_tags(broken).name == "broken"
    os.unlink(broken)
