"""`vocalsep train RECIPE`."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from tqdm import tqdm

    from vocalsep.recipe import AnyRecipe
    from vocalsep.training.world import World


@click.command()
@click.argument("recipe", type=click.Path(path_type=Path))
@click.argument("overrides", nargs=-1, metavar="[KEY.SUB=VALUE]…")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Run folder [default: runs/<name>]."
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--threads", type=click.IntRange(1), help="CPU threads of the network.")
@click.option("--init", help="Start from what fits of the weights of this model (name or path).")
@click.option("--dry-run", is_flag=True, help="Only say what would be trained.")
@click.option("--find-lr", is_flag=True, help="Only look for a good learning rate.")
@click.option("--tensorboard", is_flag=True, help="Also write curves, sounds and pictures.")
def command(
    recipe: Path,
    overrides: tuple[str, ...],
    output: Path | None,
    device: str,
    threads: int | None,
    init: str | None,
    dry_run: bool,
    find_lr: bool,
    tensorboard: bool,
) -> None:
    """Train the model of RECIPE; a run folder that has a state goes on where it stopped.

    Several processes: torchrun --nproc-per-node 2 -m vocalsep train RECIPE.
    """
    import torch

    from vocalsep.recipe import load_recipe
    from vocalsep.training.build import prepare_data
    from vocalsep.training.world import joined, place, world_of_environment

    loaded = load_recipe(recipe, overrides)
    if threads:
        torch.set_num_threads(threads)
    if dry_run:
        from vocalsep.training.summary import summary

        click.echo(summary(loaded))
        return
    world = world_of_environment()
    where = place(device, world)
    # Before the processes meet: packing may take longer than they would wait for each other.
    prepare_data(loaded, click.echo, world.local_rank)
    order = _Order(output or Path("runs") / loaded.name, init, find_lr, tensorboard)
    with joined(world, where):
        _train(loaded, order, world, where)


@dataclass(frozen=True)
class _Order:
    """What is asked for beside the recipe."""

    run: Path
    init: str | None
    find_lr: bool
    tensorboard: bool


def _train(recipe: AnyRecipe, order: _Order, world: World, device: Any) -> None:
    from vocalsep.training.build import build_task
    from vocalsep.training.finder import find_learning_rate
    from vocalsep.training.trainer import Trainer

    with _Console() as console:
        task = build_task(recipe, device)
        trainer: Trainer[Any, Any] = Trainer(
            task, recipe.training, order.run, console, world, order.tensorboard
        )
        if order.init:
            trainer.start_from(order.init)
        if order.find_lr:
            found = find_learning_rate(trainer)
            console.line(f"{found}\ntry training.learning_rate={found.suggested:.1e}")
        else:
            trainer.run()


class _Console:
    """Lines on standard output; on a terminal also a bar with the time to go."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None

    def __enter__(self) -> _Console:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def line(self, text: str) -> None:
        """One line now and then."""
        if self._bar is None:
            click.echo(text)
        else:
            self._bar.write(text)

    def progress(self, step: int, max_steps: int) -> None:
        """After every step."""
        if self._bar is None and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=max_steps, initial=step - 1, unit="step", dynamic_ncols=True)
        if self._bar is not None:
            self._bar.update(step - self._bar.n)
