"""`vocalsep train RECIPE`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]…")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Run folder [default: runs/<name>]."
)
@click.option("--threads", type=click.IntRange(1), help="CPU threads of the network.")
@click.option("--init", help="Start from the weights of this model (name or path).")
def command(
    recipe: Path, overrides: tuple[str, ...], output: Path | None, threads: int | None, init: str
) -> None:
    """Train the model of RECIPE; a run folder that has a state goes on where it stopped."""
    import torch

    from vocalsep.recipe import load_recipe
    from vocalsep.training.trainer import Trainer

    loaded = load_recipe(recipe, overrides)
    if threads:
        torch.set_num_threads(threads)
    trainer = Trainer(loaded, output or Path("runs") / loaded.name, click.echo)
    if init:
        trainer.start_from(init)
    trainer.run()
