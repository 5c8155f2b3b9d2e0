"""`vocalsep verify`: do written stems add up to their source, and do they start with it?"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("verify")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.pass_context
def command(ctx: click.Context, source: Path, folder: Path) -> None:
    """Null test and alignment test of the stems in DIR against SOURCE.

    DIR is the folder with the stems, or the one above that `separate -o` was given.

    Exit code: 0 all stems pass, 1 some do not, 2 nothing to test.
    """
    from vocalsep.inference.verify import verify

    failed = False
    for verdict in verify(source, folder):
        problems = verdict.problems()
        failed = failed or bool(problems)
        click.echo(" + ".join(str(path) for path in verdict.stems.values()))
        click.echo(f"  length    {verdict.n_samples} samples, source {verdict.n_expected}")
        click.echo(f"  lag       {verdict.lag_samples} samples")
        click.echo(f"  residual  {verdict.residual_text()}")
        click.echo(f"  verdict   {'; '.join(problems) or 'passed'}")
    ctx.exit(1 if failed else 0)
