"""Pictures of every kind come out upright, in the asked channels; what is none is refused."""

from __future__ import annotations

import struct
import threading
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vocalsep.errors import UnreadablePicture
from vocalsep.images.read import MOST_PIXELS, SUFFIXES, probe_picture, read_picture, to_float

Bytes = npt.NDArray[np.uint8]


@pytest.fixture
def rgb(rng: np.random.Generator) -> Bytes:
    return rng.integers(0, 256, (5, 7, 3), np.uint8)


def saved(folder: Path, image: Image.Image, name: str) -> Path:
    path = folder / name
    image.save(path)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "ppm", "tif", "tga"])
def test_lossless_formats_come_back_bit_for_bit(tmp_path: Path, rgb: Bytes, suffix: str) -> None:
    picture = read_picture(saved(tmp_path, Image.fromarray(rgb), f"a.{suffix}"))
    assert np.array_equal(picture.pixels, rgb)
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert (picture.info.width, picture.info.height, picture.info.mode) == (7, 5, "RGB")


@pytest.mark.parametrize("suffix", ["jpg", "webp", "jp2", "avif"])
def test_lossy_formats_come_back_nearly(tmp_path: Path, suffix: str) -> None:
    smooth = np.add.outer(np.arange(64), np.arange(48))[..., None].repeat(3, 2).astype(np.uint8)
    picture = read_picture(saved(tmp_path, Image.fromarray(smooth), f"a.{suffix}"))
    assert np.abs(picture.pixels.astype(int) - smooth).mean() < 3


def test_every_suffix_is_read_by_a_format() -> None:
    Image.init()
    assert set(Image.EXTENSION) >= SUFFIXES


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_as_pillow_does(tmp_path: Path, rgb: Bytes, orientation: int) -> None:
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    Image.fromarray(rgb).save(path, exif=exif)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    picture = read_picture(path)
    assert np.array_equal(picture.pixels, expected)
    assert (picture.info.height, picture.info.width) == expected.shape[:2]
    assert probe_picture(path) == picture.info


def test_an_impossible_orientation_is_upright(tmp_path: Path, rgb: Bytes) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    path = tmp_path / "odd.png"
    Image.fromarray(rgb).save(path, exif=exif)
    assert np.array_equal(read_picture(path).pixels, rgb)


def test_transparent_parts_lie_over_white(tmp_path: Path) -> None:
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    picture = read_picture(saved(tmp_path, Image.fromarray(rgba), "a.png"))
    assert picture.pixels[0, :2].tolist() == [[10, 20, 30], [255, 255, 255]]
    assert np.abs(picture.pixels[0, 2].astype(int) - 127).max() <= 1


def test_transparent_grey_and_palette(tmp_path: Path) -> None:
    grey = Image.fromarray(np.array([[[7, 255], [7, 0]]], np.uint8), "LA")
    assert read_picture(saved(tmp_path, grey, "la.png"), 1).pixels.ravel().tolist() == [7, 255]
    indexed = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    indexed.putpalette([200, 100, 50, 1, 2, 3])
    indexed.save(tmp_path / "p.png", transparency=1)
    assert read_picture(tmp_path / "p.png").pixels[0].tolist() == [[200, 100, 50], [255] * 3]


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    path = saved(tmp_path, bits, "1.png")
    assert read_picture(path).pixels.tolist() == [[[0] * 3, [255] * 3]]
    assert read_picture(path, 1).pixels.tolist() == [[[0], [255]]]


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bit_grey_keeps_its_bits(tmp_path: Path, rng: np.random.Generator, suffix: str) -> None:
    deep = rng.integers(0, 65536, (4, 6), np.uint16)
    path = saved(tmp_path, Image.fromarray(deep), f"a.{suffix}")
    one, three = read_picture(path, 1), read_picture(path, 3)
    assert one.pixels.dtype == three.pixels.dtype == np.uint16
    assert np.array_equal(one.pixels[..., 0], deep)
    assert np.array_equal(three.pixels, deep[..., None].repeat(3, 2))


def test_16_bit_big_endian_tiff(tmp_path: Path) -> None:
    deep = np.array([[1, 256, 65535]], ">u2")
    header = b"MM\0*" + struct.pack(">I", 8)
    entries = [(256, 3, 1, 3 << 16), (257, 3, 1, 1 << 16), (258, 3, 1, 16 << 16),
               (259, 3, 1, 1 << 16), (262, 3, 1, 1 << 16), (273, 4, 1, 122),
               (277, 3, 1, 1 << 16), (278, 3, 1, 1 << 16), (279, 4, 1, 6)]  # fmt: skip
    ifd = struct.pack(">H", len(entries)) + b"".join(struct.pack(">HHII", *e) for e in entries)
    data = header + ifd + struct.pack(">I", 0)
    assert len(data) == 122
    (tmp_path / "be.tif").write_bytes(data + deep.tobytes())
    pixels = read_picture(tmp_path / "be.tif", 1).pixels
    assert pixels.dtype == np.dtype(np.uint16)
    assert pixels.ravel().tolist() == [1, 256, 65535]


def test_16_bit_colour_keeps_its_upper_bits(tmp_path: Path) -> None:
    values = [0x1234, 0xABCD, 0xFFFF]
    path = tmp_path / "deep.png"
    path.write_bytes(png(1, 1, 16, 2, zlib.compress(b"\0" + struct.pack(">3H", *values))))
    assert read_picture(path).pixels.ravel().tolist() == [0x12, 0xAB, 0xFF]


def test_floating_point_and_32_bit_out_of_range_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(np.ones((2, 2), np.float32)), "f.tif")
    with pytest.raises(UnreadablePicture, match="floating-point pixels, expected 8 or 16"):
        read_picture(path)
    path = saved(tmp_path, Image.fromarray(np.full((2, 2), 70000, np.int32)), "i.tif")
    with pytest.raises(UnreadablePicture, match="70000, expected 0 to 65535"):
        read_picture(path)


def test_cmyk_is_rgb(tmp_path: Path) -> None:
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[:, 8:, 0] = 255  # cyan
    path = saved(tmp_path, Image.fromarray(inks, "CMYK"), "cmyk.tif")
    pixels = read_picture(path).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 15].tolist() == [0, 255, 255]
    assert read_picture(path, 1).pixels[0, 15].tolist() == [round(0.701 * 255)]


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 3), colour) for colour in ("red", "blue")]
    for name in ("a.gif", "a.webp", "a.png", "a.tif"):
        frames[0].save(tmp_path / name, save_all=True, append_images=frames[1:])
        pixels = read_picture(tmp_path / name).pixels
        assert pixels.shape == (3, 4, 3)
        assert pixels[0, 0, 0] > 250, name
        assert pixels[0, 0, 2] < 5, name


def test_grey_is_the_luma_of_colours(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.new("RGB", (1, 1), (10, 200, 30)), "a.png")
    luma = 0.299 * 10 + 0.587 * 200 + 0.114 * 30
    assert abs(int(read_picture(path, 1).pixels.item()) - luma) <= 1
    grey = saved(tmp_path, Image.new("L", (1, 1), 9), "g.png")
    assert read_picture(grey).pixels.ravel().tolist() == [9, 9, 9]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b"hello", "not a picture of a known format; expected one of PNG, JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a picture of a known format"),
        (b"\x89PNG\r\n\x1a\n", "damaged or cut off|not a picture"),
    ],
)
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(UnreadablePicture, match=says) as caught:
        read_picture(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_and_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture, match="no such picture"):
        read_picture(tmp_path / "none.png")
    with pytest.raises(UnreadablePicture, match=str(tmp_path)):
        read_picture(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp", "gif"])
def test_truncated_files_are_refused(tmp_path: Path, rng: np.random.Generator, suffix: str) -> None:
    noise = rng.integers(0, 256, (64, 64, 3), np.uint8)
    path = saved(tmp_path, Image.fromarray(noise), f"a.{suffix}")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadablePicture, match="damaged or cut off"):
        read_picture(path)


@given(st.binary(max_size=200), st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0"]))
def test_garbage_never_ends_otherwise(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, magic: bytes
) -> None:
    path = tmp_path_factory.mktemp("garbage") / "a"
    path.write_bytes(magic + tail)
    try:
        read_picture(path)
    except UnreadablePicture as error:
        assert "\n" not in str(error)


def test_absurd_sizes_are_refused_before_memory_is_spent(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(png(100_000, 100_000, 8, 2, zlib.compress(bytes(1000))))
    tracemalloc.start()
    try:
        with pytest.raises(UnreadablePicture, match="expected at most 178,956,970"):
            read_picture(path)
        assert tracemalloc.get_traced_memory()[1] < 5e6
    finally:
        tracemalloc.stop()


def test_sizes_that_pillow_only_warns_of_are_within_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "large.pgm"
    path.write_bytes(b"P5 10000 %d 255\n" % (MOST_PIXELS // 10_000))
    assert probe_picture(path).width == 10_000
    path.write_bytes(b"P5 10000 %d 255\n" % (MOST_PIXELS // 10_000 + 1))
    with pytest.raises(UnreadablePicture, match="expected at most 178,956,970 in all"):
        probe_picture(path)
    path.write_bytes(b"P5 131073 2 255\n")
    with pytest.raises(UnreadablePicture, match="131,072 a side"):
        probe_picture(path)


def test_reading_in_threads_leaves_the_warning_filters_alone(tmp_path: Path, rgb: Bytes) -> None:
    import warnings

    path = saved(tmp_path, Image.fromarray(rgb), "a.png")
    before = list(warnings.filters)
    threads = [
        threading.Thread(target=lambda: [read_picture(path) for _ in range(20)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_to_float_reaches_both_ends() -> None:
    eight = np.array([[[0, 255]]], np.uint8)
    sixteen = np.array([[[0, 65535]]], np.uint16)
    for pixels in (eight, sixteen):
        values = to_float(pixels)
        assert values.shape == (2, 1, 1)
        assert values.dtype == np.float32
        assert values.flags.c_contiguous
        assert values.ravel().tolist() == [0.0, 1.0]


def test_other_numbers_of_channels_are_our_own_mistake(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected 1"):
        read_picture(tmp_path / "a.png", 4)


def png(width: int, height: int, depth: int, colour_type: int, data: bytes) -> bytes:
    """A PNG file that claims a size."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
