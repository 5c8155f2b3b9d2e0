"""`vocalsep segment` from files to files, as users call it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from tests.segmentation.models import COLOURS, saved, thin_recipe, thin_segmenter
from tests.segmentation.test_contours import filled
from vocalsep.cli import cli
from vocalsep.images.labels import read_labels
from vocalsep.images.read import read_picture
from vocalsep.segmentation.contours import Polygon
from vocalsep.segmentation.options import PredictOptions
from vocalsep.segmentation.predict import Predictor

PAGE = (Path(__file__).parents[2] / "docs" / "images.md").read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a model and a photograph in it."""
    monkeypatch.chdir(tmp_path)
    saved(Path("thin.safetensors"), thin_segmenter())
    photograph(Path("photo.png"))
    return tmp_path


def photograph(path: Path, height: int = 40, width: int = 56, seed: int = 0) -> Path:
    """A picture with soft spots of colour."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (5, 7, 3)).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


def segment(*arguments: str, model: str = "thin.safetensors") -> Result:
    words = ["segment", *arguments, "-m", model, "--device", "cpu", "--threads", "1"]
    return CliRunner().invoke(cli, words)


def events(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def wanted_labels(path: Path) -> np.ndarray:
    predictor = Predictor.from_pretrained("thin.safetensors", PredictOptions(), "cpu")
    return predictor.labels(read_picture(path).pixels)


def test_labels_and_overlay() -> None:
    result = segment("photo.png")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in Path("segmented").iterdir()) == [
        ".vocalsep.json",
        "photo.labels.png",
        "photo.overlay.jpg",
    ]
    labels = read_labels(Path("segmented/photo.labels.png"))
    np.testing.assert_array_equal(labels, wanted_labels(Path("photo.png")))
    assert len(np.unique(labels)) > 1
    with Image.open("segmented/photo.labels.png") as image:
        assert image.mode == "P"
        palette = np.array(image.getpalette()).reshape(-1, 3)
    np.testing.assert_array_equal(palette[:3], COLOURS)
    photo, overlay = (
        read_picture(Path(name)).pixels.astype(float)
        for name in ("photo.png", "segmented/photo.overlay.jpg")
    )
    mixed = 0.5 * photo + 0.5 * np.array(COLOURS)[labels]
    assert np.abs(overlay - mixed).mean() < 6  # JPEG
    assert "%" in result.stderr
    assert "photo.labels.png" in result.stderr


def test_everything_that_can_be_written() -> None:
    result = segment(
        *("photo.png", "-o", "out", "--legend", "--probabilities", "png", "--contours", "geojson"),
        *("--scales", "0.5,1", "--flips", "h", "--crf", "--json"),
    )
    assert result.exit_code == 0, result.output
    labels = read_labels(Path("out/photo.labels.png"))
    maps = [np.asarray(Image.open(path)) for path in sorted(Path("out").glob("*probability*"))]
    assert [path.name for path in sorted(Path("out").glob("*probability*"))][1] == (
        "photo.probability-01-red-thing.png"
    )
    assert np.abs(np.sum(maps, axis=0, dtype=int) - 255).max() <= 2
    sure = np.sort(maps, axis=0)[-1] > np.sort(maps, axis=0)[-2]
    np.testing.assert_array_equal(np.argmax(maps, axis=0)[sure], labels[sure])
    document = json.loads(Path("out/photo.contours.geojson").read_text())
    for feature in document["features"]:
        shapes = feature["geometry"]["coordinates"]
        mask = sum(filled(Polygon(outer, holes), labels.shape) for outer, *holes in shapes)
        np.testing.assert_array_equal(mask, labels == feature["properties"]["label"])
    overlay = read_picture(Path("out/photo.overlay.jpg")).info
    assert overlay.width == 56
    assert overlay.height > 40
    kinds = [event["event"] for event in events(result)]
    assert kinds[0] == "planned"
    assert kinds[-2:] == ["done", "finished"]
    shares = events(result)[-2]["shares"]
    assert isinstance(shares, dict)
    assert abs(sum(shares.values()) - 1) < 1e-4


def test_archives_and_run_lengths() -> None:
    result = segment("photo.png", "--probabilities", "npz", "--contours", "coco", "--no-overlay")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in Path("segmented").glob("photo*"))
    assert names == ["photo.contours.coco.json", "photo.labels.png", "photo.probabilities.npz"]
    labels = read_labels(Path("segmented/photo.labels.png"))
    with np.load("segmented/photo.probabilities.npz") as archive:
        assert archive["probabilities"].shape == (40, 56, 3)
        assert (archive["probabilities"].argmax(-1) == labels).mean() > 0.99  # float16 has ties
    document = json.loads(Path("segmented/photo.contours.coco.json").read_text())
    assert sum(each["area"] for each in document["annotations"]) == labels.size


def test_folders_are_mirrored_and_outputs_are_no_inputs() -> None:
    photograph(Path("in/a.png"), seed=1)
    photograph(Path("in/b/c.jpg"), seed=2)
    Path("in/notes.txt").write_text("no picture")
    assert segment("in", "-o", "in", "--recursive", "--no-overlay").exit_code == 0
    assert Path("in/a.labels.png").is_file()
    assert Path("in/b/c.labels.png").is_file()
    again = segment("in", "-o", "in", "--recursive", "--no-overlay", "--skip-existing", "--json")
    assert again.exit_code == 0
    assert [each["event"] for each in events(again)] == [
        *("planned", "planned", "skipped", "skipped", "finished")
    ]


def test_what_is_up_to_date_is_skipped_unless_anything_changes() -> None:
    assert segment("photo.png").exit_code == 0
    Path("segmented/photo.labels.png").write_bytes(b"mine")
    skipped = segment("photo.png", "--skip-existing", "--json")
    assert events(skipped)[-1]["n_skipped"] == 1
    assert Path("segmented/photo.labels.png").read_bytes() == b"mine"
    other = segment("photo.png", "--skip-existing", "--flips", "h", "--json")
    assert events(other)[-1]["n_done"] == 1
    photograph(Path("photo.png"), seed=5)
    changed = segment("photo.png", "--skip-existing", "--flips", "h", "--json")
    assert events(changed)[-1]["n_done"] == 1


def test_a_dry_run_writes_nothing() -> None:
    result = segment("photo.png", "--dry-run")
    assert result.exit_code == 0
    assert "photo.png (56 × 40 pixels): labels → segmented" in result.stdout
    assert not Path("segmented").exists()


def test_turned_grey_wide_and_transparent_pictures() -> None:
    pixels = np.asarray(Image.open("photo.png"))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.fromarray(pixels).save("turned.png", exif=exif)
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save("wide.png")
    Image.fromarray(np.dstack([pixels, pixels[..., :1]])).save("glass.png")
    Image.fromarray(pixels).convert("CMYK").save("print.tif")
    Image.fromarray(pixels[..., 0]).save("grey.png")
    names = ["turned.png", "wide.png", "glass.png", "print.tif", "grey.png"]
    result = segment(*names)
    assert result.exit_code == 0, result.output
    labels = {name: read_labels(Path(f"segmented/{name[:-4]}.labels.png")) for name in names}
    assert labels["turned.png"].shape == (56, 40)
    assert all(labels[name].shape == (40, 56) for name in names[1:])
    np.testing.assert_array_equal(labels["wide.png"], labels["grey.png"])


def bad_files() -> list[str]:
    Path("empty.png").write_bytes(b"")
    Path("cut.png").write_bytes(Path("photo.png").read_bytes()[:-400])
    Path("song.mp3").write_bytes(b"ID3\x04\x00" + bytes(500))
    header = bytearray(Path("photo.png").read_bytes())
    header[16:24] = (100_000).to_bytes(4, "big") * 2
    Path("huge.png").write_bytes(header)
    Path("film.mp4").write_bytes(b"no film")
    np.save("volume.npy", np.zeros((3, 3, 3)))
    return ["empty.png", "cut.png", "song.mp3", "huge.png", "film.mp4", "volume.npy", "gone.png"]


def test_what_is_no_picture_gets_one_line_and_the_others_go_on() -> None:
    names = bad_files()
    result = segment(*names, "photo.png")
    assert result.exit_code == 1
    lines = [line for line in result.stderr.splitlines() if line.startswith("vocalsep: ")]
    assert len(lines) == len(names)
    for name in names:
        assert sum(line.startswith(f"vocalsep: {name}:") for line in lines) == 1, lines
    assert sorted(path.name for path in Path("segmented").glob("*")) == [
        ".vocalsep.json",
        "photo.labels.png",
        "photo.overlay.jpg",
    ]


def test_nothing_to_do_is_exit_code_two() -> None:
    assert segment("empty.png").exit_code == 2
    Path("folder").mkdir()
    result = segment("folder")
    assert result.exit_code == 2
    assert "no pictures in this folder" in result.stderr


def test_two_pictures_of_one_name_are_refused() -> None:
    photograph(Path("photo.jpg"))
    result = segment("photo.png", "photo.jpg")
    assert result.exit_code == 2
    assert "would both be written" in result.stderr
    named = segment("photo.png", "photo.jpg", "--name", "{track}.{source_ext}.{stem}.{ext}")
    assert named.exit_code == 0
    assert Path("segmented/photo.jpg.labels.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scales", "0"], "scales"),
        (["--scales", "big"], "expected numbers"),
        (["--flips", "d"], "flips 'd'"),
        (["--name", "{nothing}.{ext}"], "no field {nothing}"),
    ],
)
def test_impossible_options(arguments: list[str], message: str) -> None:
    result = segment("photo.png", *arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not Path("segmented").exists()


def test_a_model_of_the_other_task_is_refused() -> None:
    result = segment("photo.png", model="vocals")
    assert result.exit_code == 2
    assert "segments pictures" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_models_of_grey_pictures_see_grey() -> None:
    saved(Path("grey.safetensors"), thin_segmenter(in_channels=1), thin_recipe(in_channels=1))
    assert segment("photo.png", model="grey.safetensors").exit_code == 0


def test_models_of_many_channels_have_no_pictures() -> None:
    saved(Path("many.safetensors"), thin_segmenter(in_channels=5), thin_recipe(in_channels=5))
    result = segment("photo.png", model="many.safetensors")
    assert result.exit_code == 2
    assert "takes 5 channels, pictures have 1 or 3" in result.stderr


def test_a_full_disk_leaves_nothing_half_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vocalsep.segmentation.maps._GreyPng.end", full)
    result = segment("photo.png", "--probabilities", "png")
    assert result.exit_code == 1
    assert "No space left" in result.stderr
    assert not list(Path("segmented").glob("*"))


@pytest.mark.parametrize("line", re.findall(r"^vocalsep segment (.*)$", PAGE, re.MULTILINE))
def test_commands_of_the_page_parse(line: str) -> None:
    command = cli.get_command(click.Context(cli), "segment")
    assert command is not None
    command.make_context("segment", shlex.split(line, comments=True))


def test_the_page_knows_every_option_but_the_common_ones() -> None:
    command = cli.get_command(click.Context(cli), "segment")
    assert command is not None
    section = PAGE[PAGE.index("\n## Segmenting\n") :]
    common = {"--output", "--model", "--device", "--threads", "--dry-run", "--overlay"}
    for parameter in command.params:
        for option in parameter.opts:
            assert option in section or option in common or not option.startswith("--")


def test_the_python_of_the_page_runs() -> None:
    (code,) = re.findall(r"^```python\n(.*?Predictor.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    photograph(Path("photo.jpg"))
    names: dict[str, object] = {}
    exec(code.replace('"camvid"', '"thin.safetensors"'), names)
    assert names["labels"].shape == (40, 56)  # type: ignore[attr-defined]
    assert names["probabilities"].shape == (3, 40, 56)  # type: ignore[attr-defined]
