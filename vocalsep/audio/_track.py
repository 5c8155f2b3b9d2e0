"""Opening a file with FFmpeg, and the facts about one of its audio tracks."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream

from vocalsep.audio import _containers
from vocalsep.errors import UnreadableAudio
from vocalsep.types import AudioInfo

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
MATROSKA = "matroska,webm"
_CONTAINERS = {MP4: "mp4", MATROSKA: "matroska"}
# FFmpeg names the implementation, AudioInfo the codec.
_CODECS = {"mp3float": "mp3", "mp2float": "mp2", "libopus": "opus", "libvorbis": "vorbis"}
# Containers whose stream duration is the exact number of samples.
_COUNTING = {MP4, "flac", "ogg", "tta", "wv", "ape", "wav", "w64", "aiff", "caf", "au"}
_HINTS = "expected e.g. WAV, FLAC, MP3, M4A, Ogg, Opus, WMA, MP4 or MKV"


@dataclass(frozen=True)
class Track:
    """An audio track of a file that FFmpeg has opened."""

    path: Path
    name: str  # what messages call the file
    container: InputContainer
    stream: AudioStream

    @property
    def format(self) -> str:
        """FFmpeg's name of the container format."""
        return self.container.format.name

    @cached_property
    def beside_video(self) -> bool:
        """Whether there is a moving picture to stay in time with; a cover is none."""
        return any(_is_video(stream) for stream in self.container.streams)

    @property
    def length_hint_s(self) -> float | None:
        """About how long the whole file is, often estimated."""
        duration = self.container.duration
        return None if duration is None else duration / av.time_base

    @property
    def start_s(self) -> Fraction | None:
        """Time stamp of the track's first sample to play."""
        start = self.stream.start_time
        return None if start is None else start * time_base(self.stream)

    @property
    def presentation_start_s(self) -> Fraction | None:
        """Time stamp at which the presentation of all tracks starts."""
        start = self.container.start_time
        return None if start is None else Fraction(start, av.time_base)

    def tagged_length_s(self) -> float | None:
        """About how long this track is, by what only some containers note."""
        if self.format not in (MATROSKA, "asf"):
            return None
        tagged = _clock_time(self.stream.metadata.get("DURATION"))
        return self.length_hint_s if tagged is None and not self.beside_video else tagged


def open_track(path: Path, name: str, number: int = 0) -> Track:
    """Open an audio track of a file, the first one if no number is given.

    Raises:
        UnreadableAudio: FFmpeg does not know the file, its codec, or it has no such audio track.
    """
    try:
        # "file:" keeps names with ":" from being taken for a protocol; the white list keeps
        # play lists from opening anything but files.
        container = av.open(
            f"file:{path}",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (av.FFmpegError, ValueError) as error:
        reason = error.strerror if isinstance(error, av.FFmpegError) else str(error)
        raise UnreadableAudio(
            f"{name}: not a sound file that vocalsep can read ({reason}); {_HINTS}"
        ) from None
    try:
        return Track(path, name, container, _audio_stream(container, name, number))
    except BaseException:
        container.close()
        raise


def file_layout(path: Path) -> str | None:
    """FFmpeg's name of the channel layout of a file; None if it does not say or is not known."""
    try:
        track = open_track(path, path.name)
    except UnreadableAudio:
        return None
    with track.container:
        return _layout_name(track.stream.codec_context.layout)


def describe(track: Track, first: av.AudioFrame) -> AudioInfo:
    """Return what is known of a track once its first frame is decoded.

    The frame is asked for rate and channels: headers do not know of HE-AAC's doubled rate.
    """
    codec = track.stream.codec_context
    sample_format = first.format.packed.name
    is_float = sample_format in ("flt", "dbl")
    is_lossy = not codec.codec.lossless or (codec.codec.lossy and is_float)
    bit_depth = None
    if not is_lossy and not is_float:
        stored = _containers.lossless_bit_depth(codec.name, codec.extradata)
        bit_depth = stored or _pcm_bits(codec.name) or first.format.bits
    return AudioInfo(
        name=track.name,
        sample_rate=first.sample_rate,
        n_channels=first.layout.nb_channels,
        n_samples=_n_samples(track, first.sample_rate),
        codec=_CODECS.get(codec.name, codec.name),
        container=_CONTAINERS.get(track.format, track.format.split(",")[0]),
        bit_depth=bit_depth,
        is_float=is_float and not is_lossy,
        is_lossy=is_lossy,
        layout=_layout_name(first.layout),
        path=track.path,
    )


def time_base(stream: Stream) -> Fraction:
    """Seconds per unit of the time stamps of a stream and of its frames."""
    return stream.time_base or Fraction(1, av.time_base)


def _n_samples(track: Track, sample_rate: int) -> int | None:
    """Length as a player hears it, None where the container only allows an estimate."""
    stream = track.stream
    if stream.duration is None:
        return None
    exact = stream.duration * time_base(stream) * sample_rate
    if track.format == "mp3":
        counted = exact.denominator == 1 and _containers.mp3_counts_frames(track.path)
        return int(exact) if counted else None
    raw = stream.codec_context.name in ("mp3", "mp3float", "aac")  # in WAV: a guess
    if track.format not in _COUNTING or (raw and track.format == "wav"):
        return None
    if track.format == MP4:
        return _mp4_samples(track, round(exact), sample_rate)
    if track.format == "ogg":
        return _ogg_samples(track, round(exact))
    return round(exact) or None


def _ogg_samples(track: Track, declared: int) -> int | None:
    # Cut or damaged at the start, or chained: the last page does not tell the length.
    if track.stream.start_time or not _containers.ogg_is_one_stream(track.path):
        return None
    if track.stream.codec_context.name in ("opus", "libopus"):
        declared -= _containers.opus_pre_skip(track.stream.codec_context.extradata)
    return max(declared, 0) or None


def _mp4_samples(track: Track, declared: int, sample_rate: int) -> int:
    tag = track.stream.metadata.get("iTunSMPB") or track.container.metadata.get("iTunSMPB")
    declared = min(declared, _containers.itunes_samples(tag) or declared)
    if not track.beside_video or track.start_s is None:
        return declared
    lead_s = track.start_s - (track.presentation_start_s or 0)
    return round(max(lead_s, Fraction(0)) * sample_rate) + declared


def _audio_stream(container: InputContainer, name: str, number: int) -> AudioStream:
    if not container.streams.audio:
        # FFmpeg takes text for a moving picture of a terminal.
        text = container.format.name == "tty"
        pictures = not text and any(stream.type == "video" for stream in container.streams)
        what = "only pictures" if pictures else "no sound"
        raise UnreadableAudio(f"{name}: it has no audio track ({what} in it)")
    n_tracks = len(container.streams.audio)
    if number >= n_tracks:
        raise UnreadableAudio(f"{name}: it has {n_tracks} audio tracks, expected {number + 1}")
    stream = container.streams.audio[number]
    if stream.codec_context is None:
        raise UnreadableAudio(f"{name}: its audio codec is unknown to FFmpeg; convert it to FLAC")
    if stream.codec_context.name == "flac":
        # Without this a broken frame is played as noise.
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    return stream


def _is_video(stream: Stream) -> bool:
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    return stream.type == "video" and not stream.disposition & still


def _layout_name(layout: av.AudioLayout) -> str | None:
    """FFmpeg's layout name; None where it only counts channels ("6 channels")."""
    plain = {1: "mono", 2: "stereo"}.get(layout.nb_channels)
    return plain if layout.name.endswith(("channels", "channel")) else layout.name


def _pcm_bits(codec: str) -> int | None:
    digits = "".join(c for c in codec.removeprefix("pcm_") if c.isdigit())
    return int(digits) if codec.startswith("pcm_") and digits else None


def _clock_time(text: str | None) -> float | None:
    """Seconds of Matroska's "00:03:09.188000000"."""
    try:
        hours, minutes, seconds = (text or "").split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None
