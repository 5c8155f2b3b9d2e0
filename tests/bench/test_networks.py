"""Speed and memory of networks: each in a process of its own."""

from __future__ import annotations

import pytest

from vocalsep.bench.networks import Measured, Size, fastest, measure, measure_all

SMALL = Size(n_bins=32, n_frames=16, repeats=1, seconds=0.0)


def test_size_is_so_many_seconds() -> None:
    assert Size(n_frames=256).length_s == pytest.approx(256 * 1024 / 44100)


def test_a_network_over_spectra() -> None:
    found = measure("tfc_tdf_v1", SMALL)
    assert found.x_real_time > 0
    assert found.n_parameters > 100_000
    assert found.failed == ""


def test_the_fastest_round_counts_and_one_that_failed_does_not() -> None:
    rounds = [
        Measured("a", 1, 3.0),
        Measured("b", failed="out of memory"),
        Measured("a", 1, 4.0),
        Measured("b", 2, 0.5),
        Measured("a", 1, 2.0),
    ]
    assert fastest(rounds) == [rounds[2], rounds[3]]


@pytest.mark.slow
def test_fresh_processes_and_networks_over_samples() -> None:
    one, two = measure_all(["wave_u_net", "no_such"], Size(n_frames=40, repeats=1, seconds=0.0))
    assert one.x_real_time > 0 and one.memory_mb and one.memory_mb > 40
    assert "unknown backbone 'no_such'" in two.failed
