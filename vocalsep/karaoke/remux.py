"""Copy a video packet by packet with another sound track: nothing is decoded, no time changes."""

from __future__ import annotations

import errno
import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

from vocalsep.errors import UnreadableAudio
from vocalsep.karaoke.options import Tracks

ORIGINAL, INSTRUMENTAL = "Original", "Instrumental"

#: FFmpeg's muxer and the output formats whose packets it puts at their time, best first. AAC and
#: MP3 in Matroska would be late by the encoder's delay, which it notes for Opus alone.
MUXERS: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        ".mp4": ("mp4", ("m4a", "flac")),
        ".m4v": ("mp4", ("m4a", "flac")),
        ".mov": ("mov", ("m4a",)),
        ".mkv": ("matroska", ("flac", "opus")),
        ".webm": ("webm", ("opus",)),
    }
)

#: Failures of the disk that is written to, not of the video.
_DISK = (errno.ENOSPC, errno.EFBIG, errno.EIO)

#: Stands for the new sound among the numbers of the video's streams.
_SOUND = -1


@dataclass(frozen=True)
class Remux:
    """What goes into the new file.

    Attributes:
        video: its pictures, subtitles, chapters, attachments and tags are copied.
        sound: an audio file as long as the video's first audio track.
        tracks: whether the video's own audio tracks are copied too.
        tags: container tags that replace those of the video.
    """

    video: Path
    sound: Path
    tracks: Tracks
    tags: Mapping[str, str]

    def write(self, output: Path, muxer: str) -> list[str]:
        """Write the new file.

        Returns:
            One line for each kind of content that is left out.

        Raises:
            UnreadableAudio: the video cannot be read or copied into this container.
            OSError: writing failed.
        """
        options = {"fflags": "+bitexact"}
        try:
            with (
                av.open(f"file:{self.video}", metadata_errors="replace") as video,
                av.open(f"file:{self.sound}") as sound,
                av.open(f"file:{output}", "w", format=muxer, options=options) as container,
            ):
                streams = _Streams(video, container)
                for stream in video.streams:
                    if stream.type == "audio" and self.tracks == "instrumental":
                        continue
                    streams.copy(stream)
                instrumental = self._add_sound(video, sound, container)
                container.metadata.update({**video.metadata, **self.tags})
                container.set_chapters(video.chapters())
                container.start_encoding()
                for packet in _in_order(video, streams, sound, instrumental):
                    container.mux_one(packet)
                return streams.left_out
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _DISK:
                raise
            raise UnreadableAudio(f"{self.video}: cannot be copied: {error}") from error

    def _add_sound(
        self, video: InputContainer, sound: InputContainer, container: OutputContainer
    ) -> Stream:
        first = video.streams.audio[0]
        stream = container.add_stream_from_template(sound.streams.audio[0])
        names = {"title": INSTRUMENTAL, "handler_name": INSTRUMENTAL}
        language = first.metadata.get("language")
        stream.metadata.update({**names, **({"language": language} if language else {})})
        if self.tracks == "instrumental":
            stream.disposition = first.disposition
        return stream


class _Streams:
    """The streams that are copied: those of the video by index."""

    def __init__(self, video: InputContainer, container: OutputContainer) -> None:
        self._container = container
        self._has_chapters = bool(video.chapters())
        self._first_audio = video.streams.audio[0].index
        self.of: dict[int, Stream] = {}
        self.left_out: list[str] = []

    def copy(self, stream: Stream) -> None:
        """Announce one stream of the video."""
        if stream.type == "attachment":
            attached: Any = stream
            self._container.add_attachment(attached.name, attached.mimetype, attached.data)
            return
        if stream.type == "data":
            # The chapters of MP4 are such a track, which the muxer makes itself.
            if not self._has_chapters:
                self.left_out.append(f"data track {stream.index} is left out")
            return
        new = self._container.add_stream_from_template(stream)
        new.metadata.update(stream.metadata)
        if stream.index == self._first_audio and "title" not in stream.metadata:
            new.metadata.update({"title": ORIGINAL, "handler_name": ORIGINAL})
        new.disposition = stream.disposition
        new.time_base = stream.time_base
        self.of[stream.index] = new


def _in_order(
    video: InputContainer, streams: _Streams, sound: InputContainer, instrumental: Stream
) -> Iterator[Packet[Stream]]:
    """All packets by decoding time, bound to their new streams."""
    start_s = Fraction(video.start_time or 0, av.time_base)
    targets = {**streams.of, _SOUND: instrumental}
    merged = heapq.merge(
        _timed((packet.stream.index, packet) for packet in video.demux()),
        _timed((_SOUND, _late(packet, start_s)) for packet in sound.demux()),
        key=lambda item: item[0],
    )
    for _, number, packet in merged:
        if number in targets:
            packet.stream = targets[number]
            yield packet


def _timed(
    packets: Iterator[tuple[int, Packet[Stream]]],
) -> Iterator[tuple[Fraction, int, Packet[Stream]]]:
    """Packets with their time, which never goes back: a file's own order stays."""
    latest = Fraction(-(10**9))
    for number, packet in packets:
        if packet.size:  # the last one is empty
            stamp = packet.pts if packet.dts is None else packet.dts
            if stamp is not None:
                latest = max(latest, stamp * packet.time_base)
            yield latest, number, packet


def _late(packet: Packet[Stream], shift_s: Fraction) -> Packet[Stream]:
    """Move a packet of the sound to where the presentation starts."""
    shift = round(shift_s / packet.time_base)
    if shift and packet.pts is not None and packet.dts is not None:
        packet.pts += shift
        packet.dts += shift
    return packet
