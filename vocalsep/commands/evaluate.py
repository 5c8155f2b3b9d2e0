"""`vocalsep evaluate SONG… -m MODEL`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import click

from vocalsep.commands._options import quality_option
from vocalsep.commands._table import table

Rows = dict[str, dict[str, dict[str, float]]]  # song -> estimate -> scores
ANCHORS = ("mixture", "ideal ratio mask")


@click.command()
@click.argument("songs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("-m", "--model", default="vocals", show_default=True, help="Name or path.")
@quality_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--store", is_flag=True, help="Write the scores into the model file.")
def command(songs: tuple[Path, ...], model: str, quality: str, as_json: bool, store: bool) -> None:
    """Score MODEL on SONGS: folders with vocals.* and accompaniment.*, or folders of them.

    Prints the SDR in dB (10·log10 of the energy ratio over the whole song) of vocals and
    accompaniment, beside the mixture itself and the ideal ratio mask of the same STFT.
    """
    from vocalsep.errors import ModelError
    from vocalsep.evaluation.model import score_model
    from vocalsep.models.catalogue import find_model, pretrained_dir
    from vocalsep.models.checkpoint import store_scores

    path = find_model(model)
    if store and path.resolve().parent == pretrained_dir().resolve():
        raise ModelError(
            f"{path} is shipped and its bytes are in the index: store the scores in the run's own "
            f"model file, then `vocalsep models ship` it"
        )
    rows: Rows = {}
    for name, scores in score_model(list(songs), model, quality):
        rows[name] = scores
        if not as_json:
            click.echo(f"{name}: vocals {scores['model']['vocals']:.2f} dB", err=True)
    click.echo(json.dumps(rows, indent=2) if as_json else table(list(_cells(rows))))
    if store:
        store_scores(path, {name: s["model"] for name, s in rows.items()})


def _cells(rows: Rows) -> Iterator[list[str]]:
    estimates = ["model", *ANCHORS]
    yield ["song", *(f"{stem}, {each}" for stem in ("vocals", "accomp.") for each in estimates)]
    for song, scores in rows.items():
        yield [song, *_numbers([scores])]
    yield ["mean", *_numbers(list(rows.values()))]


def _numbers(songs: list[dict[str, dict[str, float]]]) -> Iterator[str]:
    for stem in ("vocals", "accompaniment"):
        for estimate in ("model", *ANCHORS):
            yield f"{fmean(song[estimate][stem] for song in songs):.2f}"
