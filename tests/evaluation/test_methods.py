"""Methods: anchors, the Wiener filter around another method, missing stems."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.synth import RATE, music, voice
from vocalsep.errors import DataError
from vocalsep.evaluation.methods import (
    FrontEndSize,
    MixtureMethod,
    WienerMethod,
    anchors,
    stems_like,
)
from vocalsep.evaluation.metrics import sdr
from vocalsep.evaluation.songs import Song

SONG = Song("s", {"vocals": voice(RATE), "accompaniment": music(RATE)}, RATE)


def test_anchors_are_the_mixture_and_the_oracles() -> None:
    found = anchors(FrontEndSize(256, 64))
    assert [method.name for method in found] == ["mixture", "IBM", "IRM1", "IRM2", "MWF"]
    assert found[1].settings("s") == {"n_fft": "256", "hop_length": "64"}
    mixture, *oracles = (method.estimate(SONG).stems for method in found)
    for stem, true in SONG.sources.items():
        np.testing.assert_array_equal(mixture[stem], SONG.mixture)
        assert all(sdr(true, each[stem]) > sdr(true, SONG.mixture) + 5 for each in oracles)


def test_the_wiener_filter_keeps_the_sum_and_tells_its_settings() -> None:
    method = WienerMethod("w", MixtureMethod(), 2, FrontEndSize(256, 64))
    stems = method.estimate(SONG).stems
    np.testing.assert_allclose(sum(stems.values()), SONG.mixture, atol=1e-4)
    assert method.settings("s")["wiener"] == "2"


def test_a_missing_last_stem_is_the_sum_of_the_others() -> None:
    parts = {name: music(RATE, seed) for seed, name in enumerate(("vocals", "drums", "bass"))}
    found = stems_like(SONG, parts)
    np.testing.assert_allclose(found["accompaniment"], parts["drums"] + parts["bass"])
    with pytest.raises(DataError, match="no estimate of vocals; there is drums"):
        stems_like(SONG, {"drums": parts["drums"]})
