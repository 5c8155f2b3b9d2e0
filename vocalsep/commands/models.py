"""`vocalsep models`: list, show and verify the models."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from vocalsep.commands._table import table
from vocalsep.errors import ModelError

if TYPE_CHECKING:
    from vocalsep.models.checkpoint import ModelCard


@click.group("models", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list instead of a table.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List the shipped models, or `show` and `verify` one.

    The speed was measured on the machine named in the README, × real time or pictures a second;
    the score is the SDR in dB, mean over the songs that the model card names, or the mean
    intersection over union of the classes.
    """
    if ctx.invoked_subcommand is None:
        rows = listing()
        click.echo(json.dumps(rows, indent=2) if as_json else table(as_cells(rows)))


@command.command("show")
@click.argument("model", metavar="NAME|PATH")
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def show(model: str, as_json: bool) -> None:
    """Print what a model file says of itself: licence, training data, scores, recipe."""
    from vocalsep.models.catalogue import find_model
    from vocalsep.models.checkpoint import read_card

    path = find_model(model)
    card = {"path": str(path), **asdict(read_card(path))}
    click.echo(json.dumps(card, indent=2) if as_json else _as_text(card))


@command.command("verify")
@click.argument("models", nargs=-1, metavar="[NAME|PATH]...")
def verify(models: tuple[str, ...]) -> None:
    """Check models (all shipped ones by default): sha256, shapes, and that they load.

    Exit code 1 if one of them is damaged.
    """
    from vocalsep.models.catalogue import model_names
    from vocalsep.models.load import load_named

    failed = False
    for model in models or model_names():
        try:
            _, card = load_named(model)
            click.echo(f"{model}: ok, sha256 {card.sha256}")
        except ModelError as error:
            failed = True
            click.echo(f"{model}: {error}", err=True)
    sys.exit(1 if failed else 0)


@command.command("ship")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--speed", type=float, help="x real time, as `vocalsep bench` printed it.")
def ship(path: Path, speed: float | None) -> None:
    """Copy a trained model into pretrained/ of this checkout and enter it in the index."""
    from vocalsep.models.ship import ship_model

    click.echo(f"shipped {ship_model(path, speed)}")


@command.command("join")
@click.argument("recipe", type=click.Path(path_type=Path))
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="Model file.")
def join(recipe: Path, models: tuple[Path, ...], output: Path) -> None:
    """Write the ensemble of MODELS that were trained apart; RECIPE has its name and licence."""
    from vocalsep.models.join import join_models
    from vocalsep.recipe import as_separation, load_recipe

    join_models(as_separation(load_recipe(recipe)), models, output)
    click.echo(f"{output}: {len(models)} members")


def listing() -> list[dict[str, Any]]:
    """One row of facts per shipped model: what the table and the README show."""
    from vocalsep.models.catalogue import find_model, read_index
    from vocalsep.models.checkpoint import read_card

    rows = []
    for name, entry in sorted(read_index().items()):
        card = read_card(find_model(name))
        separates = card.recipe.task == "separation"
        rows.append(
            {
                "name": name,
                "task": card.recipe.task,
                "licence": card.licence,
                "bytes": card.n_bytes,
                "parameters": card.n_parameters,
                "speed": entry["speed"],
                **(_separation(card) if separates else _segmentation(card)),
            }
        )
    return rows


def _separation(card: ModelCard) -> dict[str, Any]:
    stems = card.separation.stems
    return {
        "stems": stems,
        "sample_rate": card.separation.audio.sample_rate,
        "sdr_db": mean_sdr_db(card, stems),
    }


def _segmentation(card: ModelCard) -> dict[str, Any]:
    scores = next(iter(card.scores.values()), {})
    return {"classes": list(card.targets), "mean_iou": scores.get("mean IoU")}


def mean_sdr_db(card: ModelCard, stems: list[str]) -> dict[str, float]:
    """Stem -> mean SDR over the songs that were scored, dB."""
    scores = {stem: [song[stem] for song in card.scores.values() if stem in song] for stem in stems}
    return {stem: round(fmean(found), 2) for stem, found in scores.items() if found}


def as_cells(rows: list[dict[str, Any]]) -> list[list[str]]:
    """The heading and a line of words for each row of `listing`."""
    cells = [["name", "task", "licence", "size", "input", "speed", "score"]]
    for row in rows:
        separates = row["task"] == "separation"
        unit = "x" if separates else "pictures/s"
        cells.append(
            [
                row["name"],
                row["task"],
                row["licence"],
                f"{row['bytes'] / 1e6:.1f} MB",
                f"{row['sample_rate']} Hz" if separates else f"{len(row['classes'])} classes",
                f"{row['speed']:.0f} {unit}" if row["speed"] else "-",
                _score(row),
            ]
        )
    return cells


def _score(row: dict[str, Any]) -> str:
    """Of a row, with its unit; "-" where nothing was measured."""
    if row["task"] == "separation":
        scores = [f"{metric} {value:.1f} dB" for metric, value in row["sdr_db"].items()]
        return ", ".join(scores) or "-"
    return f"mean IoU {row['mean_iou']:.3f}" if row["mean_iou"] else "-"


def _as_text(card: dict[str, Any]) -> str:
    """One `key  value` line per fact; nested facts as JSON."""
    rows = [["key", "value"]]
    for key, value in card.items():
        rows.append([key, value if isinstance(value, str) else json.dumps(value)])
    return table(rows)
