"""Freed memory is used again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from vocalsep.heap import keep_freed_memory

FILL = """
import resource, sys
from vocalsep.heap import keep_freed_memory
if sys.argv[1] == "keep":
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
b"x" * 2**25  # the first time, every page is new
before = faults()
for _ in range(8):
    b"x" * 2**25  # 32 MB, written and freed
print(faults() - before)
"""


def page_faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", FILL, how], capture_output=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only of Linux")
def test_large_blocks_are_faulted_in_once() -> None:
    given_back = page_faults("give back")
    if given_back < 1000:
        pytest.skip("this system keeps freed memory, or has huge pages everywhere")
    assert page_faults("keep") < given_back / 10


def test_elsewhere_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("vocalsep.heap.ctypes.CDLL", None)  # is not called
    keep_freed_memory()


def test_a_library_without_mallopt_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("vocalsep.heap.ctypes.CDLL", lambda name: object())
    keep_freed_memory()
