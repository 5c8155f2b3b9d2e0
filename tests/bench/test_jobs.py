"""The measures themselves: the clock, the memory, and a job in a process of its own."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

from vocalsep.bench.jobs import Setting, median_s
from vocalsep.bench.memory import peak_rss_bytes
from vocalsep.bench.report import MEASURES, machine, run, run_job
from vocalsep.errors import VocalsepError


def test_median_leaves_out_the_warm_up_and_one_slow_run() -> None:
    calls = []

    def work() -> None:
        calls.append(None)
        time.sleep(0.2 if len(calls) in (1, 3) else 0.01)

    assert 0.01 <= median_s(work, repeats=3) < 0.1
    assert len(calls) == 4


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_peak_memory_sees_memory_that_was_given_back() -> None:
    before = peak_rss_bytes()
    n_bytes = 300_000_000
    held = np.ones(n_bytes, dtype=np.uint8)
    held_bytes = held.nbytes
    del held
    after = peak_rss_bytes()
    assert before is not None
    assert after is not None
    # What ran before in this process may already have held some of it.
    assert after >= held_bytes
    assert after >= before


def test_help_is_measured_in_seconds() -> None:
    (result,) = MEASURES["help"](Setting())
    assert result.unit == "s"
    assert 0.0 < result.value < 10.0


def test_a_failing_job_ends_in_its_own_words() -> None:
    with pytest.raises(VocalsepError, match="unknown model 'no-such-model'"):
        run_job("network", Setting(model="no-such-model"), {"precision": "float32"})


def test_what_a_process_prints_comes_back() -> None:
    assert run(["-c", "print('a\\nb')"]).splitlines() == ["a", "b"]


def test_the_machine_is_named() -> None:
    facts = machine()
    assert facts["processor"]
    assert facts["torch"].startswith("2.")
