"""`vocalsep evaluate` of pictures: tables, formats, the page, resuming and failures."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from tests.evaluation.pictures.made import CLASSES, PALETTE, truth, write_estimates, write_set
from vocalsep.cli import cli
from vocalsep.errors import DataError, ModelError
from vocalsep.models.build import build_model
from vocalsep.models.checkpoint import save_model
from vocalsep.recipe import Part, Pictures, Pixels, SegmentationRecipe

NAMED = ("--classes", ", ".join(CLASSES), "--ignore", "9")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_set(tmp_path / "set")


@pytest.fixture
def model(tmp_path: Path) -> str:
    torch.manual_seed(0)
    recipe = SegmentationRecipe(
        name="tiny",
        classes=list(CLASSES),
        palette=[list(colour) for colour in PALETTE],
        pixels=Pixels(tile=[32, 32]),
        backbone=Part("unet", {"widths": [4, 8], "norm": "none"}),
        pictures=Pictures(ignore=[9]),
    )
    path = tmp_path / "tiny.safetensors"
    save_model(path, recipe, build_model(recipe).state_dict(), {}, {})
    return str(path)


def run(*arguments: str | Path, code: int = 0) -> Result:
    words = ["evaluate", *map(str, arguments)]
    result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def test_a_model_and_a_folder_beside_one_class(model: str, pictures: Path, tmp_path: Path) -> None:
    options = ["-m", model, "-e", write_estimates(tmp_path / "exact", 0), "-o", tmp_path / "out"]
    first = run(pictures, *options)
    whole, by_class, compared = (part.splitlines() for part in first.stdout.split("\n\n"))
    assert whole[0].split()[:2] == ["class", "estimate"] and "mean IoU" in whole[0]
    assert "all sky" in whole[1] and "tiny" in whole[2] and whole[3].split()[3] == "100.00"
    assert len(by_class) == 1 + 3 * 3
    assert "exact − tiny" in compared[1] and "3/3" in compared[1]
    # Said by hand: sky everywhere, void left out.
    kept = [truth(k)[truth(k) != 9] for k in range(3)]
    share = 100 * (np.concatenate(kept) == 0).mean()
    assert f"{share / 3:.2f}" in whole[1] and f"{share:.2f}" in whole[1]
    again = run(pictures, *options)
    assert again.stdout == first.stdout and "c: 3 scored, 3 kept" in again.stderr


def test_what_segment_writes_scores_as_the_model(
    model: str, pictures: Path, tmp_path: Path
) -> None:
    written = tmp_path / "written"
    words = ["segment", str(pictures / "val"), "-m", model, "-o", str(written), "--device", "cpu"]
    done = CliRunner().invoke(cli, words)
    assert done.exit_code == 0, done.output
    result = run(pictures, "-m", model, "-e", written, "-o", tmp_path / "out", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    by_method = {
        name: [{**row, "method": ""} for row in rows if row["method"] == name]
        for name in {row["method"] for row in rows}
    }
    assert by_method["written"] == by_method[Path(model).stem] != []


def test_formats(pictures: Path, tmp_path: Path) -> None:
    folders = [write_estimates(tmp_path / name, by) for name, by in (("near", 1), ("far", 6))]
    options = ["-e", folders[0], "-e", folders[1], *NAMED, "-o", tmp_path / "out", "--format"]
    content = json.loads(run(pictures, *options, "json", "--workers", "2").stdout)
    assert set(content["tracks"]) == {"a", "b", "c"}
    assert np.sum(content["confusion"]["near"]) == sum((truth(k) != 9).sum() for k in range(3))
    (compared,) = content["comparisons"]
    assert compared["metric"] == "miou" and compared["median_difference"] < 0
    assert compared["wilcoxon_p"] == 0.25  # three pictures, all worse
    rows = list(csv.DictReader(io.StringIO(run(pictures, *options, "csv").stdout)))
    assert {row["method"] for row in rows} == {"near", "far", "all sky"}
    assert float(rows[0]["miou"]) == pytest.approx(
        content["tracks"]["a"][rows[0]["method"]]["all classes"]["miou"], abs=1e-4
    )
    assert "| tree | near |" in run(pictures, *options, "markdown").stdout
    assert r"tree & near & " in run(pictures, *options, "latex").stdout


def test_the_page(pictures: Path, tmp_path: Path) -> None:
    folders = [write_estimates(tmp_path / name, by) for name, by in (("near", 1), ("far", 6))]
    options = ["-e", folders[0], "-e", folders[1], *NAMED, "-o", tmp_path / "out"]
    (line,) = run(pictures, *options, "--format", "html").stdout.splitlines()
    page = Path(line).read_text(encoding="utf-8")
    for heading in ("Summary", "Comparison", "Classes", "Confusion", "Look", "One by one"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<figure>") == 3 * (2 + 2 * 2)  # picture, truth; labels and errors of both
    assert "near, far on 3 pictures" in page and "3 pictures, 3 classes" in page
    (line,) = run(pictures, *options, "--format", "html", "--no-excerpts").stdout.splitlines()
    bare = Path(line).read_text(encoding="utf-8")
    assert bare.count("<figure>") == 3 * 2 * 2 and "true labels" not in bare
    assert "http" not in page and "MWF" not in page and len(page) < 1.5e6


def test_a_broken_picture_does_not_stop_the_rest(pictures: Path, tmp_path: Path) -> None:
    folder = write_estimates(tmp_path / "mine", 2)
    (folder / "b.png").write_bytes(b"nothing")
    result = run(pictures, "-e", folder, *NAMED, "-o", tmp_path / "out", "--no-anchors", code=1)
    assert "b: mine, " in result.stderr and "1 of 3 had failures" in result.stderr
    assert len(list(tmp_path.glob("out/mine/test/*.json"))) == 2


@pytest.mark.parametrize(
    ("words", "error", "message"),
    [
        (("set",), ModelError, "camvid"),
        (("set", "-e", "mine"), DataError, "does not say what its classes are"),
        (("set", "-e", "mine", *NAMED, "--split", "vla"), DataError, "did you mean 'val'"),
        (("set", "-e", "mine", "--classes", "sky,tree,road"), DataError, "values 9"),
        (("set", "-m", "tiny.safetensors", "-m", "vocals"), ModelError, "score them apart"),
        (("nowhere", "-m", "tiny.safetensors"), DataError, "no such folder"),
        (("set", "set", "-m", "tiny.safetensors"), DataError, "2 sets of pictures"),
    ],
)
def test_what_cannot_start_is_told(
    words: tuple[str, ...],
    error: type[Exception],
    message: str,
    model: str,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_estimates(pictures.parent / "mine", 1)
    monkeypatch.chdir(pictures.parent)
    monkeypatch.setattr("vocalsep.models.catalogue.read_index", lambda: {})
    if "vocals" in words:
        monkeypatch.undo()
        monkeypatch.chdir(pictures.parent)
    result = CliRunner().invoke(cli, ["evaluate", *words])
    assert isinstance(result.exception, error), result.output
    assert message in str(result.exception)
    assert not Path("evaluation").exists()
