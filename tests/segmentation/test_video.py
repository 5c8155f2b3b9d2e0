"""Videos keep their frame times, their sound and which way is up."""

from __future__ import annotations

import struct
import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.segmentation.models import COLOURS, colour_segmenter
from vocalsep.errors import UnreadablePicture, VocalsepError
from vocalsep.inference.cancel import CancelToken
from vocalsep.inference.events import Step
from vocalsep.segmentation.options import OutputOptions, PredictOptions, SegmentOptions
from vocalsep.segmentation.plan import plan_segment
from vocalsep.segmentation.predict import Predictor
from vocalsep.segmentation.video import probe_video
from vocalsep.segmentation.work import Segmented

MS = Fraction(1, 1000)
CODECS = {
    ".mp4": ("libx264", "aac"),
    ".mkv": ("libx264", "flac"),
    ".webm": ("libvpx-vp9", "libopus"),
}
RED, GREEN = (220, 0, 0), (0, 220, 0)


def frame_at(index: int, n_frames: int, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Red grows over green from the left."""
    image = np.empty((*size, 3), np.uint8)
    border = size[1] * index // n_frames
    image[:, :border], image[:, border:] = RED, GREEN
    return image


def write_film(
    path: Path, times_ms: list[int], size: tuple[int, int] = (48, 64), colours: int | None = None
) -> Path:
    """A video whose frames stand at these times, with a second of noise.

    Args:
        colours: FFmpeg's number of the matrix from RGB to what is stored; None: not told.
    """
    picture_codec, sound_codec = CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        pictures = container.add_stream(picture_codec, rate=25)
        pictures.height, pictures.width = size
        pictures.pix_fmt = "yuv420p" if size[0] % 2 == 0 else "yuv444p"
        pictures.time_base = pictures.codec_context.time_base = MS
        sound = container.add_stream(sound_codec, rate=48000)
        for index, time_ms in enumerate(times_ms):
            image = frame_at(index, len(times_ms), size)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if colours is not None:
                pictures.codec_context.colorspace = colours
                frame = frame.reformat(format="yuv420p", dst_colorspace=colours)
            frame.pts, frame.time_base = time_ms, MS
            container.mux(pictures.encode(frame))
        container.mux(pictures.encode(None))
        noise = np.random.default_rng(0).normal(0, 0.1, (1, 48000)).astype(np.float32)
        block = av.AudioFrame.from_ndarray(noise, format="fltp", layout="mono")
        block.rate, block.pts = 48000, 0
        container.mux(sound.encode(block))
        container.mux(sound.encode(None))
    return path


def odd_times(n_frames: int) -> list[int]:
    steps = np.random.default_rng(1).integers(20, 80, n_frames)
    return np.cumsum(steps).tolist()


def frames(path: Path) -> list[tuple[Fraction, npt.NDArray[np.uint8]]]:
    with av.open(str(path)) as container:
        return [
            (frame.pts * frame.time_base, frame.to_ndarray(format="rgb24"))
            for frame in container.decode(video=0)
            if frame.pts is not None
        ]


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    with av.open(str(path)) as container:
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(audio=0)
            if packet.size and packet.pts is not None
        ]


def segmented(path: Path, **write: object) -> Segmented:
    """Run it; the output lies in "out"."""
    predictor = Predictor(
        colour_segmenter(tile=64), PredictOptions(precision="float32", overlap=0.0), "cpu"
    )
    chosen = OutputOptions(**write)  # type: ignore[arg-type]
    options = SegmentOptions((str(path),), str(path.parent / "out"), write=chosen)
    plan = plan_segment(options, predictor)
    if plan.failures:
        raise plan.failures[0].error
    steps: list[Step] = []
    result = plan.works[0].run(steps.append, CancelToken())
    assert isinstance(result, Segmented)
    done = [step.done for step in steps]
    assert done == sorted(done)
    return result


def overlay_of(result: Segmented) -> Path:
    return result.outputs["overlay"]


@pytest.mark.parametrize("suffix", CODECS)
def test_times_and_sound_stay(tmp_path: Path, suffix: str) -> None:
    film = write_film(tmp_path / f"film{suffix}", odd_times(12))
    output = overlay_of(segmented(film))
    assert output.name == f"film.overlay{suffix}"
    assert [time for time, _ in frames(output)] == [time for time, _ in frames(film)]
    assert sound_packets(output) == sound_packets(film)
    assert sorted(path.name for path in output.parent.iterdir()) == [".vocalsep.json", output.name]


def test_every_frame_has_the_colours_of_its_classes(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [40 * n for n in range(10)])
    result = segmented(film)
    for index, (_, image) in enumerate(frames(overlay_of(result))):
        border = 64 * index // 10
        for part, colour, label in ((slice(0, border), RED, 1), (slice(border, 64), GREEN, 2)):
            inner = image[8:-8, part][:, 6:-6]
            wanted = 0.5 * np.array(colour) + 0.5 * np.array(COLOURS[label])
            if inner.size:
                assert np.abs(inner - wanted).mean() < 12  # colours lose in YUV
    assert abs(result.shares["red thing"] - 0.45) < 0.05


@pytest.mark.parametrize("matrix", [1, 5])  # ITU-R BT.709 and BT.601
def test_colours_are_coded_as_in_the_film(tmp_path: Path, matrix: int) -> None:
    film = write_film(tmp_path / "film.mp4", [0, 40, 80, 120], colours=matrix)
    output = overlay_of(segmented(film))
    with av.open(str(output)) as container:
        frame = next(container.decode(video=0))
    assert frame.colorspace == matrix
    # The first frame is all green.
    wanted = 0.5 * np.array(GREEN) + 0.5 * np.array(COLOURS[2])
    assert np.abs(frame.to_ndarray(format="rgb24") - wanted).mean() < 3


def test_frames_of_odd_size(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mkv", [0, 40, 80], size=(33, 47))
    assert frames(overlay_of(segmented(film)))[0][1].shape == (33, 47, 3)


#: Quarters clockwise -> the upper left of a track header's matrix (ISO/IEC 14496-12):
#: x' = a x + c y, y' = b x + d y.
MATRICES = {1: (0, 1, -1, 0), 2: (-1, 0, 0, -1), 3: (0, -1, 1, 0)}


def turned_by(film: Path, quarters: int) -> Path:
    """The film with a note in its header that it is to be shown turned clockwise."""
    data = bytearray(film.read_bytes())
    start = data.index(b"tkhd") + 4 + 40  # of the first track, which has the pictures
    a, b, c, d = (value << 16 for value in MATRICES[quarters])
    struct.pack_into(">iiiii", data, start, a, b, 0, c, d)
    path = film.with_name(f"turned{quarters}.mp4")
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("quarters", MATRICES)
def test_films_of_turned_cameras_are_turned_upright(tmp_path: Path, quarters: int) -> None:
    film = write_film(tmp_path / "film.mp4", [0, 40, 80, 120])
    turned = turned_by(film, quarters)
    info = probe_video(turned)
    assert (info.height, info.width) == ((64, 48) if quarters % 2 else (48, 64))
    plain, upright = (frames(overlay_of(segmented(path)))[2][1] for path in (film, turned))
    difference = np.abs(np.rot90(plain, -quarters).astype(int) - upright)
    assert difference.mean() < 3
    with av.open(str(overlay_of(segmented(turned)))) as container:
        assert next(container.decode(video=0)).rotation == 0


def test_other_outputs_and_containers_are_refused(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", [0, 40])
    with pytest.raises(VocalsepError, match="only its overlay"):
        segmented(film, contours="coco")
    avi = film.rename(tmp_path / "film.avi")
    with pytest.raises(UnreadablePicture, match="not a picture"):
        segmented(avi)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    song = tmp_path / "song.mp4"
    with av.open(str(song), "w") as container:
        stream = container.add_stream("aac", rate=48000)
        block = av.AudioFrame.from_ndarray(
            np.zeros((1, 4800), np.float32), format="fltp", layout="mono"
        )
        block.rate, block.pts = 48000, 0
        container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    with pytest.raises(UnreadablePicture, match="no moving pictures"):
        segmented(song)


def test_a_film_that_is_cut_off_leaves_nothing(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", odd_times(10))
    film.write_bytes(film.read_bytes()[:600])
    with pytest.raises(UnreadablePicture, match="not a video that can be read"):
        segmented(film)
    assert not (tmp_path / "out").exists()


def peak_of(film: Path) -> int:
    tracemalloc.start()
    try:
        segmented(film)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    short = write_film(tmp_path / "short.mp4", [40 * n for n in range(5)])
    long = write_film(tmp_path / "long.mp4", [40 * n for n in range(60)])
    peak_of(short)
    assert peak_of(long) < 1.3 * peak_of(short)
