"""Speed and memory of networks: each in a process of its own."""

from __future__ import annotations

import pytest

from vocalsep.bench.networks import Size, measure, measure_all

SMALL = Size(n_bins=32, n_frames=16, repeats=1)


def test_size_is_so_many_seconds() -> None:
    assert Size(n_frames=256).length_s == pytest.approx(256 * 1024 / 44100)


def test_a_network_over_spectra() -> None:
    found = measure("tfc_tdf_v1", SMALL)
    assert found.x_real_time > 0
    assert found.n_parameters > 100_000
    assert found.failed == ""


@pytest.mark.slow
def test_fresh_processes_and_networks_over_samples() -> None:
    one, two = measure_all(["wave_u_net", "no_such"], Size(n_frames=40, repeats=1))
    assert one.x_real_time > 0 and one.memory_mb and one.memory_mb > 40
    assert "unknown backbone 'no_such'" in two.failed
