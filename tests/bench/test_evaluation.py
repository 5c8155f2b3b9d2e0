"""The benchmark of BSS Eval measures both tools on one song, and they agree."""

from __future__ import annotations

import pytest

from vocalsep.bench import evaluation


@pytest.mark.slow
def test_both_are_timed_and_agree() -> None:
    pytest.importorskip("museval")
    found = evaluation.bss_eval(seconds=2)
    assert found["ours_s"] > 0 and found["museval_s"] > 0
    assert found["largest_difference_db"] < 0.01


def test_without_museval_there_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "find_spec", lambda name: None)
    found = evaluation.bss_eval(seconds=2)
    assert set(found) == {"ours_s", "ours_cpu_s"}


def test_the_song_has_two_stereo_sources() -> None:
    references, estimates = evaluation.made_song(2)
    assert references.shape == estimates.shape == (2, 2, 2 * evaluation.SAMPLE_RATE)
    assert references.any(axis=-1).all()
