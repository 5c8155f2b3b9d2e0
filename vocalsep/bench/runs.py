"""What several trained networks are worth: size, speed and score of the runs in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch

from vocalsep.backbones.listing import count_parameters
from vocalsep.bench.jobs import Setting
from vocalsep.bench.report import run_job
from vocalsep.errors import DataError
from vocalsep.models.build import build_separator
from vocalsep.models.checkpoint import ModelCard, read_card

BEST = "best.safetensors"  # of a run folder


@dataclass(frozen=True)
class Compared:
    """What one run came to.

    Attributes:
        run: name of its folder.
        network: name of the backbone.
        n_parameters: of all networks of the separator.
        x_real_time: from mixture to stems in memory, float32.
        n_examples: seen up to the best validation.
        sdr_db: mean over targets and validation songs; None if nothing was validated.
    """

    run: str
    network: str
    n_parameters: int
    x_real_time: float
    n_examples: int
    sdr_db: float | None


def run_models(folder: Path) -> list[Path]:
    """The best model of every run in a folder.

    Raises:
        DataError: there is none.
    """
    found = sorted(folder.glob(f"*/{BEST}"))
    if not found:
        raise DataError(
            f"{folder}: no run with a {BEST} in it; train with "
            f"`vocalsep train RECIPE -o {folder / 'NAME'}`"
        )
    return found


def compare(models: list[Path], threads: int) -> Iterator[Compared]:
    """Read the card of each model and measure its speed, one after the other.

    Raises:
        ModelError: a model is damaged.
    """
    for path in models:
        card = read_card(path)
        setting = Setting(model=str(path), device="cpu", threads=threads)
        speed = run_job("network", setting, {"precision": "float32"})["x_real_time"]
        with torch.device("meta"):
            n_parameters = count_parameters(build_separator(card.separation))
        yield Compared(
            path.parent.name,
            card.recipe.backbone.name,
            n_parameters,
            speed,
            int(card.provenance.get("examples", 0)),
            mean_sdr_db(card),
        )


def mean_sdr_db(card: ModelCard) -> float | None:
    """Over all targets of all songs that were scored."""
    scores = [song[t] for song in card.scores.values() for t in card.targets if t in song]
    return fmean(scores) if scores else None
