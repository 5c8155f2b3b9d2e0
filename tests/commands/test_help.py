"""Help is there before torch could be imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_help_is_instant() -> None:
    program = (
        "import sys; from click.testing import CliRunner; from vocalsep.cli import cli;"
        "[CliRunner().invoke(cli, a, catch_exceptions=False) for a in "
        "(['--help'], ['separate', '--help'], ['verify', '--help'])];"
        "print('torch' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert result.stdout == "False\n"
