"""Videos: the same sound, subtitles and frame times, with the labels over the pictures.

Frames are decoded, segmented and encoded one by one; everything else is copied packet by packet.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer, OutputContainer
from av.stream import Disposition, Stream
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream

from vocalsep.atomic import replacing
from vocalsep.audio._track import time_base
from vocalsep.errors import UnreadablePicture
from vocalsep.segmentation.overlay import Rgb, overlaid
from vocalsep.segmentation.picture import OVERLAY
from vocalsep.segmentation.work import SegmentWork, counted

#: Suffix -> FFmpeg's muxer, its encoder and how good it is.
_X264 = ("libx264", {"crf": "18", "preset": "veryfast"})
_VP9 = ("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "realtime", "cpu-used": "6"})
CONTAINERS: Mapping[str, tuple[str, tuple[str, dict[str, str]]]] = MappingProxyType(
    {
        ".mp4": ("mp4", _X264),
        ".m4v": ("mp4", _X264),
        ".mov": ("mov", _X264),
        ".mkv": ("matroska", _X264),
        ".webm": ("webm", _VP9),
    }
)

#: Failures of the disk that is written to, not of the video.
_DISK = (errno.ENOSPC, errno.EFBIG, errno.EIO)
_COPIED = ("audio", "subtitle")


@dataclass(frozen=True)
class VideoInfo:
    """What the header says.

    Attributes:
        width, height: of a frame, upright.
        n_frames: None if it does not say.
    """

    width: int
    height: int
    n_frames: int | None


def probe_video(path: Path) -> VideoInfo:
    """Look at the first frame and the header.

    Raises:
        UnreadablePicture: missing, damaged, or no moving pictures in it.
    """
    with _opened(path) as container:
        pictures = _pictures(path, container)
        for frame in container.decode(pictures):
            height, width = _upright(frame).shape[:2]
            return VideoInfo(width, height, _n_frames(container, pictures))
    raise UnreadablePicture(f"{path}: has no frame that can be decoded; get it again")


class VideoWork(SegmentWork):
    """One video; its only output is the overlay."""

    def build(self, told: Callable[[float], None]) -> npt.NDArray[np.int64]:
        source, output = self.job.source, self.job.outputs[OVERLAY]
        muxer, _ = CONTAINERS[source.suffix.lower()]
        options = {"fflags": "+bitexact"}
        with (
            _opened(source) as video,
            replacing(output) as temporary,
            av.open(f"file:{temporary}", "w", format=muxer, options=options) as container,
        ):
            return self._rewrite(video, container, told)

    def _rewrite(
        self, video: InputContainer, container: OutputContainer, told: Callable[[float], None]
    ) -> npt.NDArray[np.int64]:
        """Copy all packets, those of the pictures decoded and encoded again."""
        pictures = _pictures(self.job.source, video)
        painted = self._painted(container, pictures)
        copies = self._copies(video, container, pictures)
        container.metadata.update(video.metadata)
        container.set_chapters(video.chapters())
        counts = np.zeros(len(self._predictor.classes), np.int64)
        clock = _Clock(_n_frames(video, pictures) or 1, told)
        for packet in video.demux():
            if packet.stream.index == pictures.index:
                for frame in pictures.decode(packet):
                    image, n_pixels = self._segment(frame, clock.within_frame)
                    counts += n_pixels
                    clock.n_done += 1
                    container.mux(painted.encode(image))
            elif packet.size and packet.stream.index in copies:
                packet.stream = copies[packet.stream.index]
                container.mux_one(packet)
        container.mux(painted.encode(None))
        if clock.n_done == 0:
            raise UnreadablePicture(f"{self.job.source}: has no frame that can be decoded")
        return counts

    def _painted(self, container: OutputContainer, pictures: VideoStream) -> VideoStream:
        """The new stream of pictures: upright, with the time base of the old one."""
        _, (codec, options) = CONTAINERS[self.job.source.suffix.lower()]
        rate = pictures.average_rate or Fraction(25)
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width = self.job.shape
        stream.pix_fmt = _pixel_format(stream.height, stream.width)
        stream.time_base = stream.codec_context.time_base = time_base(pictures)
        new, old = stream.codec_context, pictures.codec_context
        new.colorspace, new.color_primaries = old.colorspace, old.color_primaries
        new.color_trc = old.color_trc
        return stream

    def _copies(
        self, video: InputContainer, container: OutputContainer, pictures: VideoStream
    ) -> dict[int, Stream]:
        """The new streams of what is copied, by the old index."""
        found: dict[int, Stream] = {}
        for stream in video.streams:
            if stream.type in _COPIED:
                new = container.add_stream_from_template(stream)
                new.metadata.update(stream.metadata)
                new.disposition = stream.disposition
                new.time_base = stream.time_base
                found[stream.index] = new
            elif stream.index != pictures.index:
                self.warnings.append(f"{stream.type} track {stream.index} is left out")
        return found

    def _segment(
        self, frame: av.VideoFrame, told: Callable[[float], None]
    ) -> tuple[av.VideoFrame, npt.NDArray[np.int64]]:
        """The frame with its labels over it, at its time, and how many pixels each class has."""
        rgb = _upright(frame)
        if rgb.shape[:2] != self.job.shape:
            told_size = " × ".join(map(str, rgb.shape[1::-1]))
            raise UnreadablePicture(
                f"{self.job.source}: a frame has {told_size} pixels, the first {self.job.size}; "
                "cut the video where its size changes"
            )
        pixels = rgb if self._predictor.in_channels == 3 else _grey(frame, rgb)
        labels = self._predictor.labels(pixels, told)
        painted = overlaid(rgb, labels, self._predictor.palette)
        image = _as_video(painted, frame)
        return image, counted(labels, len(self._predictor.classes))


@dataclass
class _Clock:
    """How far the video is, in frames and parts of the current one."""

    n_frames: int
    told: Callable[[float], None]
    n_done: int = 0

    def within_frame(self, part: float) -> None:
        """Tell that so much of the current frame is done, 0…1."""
        self.told(min(1.0, (self.n_done + part) / self.n_frames))


def _grey(frame: av.VideoFrame, rgb: Rgb) -> Rgb:
    """(H, W, 1) luma of a frame, upright."""
    grey = frame.to_ndarray(format="gray")[..., None]
    upright: Rgb = np.rot90(grey, _n_quarters(frame))
    assert upright.shape[:2] == rgb.shape[:2]
    return np.ascontiguousarray(upright)


def _pixel_format(height: int, width: int) -> str:
    """What players show best, or what holds odd sizes."""
    return "yuv420p" if height % 2 == width % 2 == 0 else "yuv444p"


def _as_video(rgb: Rgb, like: av.VideoFrame) -> av.VideoFrame:
    """A frame at the time of another, its colours coded as there: players tell by its tag."""
    image = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    coded = like.colorspace if like.colorspace in set(Colorspace) else None
    image = image.reformat(format=_pixel_format(*rgb.shape[:2]), dst_colorspace=coded)
    image.pts, image.time_base = like.pts, like.time_base
    return image


def _upright(frame: av.VideoFrame) -> Rgb:
    """(H, W, 3) RGB as a player shows it: cameras note how they were held."""
    return np.ascontiguousarray(np.rot90(frame.to_ndarray(format="rgb24"), _n_quarters(frame)))


def _n_quarters(frame: av.VideoFrame) -> int:
    """Quarter turns, counter-clockwise."""
    return round(frame.rotation / 90) % 4


def _n_frames(container: InputContainer, pictures: VideoStream) -> int | None:
    """About how many there are."""
    if pictures.frames:
        return int(pictures.frames)
    if container.duration is None or not pictures.average_rate:
        return None
    return max(1, round(container.duration / av.time_base * pictures.average_rate))


def _pictures(path: Path, container: InputContainer) -> VideoStream:
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    for stream in container.streams.video:
        if not stream.disposition & still and stream.codec_context is not None:
            stream.thread_type = "AUTO"
            return stream
    raise UnreadablePicture(f"{path}: has no moving pictures in it; expected a video or a picture")


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    """The video; what FFmpeg says of it is one line, what the disk says stays as it is."""
    try:
        with av.open(
            f"file:{path}",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        ) as container:
            yield container
    except (av.FFmpegError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _DISK:
            raise
        reason = error.strerror if isinstance(error, av.FFmpegError) else str(error)
        raise UnreadablePicture(
            f"{path}: not a video that can be read ({reason}); get it again or convert it"
        ) from error
