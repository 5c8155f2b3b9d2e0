"""Every compressed format, and the audio of videos, through FFmpeg (PyAV).

The samples are those that `ffmpeg -i FILE -f f32le -` gives, plus what a player does around it:
MP4 is cut to its declared duration, and beside video the audio keeps its presentation time.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from vocalsep.audio import _containers
from vocalsep.audio._frames import frame_block
from vocalsep.audio._source import DamageLog, Source, drop_first, require_plausible
from vocalsep.audio._timeline import Clock, Timeline
from vocalsep.errors import UnreadableAudio
from vocalsep.types import AudioInfo, Block

_MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
_CONTAINERS = {_MP4: "mp4", "matroska,webm": "matroska"}
# FFmpeg names the implementation, AudioInfo the codec.
_CODECS = {"mp3float": "mp3", "mp2float": "mp2", "libopus": "opus", "libvorbis": "vorbis"}
# Containers whose stream duration is the exact number of samples.
_COUNTING = {_MP4, "flac", "ogg", "tta", "wv", "ape", "wav", "w64", "aiff", "caf", "au"}
# A time stamp later than the declared end plus this is damaged (the duration may be an estimate).
_SLACK_S = 2
_LONGEST_S = 100 * 3600


class PyavSource(Source):
    """The first audio track of anything that FFmpeg decodes.

    Raises:
        UnreadableAudio: FFmpeg does not know the file, it has no audio track, or nothing of it
            can be decoded.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._container = _open(path, name)
        try:
            self._stream = _audio_stream(self._container, name)
            self._beside_video = any(_is_video(stream) for stream in self._container.streams)
            self._n_lost_first = 0  # packets that were lost before the first frame
            self._frames = self._decode()
            first = self._first_frame(name)
            self.info = require_plausible(self._describe(path, name, first))
            self.damage = DamageLog(self.info.sample_rate)
        except BaseException:
            self.close()
            raise
        if self._container.duration is not None:
            self.length_hint_s = self._container.duration / av.time_base
        self._origin_s = self._origin(first)
        self._frames = chain([first], self._frames)
        sample_format = first.format.name
        self._wide = sample_format.rstrip("p") in ("dbl", "s64") or self.info.bit_depth == 32
        self._converter = av.AudioResampler(sample_format, first.layout.name, first.sample_rate)

    def blocks(self, start: int, block_samples: int) -> Iterator[Block]:
        # No seeking: only decoding from the start is exact to the sample in every format.
        return gather(drop_first(self._placed(), start), block_samples)

    def close(self) -> None:
        self._container.close()

    # -- decoding ------------------------------------------------------------------------------

    def _decode(self) -> Iterator[av.AudioFrame | None]:
        """Yield the frames in order, and None wherever a packet could not be decoded."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.FFmpegError:
                yield None
                break
            try:
                frames = packet.decode()
            except av.FFmpegError:
                yield None
                continue
            yield from frames
        yield from self._drain()

    def _drain(self) -> Iterator[av.AudioFrame]:
        try:
            yield from self._stream.codec_context.decode(None)
        except av.FFmpegError:
            return

    def _first_frame(self, name: str) -> av.AudioFrame:
        for frame in self._frames:
            if frame is not None and frame.samples:
                return frame
            self._n_lost_first += frame is None
        raise UnreadableAudio(
            f"{name}: nothing of its {self._stream.codec_context.name} audio can be decoded; "
            "the file is empty, damaged or encrypted"
        )

    def _placed(self) -> Iterator[Block]:
        """Yield the samples at their time, cut where the container says that they end."""
        declared = self.info.n_samples
        cut = declared if self._container.format.name == _MP4 else None
        timeline = Timeline(self._clock(), self.damage)
        timeline.broken = self._n_lost_first > 0
        for frame in self._frames:
            if frame is None:
                timeline.broken = True
                continue
            for part in self._as_described(frame, timeline.position):
                at = self._sample_of(part)
                yield from _cut(timeline.place(self._finite(part, timeline), at), timeline, cut)
            if cut is not None and timeline.position >= cut:
                return
        yield from _cut(timeline.flush(), timeline, cut)
        short = declared is not None and timeline.position < declared
        if short or timeline.broken:
            self.damage.ended(timeline.position, declared if short else None)

    def _as_described(self, frame: av.AudioFrame, at: int) -> list[av.AudioFrame]:
        """Return the frame, converted if rate or channels change in the middle of the stream."""
        same_rate = frame.sample_rate == self.info.sample_rate
        if same_rate and frame.layout.nb_channels == self.info.n_channels:
            return [frame]
        self.damage.note(
            at,
            f"the audio changes to {frame.sample_rate} Hz, {frame.layout.name}; converted",
        )
        return self._converter.resample(frame)

    def _finite(self, frame: av.AudioFrame, timeline: Timeline) -> Block:
        """Return the samples; a lossy decoder that was fed damage may give NaN: make it silence."""
        block = frame_block(frame, self._wide)
        if self.info.is_lossy and not np.isfinite(block).all():
            timeline.broken = True
            return np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        return block

    # -- time ----------------------------------------------------------------------------------

    def _origin(self, first: av.AudioFrame) -> Fraction:
        """Presentation time of sample 0, in seconds.

        Beside video that is the start of the presentation. Alone it is the first sample, however
        late its time stamp is, for that is what a player does with a sound file.
        """
        if self._beside_video and self._container.start_time is not None:
            return Fraction(self._container.start_time, av.time_base)
        start = self._stream.start_time
        if self._n_lost_first and start is not None:
            return start * _time_base(self._stream)
        return _time(first) or Fraction(0)

    def _sample_of(self, frame: av.AudioFrame) -> int | None:
        time = _time(frame)
        return None if time is None else round((time - self._origin_s) * self.info.sample_rate)

    def _clock(self) -> Clock:
        end_s = _LONGEST_S if self.length_hint_s is None else self.length_hint_s + _SLACK_S
        exact = self._container.format.name == "flac"
        return Clock(self.info.sample_rate, round(end_s * self.info.sample_rate), exact)

    # -- facts ---------------------------------------------------------------------------------

    def _describe(self, path: Path, name: str, first: av.AudioFrame) -> AudioInfo:
        codec = self._stream.codec_context
        depth = _containers.lossless_bit_depth(codec.name, codec.extradata)
        sample_format = first.format.packed.name
        is_float = sample_format in ("flt", "dbl")
        is_lossy = not codec.codec.lossless or (codec.codec.lossy and is_float)
        if is_lossy or is_float:
            depth = None
        elif depth is None:
            depth = _pcm_bits(codec.name) or first.format.bits
        container = self._container.format.name
        return AudioInfo(
            name=name,
            sample_rate=first.sample_rate,
            n_channels=first.layout.nb_channels,
            n_samples=self._n_samples(path, first),
            codec=_CODECS.get(codec.name, codec.name),
            container=_CONTAINERS.get(container, container.split(",")[0]),
            bit_depth=depth,
            is_float=is_float and not is_lossy,
            is_lossy=is_lossy,
            layout=layout_name(first.layout),
            path=path,
        )

    def _n_samples(self, path: Path, first: av.AudioFrame) -> int | None:
        """Length as a player hears it, None where the container only allows an estimate."""
        stream, container = self._stream, self._container.format.name
        if stream.duration is None:
            return None
        rate = first.sample_rate
        seconds = stream.duration * _time_base(stream)
        exact = seconds * rate
        if container == "mp3":
            counted = exact.denominator == 1 and _containers.mp3_counts_frames(path)
            return int(exact) if counted else None
        if container not in _COUNTING:
            return None
        if container == _MP4:
            return self._mp4_samples(round(exact), rate)
        skip = 0
        if container == "ogg" and stream.codec_context.name in ("opus", "libopus"):
            skip = _containers.opus_pre_skip(stream.codec_context.extradata)
        return max(round(exact) - skip, 0) or None

    def _mp4_samples(self, declared: int, rate: int) -> int:
        itunes = _containers.itunes_samples(
            self._stream.metadata.get("iTunSMPB") or self._container.metadata.get("iTunSMPB")
        )
        declared = min(declared, itunes or declared)
        if not self._beside_video or self._stream.start_time is None:
            return declared
        start = self._stream.start_time * _time_base(self._stream)
        start -= Fraction(self._container.start_time or 0, av.time_base)
        return round(max(start, Fraction(0)) * rate) + declared


def gather(blocks: Iterator[Block], block_samples: int) -> Iterator[Block]:
    """Join the small (C, n) blocks of a decoder to blocks of at least `block_samples` samples."""
    parts: list[Block] = []
    n_samples = 0
    for block in blocks:
        parts.append(block)
        n_samples += block.shape[1]
        if n_samples >= block_samples:
            yield np.concatenate(parts, axis=1)
            parts, n_samples = [], 0
    if parts:
        yield np.concatenate(parts, axis=1)


def layout_name(layout: av.AudioLayout) -> str | None:
    """FFmpeg's layout name; None where it only counts channels ("6 channels")."""
    known = {1: "mono", 2: "stereo"}.get(layout.nb_channels)
    return known if layout.name.endswith(("channels", "channel")) else layout.name


def _open(path: Path, name: str) -> InputContainer:
    try:
        # "file:" keeps names with ":" from being taken for a protocol; the white list keeps
        # play lists from opening anything but files.
        return av.open(
            f"file:{path}",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise UnreadableAudio(
            f"{name}: not a sound file that vocalsep can read ({error.strerror}); "
            "expected e.g. WAV, FLAC, MP3, M4A, Ogg, Opus, WMA, MP4 or MKV"
        ) from None


def _audio_stream(container: InputContainer, name: str) -> AudioStream:
    if not container.streams.audio:
        pictures = any(stream.type == "video" for stream in container.streams)
        what = "only pictures" if pictures else "no sound"
        raise UnreadableAudio(f"{name}: it has no audio track ({what} in it)")
    stream = container.streams.audio[0]
    if stream.codec_context is None:
        raise UnreadableAudio(f"{name}: its audio codec is unknown to FFmpeg; convert it to FLAC")
    if stream.codec_context.name == "flac":
        # Without this a broken frame is played as noise.
        stream.codec_context.options = {"err_detect": "crccheck+explode"}
    return stream


def _is_video(stream: av.stream.Stream) -> bool:
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    return stream.type == "video" and not stream.disposition & still


def _time_base(timed: AudioStream | av.AudioFrame) -> Fraction:
    return timed.time_base or Fraction(1, av.time_base)


def _time(frame: av.AudioFrame) -> Fraction | None:
    return None if frame.pts is None else frame.pts * _time_base(frame)


def _pcm_bits(codec: str) -> int | None:
    digits = "".join(c for c in codec.removeprefix("pcm_") if c.isdigit())
    return int(digits) if codec.startswith("pcm_") and digits else None


def _cut(blocks: Iterator[Block], timeline: Timeline, cut: int | None) -> Iterator[Block]:
    """Yield the blocks, without what lies behind sample `cut` of the timeline."""
    for block in blocks:
        excess = 0 if cut is None else timeline.position - cut
        if excess < block.shape[1]:
            yield block[:, : block.shape[1] - max(excess, 0)]


def file_layout(path: Path) -> str | None:
    """FFmpeg's name of the channel layout of a file; None if it does not say or is not known."""
    try:
        with _open(path, path.name) as container:
            return layout_name(_audio_stream(container, path.name).codec_context.layout)
    except UnreadableAudio:
        return None
