"""Memory does not depend on the length of the song."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

PROGRAM = """
import resource, sys
from vocalsep.inference.options import RunOptions
from vocalsep.inference.separator import Separator
from vocalsep.models.identity import IdentitySeparator
network = IdentitySeparator(gain=0.5, chunk_samples=262144)
run = RunOptions("cpu", wiener=int(sys.argv[3]))
Separator(network, run=run).separate_file(sys.argv[1], sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory in kB")
@pytest.mark.parametrize(("long", "wiener"), [(60, 0), (12, 1)])
def test_an_hour_takes_no_more_memory_than_two_minutes(
    long: int, wiener: int, tmp_path: Path
) -> None:
    block = np.random.default_rng(0).integers(-9000, 9000, (44100 * 60, 2), dtype=np.int16)
    peaks = []
    for minutes in (2, long):
        source = tmp_path / "song.wav"
        with soundfile.SoundFile(source, "w", 44100, 2, "PCM_16") as file:
            for _ in range(minutes):
                file.write(block)
        command = [sys.executable, "-c", PROGRAM, str(source), str(tmp_path / "out"), str(wiener)]
        root = Path(__file__).parents[2]
        result = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
        peaks.append(int(result.stdout))
    assert peaks[1] < 1.05 * peaks[0], peaks
