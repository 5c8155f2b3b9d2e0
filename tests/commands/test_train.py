"""`vocalsep train`, from the command line to the run folder."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result

from tests.helpers.synth import make_bank
from vocalsep.cli import cli
from vocalsep.commands.train import _Console
from vocalsep.errors import VocalsepError
from vocalsep.training.state import read_state

ROOT = Path(__file__).parents[2]
TINY = ROOT / "recipes" / "tiny.yaml"


def train(folder: Path, *words: str) -> Result:
    overrides = [f"mixing.bank={folder / 'bank'}", "training.max_steps=4", "training.log_every=2"]
    return CliRunner().invoke(
        cli, ["train", str(TINY), *overrides, "-o", str(folder / "run"), *words]
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_bank(tmp_path / "bank")
    return tmp_path


def test_it_trains_and_goes_on(folder: Path) -> None:
    result = train(folder, "--device", "cpu", "--threads", "1")
    assert result.exit_code == 0, result.output
    assert "step 4/4" in result.output and "data_wait_percent" in result.output
    assert (folder / "run" / "best.safetensors").exists()
    again = train(folder, "training.max_steps=6")
    assert "going on at step 4" in again.output and "stopped at step 6 of 6" in again.output


def test_dry_run_writes_nothing(folder: Path) -> None:
    result = train(folder, "--dry-run")
    assert result.exit_code == 0, result.output
    for word in ("name: tiny", "parameters", "receptive field", "memory", "data: vocals"):
        assert word in result.output
    assert not (folder / "run").exists()


def test_find_lr_suggests_a_rate_and_writes_nothing(folder: Path) -> None:
    result = train(folder, "--find-lr", "training.max_steps=200")
    assert result.exit_code == 0, result.output
    assert "try training.learning_rate=" in result.output
    assert not (folder / "run").exists()


def test_init_says_what_it_took(folder: Path) -> None:
    train(folder)
    model = folder / "run" / "last.safetensors"
    result = train(folder, "-o", str(folder / "other"), "--init", str(model))
    assert "took 14 of 14 tensors" in result.output, result.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["training.loss.name=magnitude"], "unknown loss"),
        (["training.optimizer.name=adamm"], "did you mean 'adam"),
        (["training.schedule.name=cosin"], "did you mean 'cosine'"),
        (["trainin.max_steps=1"], "'training'"),
        (["mixing.bank=nowhere"], "nowhere"),
        (["validation.songs.x=nowhere"], "nowhere"),
        (["--device", "cuda:99"], "cuda"),
        (["--init", "nobody"], "unknown model"),
    ],
)
def test_mistakes_are_one_line(folder: Path, words: list[str], says: str) -> None:
    result = train(folder, *words)
    assert isinstance(result.exception, VocalsepError)
    assert says in str(result.exception) and "\n" not in str(result.exception)


def test_another_recipe_in_the_folder_is_refused(folder: Path) -> None:
    train(folder)
    result = train(folder, "training.learning_rate=0.5")
    assert "training.learning_rate 0.01 → 0.5" in str(result.exception)


def test_a_terminal_shows_a_bar(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    console = _Console()
    stream = io.StringIO()
    stream.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stderr", stream)
    with console:
        for step in range(6, 9):
            console.progress(step, 20)
    assert "8/20" in stream.getvalue() and "step/s" in stream.getvalue()


@pytest.mark.slow
def test_torchrun_gives_the_weights_of_one_process(folder: Path) -> None:
    """The real loss, masked differently in each share of the batch; only sums differ in order."""
    changes = ["training.max_steps=6", "training.optimizer.name=sgd", "training.ema_decay=0"]
    changes += ["--device", "cpu"]
    assert train(folder, *changes, "-o", str(folder / "alone")).exit_code == 0
    words = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "vocalsep"]
    words += ["train", str(TINY), f"mixing.bank={folder / 'bank'}", "-o", str(folder / "run")]
    done = subprocess.run(
        [sys.executable, *words, *changes],
        cwd=ROOT,
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("stopped at step 6 of 6") == 1
    name = "states/step-00000006.safetensors"
    one, two = (read_state(folder / run / name)["network"] for run in ("alone", "run"))
    for key, weight in one.items():
        torch.testing.assert_close(two[key], weight, rtol=0, atol=1e-5)
