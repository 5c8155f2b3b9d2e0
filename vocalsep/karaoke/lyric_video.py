"""`song.mp3` and its lyrics become a karaoke video: instrumental, picture, words.

MP4 with H.264, AAC and soft subtitles, which players on computers and televisions show; the same
words with the time of each in an .ass beside it, which PiKaraoke shows in a browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from vocalsep.audio.tags import read_tags
from vocalsep.errors import UnreadableAudio, UnsupportedFormat
from vocalsep.inference.events import FileResult
from vocalsep.inference.names import Source
from vocalsep.inference.plan import Job
from vocalsep.karaoke.context import Context
from vocalsep.karaoke.lyrics import Line, Word, parse_lrc
from vocalsep.karaoke.lyrics_source import find_lrc
from vocalsep.karaoke.options import Treatment
from vocalsep.karaoke.picture import Image, song_picture
from vocalsep.karaoke.product import KARAOKE, Product, Studio
from vocalsep.karaoke.song import DEFAULT_TEMPLATE
from vocalsep.karaoke.subtitles import ASS_HEADER, HEIGHT, WIDTH, format_ass, shown_from, tx3g

#: The picture stands still; players need some frames to find their place.
_FRAMES_PER_S = 5
_MILLISECONDS = Fraction(1, 1000)


class LyricVideo(Product):
    """One song as a video to sing to."""

    kind = "lyric video"

    def __init__(self, job: Job, context: Context, lines: list[Line]) -> None:
        super().__init__(job, context.options, context.separator)
        self._lines = treated(lines, context.options.treatment)

    def facts(self) -> Mapping[str, Any]:
        return {**super().facts(), "n_lines": len(self._lines)}

    def build(self, studio: Studio) -> FileResult:
        outputs = self.job.outputs
        sound = studio.workshop.folder / "sound.m4a"
        result = self.instrumental(studio, self.source, sound)
        picture = song_picture(self.source)
        video = studio.workshop.path_for(outputs["video"])
        tags = read_tags(self.source).for_stem(KARAOKE, studio.separator.model.comment).text
        named = {key: ", ".join(tags[key]) for key in ("title", "artist") if key in tags}
        write_video(video, picture, sound, self._lines, named)
        words = studio.workshop.path_for(outputs["words"])
        words.write_text(format_ass(self._lines), encoding="utf-8")
        return replace(result, levels={}, outputs=outputs)


def treated(lines: list[Line], treatment: Treatment) -> list[Line]:
    """The lines when one hears them in the treated song."""
    return [
        Line(
            tuple(Word(treatment.heard_at(word.start_s), word.text) for word in line.words),
            treatment.heard_at(line.end_s),
        )
        for line in lines
    ]


def write_video(
    path: Path, picture: Image, sound: Path, lines: list[Line], tags: Mapping[str, str]
) -> None:
    """Write an MP4.

    Args:
        path: where to.
        picture: (HEIGHT, WIDTH, 3) RGB.
        sound: M4A, whose packets are copied.
        lines: in the order in which they are sung.
        tags: of the file.
    """
    options = {"fflags": "+bitexact"}
    with (
        av.open(f"file:{sound}") as source,
        av.open(f"file:{path}", "w", format="mp4", options=options) as container,
    ):
        container.metadata.update(tags)
        images = _add_pictures(container.add_stream("libx264", rate=_FRAMES_PER_S))
        audio = container.add_stream_from_template(source.streams.audio[0])
        words = container.add_stream("mov_text")
        words.codec_context.subtitle_header = ASS_HEADER.encode("ascii")
        words.time_base = _MILLISECONDS
        container.start_encoding()
        for packet in _words(lines, words):
            container.mux_one(packet)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        n_frames = 0
        for packet in source.demux():
            if packet.size and packet.pts is not None:
                while n_frames <= packet.pts * packet.time_base * _FRAMES_PER_S:
                    frame.pts, frame.time_base = n_frames, Fraction(1, _FRAMES_PER_S)
                    container.mux(images.encode(frame))
                    n_frames += 1
                packet.stream = audio
                container.mux_one(packet)
        container.mux(images.encode(None))


def _add_pictures(stream: VideoStream) -> VideoStream:
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.options = {"preset": "veryfast", "tune": "stillimage", "crf": "23"}
    return stream


def _words(lines: list[Line], stream: SubtitleStream) -> list[av.Packet[Any]]:
    """One packet a line, from when it appears to its end."""
    packets = []
    for line, start_s in zip(lines, shown_from(lines), strict=True):
        packet = av.Packet(tx3g(line.text))
        packet.stream = stream
        packet.time_base = _MILLISECONDS
        packet.pts = packet.dts = round(start_s * 1000)
        packet.duration = max(round((line.end_s - start_s) * 1000), 1)
        packets.append(packet)
    return packets


def plan_lyric_video(source: Source, context: Context) -> LyricVideo:
    """Plan the video of a song with a .lrc beside it or synced lyrics in its tags.

    Raises:
        UnreadableAudio: there is no sound, or no synced lyrics.
        UnsupportedFormat, PlanError: see `plan_words`.
    """
    found = find_lrc(source.path)
    lines = parse_lrc(found.text) if found else []
    if not lines:
        raise UnreadableAudio(
            f"{source.path}: no synced lyrics; expected {source.path.stem}.lrc beside it, or "
            "time stamps in its lyrics tag"
        )
    return plan_words(source.path, lines, source, context)


def plan_words(song: Path, lines: list[Line], named: Source, context: Context) -> LyricVideo:
    """Plan one video.

    Args:
        song: the sound file.
        lines: its words.
        named: what the video is named after.
        context: of the command.

    Raises:
        UnreadableAudio: there is no sound.
        UnsupportedFormat: the sound cannot be AAC.
        PlanError: see `Context`.
    """
    sound = context.open(song)
    if context.options.format not in (None, "m4a"):
        raise UnsupportedFormat(f"lyric videos hold --format m4a, not {context.options.format}")
    stem_format = context.format(sound, "m4a")
    video = context.output(named, DEFAULT_TEMPLATE, "mp4")
    outputs = {"video": video, "words": video.with_suffix(".ass")}
    return LyricVideo(context.job(sound, stem_format, outputs), context, lines)
