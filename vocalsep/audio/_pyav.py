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

from vocalsep.audio._containers import ogg_is_complete
from vocalsep.audio._frames import frame_block
from vocalsep.audio._source import DamageLog, Source, drop_first, require_plausible
from vocalsep.audio._timeline import Clock, Stamps, Timeline
from vocalsep.audio._track import MATROSKA, MP4, describe, open_track, time_base
from vocalsep.errors import UnreadableAudio
from vocalsep.types import Block

# A time stamp later than the (estimated) end plus this is damaged itself.
_SLACK_S = 2
_LONGEST_S = 100 * 3600
# Ends earlier by less than this are rounding of the declared duration.
_END_SLACK_S = 0.05
_TAGGED_END_SLACK_S = 0.2
# Frames after a lost one in which a lossy decoder, still without its history, may burst.
_UNSETTLED_FRAMES = 3


class PyavSource(Source):
    """An audio track of anything that FFmpeg decodes.

    Raises:
        UnreadableAudio: FFmpeg does not know the file, it has no audio track, or nothing of it
            can be decoded.
    """

    def __init__(self, path: Path, name: str, number: int = 0) -> None:
        self._track = open_track(path, name, number)
        self._n_lost_first = 0  # packets that were lost before the first frame
        self._n_unsettled = 0
        try:
            frames = self._decode()
            first = self._first_frame(frames)
            self.info = require_plausible(describe(self._track, first))
            # Behind raw streams there often are tags, which no decoder takes.
            self._is_raw = self._track.format in ("mp3", "aac")
            self._lacks_end = self._track.format == "ogg" and not ogg_is_complete(path)
        except BaseException:
            self.close()
            raise
        self.damage = DamageLog(self.info.sample_rate)
        self.length_hint_s = self._track.length_hint_s
        self._frames = chain([first], frames)
        unit_s = time_base(self._track.stream)
        self._stamps = Stamps(unit_s, self._origin_s(first), self.info.sample_rate)
        sample_format = first.format.name
        self._wide = sample_format.rstrip("p") in ("dbl", "s64") or self.info.bit_depth == 32
        self._described = (first.sample_rate, first.layout.name, sample_format)
        self._converter: tuple[tuple[int, str, str], av.AudioResampler] | None = None

    def blocks(self, start: int, block_samples: int) -> Iterator[Block]:
        # No seeking: only decoding from the start is exact to the sample in every format.
        return gather(drop_first(self._placed(), start), block_samples)

    def close(self) -> None:
        self._track.container.close()

    # -- decoding ------------------------------------------------------------------------------

    def _decode(self) -> Iterator[av.AudioFrame | None]:
        """Yield the frames in order, and None wherever a packet could not be decoded."""
        packets = self._track.container.demux(self._track.stream)
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
        """Yield what a decoder still holds when the file ended in an error."""
        try:
            yield from self._track.stream.codec_context.decode(None)
        except av.FFmpegError:
            return

    def _first_frame(self, frames: Iterator[av.AudioFrame | None]) -> av.AudioFrame:
        for frame in frames:
            if frame is not None and frame.samples:
                return frame
            self._n_lost_first += frame is None
        raise UnreadableAudio(
            f"{self._track.name}: nothing of its {self._track.stream.codec_context.name} audio "
            "can be decoded; the file is empty, damaged or encrypted"
        )

    def _placed(self) -> Iterator[Block]:
        """Yield the samples at their time, cut where the container says that they end."""
        cut = self.info.n_samples if self._track.format == MP4 else None
        timeline = Timeline(self._clock(), self.damage)
        timeline.broken = self._n_lost_first > 0
        for frame in self._frames:
            if frame is None:
                timeline.broken = True
                continue
            for part in self._as_described(frame, timeline.position):
                at = self._sample_of(part, timeline)
                yield from _cut(timeline.place(self._block(part, timeline), at), timeline, cut)
            if cut is not None and timeline.position >= cut:
                return
        self._report_end(timeline)

    def _as_described(self, frame: av.AudioFrame, at: int) -> list[av.AudioFrame]:
        """Return the frame, converted if rate or channels change in the middle of the stream."""
        now = (frame.sample_rate, frame.layout.name, frame.format.name)
        if now == self._described:
            return [frame]
        if self._converter is None or self._converter[0] != now:
            rate, layout, sample_format = self._described
            self._converter = now, av.AudioResampler(sample_format, layout, rate)
            if now[:2] != self._described[:2]:
                self.damage.changed(at, f"the audio is {now[0]} Hz, {now[1]}; converted back")
        parts = self._converter[1].resample(frame)
        for part in parts:
            part.pts = None  # the converter's delay is in it
        return parts

    def _block(self, frame: av.AudioFrame, timeline: Timeline) -> Block:
        """Return the samples, without what a lossy decoder makes of damage.

        That may be NaN, or bursts far above full scale, which a player would clip.
        """
        block = frame_block(frame, self._wide)
        if not self.info.is_lossy:
            return block
        if timeline.broken:
            self._n_unsettled = _UNSETTLED_FRAMES
        if not np.isfinite(block).all():
            timeline.broken = True
            block = np.nan_to_num(block, nan=0.0, posinf=0.0, neginf=0.0)
        if self._n_unsettled > 0:
            self._n_unsettled -= 1
            block = np.clip(block, -1.0, 1.0)
        return block

    def _report_end(self, timeline: Timeline) -> None:
        expected, slack_s = self.info.length_s, _END_SLACK_S
        if expected is None:
            expected, slack_s = self._track.tagged_length_s(), _TAGGED_END_SLACK_S
        rate = self.info.sample_rate
        if expected is not None and timeline.position < (expected - slack_s) * rate:
            self.damage.ended(timeline.position, round(expected * rate))
        elif self._lacks_end or (timeline.broken and expected is None and not self._is_raw):
            self.damage.ended(timeline.position, None)

    # -- time ----------------------------------------------------------------------------------

    def _origin_s(self, first: av.AudioFrame) -> Fraction:
        """Presentation time of sample 0, in seconds.

        Beside video that is the start of the presentation. Alone it is the first sample, however
        late its time stamp is, for that is what a player does with a sound file.
        """
        track = self._track
        if track.beside_video and track.presentation_start_s is not None:
            return track.presentation_start_s
        if track.format == "flac":
            return self._flac_origin(first) * time_base(track.stream)
        # Raw streams have no time stamps of their own: FFmpeg counts what it could parse.
        stamped = self.info.n_samples is not None or track.format in (MATROSKA, "asf")
        if self._n_lost_first and stamped and track.start_s is not None:
            return track.start_s
        return Fraction(0) if first.pts is None else first.pts * time_base(track.stream)

    def _flac_origin(self, first: av.AudioFrame) -> int:
        """Time stamp of sample 0 of a FLAC file, whose time stamps are sample numbers.

        They start above 0 when the file was cut out of a longer one. But they also seem to when
        the start is damaged, for FFmpeg's parser then gives the first frame the number of a later
        one: it is believed if the next number agrees with it.
        """
        if self._n_lost_first or first.pts is None:
            return 0
        ahead, n_samples, agrees = [], 0, True
        for frame in self._frames:
            ahead.append(frame)
            if frame is None or (frame.pts is not None and n_samples > 0):
                agrees = frame is not None and frame.pts == first.pts + n_samples
                break
            n_samples += frame.samples
        self._frames = chain(ahead, self._frames)
        return first.pts if agrees else 0

    def _sample_of(self, frame: av.AudioFrame, timeline: Timeline) -> int | None:
        # FFmpeg's FLAC parser gives the first frame the number of the one before the damage.
        if self._track.format == "flac" and timeline.position == 0:
            return None
        return None if frame.pts is None else self._stamps.sample(frame.pts)

    def _clock(self) -> Clock:
        exact = self._track.format == "flac"
        end_s = _LONGEST_S if self.length_hint_s is None else self.length_hint_s + _SLACK_S
        if exact and self.info.length_s is not None:
            end_s = self.info.length_s
        return Clock(self.info.sample_rate, round(end_s * self.info.sample_rate), exact)


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


def _cut(blocks: Iterator[Block], timeline: Timeline, cut: int | None) -> Iterator[Block]:
    """Yield the blocks, without what lies behind sample `cut` of the timeline."""
    for block in blocks:
        excess = 0 if cut is None else timeline.position - cut
        if excess < block.shape[1]:
            yield block[:, : block.shape[1] - max(excess, 0)]
