"""`vocalsep doctor`: versions, devices, and the fix for what is missing."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from vocalsep.commands._table import table


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(as_json: bool) -> None:
    """Print versions, devices and processor features, and the fix for what is missing.

    Exit code 1 if something that separating needs is broken.
    """
    from vocalsep.commands._checks import all_checks

    checks = list(all_checks())
    if as_json:
        click.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        rows = [["", "what", "found"]]
        rows += [["ok" if check.ok else "!!", check.name, check.found] for check in checks]
        click.echo(table(rows))
        for check in checks:
            if check.fix:
                click.echo(f"{check.name}: to fix it, {check.fix}")
    sys.exit(0 if all(check.ok for check in checks) else 1)
